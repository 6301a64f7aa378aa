"""Packages are released in step, under one address, and say what they are."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import inboxbridge
import pytest

pytestmark = pytest.mark.slow

_ADDRESS = re.compile(r"https://github\.com/([\w.-]+/inboxbridge)(?![\w-])")


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )


def test_the_version_of_the_core_is_public() -> None:
    assert inboxbridge.__version__ == version("inboxbridge")


def test_a_package_says_where_its_code_and_its_issues_are(
    project: dict[str, Any], root: Path
) -> None:
    urls = project["urls"]

    assert set(urls) == {"Documentation", "Source", "Issues", "Changelog"}
    assert urls["Issues"] == f"{urls['Source']}/issues"
    for name in ("Documentation", "Changelog"):
        path = re.sub(r"/(tree|blob)/main/", "", urls[name].removeprefix(urls["Source"]))
        assert (root / path.removesuffix("#readme")).exists(), urls[name]


def test_all_files_name_one_repository(texts: dict[Path, str]) -> None:
    named = {name for text in texts.values() for name in _ADDRESS.findall(text)}

    assert len(named) == 1


def test_the_repositorys_address_is_changed_everywhere_at_once(copy: Path) -> None:
    done = run(copy / "scripts" / "set-repository", "acme-org/bridge.py")

    assert done.returncode == 0, done.stderr
    assert ".github/ISSUE_TEMPLATE/config.yml" in done.stdout.splitlines()
    left = [
        path
        for path in copy.rglob("*")
        if path.is_file() and _ADDRESS.search(path.read_bytes().decode("utf-8", "replace"))
    ]
    assert left == []
    security = (copy / "SECURITY.md").read_text()
    assert "https://github.com/acme-org/bridge.py/security/advisories/new" in security


def test_a_changed_address_can_be_changed_back(copy: Path, texts: dict[Path, str]) -> None:
    (name,) = {name for text in texts.values() for name in _ADDRESS.findall(text)}
    run(copy / "scripts" / "set-repository", "acme-org/bridge.py")
    run(copy / "scripts" / "set-repository", name)

    file = Path("core/pyproject.toml")
    root = Path(__file__).parents[2]
    assert (copy / file).read_bytes() == (root / file).read_bytes()


@pytest.mark.parametrize("arguments", [[], ["one"], ["a/b/c"], ["a b/c"]])
def test_an_address_that_is_none_changes_nothing(copy: Path, arguments: list[str]) -> None:
    before = (copy / "core" / "pyproject.toml").read_bytes()
    done = run(copy / "scripts" / "set-repository", *arguments)

    assert done.returncode == 1
    assert "OWNER/NAME" in done.stderr
    assert (copy / "core" / "pyproject.toml").read_bytes() == before


def _release(copy: Path, number: str) -> None:
    for file in copy.glob("*/**/pyproject.toml"):
        text = file.read_text()
        file.write_text(re.sub(r'^version = ".*"$', f'version = "{number}"', text, flags=re.M))
    changelog = copy / "CHANGELOG.md"
    text = changelog.read_text()
    changelog.write_text(text.replace("## [Unreleased]", f"## [{number}] - 2030-01-31", 1))


def test_a_tag_may_be_released_when_packages_and_changelog_have_its_version(copy: Path) -> None:
    _release(copy, "7.2.0")

    done = run(copy / "scripts" / "check-version-tag", "v7.2.0")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_tag_is_refused_while_one_package_has_another_version(copy: Path, package: Path) -> None:
    _release(copy, "7.2.0")
    root = Path(__file__).parents[2]
    name = f"{package.relative_to(root).as_posix()}/pyproject.toml"
    file = copy / name
    file.write_text(file.read_text().replace('version = "7.2.0"', 'version = "7.1.0"'))

    done = run(copy / "scripts" / "check-version-tag", "v7.2.0")

    assert done.returncode == 1
    assert done.stderr == f"{name}: the version is 7.1.0, not 7.2.0\n"


@pytest.mark.parametrize("tag", ["7.2.0", "v7.2", "v7.2.0rc1"])
def test_a_tag_that_differs_is_refused(copy: Path, tag: str) -> None:
    _release(copy, "7.2.0")

    assert run(copy / "scripts" / "check-version-tag", tag).returncode == 1


def test_a_tag_is_refused_while_the_changelog_does_not_name_it(copy: Path) -> None:
    _release(copy, "7.2.0")
    changelog = copy / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## [7.2.0]", "## [Unreleased]"))

    done = run(copy / "scripts" / "check-version-tag", "v7.2.0")

    assert done.returncode == 1
    assert "CHANGELOG.md: no heading for 7.2.0" in done.stderr
