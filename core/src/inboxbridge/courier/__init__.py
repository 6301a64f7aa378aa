"""The courier: deliver stored events to Wix, one worker for each site."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import structlog

from inboxbridge.config import Config
from inboxbridge.config.tables import SiteSettings, plain
from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.deliver import Deliverer
from inboxbridge.courier.feed import WINDOW, Feed
from inboxbridge.courier.health import Health, State
from inboxbridge.courier.listen import Listener
from inboxbridge.courier.ownership import AlreadyRunning, FileOwnership, Ownership, SharedOwnership
from inboxbridge.courier.retry import Retry
from inboxbridge.courier.site import POLL_SECONDS, SiteCourier
from inboxbridge.identity import Directory
from inboxbridge.journal import Journal, JournalUnavailable, purging, reads, writes
from inboxbridge.journal.rows import SiteNames, SiteState
from inboxbridge.plugins import Connection
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import ApiKey, AppCredentials, Budget, Credentials, WixClient

__all__ = ["AlreadyRunning", "Courier", "credentials_of", "wix_client"]

CLAIM_SECONDS = 1.0
PURGE_SECONDS = 3600.0
PURGE_ROWS = 5000
TOTAL_WINDOW = 20_000

Transport = Callable[[SiteSettings], httpx.AsyncBaseTransport | None]


def credentials_of(site: SiteSettings) -> Credentials:
    """A site's credentials for the Wix client."""
    if site.api_key is not None and site.site_id:
        return ApiKey(plain(site.api_key), site.site_id)
    return AppCredentials(site.app_id or "", plain(site.app_secret), site.instance_id or "")


