"""Help, versions, exit codes and error texts, for every command."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from inboxbridge import cli
from inboxbridge.cli import app
from typer.core import TyperGroup
from typer.main import get_command

pytestmark = pytest.mark.slow

COMMANDS = (
    "demo", "serve", "gateway", "courier", "sandbox", "check", "connectors", "events", "show",
    "replay", "link", "try", "import", "new", "backup", "restored", "journal", "send",
    "dev", "listen", "schema",
    "status", "give-up", "unlink", "person", "console",
)  # fmt: skip


def test_every_command_is_there() -> None:
    group = get_command(app)

    assert isinstance(group, TyperGroup)
    assert set(group.commands) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(workspace: Any, command: str) -> None:
    result = workspace.run(command, "--help")

    assert result.exit_code == 0
    assert f"Example:\n    inboxbridge {command}" in result.stdout


def test_the_version_is_the_packages(workspace: Any) -> None:
    result = workspace.run("--version")

    assert result.exit_code == 0
    assert result.stdout == "inboxbridge 0.1.0\n"


def test_python_dash_m_is_the_same_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "inboxbridge", "--version"], capture_output=True, text=True
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "inboxbridge 0.1.0\n", "")


def test_help_loads_no_server_database_or_table() -> None:
    heavy = ["sqlalchemy", "alembic", "httpx", "starlette", "uvicorn", "structlog", "rich"]
    code = (
        "import sys\nfrom inboxbridge.cli import app\n"
        "try:\n    app(['events', '--help'])\nexcept SystemExit: pass\n"
        f"print('loaded', [name for name in {heavy!r} if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("events", "--bogus"),
        ("events", "--limit", "0"),
        ("events", "--state", "lost"),
        ("show", "no-number"),
        ("replay",),
        ("replay", "1", "--state", "dead"),
        ("replay", "--state", "delivered"),
        ("replay", "1", "--connection", "open"),
        ("link", "open", "dana@example.com", "contact-1"),
        ("link", "open", "email:dana@example.com", " "),
        ("link", "nobody", "email:dana@example.com", "contact-1"),
        ("try", "open", "no-such-file.json"),
        ("import", "open", "no-such-file.jsonl"),
        ("serve", "--port", "99999"),
        ("new", "Not A Name!"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_a_text_on_stderr(
    workspace: Any, arguments: tuple[str, ...]
) -> None:
    workspace.store()  # there is a journal to look into

    result = workspace.run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "rror: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("events",), ("show", "1"), ("replay", "1"), ("serve",), ("try", "open", "connectors.toml")],
    ids=" ".join,
)
def test_a_broken_configuration_ends_with_2_and_names_its_faults(
    workspace: Any, arguments: tuple[str, ...]
) -> None:
    workspace.file("connectors.toml", '[journal]\nurll = "sqlite:///x.db"\n')

    result = workspace.run(*arguments)

    assert result.exit_code == 2
    assert "connectors.toml:2 [journal] urll: unknown key. Did you mean 'url'?" in result.stderr


def test_the_configuration_is_the_option_else_the_environment_else_the_file_here(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INBOXBRIDGE_CONFIG", "from-environment.toml")
    by_environment = workspace.run("events")
    by_option = workspace.run("events", "--config", "from-option.toml")
    monkeypatch.delenv("INBOXBRIDGE_CONFIG")
    workspace.config.unlink()
    by_default = workspace.run("events")

    for result, name in (
        (by_environment, "from-environment.toml"),
        (by_option, "from-option.toml"),
        (by_default, "connectors.toml"),
    ):
        assert result.exit_code == 2
        assert f"{name}: there is no such file" in result.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback_wherever_it_stands(workspace: Any, place: str) -> None:
    command = ("link", "nobody", "email:dana@example.com", "contact-1")

    result = workspace.run(*(("--debug", *command) if place == "before" else (*command, "--debug")))

    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "there is no connection called 'nobody'" in result.stderr


def _fails(monkeypatch: pytest.MonkeyPatch, error: BaseException, *options: str) -> int:
    def broken(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr("inboxbridge.cli.events.list_events", broken)
    monkeypatch.setattr(sys, "argv", ["inboxbridge", "events", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_an_unexpected_error_is_one_paragraph_without_what_it_quotes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _fails(monkeypatch, KeyError("dana@example.com"))

    said = capsys.readouterr().err
    assert code == 1
    assert "KeyError in broken" in said
    assert "--debug" in said
    assert "dana" not in said
    assert "Traceback" not in said


def test_with_debug_an_unexpected_error_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError, match="dana"):
        _fails(monkeypatch, KeyError("dana@example.com"), "--debug")


def test_ctrl_c_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _fails(monkeypatch, KeyboardInterrupt())

    assert code == 130
    assert capsys.readouterr() == ("", "")


def test_demo_runs_the_demo_and_ends_with_its_code(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def run_demo(*, exit_when_done: bool, as_json: bool, port: int) -> int:
        asked.append({"exit_when_done": exit_when_done, "as_json": as_json, "port": port})
        return 1

    monkeypatch.setattr("inboxbridge_demo.run_demo", run_demo)

    result = workspace.run("demo", "--exit", "--json", "--port", "8123")

    assert result.exit_code == 1
    assert asked == [{"exit_when_done": True, "as_json": True, "port": 8123}]


def test_new_writes_a_package_and_says_where(workspace: Any) -> None:
    result = workspace.run("new", "parcel", "--dir", workspace.folder / "made")

    package = workspace.folder / "made" / "inboxbridge-parcel"
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"made {package}, a git repository",
        "next:",
        f"  cd {package}",
        "  pip install -e .",
        "  pytest -q",
        "  inboxbridge dev",
        "  inboxbridge send parcel samples      # in another terminal",
    ]
    assert 'parcel = "' in (package / "pyproject.toml").read_text()
    assert (package / ".git").is_dir()


def test_in_a_git_repository_new_makes_no_other(workspace: Any) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=workspace.folder, check=True)

    result = workspace.run("new", "parcel")

    assert result.stdout.startswith("made inboxbridge-parcel\n")
    assert not (workspace.folder / "inboxbridge-parcel" / ".git").exists()


def test_what_new_writes_can_be_tried_in_the_sandbox_at_once(workspace: Any) -> None:
    from inboxbridge.config import read_config

    workspace.run("new", "parcel")
    package = workspace.folder / "inboxbridge-parcel"

    config, problems = read_config(package / "connectors.toml", {"PARCEL_SECRET": "s"})

    assert problems == []
    assert config is not None
    assert list(config.connections) == ["parcel"]
    assert config.sites["default"].base_url == "http://127.0.0.1:8090"
    assert (package / "connectors.toml").read_text().startswith("#:schema ")
    assert "PARCEL_SECRET=" in (package / ".env.example").read_text()
    assert ".env\n" in (package / ".gitignore").read_text()


@pytest.mark.parametrize(("command", "extra"), [("demo", "demo"), ("sandbox", "testing")])
def test_a_command_whose_package_is_missing_says_what_to_install(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, command: str, extra: str
) -> None:
    monkeypatch.setattr("inboxbridge.cli.add_ons.entry_points", lambda **_: ())

    result = workspace.run(command)
    listed = workspace.run("--help")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"error: `inboxbridge {command}` is a package of its own, which is not installed. Run "
        f'pip install "inboxbridge[{extra}]" and try again\n'
    )
    assert f"  {command} " in listed.stdout
