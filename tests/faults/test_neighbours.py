"""What one source, person or time has too much of does not trouble others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from inboxbridge.courier.feed import Feed
from inboxbridge.journal import Accepted, Journal
from inboxbridge.model import Event, Person
from simulation import now, simulate, world

pytestmark = pytest.mark.slow


def test_two_thousand_new_people_of_one_connection_do_not_hold_up_another_one() -> None:
    async def main() -> None:
        async with world(more_connections=["other"]) as it:
            await it.seed([1])
            await it.accept([1], label="known", connection="other")
            await it.delivered(1)
            await it.accept(range(1000, 3000), label="flood")
            for number in range(5):
                await asyncio.sleep(20.0)
                written = now()
                await it.accept([1], label=f"news{number}", connection="other")
                while not any(text.startswith(f"news{number} ") for _, text in it.messages):
                    assert now() - written < 5, "the other connection waits"
                    await asyncio.sleep(0.1)
            assert it.refused == 0

    simulate(main)


def test_a_flood_uses_nearly_the_whole_limit_while_the_others_are_quiet() -> None:
    async def main() -> None:
        async with world(more_connections=["other"]) as it:
            await it.accept(range(1000, 3000), label="flood")
            await asyncio.sleep(600.0)
            assert sum(it.calls.values()) >= 0.85 * 200 * 10

    simulate(main)


def test_deliveries_of_two_hours_ago_do_not_hold_up_one_of_now() -> None:
    async def main() -> None:
        async with world() as it:
            await it.seed([1, *range(100, 500)])
            await it.accept([1], label="warm")
            await it.delivered(1)
            long_ago = datetime.fromtimestamp(now(), UTC) - timedelta(hours=2)
            await it.accept(range(100, 500), label="late", occurred_at=long_ago)
            await asyncio.sleep(5.0)
            written = now()
            await it.accept([1], label="news", occurred_at=datetime.fromtimestamp(now(), UTC))
            while not any(text.startswith("news ") for _, text in it.messages):
                assert now() - written < 1, "the message of now waits behind those of then"
                await asyncio.sleep(0.05)

    simulate(main)


async def test_what_a_connection_left_waits_until_it_runs_and_goes_on_in_order(
    tmp_path: Path,
) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    for number in range(3):
        await accepted_by(journal, "stopped", number)
        await accepted_by(journal, "running", number)

    without = Feed("default", journal, connections=["running"])
    taken = await _all_of(without)
    await accepted_by(journal, "stopped", 3)
    again = await _all_of(Feed("default", journal, connections=["running", "stopped"]))
    await journal.close()

    assert taken == ["running 0", "running 1", "running 2"]
    assert [key for key in again if key.startswith("stopped")] == [
        f"stopped {number}" for number in range(4)
    ]


async def accepted_by(journal: Journal, connection: str, number: int) -> None:
    event = Event(id=f"{connection} {number}", person=Person(id="p"), text="x")
    await journal.accept(Accepted("default", connection, None, 1.0, (event,)))


async def _all_of(feed: Feed) -> list[str]:
    await feed.refill()
    keys = []
    while (taken := feed.next_ready()) is not None:
        keys.append(taken[1].source_id)
        feed.finished(taken[0])
    return keys
