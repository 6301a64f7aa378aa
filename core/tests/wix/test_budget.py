"""The budget holds for every 60 seconds as Wix sees them, is fair, and wastes nothing."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inboxbridge.wix import Budget
from inboxbridge.wix.budget import LATE_SECONDS, WINDOW_SECONDS

Simulate = Callable[[Callable[[], Awaitable[Any]]], Any]
TINY = 1e-6

callers = st.lists(
    st.tuples(
        st.floats(0, 200),  # comes at
        st.sampled_from(["live", "backlog"]),
        st.floats(0, 20),  # takes so long
        st.floats(0, 1),  # and arrives at Wix at this part of it
        st.sampled_from(["answered", "answered", "broken", "cancelled"]),
    ),
    max_size=40,
)


def now() -> float:
    return asyncio.get_running_loop().time()


def budget_of(limit: int) -> Budget:
    return Budget(limit, clock=now)


def assert_never_more(arrivals: list[float], limit: int) -> None:
    arrivals = sorted(arrivals)
    for first, beyond in zip(arrivals, arrivals[limit:], strict=False):
        assert beyond - first >= WINDOW_SECONDS - TINY


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(limit=st.integers(1, 6), calls=callers)
def test_no_sixty_seconds_at_the_server_see_more_calls_than_allowed(
    simulate: Simulate, limit: int, calls: list[Any]
) -> None:
    arrivals: list[float] = []
    finished: list[int] = []

    async def main() -> None:
        budget = budget_of(limit)

        async def call(at: float, lane: Any, takes: float, part: float, ends: str) -> None:
            await asyncio.sleep(at)
            async with budget.call(lane):
                arrives_at = now() + takes * part
                try:
                    await asyncio.sleep(takes)
                    finished.append(1)
                    if ends == "broken":
                        # What was cut off on our side may arrive all the same.
                        arrives_at = now() + LATE_SECONDS * part
                        raise ConnectionError
                except asyncio.CancelledError:
                    arrives_at = min(arrives_at, now() + LATE_SECONDS)
                    raise
                finally:
                    arrivals.append(arrives_at)

        tasks = [asyncio.create_task(call(*told)) for told in calls]
        for task, (at, _, takes, part, ends) in zip(tasks, calls, strict=True):
            if ends == "cancelled":
                asyncio.get_running_loop().call_later(at + takes * part * 3, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        lost = sum(task.cancelled() for task in tasks)

        assert len(finished) == len(calls) - lost
        assert budget.waiting == 0
        await asyncio.sleep(WINDOW_SECONDS + LATE_SECONDS)
        assert budget.used == 0

    simulate(main)

    assert_never_more(arrivals, limit)


def test_a_cold_budget_lets_at_least_195_live_calls_through_in_a_minute(
    simulate: Simulate,
) -> None:
    ended: list[float] = []

    async def main() -> None:
        budget, began = budget_of(200), now()

        async def call() -> None:
            async with budget.call("live"):
                await asyncio.sleep(0.3)
            ended.append(now() - began)

        await asyncio.gather(*(call() for _ in range(600)))

    simulate(main)

    for minute in range(3):
        in_time = [at for at in ended if at <= 60 * (minute + 1)]
        assert len(in_time) >= 195 * (minute + 1)


def test_a_backlog_alone_uses_the_whole_rate_for_an_hour_and_spreads_it_evenly(
    simulate: Simulate,
) -> None:
    starts: list[float] = []
    arrivals: list[float] = []

    async def main() -> None:
        budget, began, chance = budget_of(200), now(), random.Random(1)

        async def worker() -> None:
            while now() - began < 3600:
                async with budget.call("backlog"):
                    starts.append(now() - began)
                    takes = chance.uniform(0.05, 0.4)
                    arrivals.append(now() + takes * chance.random())
                    await asyncio.sleep(takes)

        await asyncio.gather(*(worker() for _ in range(20)))

    simulate(main)

    assert len(starts) >= 195 * 60
    assert_never_more(arrivals, 200)
    busiest = max(Counter(int(at) for at in starts).values())
    assert busiest <= 5  # a 200th of a minute is 0.3 s; two at once can follow a late timer


def test_a_live_call_waits_for_about_one_step_of_the_backlog_ahead_of_it(
    simulate: Simulate,
) -> None:
    waited: list[float] = []

    async def main() -> None:
        budget, chance, over = budget_of(200), random.Random(2), asyncio.Event()

        async def backlog() -> None:
            while not over.is_set():
                async with budget.call("backlog"):
                    await asyncio.sleep(chance.uniform(0.1, 0.3))

        async def live() -> None:
            asked = now()
            async with budget.call("live"):
                waited.append(now() - asked)
                await asyncio.sleep(0.2)

        workers = [asyncio.create_task(backlog()) for _ in range(16)]
        await asyncio.sleep(90)
        for _ in range(300):
            await asyncio.sleep(chance.expovariate(0.5))
            await live()
        over.set()
        await asyncio.gather(*workers)

    simulate(main)

    assert len(waited) == 300
    assert max(waited) <= 2 * 0.3 + 0.2  # two steps and what the calls' lengths differ by
    assert sum(waited) / len(waited) <= 0.3


def test_from_the_first_minute_on_the_backlog_leaves_live_calls_the_slots_that_they_take(
    simulate: Simulate,
) -> None:
    waited: list[float] = []
    starts: list[float] = []

    async def main() -> None:
        budget, over, began = budget_of(200), asyncio.Event(), now()

        async def backlog() -> None:
            while not over.is_set():
                async with budget.call("backlog"):
                    starts.append(now() - began)
                    await asyncio.sleep(0.1)

        async def live() -> None:
            asked = now()
            async with budget.call("live"):
                starts.append(now() - began)
                waited.append(now() - asked)

        workers = [asyncio.create_task(backlog()) for _ in range(16)]
        while now() - began < 600:
            for _ in range(3):
                await live()
            await asyncio.sleep(7)
        over.set()
        await asyncio.gather(*workers)

    simulate(main)

    assert max(waited) <= 1.0
    assert sum(1 for at in starts if at >= 60) >= 195 * 9
    assert_never_more(starts, 200)


def test_the_backlog_goes_on_beside_a_stream_of_live_calls(simulate: Simulate) -> None:
    done = {"live": 0, "backlog": 0}

    async def main() -> None:
        budget, began = budget_of(60), now()

        async def backlog() -> None:
            while now() - began < 600:
                async with budget.call("backlog"):
                    done["backlog"] += 1

        async def live() -> None:
            async with budget.call("live"):
                done["live"] += 1

        calls = [asyncio.create_task(backlog())]
        while now() - began < 600:
            await asyncio.sleep(2)
            calls.append(asyncio.create_task(live()))
        await asyncio.gather(*calls)

    simulate(main)

    assert done["live"] >= 280
    assert done["backlog"] >= 280
    assert sum(done.values()) >= 590


@pytest.mark.parametrize("lane", ["live", "backlog"])
def test_calls_of_a_lane_start_in_the_order_in_which_they_came(
    simulate: Simulate, lane: Any
) -> None:
    order: list[int] = []

    async def main() -> None:
        budget = budget_of(3)

        async def call(number: int) -> None:
            async with budget.call(lane):
                order.append(number)
                await asyncio.sleep(number % 3)

        await asyncio.gather(*(call(number) for number in range(20)))

    simulate(main)

    assert order == list(range(20))


async def test_a_newcomer_does_not_take_the_slot_of_one_that_waits() -> None:
    time_is = [0.0]

    async def never(_: float) -> None:
        await asyncio.Event().wait()

    budget = Budget(1, clock=lambda: time_is[0], sleep=never)
    async with budget.call("live"):
        pass
    waits = asyncio.create_task(budget.call("live").__aenter__())
    for _ in range(3):  # until its timer sleeps
        await asyncio.sleep(0)
    time_is[0] = WINDOW_SECONDS
    newcomer = asyncio.create_task(budget.call("live").__aenter__())
    await asyncio.sleep(0)

    assert budget.waiting == 2

    for task in (waits, newcomer):
        task.cancel()
    await asyncio.gather(waits, newcomer, return_exceptions=True)


def test_timers_that_are_late_cost_the_backlog_no_rate(simulate: Simulate) -> None:
    async def main() -> int:
        async def sleep_too_long(seconds: float) -> None:
            await asyncio.sleep(seconds + 0.1)

        budget, began, count = Budget(200, clock=now, sleep=sleep_too_long), now(), 0
        while now() - began < 300:
            async with budget.call("backlog"):
                count += 1
        return count

    assert simulate(main) >= 195 * 5


def test_a_live_call_goes_before_the_backlog_that_waited_longer(simulate: Simulate) -> None:
    order: list[str] = []

    async def main() -> None:
        budget = budget_of(1)

        async def call(lane: Any) -> None:
            async with budget.call(lane):
                order.append(lane)

        await call("live")
        waiting = [asyncio.create_task(call("backlog")) for _ in range(2)]
        await asyncio.sleep(1)
        waiting.append(asyncio.create_task(call("live")))
        await asyncio.gather(*waiting)

    simulate(main)

    assert order == ["live", "live", "backlog", "backlog"]


@pytest.mark.parametrize("limit", [0, 5])
def test_a_pause_stops_every_lane_until_its_end_and_a_shorter_one_does_not_cut_it(
    simulate: Simulate, limit: int
) -> None:
    started: list[float] = []

    async def main() -> None:
        budget, began = budget_of(limit), now()

        async def call(lane: Any) -> None:
            async with budget.call(lane):
                started.append(now() - began)

        budget.pause(30)
        waiting = [asyncio.create_task(call(lane)) for lane in ("live", "backlog", "live")]
        await asyncio.sleep(5)
        assert budget.waiting == 3
        budget.pause(1)
        await asyncio.gather(*waiting)

    simulate(main)

    assert len(started) == 3
    assert min(started) == pytest.approx(30)


def test_a_pause_that_is_lengthened_while_calls_wait_holds_to_its_new_end(
    simulate: Simulate,
) -> None:
    async def main() -> float:
        budget, began = budget_of(5), now()
        budget.pause(10)
        entered = asyncio.create_task(budget.call("live").__aenter__())
        await asyncio.sleep(5)
        budget.pause(60)
        await entered
        return now() - began

    assert simulate(main) == pytest.approx(65)


def test_without_a_limit_any_number_of_calls_start_at_once(simulate: Simulate) -> None:
    async def main() -> tuple[int, int, float]:
        budget, began = budget_of(0), now()
        calls = [budget.call("backlog") for _ in range(1000)]
        for call in calls:
            await call.__aenter__()
        busy = budget.used
        for call in calls:
            await call.__aexit__(None, None, None)
        return busy, budget.used, now() - began

    assert simulate(main) == (1000, 0, 0.0)


def test_a_caller_cancelled_while_waiting_takes_no_slot(simulate: Simulate) -> None:
    async def main() -> float:
        budget, began = budget_of(1), now()
        async with budget.call("live"):
            pass
        given_up = [asyncio.create_task(budget.call("live").__aenter__()) for _ in range(5)]
        await asyncio.sleep(1)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        assert budget.waiting == 0
        async with budget.call("live"):
            return now() - began

    assert simulate(main) == pytest.approx(60)


def test_a_caller_cancelled_in_the_moment_it_gets_its_slot_hands_it_on(simulate: Simulate) -> None:
    async def main() -> float:
        budget, began = budget_of(1), now()
        async with budget.call("live"):
            pass
        first = asyncio.create_task(budget.call("live").__aenter__())
        second = asyncio.create_task(budget.call("live").__aenter__())
        await asyncio.sleep(60)
        # The loop runs what is due in order: this comes after the slot was given (its time has
        # come, too), and before the one it was given to is awake.
        budget._serve()
        assert (budget.used, budget.waiting) == (1, 1)
        first.cancel()
        await second
        assert first.cancelled()
        assert budget.used == 1
        return now() - began

    assert simulate(main) == pytest.approx(60)


def test_calls_of_an_earlier_process_count(simulate: Simulate) -> None:
    async def main() -> float:
        budget, began = budget_of(2), now()
        budget.remember([50.0, 10.0, 75.0])
        assert budget.used == 2
        async with budget.call("live"):
            return now() - began

    assert simulate(main) == pytest.approx(10)


def test_waiting_is_timed_and_not_polled(simulate: Simulate) -> None:
    slept: list[float] = []

    async def main() -> None:
        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(seconds)

        budget = Budget(10, clock=now, sleep=sleep)

        async def call() -> None:
            async with budget.call("live"):
                pass

        await asyncio.gather(*(call() for _ in range(30)))

    simulate(main)

    assert len(slept) <= 4


def test_used_and_waiting_tell_what_is_going_on(simulate: Simulate) -> None:
    async def main() -> list[tuple[int, int]]:
        budget = budget_of(2)
        seen = [(budget.used, budget.waiting)]
        first = budget.call("live")
        await first.__aenter__()
        async with budget.call("backlog"):
            seen.append((budget.used, budget.waiting))
        third = asyncio.create_task(budget.call("live").__aenter__())
        await asyncio.sleep(1)
        seen.append((budget.used, budget.waiting))
        await first.__aexit__(None, None, None)
        await third
        seen.append((budget.used, budget.waiting))
        return seen

    assert simulate(main) == [(0, 0), (2, 0), (2, 1), (2, 0)]


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="0 \\(no limit\\) or more"):
        Budget(-1)
