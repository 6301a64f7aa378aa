"""Spends Wix's limit on calls without ever drawing a 429 by our own pace.

Wix allows 200 calls a minute and does not say how it counts them
(https://dev.wix.com/docs/rest/articles/get-started/rate-limits), so the budget holds for every
60 seconds as *Wix* sees them. A call takes a slot when it starts and gives it back 60 seconds after
it ended. Its arrival at Wix lies between the two, so any two arrivals of one slot are at least 60
seconds apart, and no 60 seconds can hold more arrivals than there are slots.
"""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from heapq import heappop, heappush
from types import TracebackType
from typing import Final, Literal

from inboxbridge.wix.turns import Turns

Lane = Literal["live", "backlog"]
"""``live`` for what is new; ``backlog`` for what has waited long enough to wait a little more."""

WINDOW_SECONDS: Final = 60.0
LATE_SECONDS: Final = 10.0
"""How long after we gave up on a call it may still reach Wix."""

LIVE_PAUSE_SECONDS: Final = 15.0
"""After so long without a live call nothing is left for such calls."""

SHARED_PART: Final = 10
"""Where several callers share a site, this part of the limit is kept from a single one's burst."""

caller: ContextVar[str] = ContextVar("caller", default="")
"""For whom calls are made: callers take turns, and one's burst leaves room for the others."""


