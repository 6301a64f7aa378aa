"""A new connector package is complete: its tests pass, and it is clean and ready to publish."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from inboxbridge.errors import InboxbridgeError
from inboxbridge.scaffold import LICENCES, CannotScaffold, scaffold

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scaffold("acme-chat", tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="module")
def run(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a Python module inside the new package."""
    scratch = tmp_path_factory.mktemp("scratch")

    def run_module(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=made,
            env={
                **os.environ,
                "PYTHONPATH": "src",
                "PYTHONDONTWRITEBYTECODE": "1",
                "MYPY_CACHE_DIR": str(scratch / "mypy"),
                "RUFF_CACHE_DIR": str(scratch / "ruff"),
                "HYPOTHESIS_STORAGE_DIRECTORY": str(scratch / "hypothesis"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run_module


def test_the_package_is_named_after_the_connector(made: Path) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]

    assert made.name == project["name"] == "inboxbridge-acme-chat"
    assert project["entry-points"]["inboxbridge.connectors"] == {
        "acme-chat": "inboxbridge_acme_chat:connector"
    }
    assert re.fullmatch(r"inboxbridge>=\d+\.\d+,<\d+", project["dependencies"][0])


def test_it_holds_all_that_a_published_package_needs(made: Path) -> None:
    files = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}

    assert {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        ".gitignore",
        ".github/workflows/test.yml",
        "src/inboxbridge_acme_chat/__init__.py",
        "src/inboxbridge_acme_chat/py.typed",
        "tests/test_inboxbridge_acme_chat.py",
        "samples/message-received.json",
        "samples/message-received.expected.json",
    } <= files


def test_nothing_of_the_templates_is_left_in_it(made: Path) -> None:
    for path in made.rglob("*"):
        if path.is_file() and path.name != "test.yml":
            assert "{{" not in path.read_text(), path
            assert "{%" not in path.read_text(), path
    workflow = (made / ".github/workflows/test.yml").read_text()
    assert "python-version: ${{ matrix.python }}\n" in workflow


def test_its_connector_fits_on_one_screen_and_uses_only_the_public_face(made: Path) -> None:
    code = (made / "src/inboxbridge_acme_chat/__init__.py").read_text()
    imports, _, own = code.partition("\n)\n")
    lines = [line for line in own.splitlines() if line.strip()]

    assert len(lines) <= 45
    assert "from inboxbridge import" in imports
    modules = set(re.findall(r"^from (inboxbridge\S*) import", code, re.MULTILINE))
    assert modules <= {"inboxbridge", "inboxbridge.reading", "inboxbridge.signing"}


def test_its_tests_pass(run: Run) -> None:
    done = run("pytest", "-q", "-p", "no:cacheprovider")

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 30


def test_its_tests_fail_when_the_connector_is_broken(tmp_path: Path) -> None:
    made = scaffold("acme", tmp_path)
    module = made / "src/inboxbridge_acme/__init__.py"
    module.write_text(
        module.read_text().replace('id_at(body, "id", required=True)', "str(id(body))")
    )

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ids_are or letter"],
        cwd=made, env={**os.environ, "PYTHONPATH": "src"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "test_ids_are_stable" in done.stdout


def test_it_is_clean_under_ruff(run: Run) -> None:
    for command in (("ruff", "check", "."), ("ruff", "format", "--check", "--diff", ".")):
        done = run(*command)

        assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_clean_under_strict_mypy(run: Run) -> None:
    done = run("mypy", "src", "tests")

    assert done.returncode == 0, done.stdout + done.stderr


def test_its_readme_says_how_to_enable_it(made: Path) -> None:
    readme = (made / "README.md").read_text()
    block = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)

    assert block is not None
    table = tomllib.loads(block[1])["connectors"]["acme-chat"]
    assert table == {"secret": {"env": "ACME_CHAT_SECRET"}}
    assert "/hooks/acme-chat" in readme


def test_its_samples_are_json(made: Path) -> None:
    for path in (made / "samples").glob("*.json"):
        assert isinstance(json.loads(path.read_text()), dict)


@pytest.mark.parametrize(
    ("licence", "begins"), [("MIT", "MIT License"), ("Apache-2.0", "Apache License")]
)
def test_the_licence_is_chosen(tmp_path: Path, licence: str, begins: str) -> None:
    made = scaffold("acme", tmp_path, licence=licence)
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]

    assert (made / "LICENSE").read_text().strip().startswith(begins)
    assert project["license"] == licence
    assert project["license-files"] == ["LICENSE"]


def test_no_licence_is_a_choice_too(tmp_path: Path) -> None:
    made = scaffold("acme", tmp_path, licence="none")
    text = (made / "pyproject.toml").read_text()

    assert not (made / "LICENSE").exists()
    assert "licen" not in text.lower()
    tomllib.loads(text)


def test_a_licence_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotScaffold, match=", ".join(LICENCES)):
        scaffold("acme", tmp_path, licence="GPL")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "lower-case letters"),
        ("Acme", "perhaps 'acme'"),
        ("acme_chat", "perhaps 'acme-chat'"),
        ("Acme Chat!", "perhaps 'acme-chat'"),
        ("2fast", "perhaps 'fast'"),
        ("-acme", "perhaps 'acme'"),
        ("acme-", "perhaps 'acme'"),
        ("acme--chat", "perhaps 'acme-chat'"),
        ("acme.chat", "perhaps 'acme-chat'"),
        ("../acme", "perhaps 'acme'"),
        ("acmé", "perhaps 'acm'"),
        ("日本", "single hyphens$"),
        ("inboxbridge-acme", "give 'acme'"),
        ("inboxbridge_acme", "give 'acme'"),
        ("wix", "a name of inboxbridge itself"),
        ("a" * 31, "at most 30"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_better_one(
    tmp_path: Path, name: str, says: str
) -> None:
    with pytest.raises(CannotScaffold, match=says) as caught:
        scaffold(name, tmp_path)

    assert isinstance(caught.value, InboxbridgeError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "acme", "acme2", "acme-chat-24-7", "a" * 30])
def test_names_that_can_be(tmp_path: Path, name: str) -> None:
    made = scaffold(name, tmp_path / "not" / "yet" / "there")

    module = f"inboxbridge_{name.replace('-', '_')}"
    code = (made / "src" / module / "__init__.py").read_text()
    compile(code, "connector", "exec")
    assert all(len(line) <= 100 for line in code.splitlines())


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "inboxbridge-acme" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")

    with pytest.raises(CannotScaffold, match="exists and is not empty"):
        scaffold("acme", tmp_path)

    assert [mine] == list(mine.parent.iterdir())
    assert mine.read_text() == "mine"


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "inboxbridge-acme").mkdir()

    assert (scaffold("acme", tmp_path) / "pyproject.toml").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inboxbridge-acme").write_text("a file")
    (tmp_path / "file").write_text("a file")

    with pytest.raises(CannotScaffold, match="exists"):
        scaffold("acme", tmp_path)
    with pytest.raises(CannotScaffold, match="cannot be written"):
        scaffold("acme", tmp_path / "file")
