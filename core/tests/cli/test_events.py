"""``inboxbridge events``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from inboxbridge.cli.console import age
from inboxbridge.model import Event

KEYS = [
    "id", "connection", "source_id", "kind", "direction", "state", "reason", "attempts",
    "received_at", "delivered_at", "contact_id", "conversation_id", "message_id",
    "waiting_for",
]  # fmt: skip

MakeEvent = Callable[..., Event]


def test_json_is_one_object_a_line_newest_first_with_the_promised_keys(
    workspace: Any, an_event: MakeEvent
) -> None:
    first, second = workspace.store(an_event("e1"), an_event("e2", kind="activity"))
    workspace.deliver(first)

    result = workspace.run("events", "--json")

    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [one["id"] for one in found] == [second, first]
    assert [list(one) for one in found] == [KEYS, KEYS]
    delivered = found[1]
    moment = datetime.fromisoformat(delivered.pop("received_at"))
    assert moment.tzinfo is not None
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=5)
    assert delivered == {
        "id": first,
        "connection": "open",
        "source_id": "e1",
        "kind": "message",
        "direction": "inbound",
        "state": "delivered",
        "reason": "found by email",
        "attempts": 1,
        "delivered_at": "1970-01-01T00:16:40.250Z",
        "contact_id": "contact-1",
        "conversation_id": "conversation-1",
        "message_id": "m-1",
        "waiting_for": None,
    }
    assert found[0]["kind"] == "activity"
    assert found[0]["delivered_at"] is None


def test_events_can_be_picked_by_state_and_by_connection(
    workspace: Any, an_event: MakeEvent
) -> None:
    dead, pending = workspace.store(an_event("e1"), an_event("e2"))
    (shop,) = workspace.store(an_event("e1"), connection="shop")
    workspace.settle(dead, "dead", "given up")
    workspace.settle(shop, "dead", "given up")

    def ids(*options: str) -> list[int]:
        lines = workspace.run("events", "--json", *options).stdout.splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert ids("--state", "dead") == [shop, dead]
    assert ids("--connection", "open") == [pending, dead]
    assert ids("--state", "dead", "--connection", "open") == [dead]
    assert ids("--state", "parked") == []


def test_twenty_events_are_listed_unless_another_number_is_asked_for(
    workspace: Any, an_event: MakeEvent
) -> None:
    workspace.store(*(an_event(f"e{number}") for number in range(25)))

    assert len(workspace.run("events", "--json").stdout.splitlines()) == 20
    assert len(workspace.run("events", "--json", "--limit", "3").stdout.splitlines()) == 3


def test_a_long_list_is_read_page_by_page_without_gap_or_repetition(
    workspace: Any, an_event: MakeEvent
) -> None:
    ids = workspace.store(*(an_event(f"e{number}") for number in range(1203)))

    lines = workspace.run("events", "--json", "--limit", "1101").stdout.splitlines()
    rest = workspace.run("events", "--json", "--limit", "9999", "--before", ids[102]).stdout

    assert [json.loads(line)["id"] for line in lines] == ids[:101:-1]
    assert [json.loads(line)["id"] for line in rest.splitlines()] == ids[101::-1]


def test_a_table_shows_people_what_became_of_events(workspace: Any, an_event: MakeEvent) -> None:
    (event_id,) = workspace.store(an_event(direction="outbound"))
    workspace.settle(event_id, "parked", "no contact has this email")

    result = workspace.run("events")

    row = result.stdout.splitlines()[1]
    assert result.exit_code == 0
    for part in (str(event_id), "parked", "open", "outbound message", "no contact has this email"):
        assert part in row
    assert "Saturday" not in result.output
    assert "dana" not in result.output.lower()


def test_an_empty_journal_lists_nothing(workspace: Any) -> None:
    workspace.store()

    assert workspace.run("events", "--json").stdout == ""
    assert "no events" in workspace.run("events").stderr


def test_looking_makes_no_journal_and_says_where_there_is_none(workspace: Any) -> None:
    result = workspace.run("events")

    assert result.exit_code == 1
    assert f"there is no journal at {workspace.folder}/journal.db yet" in result.stderr
    assert not (workspace.folder / "journal.db").exists()


def test_looking_needs_no_secret(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.store()
    monkeypatch.delenv("SHOP_SECRET")
    monkeypatch.delenv("WIX_API_KEY")

    assert workspace.run("events").exit_code == 0


def test_a_file_that_is_no_journal_is_named(workspace: Any) -> None:
    workspace.file("journal.db", "certainly no database, and long enough to be read as one" * 50)

    result = workspace.run("events")

    assert result.exit_code == 1
    assert "file is not a database" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (86400 * 3, "3 d"), (-5, "0 s")],
)
def test_ages_are_shown_in_the_largest_unit_that_says_enough(seconds: int, shown: str) -> None:
    now = datetime(2026, 11, 7, tzinfo=UTC)

    assert age(now - timedelta(seconds=seconds), now) == shown
