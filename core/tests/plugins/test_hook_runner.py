"""Hooks run outside the event loop, in order, on the clock, and can do no harm there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from inboxbridge.errors import HookFailed, HookTimeout
from inboxbridge.plugins.runner import MAX_HANGING, HookRunner


@pytest.fixture
def runner() -> Iterator[HookRunner]:
    made = HookRunner("shop", limit_seconds=0.05)
    yield made
    made.close()


@pytest.fixture
def never() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def waiting_for(event: threading.Event) -> Callable[[], bool]:
    return lambda: event.wait(30)


async def test_a_hook_runs_in_a_thread_of_its_connection(runner: HookRunner) -> None:
    names = [await runner.call(lambda: threading.current_thread().name) for _ in range(2)]

    assert names == ["hooks-shop", "hooks-shop"]


async def test_calls_are_made_one_at_a_time_in_order(runner: HookRunner) -> None:
    made: list[int] = []

    await asyncio.gather(*(runner.call(lambda n=n: made.append(n)) for n in range(500)))

    assert made == list(range(500))


async def test_what_a_hook_raises_reaches_its_caller_alone(runner: HookRunner) -> None:
    def fails() -> None:
        raise LookupError("here")

    results = await asyncio.gather(
        runner.call(lambda: 1), runner.call(fails), runner.call(lambda: 2), return_exceptions=True
    )

    assert [results[0], results[2]] == [1, 2]
    assert isinstance(results[1], LookupError)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, GeneratorExit])
async def test_what_would_end_more_than_a_call_is_a_failed_hook(
    runner: HookRunner, error: type[BaseException]
) -> None:
    def ends() -> None:
        raise error

    with pytest.raises(HookFailed, match=error.__name__):
        await runner.call(ends)
    assert await runner.call(lambda: "still there") == "still there"


async def test_a_call_over_the_limit_is_cut_off_and_those_behind_it_go_on(
    runner: HookRunner, never: threading.Event
) -> None:
    results = await asyncio.gather(
        runner.call(waiting_for(never)),
        *(runner.call(lambda n=n: n) for n in range(20)),
        return_exceptions=True,
    )

    assert isinstance(results[0], HookTimeout)
    assert "0.05 s and was cut off" in str(results[0])
    assert results[1:] == list(range(20))


async def test_waiting_in_line_does_not_count_against_the_limit() -> None:
    runner = HookRunner("shop", limit_seconds=0.2)
    pause = threading.Event()

    found = await asyncio.gather(*(runner.call(lambda: pause.wait(0.03)) for _ in range(15)))
    runner.close()

    assert found == [False] * 15


async def test_with_too_many_hanging_calls_further_ones_are_refused_at_once(
    runner: HookRunner, never: threading.Event
) -> None:
    for _ in range(MAX_HANGING):
        with pytest.raises(HookTimeout, match="was cut off"):
            await runner.call(waiting_for(never))

    with pytest.raises(HookTimeout, match="still hang"):
        await runner.call(lambda: 1)


async def test_once_a_hanging_call_returns_calls_are_taken_again(runner: HookRunner) -> None:
    released = threading.Event()
    for _ in range(MAX_HANGING):
        with pytest.raises(HookTimeout):
            await runner.call(waiting_for(released))
    left_behind = [one for one in threading.enumerate() if one.name == "hooks-shop"]

    released.set()
    for thread in left_behind[:MAX_HANGING]:
        thread.join(5)

    assert not any(thread.is_alive() for thread in left_behind[:MAX_HANGING])
    assert await runner.call(lambda: 1) == 1


async def test_a_caller_who_gave_up_is_no_harm(runner: HookRunner) -> None:
    gave_up = asyncio.ensure_future(runner.call(lambda: 1))
    await asyncio.sleep(0)
    gave_up.cancel()

    assert await runner.call(lambda: 2) == 2


async def test_a_call_just_made_is_answered_though_the_runner_is_closed(
    runner: HookRunner,
) -> None:
    asked = asyncio.ensure_future(runner.call(lambda: 1))
    await asyncio.sleep(0)

    runner.close()

    assert await asyncio.wait_for(asked, 5) == 1


def test_while_starting_a_call_is_waited_for_and_cut_off_alike(
    runner: HookRunner, never: threading.Event
) -> None:
    assert runner.call_now(lambda: 5) == 5
    with pytest.raises(SystemExit):
        runner.call_now(lambda: exit(3))
    with pytest.raises(HookTimeout, match="was cut off"):
        runner.call_now(waiting_for(never))


async def test_inline_calls_stay_in_the_event_loops_thread() -> None:
    runner = HookRunner("shop", inline=True)

    assert await runner.call(threading.current_thread) is threading.current_thread()
    assert runner.call_now(threading.current_thread) is threading.current_thread()