def wix_client(
    site: SiteSettings,
    *,
    timeout_seconds: float = 30.0,
    budget: Budget | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> WixClient:
    """A Wix client for a site's settings."""
    return WixClient(
        credentials_of(site),
        base_url=site.base_url,
        wire_form=site.wire_form,
        budget=budget or Budget(site.calls_per_minute),
        transport=transport,
        timeout_seconds=timeout_seconds,
        now=now,
        clock=clock,
    )


class Courier:
    """Works on every site that this process owns.

    Args:
        config: Sites, and how to take events to them.
        journal: Where the events are.
        connections: The running connections.
        reporter: Told of what became of events.
        transport: Gives the network for a site's client, for simulations.
        poll_seconds: How often to look for what other processes changed.
        now: Unix seconds.
        clock: A monotonic clock, in seconds.
        at_step: Called with the name of each step of a delivery, for tests of crashes.
        rng: Draws the waits between retries.
    """

    def __init__(
        self,
        config: Config,
        journal: Journal,
        connections: Mapping[str, Connection],
        reporter: Reporter,
        *,
        transport: Transport = lambda site: None,
        poll_seconds: float = POLL_SECONDS,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        at_step: Callable[[str], None] = lambda step: None,
        rng: random.Random | None = None,
    ) -> None:
        self._config = config
        self._journal = journal
        self._connections = connections
        self._reporter = reporter
        self._transport = transport
        self._poll_seconds = poll_seconds
        self._now = now
        self._clock = clock
        self._at_step = at_step
        self._rng = rng or random.Random()
        self._ownership: Ownership = (
            SharedOwnership(journal) if journal.is_shared else FileOwnership(journal)
        )
        self._running: dict[str, tuple[SiteCourier, asyncio.Task[None]]] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._numbers: dict[str, int] = {}
        self._listener = (
            Listener(journal, self._announce, self._forget) if journal.is_shared else None
        )
        self._log = structlog.get_logger("inboxbridge")
        journal.on_accepted.append(self._announce)
        journal.on_forgotten.append(self._forget)

    @property
    def sites(self) -> dict[str, SiteCourier]:
        """The sites that this process works on now."""
        return {name: courier for name, (courier, _) in self._running.items()}

    async def start(self) -> None:
        """Take up work. Raises `AlreadyRunning` or `JournalUnavailable`."""
        names = tuple(self._config.sites)
        self._numbers = await self._journal.write(
            writes.register_sites, SiteNames(names, self._now())
        )
        await self._claim()
        if self._listener is not None:
            self._listener.start()

    async def run(self) -> None:
        """Work until `stop`; sites come and go with the couriers of other machines."""
        polling = asyncio.create_task(self._poll(), name="polling")
        try:
            await self._claim_and_purge()
        finally:
            polling.cancel()
        await self._finish()

    async def _claim_and_purge(self) -> None:
        purge_at = self._clock() + 60.0
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_SECONDS):
                    await self._stopping.wait()
            try:
                if not self._stopping.is_set():
                    await self._claim()
                if self._clock() >= purge_at:
                    purge_at = self._clock() + PURGE_SECONDS
                    await self.purge()
            except JournalUnavailable as error:
                self._log.error("journal_unavailable", reason=str(error))

    async def _poll(self) -> None:
        """Wake the sites for which other processes have left something to do; the others sleep."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            for courier, _ in self._running.values():
                courier.give_signs()
            try:
                for name in await self._journal.read(reads.with_open_events, list(self._running)):
                    self._wake(name)
            except JournalUnavailable as error:
                self._log.error("journal_unavailable", reason=str(error))
            except Exception:
                self._log.exception("reading_events_failed")

    def stop(self) -> None:
        """Begin nothing new; `run` returns once what is under way is finished."""
        self._stopping.set()
        for courier, _ in self._running.values():
            courier.stop()

    async def give_up(self) -> None:
        """Let another courier take the sites over, whatever is under way here."""
        await self._ownership.close()

    def session_lost(self) -> None:
        """The database session is gone and others may own our sites: cut off every send now."""
        if isinstance(self._ownership, SharedOwnership):
            self._ownership.session_lost()
            for name in list(self._running):
                self._leave(name, at_once=True)
            self._log.error("database_session_lost")

    async def purge(self) -> int:
        """Erase what is older than ``[journal]`` says. Returns how many rows were touched."""
        settings = self._config.journal
        day = 86400.0
        bounds = purging.Bounds(
            personal_before=self._now() - settings.keep_personal_days * day,
            all_before=self._now() - settings.keep_days * day,
            ids_before=self._now() - max(settings.keep_ids_days, settings.keep_days) * day,
            rows=PURGE_ROWS,
        )
        total = 0
        while count := await self._journal.write(purging.purge, bounds):
            total += count
            await asyncio.sleep(0.05)
        return total

    def _announce(self, sites: set[str]) -> None:
        for name in sites:
            entry = self._running.get(name)
            if entry is not None:
                entry[0].announce()

    def _wake(self, name: str) -> None:
        entry = self._running.get(name)
        if entry is not None:
            entry[0].wake()

    def _set_site_state(self, name: str, state: State, reason: str | None) -> None:
        written = self._journal.write(
            writes.set_site_state, SiteState(name, state, reason, self._now())
        )
        written.add_done_callback(_heard)

    def _forget(self, site: str) -> None:
        entry = self._running.get(site)
        if entry is not None:
            entry[0].directory.read_again()

    async def _claim(self) -> None:
        busy = frozenset(self._leaving)
        ours = await self._ownership.claim(self._numbers, busy)
        for name, (_, task) in list(self._running.items()):
            if task.done():
                error = None if task.cancelled() else task.exception()
                self._log.error("site_ended_unexpectedly", site=name)
                if error is not None:
                    self._log.error("site_error", site=name, exc_info=error)
                del self._running[name]
            elif name not in ours:
                self._leave(name)
        for name in sorted(ours - set(self._running) - set(self._leaving)):
            await self._take_up(name)

    def _leave(self, name: str, *, at_once: bool = False) -> None:
        courier, task = self._running.pop(name)
        if at_once:
            courier.abandon()
        else:
            courier.stop()
        self._leaving[name] = asyncio.create_task(self._left(name, task, at_once))

    async def _left(self, name: str, task: asyncio.Task[None], at_once: bool) -> None:
        with contextlib.suppress(Exception):
            await task
        if not at_once:
            with contextlib.suppress(JournalUnavailable):
                await self._ownership.release({name: self._numbers[name]})
        self._leaving.pop(name, None)

    async def _take_up(self, name: str) -> None:
        site, settings = self._config.sites[name], self._config.courier
        connections = {
            key: connection
            for key, connection in self._connections.items()
            if connection.settings.site == name
        }
        budget = Budget(site.calls_per_minute, shared=len(connections) > 1, clock=self._clock)
        if site.calls_per_minute:
            now = self._now()
            ended = await self._journal.read(reads.recent_attempts, name, now - 60.0)
            budget.remember([now - at for at in ended])
        client = wix_client(
            site,
            timeout_seconds=settings.timeout_seconds,
            budget=budget,
            transport=self._transport(site),
            now=self._now,
            clock=self._clock,
        )
        retry = Retry(
            settings.retry_base_seconds,
            settings.retry_cap_seconds,
            settings.throttled_seconds,
            self._rng,
        )
        directory = Directory(
            name,
            client,
            self._journal,
            remember_seconds=None if site.webhook_public_key else settings.remember_seconds,
            now=self._now,
        )
        health = Health(
            lambda of_inbox: client.ask(of_inbox=of_inbox),
            lambda: client.answers,
            retry,
            budget.pause,
            functools.partial(self._set_site_state, name),
            lambda: self._wake(name),
            self._clock,
            site=name,
        )
        context = SiteContext(
            site=name,
            client=client,
            directory=directory,
            connections=connections,
            journal=self._journal,
            health=health,
            retry=retry,
            settings=settings,
            keeps_files=site.files == "wix_media",
            reporter=self._reporter,
            now=self._now,
            clock=self._clock,
            at_step=self._at_step,
        )
        feed = Feed(
            name,
            self._journal,
            window=max(20, min(WINDOW, TOTAL_WINDOW // max(len(self._numbers), 1))),
            connections=tuple(connections),
            hold=settings.hold,
            longest_wait_seconds=settings.retry_cap_seconds,
            now=self._now,
            clock=self._clock,
        )
        courier = SiteCourier(context, feed, Deliverer(context), poll_seconds=self._poll_seconds)
        self._running[name] = (courier, asyncio.create_task(courier.run(), name=f"site-{name}"))

    async def _finish(self) -> None:
        for name in list(self._running):
            self._leave(name)
        if self._leaving:
            await asyncio.gather(*list(self._leaving.values()), return_exceptions=True)
        if self._listener is not None:
            await self._listener.close()
        await self._ownership.close()


def _heard(written: asyncio.Future[Any]) -> None:
    """A state that could not be written is told by the log alone."""
    if not written.cancelled():
        written.exception()
