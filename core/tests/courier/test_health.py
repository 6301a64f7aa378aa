"""What counts as evidence against a whole site."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from inboxbridge.courier.health import Health
from inboxbridge.courier.retry import Retry
from inboxbridge.wix import Forbidden, ServerFault, Throttled, Unauthorized, WixError


class Site:
    """A health whose clock, answers and cheap read are the test's."""

    def __init__(self) -> None:
        self.at = 0.0
        self.answers = 0
        self.asked: list[bool] = []
        self.answer: WixError | None = None
        self.paused: list[float] = []
        self.told: list[str] = []
        self.health = Health(
            self._ask,
            lambda: self.answers,
            Retry(rng=random.Random(1)),
            self.paused.append,
            lambda state, reason: self.told.append(state),
            lambda: None,
            lambda: self.at,
        )

    async def _ask(self, of_inbox: bool) -> None:
        self.asked.append(of_inbox)
        if self.answer is not None:
            raise self.answer

    async def failed(self, thread: str, error: WixError, *, took: float = 1.0) -> None:
        began_at = self.at
        self.at += took
        await self.health.failed(thread, error, began_at)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    yield made
    made.health.close()


FAULT = ServerFault("500", scope="conversation")


async def test_one_thread_that_fails_ever_again_is_no_evidence(site: Site) -> None:
    for _ in range(20):
        await site.failed("one", FAULT)

    assert site.asked == []
    assert site.health.is_running


async def test_different_threads_that_fail_alike_stop_the_site_if_a_cheap_read_fails_too(
    site: Site,
) -> None:
    site.answer = FAULT
    for thread in ("one", "two", "three"):
        await site.failed(thread, FAULT)

    assert len(site.asked) == 1
    assert not site.health.is_running
    assert site.told == ["stopped"]
    assert not site.health.admits(0)


async def test_a_cheap_read_that_works_keeps_the_site_going(site: Site) -> None:
    for thread in ("one", "two", "three"):
        await site.failed(thread, FAULT)

    assert len(site.asked) == 1
    assert site.health.is_running


async def test_a_good_answer_between_failures_resets_them(site: Site) -> None:
    for thread in ("one", "two", "three", "four"):
        site.answers += 1
        await site.failed(thread, FAULT)

    assert site.asked == []


async def test_failures_at_the_same_time_count_once(site: Site) -> None:
    began_at, site.at = site.at, 5.0
    for thread in range(40):
        await site.health.failed(str(thread), FAULT, began_at)

    assert site.asked == []


async def test_failures_of_another_kind_are_counted_apart(site: Site) -> None:
    for thread, error in (("one", FAULT), ("two", Forbidden("403", scope="contact"))) * 3:
        await site.failed(thread, error)

    assert site.asked == []


async def test_a_401_is_looked_into_at_once(site: Site) -> None:
    await site.failed("one", Unauthorized("401", scope="site"))
    assert (len(site.asked), site.health.is_running) == (1, True)

    site.answer = Unauthorized("401", scope="site")
    await site.failed("one", Unauthorized("401", scope="site"))
    assert (len(site.asked), site.health.is_running) == (2, False)


async def test_many_that_fail_at_once_ask_one_question(site: Site) -> None:
    error = Unauthorized("401", scope="site")

    await asyncio.gather(*(site.failed(str(n), error) for n in range(30)))

    assert len(site.asked) == 1


async def test_a_429_rests_the_site_only_if_a_cheap_read_is_refused_too(site: Site) -> None:
    throttled = Throttled("429", scope="conversation", retry_after_seconds=7.0)
    await site.failed("one", throttled)
    assert site.paused == []

    site.answer = throttled
    await site.failed("one", throttled)
    await site.failed("two", throttled, took=0.5)
    assert site.paused == [7.0]
    assert len(site.asked) == 2
