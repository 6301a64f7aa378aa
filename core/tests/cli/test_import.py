"""``inboxbridge import``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge.gateway.lateness import as_history
from inboxbridge.journal import reads
from inboxbridge.journal.rows import BACKLOG, StoredEvent
from inboxbridge.model import Attachment, Event

KEYS = {
    "deliveries", "events", "stored", "skipped", "undated", "unreadable", "faults", "calls",
    "eta_seconds", "verified",
}  # fmt: skip


def line(number: int, **changes: Any) -> str:
    event = {
        "id": f"old-{number}",
        "email": f"person-{number % 2}@example.com",
        "text": f"Message {number}",
        "occurred_at": "2026-11-06T21:20:31Z",
    }
    return json.dumps({**event, **changes})


def history(workspace: Any, *lines: str, name: str = "history.jsonl") -> Path:
    return Path(workspace.file(name, "".join(f"{one}\n" for one in lines)))


def stored(workspace: Any) -> list[StoredEvent]:
    found: list[StoredEvent] = workspace.in_journal(
        lambda j: j.read(reads.open_events, "default", 0, 10_000)
    )
    return found


def test_history_is_stored_in_order_in_the_backlog_and_silent(workspace: Any) -> None:
    file = history(workspace, *(line(number) for number in range(450)))

    tally = workspace.json("import", "open", file)

    rows = stored(workspace)
    assert [row.source_id for row in rows] == [f"old-{number}" for number in range(450)]
    assert {row.lane for row in rows} == {BACKLOG}
    events = [Event.model_validate_json(row.body) for row in rows]
    assert all(event.silent for event in events)
    assert events[7].text == "[6 Nov 2026, 21:20 UTC] Message 7"
    assert set(tally) == KEYS
    assert (tally["deliveries"], tally["events"], tally["stored"]) == (450, 450, 450)
    assert (tally["skipped"], tally["unreadable"], tally["verified"]) == (0, 0, False)


def test_the_time_it_takes_is_worked_out_from_the_sites_pace(workspace: Any) -> None:
    file = history(workspace, *(line(number) for number in range(10)))
    text = workspace.config.read_text()
    workspace.config.write_text(
        text.replace('site_id = "site-1"', 'site_id = "site-1"\ncalls_per_minute = 28')
    )

    tally = workspace.json("import", "open", file)

    # A call for each of 10 messages, a look-up and a conversation for each of 2 people.
    assert tally["calls"] == 14
    assert tally["eta_seconds"] == 30.0


def test_a_repeated_import_goes_on_where_the_first_one_ended(workspace: Any) -> None:
    lines = [line(number) for number in range(5)]
    workspace.json("import", "open", history(workspace, *lines[:3]))

    tally = workspace.json("import", "open", history(workspace, *lines))

    assert (tally["stored"], tally["skipped"]) == (2, 3)
    assert len(stored(workspace)) == 5


def test_captured_deliveries_are_read_without_checking_their_signatures(workspace: Any) -> None:
    captured = {"headers": {"X-Hub-Signature-256": "sha256=00"}, "body": line(1)}

    result = workspace.run("import", "shop", history(workspace, json.dumps(captured)))

    assert result.exit_code == 0
    assert "Signatures are not checked" in result.stderr
    assert "1 event in 1 delivery: 1 stored, 0 known already and skipped" in result.stdout
    assert [row.source_id for row in stored(workspace)] == ["old-1"]


def test_a_folder_of_captured_files_is_read_by_name(workspace: Any) -> None:
    workspace.file("captured/2.json", line(2))
    workspace.file("captured/1.json", line(1))
    workspace.file("captured/1.headers.json", {"X-Anything": "1"})
    workspace.file("captured/1.expected.json", {})
    workspace.file("captured/notes.txt", "not a delivery")

    tally = workspace.json("import", "open", workspace.folder / "captured")

    assert tally["deliveries"] == 2
    assert [row.source_id for row in stored(workspace)] == ["old-1", "old-2"]


def test_a_folder_of_forms_reaches_a_connector_that_reads_forms(workspace: Any) -> None:
    workspace.config.write_text(
        workspace.config.read_text() + '[connectors.sms]\nauth_token = "the-token"\n'
    )
    workspace.file(
        "captured/1.form",
        "MessageSid=SM1&From=%2B14155550132&To=%2B14155550199&Body=Hi&NumMedia=0",
    )

    tally = workspace.json("import", "sms", workspace.folder / "captured")

    assert (tally["stored"], tally["undated"]) == (1, 1)


def test_what_cannot_be_read_is_named_and_the_rest_goes_in(workspace: Any) -> None:
    bad = json.dumps({"headers": {"X-N": 1}, "body": "{}"})
    file = history(workspace, line(1), "{", bad, line(2, text=""), line(5))

    result = workspace.run("import", "open", file)

    assert result.exit_code == 1
    assert [row.source_id for row in stored(workspace)] == ["old-1", "old-5"]
    for where in ("line 2: the body is not JSON", "line 3: body must be text", "line 4: text is"):
        assert where in result.stderr
    assert "2 stored" in result.stdout


def test_a_dry_run_stores_nothing_and_tells_the_same(workspace: Any) -> None:
    file = history(workspace, line(1), line(2))

    result = workspace.run("import", "open", file, "--dry-run")

    assert result.exit_code == 0
    assert "2 events in 2 deliveries; nothing was stored" in result.stdout
    assert "about 6 calls to Wix at 200 a minute, about 2 s" in result.stdout
    assert not (workspace.folder / "journal.db").exists()


def test_an_import_needs_the_secret_of_its_own_connection_only(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    file = history(workspace, line(1))

    other = workspace.run("import", "open", file)
    own = workspace.run("import", "shop", file)

    assert other.exit_code == 0
    assert own.exit_code == 2
    assert "the environment variable SHOP_SECRET is not set" in own.stderr


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            Event(id="1", text="Hi", occurred_at=datetime(2026, 3, 1, 9, 5, 59, tzinfo=UTC)),
            "[1 Mar 2026, 09:05 UTC] Hi",
        ),
        (
            Event(
                id="1",
                attachments=(Attachment(url="https://example.com/a.png"),),
                occurred_at=datetime(2026, 11, 6, 21, 20, tzinfo=UTC),
            ),
            "[6 Nov 2026, 21:20 UTC]",
        ),
        (Event(id="1", text="Hi"), "Hi"),
    ],
    ids=["text", "attachment only", "no time"],
)
def test_the_original_time_stands_before_the_text(event: Event, text: str) -> None:
    assert as_history(event).text == text
    assert as_history(event).silent
    assert as_history(event).occurred_at == event.occurred_at
