"""A running inboxbridge: journal, connections, gateway and courier in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn

from inboxbridge.config import Config
from inboxbridge.courier import Courier
from inboxbridge.errors import ConfigError
from inboxbridge.gateway import Gateway
from inboxbridge.journal import Journal
from inboxbridge.plugins import Broken, Connection, Installed, connect_all
from inboxbridge.reporter import Reporter
from inboxbridge.wixhook import WixHook

DRAIN_SECONDS = 3
"""How long requests under way may take once the end has come."""

FINISH_SECONDS = 5.0
"""How long, after that, the courier may take to finish what it has begun."""


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


class Server(uvicorn.Server):
    """uvicorn inside our own event loop: signals are ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises `ConfigError` if the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"cannot listen on {host}:{port}: {reason}; choose another with --host and --port"
        ) from None


def address(bound: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serving(app: Any, bound: socket.socket) -> AsyncIterator[str]:
    """Serve an ASGI application until the block ends. Yields its URL once it accepts."""
    async with _served(app, bound) as (url, _):
        yield url


@contextlib.asynccontextmanager
async def _served(app: Any, bound: socket.socket) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    server = Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            ws="none",
            date_header=True,
            backlog=2048,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            timeout_keep_alive=30,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    try:
        yield address(bound), task
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running(
    config: Config,
    *,
    gateway: bool = True,
    courier: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
    strict: bool = False,
    monitor: bool = False,
    available: dict[str, list[Installed]] | None = None,
    **courier_options: Any,
) -> AsyncIterator[Runtime]:
    """Run a gateway, a courier or both until the block ends.

    Connections that cannot be made are logged and skipped.

    Args:
        config: The configuration.
        gateway: Whether to listen for deliveries.
        courier: Whether to take events to Wix.
        host: Where the gateway listens.
        port: 0 for any free one.
        strict: Refuse to start if any connection cannot be made.
        monitor: Without a gateway, listen all the same, for ``/healthz``, ``/readyz`` and
            ``/metrics`` alone.
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
        log.error("connection skipped", connection=fault.connection, reason=fault.reason)
    enabled = any(settings.enabled for settings in config.connections.values())
    if broken and (strict or (enabled and not connections)):
        raise ConfigError("\n".join(fault.reason for fault in broken))
    lost: list[Callable[[], None]] = []
    async with contextlib.AsyncExitStack() as stack:
        bound = listen(host, port) if gateway or monitor else None
        if bound is not None:
            stack.callback(bound.close)

        def session_lost() -> None:
            for tell in lost:
                tell()

        journal = Journal(config.journal.url, on_session_lost=session_lost)
        stack.push_async_callback(journal.close)
        for connection in connections.values():
            stack.callback(connection.runner.close)
        reporter = Reporter.with_installed_observers()
        worker: Courier | None = None
        tasks: list[asyncio.Task[None]] = []
        if courier:
            worker = Courier(config, journal, connections, reporter, **courier_options)
            lost.append(worker.session_lost)
            await worker.start()
            task = asyncio.create_task(worker.run(), name="courier")
            tasks.append(task)
            stack.push_async_callback(_finish, worker, task)
        url, app = None, None
        if bound is not None:
            app = Gateway(
                connections if gateway else {},
                journal,
                reporter,
                broken=frozenset(fault.connection for fault in broken),
                max_body_bytes=config.gateway.max_body_bytes,
                wix_hook=WixHook(config, journal) if gateway else None,
            )
            url, server = await stack.enter_async_context(_served(app, bound))
            tasks.append(server)
        if worker is not None:
            # First of all at the end: nothing new is begun while the gateway answers its last.
            stack.callback(worker.stop)
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
        structlog.get_logger("inboxbridge").error("courier ended", exc_info=task.exception())
