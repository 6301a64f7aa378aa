"""Look-ups share calls within their lane, and none fails or waits because of another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import pytest
from inboxbridge.identity.lookup import MAX_UNDER_WAY, Lookup
from inboxbridge.wix import (
    ContactMatch,
    CredentialsRefused,
    Forbidden,
    NotFound,
    Outage,
    Rejected,
    ServerFault,
    Throttled,
    Unanswered,
    Unreachable,
    Unreadable,
    WixError,
)
from inboxbridge.wix.budget import Lane
from simulation import simulate

Found = dict[str, list[ContactMatch]]


class Wix:
    """Knows everybody; fails and hangs for some values, and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], Lane]] = []
        self.fails: dict[str, BaseException] = {}
        self.hangs: set[str] = set()
        self.seconds = 0.1

    async def __call__(
        self, by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane
    ) -> Found:
        self.calls.append((list(values), lane))
        if self.hangs & set(values):
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds)
        for value in values:
            if value in self.fails:
                raise self.fails[value]
        return {value: [ContactMatch(f"of {value}")] for value in values}


@pytest.fixture
def wix() -> Wix:
    return Wix()


async def asked(look_up: Lookup, values: Sequence[str], lane: Lane = "live") -> list[object]:
    return list(await asyncio.gather(*(look_up(v, lane) for v in values), return_exceptions=True))


def answered(values: Sequence[str]) -> list[object]:
    return [[ContactMatch(f"of {value}")] for value in values]


async def test_a_live_look_up_is_never_put_into_a_call_of_the_backlog() -> None:
    calls: list[tuple[list[str], Lane]] = []
    goes_on = asyncio.Event()

    async def find(by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane) -> Found:
        calls.append((list(values), lane))
        if lane == "backlog":
            await goes_on.wait()
        return {}

    look_up = Lookup(find, "email")
    first = asyncio.create_task(look_up("first", "backlog"))
    while not calls:
        await asyncio.sleep(0)
    # They come in the very turn in which the backlog's next call is put together.
    goes_on.set()
    others = [
        asyncio.create_task(look_up("second", "backlog")),
        asyncio.create_task(look_up("live", "live")),
    ]
    await asyncio.gather(first, *others)

    assert all("live" not in values for values, lane in calls if lane == "backlog")
    assert [lane for values, lane in calls if "live" in values] == ["live"]


