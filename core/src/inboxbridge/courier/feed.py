"""The window of a site's open events that a courier holds in memory, ordered by thread."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import structlog

from inboxbridge.journal import Journal, reads
from inboxbridge.journal.rows import LIVE, StoredEvent
from inboxbridge.journal.schema import OPEN
from inboxbridge.wix.budget import Lane
from inboxbridge.wix.turns import Turns

WINDOW = 500
PER_THREAD = 16
PER_THREAD_WHEN_FULL = 2
LIVE_FOR_SECONDS = 120.0
FRESH_SECONDS = 10.0
HELD_CHECK_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Thread:
    """One source thread: what is loaded of it, and whether it may go on."""

    key: str
    connection: str = ""
    queue: deque[StoredEvent] = field(default_factory=deque)
    current: int | None = None
    more: bool = False
    queued: bool = False
    blocked_until: float | None = None
    overdue: bool = False
    live_until: float = 0.0


class Feed:
    """Hands out threads whose next event may go, fairly, and keeps memory flat.

    Events are read in windows, oldest first. Threads take turns, an event each; threads with news
    go before those with only a backlog, three turns of four. A thread that waits for a retry keeps
    nothing in memory but its name.

    Args:
        site: The site's name.
        journal: Where the events are.
        window: How many events are held at most, about.
        connections: The connections that run; what others left waits, in order, until they run.
            None for all there are.
        hold: Whether a parked or dead event holds back its thread.
        longest_wait_seconds: No retry waits longer, whatever the journal says (a clock that was
            set back must not put work off).
        now: Unix seconds.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        site: str,
        journal: Journal,
        *,
        window: int = WINDOW,
        connections: Collection[str] | None = None,
        hold: bool = False,
        longest_wait_seconds: float = 600.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.site = site
        self._journal = journal
        self._window = window
        self._connections = None if connections is None else frozenset(connections)
        self._not_running: set[str] = set()
        self._hold = hold
        self._longest_wait = longest_wait_seconds
        self._now = now
        self._clock = clock
        self._threads: dict[str, Thread] = {}
        self._ready: dict[Lane, Turns[Thread]] = {"live": Turns(), "backlog": Turns()}
        self._reload: dict[str, Thread] = {}
        self._blocked: list[tuple[float, str]] = []
        self._cursor = 0
        self._live_cursor: int | None = None
        self._exhausted = False
        self._from_start = False
        self._news = True
        self._fresh_until = 0.0
        self._turn = 0
        self._touched: set[int] = set()
        self.loaded = 0
        self._log = structlog.get_logger("inboxbridge").bind(site=site)

    @property
    def wants_refill(self) -> bool:
        """Whether there is something to read now."""
        if self._reload or self._news:
            return True
        return not self._exhausted and self.loaded <= self._window // 2

    @property
    def is_empty(self) -> bool:
        """Whether the site has no open event, as far as was read."""
        return self._exhausted and not (self._threads or self._news)

    @property
    def next_due(self) -> float | None:
        """When the first blocked thread may go on, by the clock."""
        return self._blocked[0][0] if self._blocked else None

    def announce(self) -> None:
        """There are new events."""
        self._news = True
        if self._journal.is_shared:
            # Several gateways: an id may become visible after a higher one. An event is visible
            # before the next one of its thread is accepted, so a look from the start sees both.
            self.rescan()

    def rescan(self) -> None:
        """Look from the start again, for what other processes changed."""
        self._news = True
        self._from_start = True

    async def refill(self) -> None:
        """Read what is wanted. Raises `JournalUnavailable`."""
        self._unblock()
        if self._live_cursor is None:
            self._live_cursor = await self._journal.read(reads.newest_id)
        for thread in list(self._reload.values()):
            await self._load(thread)
        news, self._news = self._news, False
        if self._exhausted and self._from_start:
            self._from_start, self._cursor, self._exhausted = False, 0, False
        full = self.loaded >= self._window
        unread = full or (not self._exhausted and (self._cursor or self.loaded))
        # News has little to overtake where what was read last is news itself.
        if news and unread and self._now() >= self._fresh_until:
            await self._read_news()
        if full:
            self._exhausted = False  # the rest is read once there is room
        elif news or not self._exhausted:
            await self._read_page()

    async def _read_page(self) -> None:
        """Read on from the cursor."""
        start = self._cursor
        limit = max(self._window - self.loaded, 50)
        rows = await self._read(
            reads.open_events, self.site, start, limit, without=self._not_running
        )
        for row in rows:
            if row.id not in self._touched and self._runs(row):
                self._offer(row, from_start=start == 0)
        self._exhausted = len(rows) < limit
        if rows:
            all_live = all(row.lane == LIVE for row in rows)
            self._fresh_until = rows[0].received_at + FRESH_SECONDS if all_live else 0.0
            self._cursor = rows[-1].id
            self._live_cursor = max(self._live_cursor or 0, self._cursor)
        if self._hold or self._journal.is_shared:
            for thread in list(self._reload.values()):
                await self._load(thread)

    def next_ready(
        self, *, live_only: bool = False, may: Callable[[str], bool] = lambda connection: True
    ) -> tuple[Thread, StoredEvent, Lane] | None:
        """Take the next thread's next event; give it back with `finished` or `block`.

        Args:
            live_only: Leave the backlog where it is.
            may: Says of a connection whether it may have its turn now.
        """
        self._turn += 1
        order: tuple[Lane, ...] = ("live", "backlog") if self._turn % 4 else ("backlog", "live")
        for lane in ("live",) if live_only else order:
            ring = self._ready[lane]
            while (taken := ring.take(may)) is not None:
                thread = taken[1]
                thread.queued = False
                if thread.queue and thread.current is None and thread.blocked_until is None:
                    row = thread.queue.popleft()
                    self.loaded -= 1
                    thread.current = row.id
                    return thread, row, lane
        return None

    def finished(self, thread: Thread) -> None:
        """The event is settled; the thread may go on."""
        self._let_go(thread)
        self._go_on(thread)

    def block(self, thread: Thread, wait_seconds: float) -> None:
        """The thread waits; what is loaded of it is let go and read again later."""
        self._let_go(thread)
        self.loaded -= len(thread.queue)
        thread.queue.clear()
        thread.more = True
        thread.blocked_until = self._clock() + min(wait_seconds, self._longest_wait)
        heapq.heappush(self._blocked, (thread.blocked_until, thread.key))

    def poke(self, key: str) -> None:
        """Let a waiting thread go on now."""
        thread = self._threads.get(key)
        if thread is not None and thread.blocked_until is not None:
            thread.blocked_until = self._clock()
            heapq.heappush(self._blocked, (thread.blocked_until, key))

    def _let_go(self, thread: Thread) -> None:
        # A read that is under way may still show the event as it was.
        if thread.current is not None:
            self._touched.add(thread.current)
            thread.current = None

    async def _read(
        self, query: Callable[..., list[StoredEvent]], *args: Any, **options: Any
    ) -> list[StoredEvent]:
        """Read events; `_touched` then holds those that changed while the read was under way."""
        self._touched = {
            thread.current for thread in self._threads.values() if thread.current is not None
        }
        return await self._journal.read(query, *args, **options)

    def _unblock(self) -> None:
        now = self._clock()
        while self._blocked and self._blocked[0][0] <= now:
            until, key = heapq.heappop(self._blocked)
            thread = self._threads.get(key)
            if thread is not None and thread.blocked_until == until:
                thread.blocked_until = None
                # By our own clock it has waited enough, whatever the wall clock says meanwhile.
                thread.overdue = True
                self._reload[key] = thread

    async def _load(self, thread: Thread) -> None:
        """Read the head of one thread."""
        self._reload.pop(thread.key, None)
        if thread.current is not None or thread.blocked_until is not None:
            thread.more = True
            return
        limit = PER_THREAD if self.loaded < self._window else PER_THREAD_WHEN_FULL
        rows = await self._read(reads.thread_events, self.site, thread.key, limit, hold=self._hold)
        if thread.current is not None or thread.blocked_until is not None:
            thread.more = True
            return
        if rows and rows[0].state in ("parked", "dead"):
            self.block(thread, HELD_CHECK_SECONDS)
            return
        more = len(rows) == limit
        rows = [row for row in rows if row.id not in self._touched and row.state in OPEN]
        self.loaded += len(rows) - len(thread.queue)
        thread.queue = deque(rows)
        thread.more = more
        overdue, thread.overdue = thread.overdue, False
        if rows and (overdue or not self._waits(thread, rows[0])):
            self._enqueue(thread)
        elif not rows:
            self._go_on(thread)

    async def _read_news(self) -> None:
        """While the backlog is not through, put threads with new events before it."""
        assert self._live_cursor is not None
        rows = await self._journal.read(
            reads.open_events,
            self.site,
            self._live_cursor,
            200,
            live_only=True,
            without=self._not_running,
        )
        for row in rows:
            self._live_cursor = row.id
            if not self._is_young(row) or not self._runs(row):
                continue  # accepted just now, but about long ago: its turn comes with the backlog
            thread = self._thread(row)
            thread.live_until = self._clock() + LIVE_FOR_SECONDS
            thread.more = True
            if thread.current is None and thread.blocked_until is None and not thread.queue:
                await self._load(thread)
            elif thread.queued:
                self._ready["live"].append(thread.connection, thread)
        if len(rows) == 200:
            self._news = True

    def _offer(self, row: StoredEvent, *, from_start: bool) -> None:
        known = self._threads.get(row.thread)
        thread = known or self._thread(row)
        may_miss_older = self._journal.is_shared and not from_start and self._is_young(row)
        if row.lane == LIVE and self._is_young(row):
            thread.live_until = self._clock() + LIVE_FOR_SECONDS
        if self._hold or (known is None and may_miss_older):
            thread.more = True
            if known is None:
                self._reload[thread.key] = thread
            return
        queue = thread.queue
        if thread.current == row.id or any(held.id == row.id for held in queue):
            return
        if thread.blocked_until is not None or len(queue) >= PER_THREAD or thread.more:
            thread.more = True
            if thread.current is None and not queue and thread.blocked_until is None:
                self._reload[thread.key] = thread
            return
        if queue and row.id < queue[-1].id:
            self.loaded += 1
            thread.queue = deque(sorted([*queue, row], key=lambda held: held.id))
        else:
            self.loaded += 1
            queue.append(row)
        if thread.current is None and not thread.queued and not self._waits(thread, row):
            self._enqueue(thread)

    def _is_young(self, row: StoredEvent) -> bool:
        return self._now() - row.received_at < LIVE_FOR_SECONDS

    def _runs(self, row: StoredEvent) -> bool:
        """Whether the event's connection runs; one that does not is left out from now on."""
        running = self._connections is None or row.connection in self._connections
        if running or row.fault is not None:
            return True
        if row.connection not in self._not_running:
            self._not_running.add(row.connection)
            self._log.warning("connection_not_running", connection=row.connection)
        return False

    def _waits(self, thread: Thread, row: StoredEvent) -> bool:
        """Block the thread if its head, read from the journal, is not due yet."""
        wait = (row.due_at or 0.0) - self._now()
        if wait <= 0:
            return False
        self.block(thread, wait)
        return True

    def _thread(self, row: StoredEvent) -> Thread:
        thread = self._threads.get(row.thread)
        if thread is None:
            thread = self._threads[row.thread] = Thread(row.thread, row.connection)
        return thread

    def _go_on(self, thread: Thread) -> None:
        if thread.queue:
            self._enqueue(thread)
        elif thread.more:
            self._reload[thread.key] = thread
        elif thread.blocked_until is None:
            self._threads.pop(thread.key, None)

    def _enqueue(self, thread: Thread) -> None:
        if thread.queued:
            return
        thread.queued = True
        lane: Lane = "live" if thread.live_until > self._clock() else "backlog"
        self._ready[lane].append(thread.connection, thread)
