"""What arrives late or as history says when it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from inboxbridge import Event
from inboxbridge.gateway.lateness import LATE_SECONDS, as_told
from inboxbridge.journal import Journal, reads
from inboxbridge.journal.rows import BACKLOG, LIVE, Accepted

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
ASKED = "are you open now?"


def told(seconds_ago: float | None, **fields: object) -> Event:
    at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    return as_told(Event(id="m1", text=ASKED, occurred_at=at, **fields), NOW)


def test_yesterdays_question_is_not_taken_for_todays() -> None:
    assert told(86_400).text == f"[26 Nov 2026, 09:30 UTC] {ASKED}"


@pytest.mark.parametrize("seconds_ago", [None, 0, LATE_SECONDS - 1, -86_400])
def test_what_is_news_is_left_as_it_is(seconds_ago: float | None) -> None:
    assert told(seconds_ago).text == ASKED


def test_history_is_silent_and_dated_however_young() -> None:
    event = told(60, history=True)

    assert (event.text, event.silent) == (f"[27 Nov 2026, 09:29 UTC] {ASKED}", True)


def test_history_without_a_time_is_silent() -> None:
    event = told(None, history=True)

    assert (event.text, event.silent) == (ASKED, True)


async def test_history_leaves_room_for_what_happens_now(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    for event in (told(60, history=True), Event(id="m2", text=ASKED)):
        await journal.accept(Accepted("default", "wa", None, NOW.timestamp(), (event,)))

    rows = await journal.read(reads.open_events, "default", after_id=0, limit=10)
    await journal.close()

    assert [row.lane for row in rows] == [BACKLOG, LIVE]
