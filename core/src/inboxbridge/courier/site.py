"""Worker for one Wix site: threads side by side, in order within each thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import structlog

from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.deliver import Deliverer
from inboxbridge.courier.feed import Feed, Thread
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.signs import Signs
from inboxbridge.journal import JournalUnavailable
from inboxbridge.journal.rows import StoredEvent
from inboxbridge.telemetry import metrics
from inboxbridge.wix.budget import Lane, caller

POLL_SECONDS = 2.0
JOURNAL_REST_SECONDS = 1.0
UNEXPECTED_SECONDS = 5.0
EXTRA_FOR_NEWS = 16


class SiteCourier:
    """Works on one site until it is stopped.

    Args:
        context: The site and what is used for it; its client is closed at the end.
        feed: Its open events.
        deliverer: Takes single ones to Wix.
        poll_seconds: How often to look for what other processes changed while events are open.
    """

    def __init__(
        self,
        context: SiteContext,
        feed: Feed,
        deliverer: Deliverer,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.site = site = context.site
        self.health = context.health
        self.directory = context.directory
        self._feed = feed
        self._deliverer = deliverer
        self.client = context.client
        self._concurrency = context.settings.concurrency
        self._poll_seconds = poll_seconds
        self._clock = context.clock
        self._wake = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()
        self._live: Counter[str] = Counter()
        self._signs = Signs(site, context.journal, context.client.budget, context.now)
        self._stopping = False
        self._abandoned = False
        self._waiting_about: dict[str, set[str]] = {}
        self._log = structlog.get_logger("inboxbridge").bind(site=site)

    def announce(self) -> None:
        """There are new events."""
        self._feed.announce()
        self.wake()

    def wake(self) -> None:
        """Look again what may go now."""
        self._wake.set()

    def give_signs(self) -> None:
        """Say that the site is worked on, also while it sleeps."""
        self._signs.give()

    def stop(self) -> None:
        """Begin nothing new; `run` returns once what is under way is finished."""
        self._stopping = True
        self._wake.set()

    def abandon(self) -> None:
        """Stop at once: another process may take the site over. Sends under way are cut off."""
        self._abandoned = True
        self.stop()
        for worker in list(self._workers):
            worker.cancel()

    async def run(self) -> None:
        """Work until `stop`."""
        last_poll = self._clock()
        self._measure()
        self._signs.give()
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    if self._clock() - last_poll >= self._poll_seconds:
                        last_poll = self._clock()
                        self._feed.rescan()
                        await self.directory.take_up_links()
                    await self._feed.refill()
                except JournalUnavailable as error:
                    self._log.error("journal_unavailable", reason=str(error))
                    await asyncio.sleep(JOURNAL_REST_SECONDS)
                    continue
                except Exception:
                    self._log.exception("reading_events_failed")
                    await asyncio.sleep(JOURNAL_REST_SECONDS)
                    continue
                self._start_workers()
                if self._feed.wants_refill and self._has_room:
                    await asyncio.sleep(0)
                    continue
                await self._until_woken(self._idle_seconds(last_poll))
        finally:
            self.health.close()
            if self._workers:
                await asyncio.gather(*self._workers, return_exceptions=True)
            metrics.events_open.remove(self.site)
            metrics.budget_used.remove(self.site)
            metrics.site_running.labels(self.site).set_function(lambda: 0)
            await self.client.aclose()

    @property
    def _has_room(self) -> bool:
        return len(self._workers) < self._concurrency and self.health.is_running

    def _idle_seconds(self, last_poll: float) -> float | None:
        """How long there is nothing to do; None for as long as nobody says that there is."""
        if self._feed.is_empty and not self._workers:
            return None
        now = self._clock()
        moments = [last_poll + self._poll_seconds]
        if self._feed.next_due is not None:
            moments.append(self._feed.next_due)
        return max(min(moments) - now, 0.005)

    async def _until_woken(self, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _start_workers(self) -> None:
        while self._may_start(len(self._workers)):
            if len(self._workers) >= self._concurrency + EXTRA_FOR_NEWS:
                return
            taken = self._next(len(self._workers))
            if taken is None:
                return
            worker = asyncio.create_task(self._work(*taken))
            self._workers.add(worker)
            worker.add_done_callback(self._ended)

    def _next(self, others: int) -> tuple[Thread, StoredEvent, Lane] | None:
        """What a worker takes up while *others* are at work.

        Workers that wait for the budget with a backlog, or with the flood of one connection, must
        not keep news of another one waiting: beyond the usual number there are some for that.
        """
        if others < self._concurrency:
            return self._feed.next_ready()
        return self._feed.next_ready(
            live_only=True, may=lambda connection: self._live[connection] < EXTRA_FOR_NEWS
        )

    def _may_start(self, running: int) -> bool:
        return not self._stopping and self.health.admits(running)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        self._wake.set()
        if not worker.cancelled() and (error := worker.exception()) is not None:
            self._log.error("delivery_failed_unexpectedly", exc_info=error)

    async def _work(self, thread: Thread, row: StoredEvent, lane: Lane) -> None:
        while True:
            caller.set(row.connection)
            self._live[row.connection] += lane == "live"
            try:
                outcome = await self._deliverer.deliver(row, lane)
            except JournalUnavailable as error:
                self._log.error("journal_unavailable", reason=str(error))
                outcome = Outcome(wait_seconds=JOURNAL_REST_SECONDS)
            except BaseException:
                self._feed.block(thread, UNEXPECTED_SECONDS)
                raise
            finally:
                self._live[row.connection] -= lane == "live"
            self._conclude(thread, row, outcome)
            if self._feed.wants_refill:
                self._wake.set()
            if not self._may_start(len(self._workers) - 1):
                return
            taken = self._next(len(self._workers) - 1)
            if taken is None:
                return
            thread, row, lane = taken

    def _conclude(self, thread: Thread, row: StoredEvent, outcome: Outcome) -> None:
        if outcome.wait_seconds is not None:
            if row.about is not None:
                self._waiting_about.setdefault(row.about, set()).add(thread.key)
            self._feed.block(thread, outcome.wait_seconds)
            return
        self._feed.finished(thread)
        for key in self._waiting_about.pop(outcome.about or "", ()):
            self._feed.poke(key)

    def _measure(self) -> None:
        """Tell what is asked for when it is asked for."""
        metrics.events_open.labels(self.site).set_function(lambda: self._feed.loaded)
        metrics.site_running.labels(self.site).set_function(lambda: int(self.health.is_running))
        metrics.budget_used.labels(self.site).set_function(lambda: self.client.budget.used)
