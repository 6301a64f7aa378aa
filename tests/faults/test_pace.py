"""Wix's limit is a budget that is spent, not a wall that is hit; in simulated time."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest
import simulation
from inboxbridge.journal.rows import BACKLOG
from simulation import now, world

pytestmark = pytest.mark.slow

LIVE_EVERY_SECONDS = 7


def test_in_ten_minutes_no_429_is_drawn_and_no_live_message_waits_for_the_backlog() -> None:
    async def main() -> None:
        asked: dict[str, float] = {}
        async with world(started=False) as one:
            await one.seed(range(150))
            for _ in range(15):
                await one.accept(range(50), label="import", lane=BACKLOG, age_seconds=86_400)
                await one.accept(range(50), label="outage", age_seconds=7200)
            await one.start()
            for number in range(600 // LIVE_EVERY_SECONDS):
                await one.accept([50 + number], label="live")
                asked[f"live p{50 + number} 1"] = now()
                await asyncio.sleep(LIVE_EVERY_SECONDS)
            await one.delivered(1500 + len(asked))

            assert one.refused == 0
            waits = [at - asked.pop(text) for at, text in one.messages if text in asked]
            assert not asked
            # From the first on, when every worker is busy with people who are looked up first.
            assert max(waits) < 2
            _assert_in_order([text for _, text in one.messages])

    simulation.simulate(main)


def test_a_minute_holds_as_many_messages_as_calls_once_people_are_known() -> None:
    async def main() -> None:
        async with world() as one:
            await one.seed(range(20))
            await one.accept(range(20))
            await one.delivered(20)
            await asyncio.sleep(61)
            already, began = len(one.messages), now()
            for _ in range(30):
                await one.accept(range(20))
            await asyncio.sleep(180)

            each = [0, 0, 0]
            for at, _ in one.messages[already:]:
                each[int((at - began) // 60)] += 1
            assert min(each) >= 195
            assert one.messages[-1][0] - began < 122  # 600 in two minutes and a moment
            assert one.refused == 0

    simulation.simulate(main)


def test_what_many_threads_ask_of_one_person_at_once_is_asked_once() -> None:
    async def main() -> None:
        async with world() as one:
            for number in range(40):
                await one.accept([7], thread=f"thread{number}")
            await one.delivered(40)

            assert one.calls == {
                "POST /contacts/v4/contacts/query": 1,
                "POST /contacts/v4/contacts": 1,
                "POST /inbox/v2/conversations": 1,
                "POST /inbox/v2/messages": 40,
            }

    simulation.simulate(main)


def test_a_thousand_people_never_seen_before_cost_little_more_than_two_calls_each() -> None:
    async def main() -> None:
        async with world(calls_per_minute=0, rate_per_minute=None) as one:
            await one.seed(range(1000))
            one.calls.clear()
            await one.accept(range(1000))
            await one.delivered(1000)

            assert one.calls.total() <= 2050

    simulation.simulate(main)


def _assert_in_order(texts: list[str]) -> None:
    threads = defaultdict(list)
    for text in texts:
        thread, _, number = text.rpartition(" ")
        threads[thread].append(int(number))
    for numbers in threads.values():
        assert numbers == list(range(1, len(numbers) + 1))
