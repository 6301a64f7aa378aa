"""``inboxbridge listen``: what happens in the journal, as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge.cli.listen import listen
from inboxbridge.model import Event

Step = Callable[[], object]


def heard(
    workspace: Any, *steps: Step, connection: str | None = None, as_json: bool = False
) -> int:
    """Listen while one step after the other happens; then Ctrl-C."""
    left = list(steps)

    def sleep(_seconds: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    return listen(workspace.config, connection=connection, as_json=as_json, sleep=sleep)


def test_an_event_is_told_of_when_it_comes_and_when_its_state_changes(
    workspace: Any, an_event: Callable[..., Event], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.store(an_event("before"))

    code = heard(
        workspace,
        lambda: workspace.store(an_event("e1")),
        lambda: workspace.deliver(2),
        lambda: None,
    )

    lines = [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]
    told = [line[1].strip() for line in lines]
    assert code == 0
    assert told[0] == "pending     event 2  open"
    assert told[1] == "inbound message"
    assert told[2] == "delivered   event 2  open"
    assert told[3].endswith("found by email")
    assert len(told) == 4


def test_an_older_event_that_is_replayed_is_told_of(
    workspace: Any, an_event: Callable[..., Event], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.store(an_event("before"))

    heard(workspace, lambda: workspace.settle(1, "parked", "nobody knows who it is"))

    assert "parked      event 1  open\n" in capsys.readouterr().out


def test_only_one_connection_may_be_asked_for_and_json_is_that_of_events(
    workspace: Any, an_event: Callable[..., Event], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.store(an_event("before"))

    heard(
        workspace,
        lambda: workspace.store(an_event("theirs")),
        lambda: workspace.store(an_event("ours"), connection="shop"),
        connection="shop",
        as_json=True,
    )

    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["source_id"], line["state"]) == ("ours", "pending")


def test_more_events_at_once_than_are_looked_at_are_all_told_of(
    workspace: Any,
    an_event: Callable[..., Event],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inboxbridge.cli.listen.WATCHED", 3)
    workspace.store(an_event("before"))

    heard(workspace, lambda: workspace.store(*(an_event(f"e{n}") for n in range(10))), as_json=True)

    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == list(range(2, 12))


def test_a_misspelt_connection_is_an_error(workspace: Any) -> None:
    result = workspace.run("listen", "--connection", "shopp")

    assert result.exit_code == 2
    assert "Did you mean 'shop'?" in result.stderr
