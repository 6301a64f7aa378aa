"""Work that several wait for is done once, and its end, whatever it is, reaches each of them."""

from __future__ import annotations

import asyncio

import pytest
from inboxbridge.wix import Unanswered
from inboxbridge.wix.flights import SingleFlight


@pytest.mark.parametrize("end", [asyncio.CancelledError(), GeneratorExit()])
async def test_work_that_is_cut_short_cancels_nobody_and_poisons_nothing(
    end: BaseException,
) -> None:
    flights: SingleFlight[int] = SingleFlight()

    async def cut() -> int:
        await asyncio.sleep(0)
        raise end

    async def whole() -> int:
        return 7

    for error in await asyncio.gather(
        *(flights("k", cut) for _ in range(3)), return_exceptions=True
    ):
        assert isinstance(error, Unanswered)
        assert error.retriable
        assert error.effect == "none"
    assert await flights("k", whole) == 7


async def test_one_who_gives_up_is_cancelled_and_the_others_are_not() -> None:
    flights: SingleFlight[int] = SingleFlight()
    goes_on = asyncio.Event()

    async def work() -> int:
        await goes_on.wait()
        return 7

    first, second = (asyncio.create_task(flights("k", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    goes_on.set()

    assert await second == 7
    assert first.cancelled()


async def test_the_same_work_is_done_once_and_again_once_it_is_over() -> None:
    flights: SingleFlight[int] = SingleFlight()
    times = 0

    async def work() -> int:
        nonlocal times
        times += 1
        await asyncio.sleep(0)
        if times == 1:
            raise KeyError("ours")
        return times

    first = await asyncio.gather(*(flights("k", work) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in first] == [KeyError] * 3
    assert await asyncio.gather(*(flights("k", work) for _ in range(3))) == [2] * 3