class Budget:
    """At most so many calls in any 60 seconds, shared between two lanes.

    ``live`` may burst up to the whole limit. ``backlog`` goes in even steps, at the rate that live
    calls have left of late (the whole of it where there were none, never less than half), and only
    while no live call waits: together they use the limit up, and a live call never waits behind a
    backlog for much longer than one such step. Within a lane the callers (see `caller`) take turns;
    of one caller's calls, first come first served.

    Args:
        calls_per_minute: The limit; 0 is no limit.
        shared: Whether there are several callers. A tenth of the limit is then out of reach for the
            live calls of any single one, so that its burst never makes another wait for a minute.
        clock: A monotonic clock, in seconds.
        sleep: Waits that many seconds by the same clock.
    """

    def __init__(
        self,
        calls_per_minute: int = 200,
        *,
        shared: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if calls_per_minute < 0:
            raise ValueError("calls_per_minute must be 0 (no limit) or more")
        self._limit = calls_per_minute
        self._limit_of_one = calls_per_minute
        if shared and calls_per_minute > 1:
            self._limit_of_one -= max(calls_per_minute // SHARED_PART, 1)
        self._clock = clock
        self._sleep = sleep
        self._running = 0
        self._ended: list[tuple[float, str]] = []
        self._held: Counter[str] = Counter()
        self._live_starts: deque[float] = deque()
        self._live: Turns[asyncio.Future[None]] = Turns()
        self._backlog: Turns[asyncio.Future[None]] = Turns()
        self._waiting = {True: 0, False: 0}
        self._next_backlog_at = float("-inf")
        self._paused_until = float("-inf")
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = float("inf")

    @property
    def calls_per_minute(self) -> int:
        """The limit; 0 is no limit."""
        return self._limit

    @property
    def used(self) -> int:
        """Slots that are taken: calls under way, and with a limit those of the last 60 seconds."""
        self._free_slots(self._clock())
        return self._running + len(self._ended)

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot."""
        return sum(self._waiting.values())

    @property
    def wait_seconds(self) -> float:
        """How long no call may start: Wix asked for a pause, or the limit is used up. 0 if not.

        Where calls wait, it is how long the first of them does.
        """
        now = self._clock()
        self._free_slots(now)
        until = self._next_start_at() if self.waiting else self._paused_until
        if until == float("inf"):
            return 0.0
        if self._limit and self._ended and self._running + len(self._ended) >= self._limit:
            until = max(until, self._ended[0][0])
        return max(until - now, 0.0)

    def call(self, lane: Lane = "live") -> _Call:
        """Return the context of one HTTP call: entering it waits for a slot, leaving it ends it."""
        return _Call(self, lane)

    def pause(self, seconds: float) -> None:
        """Start no call for so many seconds, as after a 429. A longer pause under way stays."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._set_timer()

    def remember(self, ages_seconds: Iterable[float]) -> None:
        """Count calls that an earlier process made, each ended so many seconds ago."""
        now = self._clock()
        for age in ages_seconds:
            if self._limit and age < WINDOW_SECONDS:
                heappush(self._ended, (now - max(age, 0.0) + WINDOW_SECONDS, ""))
                self._held[""] += 1

    async def _start(self, lane: Lane) -> str:
        live, who = lane == "live", caller.get()
        waits_behind = self._waiting[True] or (not live and self._waiting[False])
        if not waits_behind and self._may_start(live, self._clock(), who):
            self._take(live, who)
            return who
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._live if live else self._backlog).append(who, turn)
        self._waiting[live] += 1
        if self._limit_of_one < self._limit:
            self._serve()  # those before it may wait for a slot that only another caller may take
        else:
            self._set_timer()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting[live] -= 1
            else:  # given a slot that is not needed any more
                self._running -= 1
                self._release(who)
            self._serve()
            raise
        return who

    def _end(self, who: str, hold_seconds: float) -> None:
        self._running -= 1
        if self._limit:
            heappush(self._ended, (self._clock() + hold_seconds, who))
        else:
            self._release(who)
        if self.waiting:
            self._serve()

    def _may_start(self, live: bool, now: float, who: str) -> bool:
        if now < self._paused_until:
            return False
        if not self._limit:
            return True
        self._free_slots(now)
        if self._running + len(self._ended) >= self._limit:
            return False
        if live:
            return self._held[who] < self._limit_of_one
        return now >= self._next_backlog_at

    def _take(self, live: bool, who: str) -> None:
        self._running += 1
        self._held[who] += 1
        if not self._limit:
            return
        now = self._clock()
        if live:
            self._live_starts.append(now)
        else:
            # Counted from when it was due, a step at most, so that late timers cost no rate.
            step = WINDOW_SECONDS / (self._limit - self._spent_on_live(now))
            self._next_backlog_at = max(self._next_backlog_at, now - step) + step

    def _release(self, who: str) -> None:
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]

    def _spent_on_live(self, now: float) -> int:
        """Calls a minute that the backlog leaves to live ones.

        It would else take every slot by the end of its minute, and live calls would wait until the
        first one comes free.
        """
        starts = self._live_starts
        while starts and starts[0] <= now - WINDOW_SECONDS:
            starts.popleft()
        if not starts or starts[-1] <= now - LIVE_PAUSE_SECONDS:
            return 0
        span = max(now - starts[0], LIVE_PAUSE_SECONDS)
        return min(math.ceil(len(starts) * WINDOW_SECONDS / span), self._limit // 2)

    def _free_slots(self, now: float) -> None:
        while self._ended and self._ended[0][0] <= now:
            self._release(heappop(self._ended)[1])

    def _serve(self) -> None:
        """Give slots to those that wait, live calls first, and see that the rest get theirs."""
        for queue, live in ((self._live, True), (self._backlog, False)):
            may_start = functools.partial(self._may_start, live, self._clock())
            while taken := queue.take(may_start):
                who, turn = taken
                if not turn.done():
                    self._waiting[live] -= 1
                    self._take(live, who)
                    turn.set_result(None)
            if live and self._waiting[True]:
                break
        self._set_timer()

    def _set_timer(self) -> None:
        serve_at = self._next_start_at()
        if serve_at == self._timer_at:
            return
        if self._timer is not None and self._timer is not _current_task():
            self._timer.cancel()
        self._timer, self._timer_at = None, serve_at
        if serve_at < float("inf"):
            self._timer = asyncio.get_running_loop().create_task(self._serve_at(serve_at))

    def _next_start_at(self) -> float:
        """When the first of those that wait may start; never, until a call under way ends."""
        if not self.waiting:
            return float("inf")
        start_at = self._paused_until
        if self._limit:
            full = self._running + len(self._ended) >= self._limit
            # A live call that may not start though there is a slot waits for one of its caller's.
            if full or (self._waiting[True] and start_at <= self._clock()):
                start_at = max(start_at, self._ended[0][0] if self._ended else float("inf"))
            if not self._waiting[True]:
                start_at = max(start_at, self._next_backlog_at)
        return start_at

    async def _serve_at(self, moment: float) -> None:
        while (left := moment - self._clock()) > 0:
            await self._sleep(left)
        self._timer_at = float("inf")
        self._serve()


class _Call:
    """One call's slot; see `Budget.call`."""

    __slots__ = ("_budget", "_lane", "_who")

    def __init__(self, budget: Budget, lane: Lane) -> None:
        self._budget = budget
        self._lane = lane
        self._who = ""

    async def __aenter__(self) -> None:
        self._who = await self._budget._start(self._lane)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        hold = WINDOW_SECONDS if kind is None else WINDOW_SECONDS + LATE_SECONDS
        self._budget._end(self._who, hold)


def _current_task() -> asyncio.Task[None] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
