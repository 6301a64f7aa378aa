"""What people read on a terminal: at any width, in one style, and completed by their shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge.cli.console import console
from inboxbridge.cli.layout import print_fields, print_rows
from inboxbridge.model import Event

WIDTHS = [60, 80, 120]
LONG = "found by email; the other three contacts with this address are older than it"
EVENTS_60 = """\
id  state    age  connection  what             tries
 2  parked   3 s  shop        inbound message      0
    found by email; the other three contacts with this
    address are older than it
 1  pending  3 s  open        inbound message      0
"""
EVENTS_120 = """\
id  state    age  connection  what             tries  why, and which contact
 2  parked   3 s  shop        inbound message      0  found by email; the other three contacts with this address are
                                                      older than it
 1  pending  3 s  open        inbound message      0
"""  # noqa: E501


@pytest.fixture
def with_events(workspace: Any, an_event: Callable[..., Event]) -> Any:
    workspace.store(an_event("e1"))
    workspace.store(an_event("e2"), connection="shop")
    workspace.settle(2, "parked", LONG)
    workspace.config.write_text(
        workspace.config.read_text()
        + '[gateway]\npublic_url = "http://hooks.example.com/hooks"\n'
        + '[connectors.third]\nplugin = "webhook"\nlabell = "Third"\nsignature = "none"\n'
    )
    return workspace


def printed(workspace: Any, monkeypatch: pytest.MonkeyPatch, width: int, *command: str) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    return str(workspace.run(*command).stdout)


@pytest.mark.parametrize(("width", "expected"), [(60, EVENTS_60), (120, EVENTS_120)])
def test_events_in_a_terminal(
    with_events: Any, monkeypatch: pytest.MonkeyPatch, width: int, expected: str
) -> None:
    monkeypatch.setattr("inboxbridge.cli.events.age", lambda _: "3 s")

    assert printed(with_events, monkeypatch, width, "events") == expected


@pytest.mark.parametrize("command", ["events", "show 2", "show 2 --reveal", "check", "connectors"])
@pytest.mark.parametrize("width", WIDTHS)
def test_lines_break_between_words_and_nothing_is_padded(
    with_events: Any, monkeypatch: pytest.MonkeyPatch, width: int, command: str
) -> None:
    narrow = printed(with_events, monkeypatch, width, *command.split())
    wide = printed(with_events, monkeypatch, 1000, *command.split())

    assert len(narrow.splitlines()) > 2
    for line in narrow.splitlines():
        assert line == line.rstrip()
        assert len(line) <= width or len(line.split()) <= 3, line
    words = set(re.sub("[;,]", "", narrow).split())
    assert words <= set(re.sub("[;,]", "", wide).split())


def test_a_narrow_list_of_connectors_names_no_hooks(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "parse_event" not in printed(workspace, monkeypatch, 80, "connectors")
    assert "parse_event" in printed(workspace, monkeypatch, 120, "connectors")


def test_a_piped_paragraph_stays_one_line(
    with_events: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    line = next(one for one in with_events.run("show", "2").stdout.splitlines() if LONG in one)

    assert line == f"why       {LONG}"


def test_wide_characters_count_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    print_rows(console(), ("name", "n", "why"), [("你好", "1", "x"), ("ab", "2", "y")])
    print_fields(console(), [("a", '{\n  "b": 1\n}')])

    assert capsys.readouterr().out.splitlines() == [
        "name  n  why", "你好  1  x", "ab    2  y", "a  {", '     "b": 1', "   }",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("show x", "EVENT must be a whole number. `inboxbridge show --help` shows how"),
        ("events --limit 0", "--limit must be 1 or more. `inboxbridge events --help` shows how"),
        ("serve --port 99999", "--port must be 65535 or less. "),
        ("try", "CONNECTION is missing. `inboxbridge try --help` shows how"),
        ("try open nothing.json", "FILE: path 'nothing.json' does not exist. "),
        ("try open connectors.toml --method PUT", "--method must be one of 'get', 'post', not "),
        ("events --bogus", "no such option: --bogus. `inboxbridge events --help` shows how"),
        ("bogus", "no such command 'bogus'. `inboxbridge --help` shows how"),
        ("replay", "name events, or say --state dead, parked or unreadable. "),
        ("events --state lost", "there is no state 'lost'. Known are: "),
        ("new sms", "inboxbridge-sms is a connector that comes with inboxbridge; choose another"),
    ],
)
def test_every_error_is_one_paragraph_of_one_style(workspace: Any, typed: str, said: str) -> None:
    result = workspace.run(*typed.split())

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {said}")
    assert "Usage" not in result.stderr


def test_help_shows_arguments_in_words(workspace: Any) -> None:
    for command, usage in (
        ("link", "[OPTIONS] CONNECTION IDENTITY CONTACT_ID"),
        ("send", "[OPTIONS] CONNECTION FILE..."),
        ("replay", "[OPTIONS] [EVENT...]"),
    ):
        shown = workspace.run(command, "--help").stdout
        assert f"Usage: inboxbridge {command} {usage}\n" in shown
        assert not re.search(r"<\w+|[{}]", shown.partition("Options:")[0])


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("inboxbridge rep", ["replay"]),
        ("inboxbridge send ", ["shop", "open"]),
        ("inboxbridge try sh", ["shop"]),
        ("inboxbridge events --connection o", ["open"]),
        ("inboxbridge events --state p", ["pending", "parked"]),
        ("inboxbridge send --config other.toml ", ["elsewhere"]),
    ],
)
def test_a_shell_completes_commands_connections_and_states(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, words: str, completed: list[str]
) -> None:
    workspace.file("other.toml", "[connectors.elsewhere]\n")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    monkeypatch.setenv("_INBOXBRIDGE_COMPLETE", "complete_bash")

    result = workspace.run(prog_name="inboxbridge")

    assert result.stdout.split() == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown_for_each_shell(workspace: Any, shell: str) -> None:
    result = workspace.run("--show-completion", shell)

    assert result.exit_code == 0
    assert "_INBOXBRIDGE_COMPLETE" in result.stdout