def test_who_comes_while_a_call_is_under_way_shares_the_next(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        first = asyncio.create_task(asked(look_up, ["a"]))
        await asyncio.sleep(wix.seconds / 2)
        assert await asked(look_up, ["b", "c", "b"]) == answered(["b", "c", "b"])
        await first

    simulate(main)
    assert [values for values, _ in wix.calls] == [["a"], ["b", "c"]]


def test_a_look_up_that_is_not_answered_holds_up_nobody(wix: Wix) -> None:
    """Those who come later start a call of their own, as long as some hang."""
    waited = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        look_up = Lookup(wix, "email")
        wix.hangs = {f"hangs {n}" for n in range(MAX_UNDER_WAY - 1)}
        hanging = []
        for value in sorted(wix.hangs):
            hanging.append(asyncio.create_task(look_up(value, "live")))
            await asyncio.sleep(1.0)
        for n in range(5):
            began = loop.time()
            assert await asked(look_up, [f"new {n}"]) == answered([f"new {n}"])
            waited.append(loop.time() - began)
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()

    simulate(main)
    assert max(waited) < 1.0


def test_somebody_new_waits_for_a_hanging_call_no_longer_than_calls_usually_take(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        wix.hangs = {"hangs"}
        hanging = asyncio.create_task(look_up("hangs", "live"))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(1.0):
            assert await asked(look_up, ["new"]) == answered(["new"])
        hanging.cancel()

    simulate(main)


def test_no_more_than_four_calls_of_a_lane_are_under_way(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        wix.hangs = {f"hangs {n}" for n in range(10)}
        hanging = []
        for value in sorted(wix.hangs):
            hanging.append(asyncio.create_task(look_up(value, "live")))
            await asyncio.sleep(1.0)
        assert len(wix.calls) == MAX_UNDER_WAY
        # The other lane has its own.
        assert await asked(look_up, ["old"], "backlog") == answered(["old"])
        for task in hanging:
            task.cancel()

    simulate(main)


CAUSED_BY_ONE = [
    Rejected("400", status=400, scope="site"),
    NotFound("404", status=404, scope="site"),
    Unreadable("odd", scope="site"),
    ServerFault("500", status=500, scope="site"),
    Unanswered("time-out", scope="site"),
    Outage("a proxy's page", status=400),
]


@pytest.mark.parametrize("error", CAUSED_BY_ONE, ids=lambda error: type(error).__name__)
def test_of_a_shared_look_up_that_fails_only_the_culprit_does(wix: Wix, error: WixError) -> None:
    values = [f"v{n}" for n in range(10)]
    wix.fails = {"v3": error}

    async def main() -> None:
        found = await asked(Lookup(wix, "email"), values)
        assert found[3] is error
        assert found[:3] + found[4:] == answered(values[:3] + values[4:])

    simulate(main)
    assert len(wix.calls) == 1 + len(values)


@pytest.mark.parametrize(
    "error", [CredentialsRefused("401"), Throttled("429"), Unreachable("no network")]
)
def test_a_failure_that_no_value_can_cause_is_not_asked_again(wix: Wix, error: WixError) -> None:
    values = ["a", "b", "c"]
    wix.fails = dict.fromkeys(values, error)

    async def main() -> None:
        assert await asked(Lookup(wix, "email"), values) == [error] * 3

    simulate(main)
    assert len(wix.calls) == 1


def test_where_everything_fails_few_calls_are_spent_and_nobody_is_given_up_unasked(
    wix: Wix,
) -> None:
    values = [f"v{n}" for n in range(50)]
    wix.fails = dict.fromkeys(values, Rejected("400", status=400))

    async def main() -> list[object]:
        return await asked(Lookup(wix, "email"), values)

    found = simulate(main)
    assert isinstance(found, list)
    assert len(wix.calls) <= 1 + 2 * MAX_UNDER_WAY
    asked_alone = {values[0] for values, _ in wix.calls[1:]}
    for value, error in zip(values, found, strict=True):
        assert isinstance(error, WixError)
        assert error.retriable is (value not in asked_alone)
        assert error.effect == "none"


def test_a_missing_permission_is_told_to_all_as_it_is(wix: Wix) -> None:
    values = [f"v{n}" for n in range(50)]
    refused = Forbidden("403", status=403)
    wix.fails = dict.fromkeys(values, refused)

    async def main() -> None:
        assert await asked(Lookup(wix, "email"), values) == [refused] * len(values)

    simulate(main)
    assert len(wix.calls) <= 1 + 2 * MAX_UNDER_WAY


@pytest.mark.parametrize("end", [asyncio.CancelledError(), GeneratorExit()])
def test_a_call_that_is_cut_short_is_a_failure_that_may_pass(wix: Wix, end: BaseException) -> None:
    """Nobody waits for ever, and nobody is cancelled who was not."""

    async def main() -> None:
        look_up = Lookup(wix, "email")
        wix.fails = {"a": end}
        for error in await asked(look_up, ["a", "b"]):
            assert isinstance(error, Unanswered)
            assert error.retriable
        wix.fails = {}
        assert await asked(look_up, ["a", "b"]) == answered(["a", "b"])

    simulate(main)


def test_a_fault_of_ours_reaches_those_who_asked_and_no_other(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        wix.fails = {"a": KeyError("ours")}
        assert [type(error) for error in await asked(look_up, ["a"])] == [KeyError]
        assert await asked(look_up, ["b"]) == answered(["b"])

    simulate(main)


def test_one_who_gives_up_takes_nothing_from_the_others(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        first, second = (asyncio.create_task(look_up(v, "live")) for v in ("a", "b"))
        await asyncio.sleep(wix.seconds / 2)
        first.cancel()
        assert await second == [ContactMatch("of b")]
        assert first.cancelled()

    simulate(main)


def test_whoever_ends_the_calls_leaves_nobody_waiting(wix: Wix) -> None:
    async def main() -> None:
        look_up = Lookup(wix, "email")
        wix.hangs = {"a"}
        waiting = [asyncio.create_task(look_up(v, "live")) for v in ("a",)]
        await asyncio.sleep(0.01)
        waiting.append(asyncio.create_task(look_up("b", "live")))
        await asyncio.sleep(0.01)
        mine = {asyncio.current_task(), *waiting}
        for task in asyncio.all_tasks() - mine:
            task.cancel()
        for error in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(error, Unanswered)

    simulate(main)
