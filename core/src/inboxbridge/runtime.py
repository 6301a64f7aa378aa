"""A running inboxbridge: journal, connections, gateway and courier in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from inboxbridge.config import Config
from inboxbridge.courier import Courier
from inboxbridge.errors import ConfigError
from inboxbridge.gateway import Gateway
from inboxbridge.gateway.listening import listen_all, passed
from inboxbridge.gateway.refusal_book import RefusalBook
from inboxbridge.gateway.refusals import Refusals
from inboxbridge.gateway.server import Limits, served
from inboxbridge.gateway.wix_events import WixHook
from inboxbridge.journal import Journal
from inboxbridge.plugins import Broken, Connection, Installed, connect_all
from inboxbridge.telemetry.reporter import Reporter

FINISH_SECONDS = 5.0
"""How long the courier may take to finish what it has begun; the gateway takes in all the while."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is running.

    Attributes:
        url: Where the gateway listens; None without one.
        app: The gateway's ASGI application; None without one.
        journal: The open journal.
        connections: The running connections, by name.
        broken: The connections that could not be made.
        courier: The courier; None without one.
        tasks: What runs until the block ends; one that ends before has failed.
    """

    url: str | None
    app: Gateway | None
    journal: Journal
    connections: dict[str, Connection]
    broken: list[Broken]
    courier: Courier | None
    tasks: tuple[asyncio.Task[None], ...] = ()


@contextlib.asynccontextmanager
async def running(
    config: Config,
    *,
    gateway: bool = True,
    courier: bool = True,
    host: str | Sequence[str] = "127.0.0.1",
    port: int = 0,
    descriptors: Sequence[int] = (),
    strict: bool = False,
    monitor: bool = False,
    listening: bool = True,
    metrics: bool = True,
    available: dict[str, list[Installed]] | None = None,
    **courier_options: Any,
) -> AsyncIterator[Runtime]:
    """Run a gateway, a courier or both until the block ends.

    Connections that cannot be made are logged and skipped.

    Args:
        config: The configuration.
        gateway: Whether to listen for deliveries.
        courier: Whether to take events to Wix.
        host: Where the gateway listens; one host or several.
        port: 0 for any free one.
        descriptors: Listening sockets that were handed over to this process, instead of *host*
            and *port*.
        strict: Refuse to start if any connection cannot be made.
        monitor: Without a gateway, listen all the same, for ``/healthz``, ``/readyz`` and
            ``/metrics`` alone.
        listening: Whether to listen at all; without it the gateway's application is for another
            server.
        metrics: Whether the gateway answers ``/metrics``.
        available: The installed connectors, found by default.
        courier_options: Passed on to `Courier`.

    Raises:
        ConfigError: The port is taken, the journal's URL is wrong; with *strict*, a connection is
            broken.
        JournalUnavailable: The journal cannot be opened.
        AlreadyRunning: Another process delivers from this SQLite journal.
    """
    log = structlog.get_logger("inboxbridge")
    connections, broken = connect_all(config, available)
    for fault in broken:
        log.error("connection_skipped", connection=fault.connection, reason=fault.reason)
    enabled = any(settings.enabled for settings in config.connections.values())
    if broken and (strict or (enabled and not connections)):
        raise ConfigError("\n".join(fault.reason for fault in broken))
    lost: list[Callable[[], None]] = []
    async with contextlib.AsyncExitStack() as stack:
        bound = []
        if listening and (gateway or monitor):
            hosts = [host] if isinstance(host, str) else host
            bound = [passed(one) for one in descriptors] or listen_all(hosts, port)
        for one in bound:
            stack.callback(one.close)

        def session_lost() -> None:
            for tell in lost:
                tell()

        journal = Journal(config.journal.url, on_session_lost=session_lost)
        stack.push_async_callback(journal.close)
        structlog.get_logger("inboxbridge").info("journal_opened", journal=journal.shown)
        for connection in connections.values():
            stack.callback(connection.runner.close)
        reporter = Reporter.with_installed_observers()
        worker: Courier | None = None
        tasks: list[asyncio.Task[None]] = []
        courier_ends = await stack.enter_async_context(contextlib.AsyncExitStack())
        if courier:
            worker = Courier(config, journal, connections, reporter, **courier_options)
            lost.append(worker.session_lost)
            await worker.start()
            task = asyncio.create_task(worker.run(), name="courier")
            tasks.append(task)
            courier_ends.push_async_callback(_finish, worker, task)
        url, app = None, None
        if bound or gateway:
            book = RefusalBook(journal)
            stack.push_async_callback(book.close)
            refusals = Refusals(book=book)
            stack.callback(refusals.close)
            app = Gateway(
                connections if gateway else {},
                journal,
                reporter,
                broken=frozenset(fault.connection for fault in broken),
                disabled=frozenset(set(config.connections) - set(connections)),
                public_url=config.gateway.public_url,
                max_body_bytes=config.gateway.max_body_bytes,
                wix_hook=WixHook(config, journal) if gateway else None,
                refusals=refusals,
                has_metrics=metrics,
            )
            limits = Limits(config.gateway.max_connections, config.gateway.keep_alive_seconds)

            def turned_away(status: int, reason: str) -> None:
                refusals.log("", status, reason)

            if bound:
                serving = served(app, bound, limits, turned_away)
                url, server = await stack.enter_async_context(serving)
                tasks.append(server)
        # First of all at the end: the gateway takes in until the courier has finished.
        stack.push_async_exit(courier_ends.pop_all())
        yield Runtime(url, app, journal, connections, broken, worker, tuple(tasks))


async def _finish(worker: Courier, task: asyncio.Task[None]) -> None:
    worker.stop()
    done, _ = await asyncio.wait([task], timeout=FINISH_SECONDS)
    if not done:
        # What is still under way is set down as begun: the next start finds out what came of it.
        for site in worker.sites.values():
            site.abandon()
        await asyncio.wait([task], timeout=1.0)
    if task.done() and not task.cancelled() and task.exception() is not None:
        structlog.get_logger("inboxbridge").error("courier_ended", exc_info=task.exception())
