"""What the journal writes for many events at once, on each of the two databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from inboxbridge import Event
from inboxbridge.journal import Accepted, Journal, reads, writes
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled

pytestmark = pytest.mark.slow


@pytest.fixture
async def journal(journal_url: str) -> AsyncIterator[Journal]:
    opened = Journal(journal_url)
    yield opened
    await opened.close()


async def test_what_is_set_down_together_is_set_down_for_each_event_apart(
    journal: Journal,
) -> None:
    numbers = range(1, 251)
    events = tuple(Event(id=str(number), text="Hello") for number in numbers)
    await journal.accept(Accepted("default", "shop", None, 1.0, events))
    begun = [
        AttemptBegun(number, 0, float(number), f"contact {number}", "conversation", "print")
        for number in numbers
    ]
    unknown = AttemptEnded(1.0, 2.0, "unknown")
    settled = [
        Settled(number, "delivered", message_id=f"message {number}")
        if number % 2
        else Settled(
            number, "retrying", "why", due_at=9.0, tries=0, keep_attempt=True, attempt=unknown
        )
        for number in numbers
    ]

    assert all(await asyncio.gather(*(journal.write(writes.begin_attempts, b) for b in begun)))
    await asyncio.gather(*(journal.write(writes.settle, one) for one in settled))

    rows = {row.id: row for row in await journal.read(reads.open_events, "default", 0, 1000)}
    assert sorted(rows) == [number for number in numbers if number % 2 == 0]
    for number, row in rows.items():
        assert (row.attempt_at, row.contact_id) == (float(number), f"contact {number}")
        assert (row.state, row.due_at, row.attempts) == ("retrying", 9.0, 1)
    done = await journal.read(reads.list_events, limit=1000, state="delivered")
    assert {one.id: one.message_id for one in done} == {
        number: f"message {number}" for number in numbers if number % 2
    }


async def test_an_event_that_is_begun_already_is_told_from_those_that_are_not(
    journal: Journal,
) -> None:
    events = tuple(Event(id=str(number), text="Hello") for number in range(3))
    await journal.accept(Accepted("default", "shop", None, 1.0, events))
    await journal.write(writes.begin_attempts, AttemptBegun(2, 0, 5.0, "c", "v", "p"))

    begun = [AttemptBegun(number, 0, 6.0, "c", "v", "p") for number in (1, 2, 3)]
    found = await asyncio.gather(*(journal.write(writes.begin_attempts, one) for one in begun))

    assert found == [True, False, True]
