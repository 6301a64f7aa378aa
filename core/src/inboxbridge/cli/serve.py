"""``serve``, ``gateway``, ``courier`` and ``sandbox``: run until a signal ends them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from inboxbridge.cli.opening import usable_config
from inboxbridge.config import Config, load_config
from inboxbridge.config.tables import plain
from inboxbridge.errors import ConfigError
from inboxbridge.gateway.listening import listen, passed_by_systemd
from inboxbridge.gateway.server import serving
from inboxbridge.journal import Journal
from inboxbridge.runtime import running
from inboxbridge.telemetry.logs import configure_logs

END_SECONDS = 9.5
"""When to end at once, whatever still hangs; all that is under way is recorded by then."""


def serve(
    config_path: Path | None,
    *,
    hosts: Sequence[str],
    port: int | None,
    strict: bool,
    descriptors: Sequence[int] | None = None,
    gateway: bool = True,
    courier: bool = True,
    console: Listener | None = None,
) -> int:
    """Run a gateway, a courier or both until a signal, and a console beside them.

    Returns the exit code.

    A courier alone listens only where *port* is given, for its metrics. What systemd hands over is
    listened on where *descriptors* names none.

    Raises:
        ConfigError: The configuration, the address or the journal's URL cannot be used.
        JournalUnavailable: The journal cannot be opened.
        AlreadyRunning: Another process delivers from this SQLite journal.
    """
    config = load_config(config_path)
    if not (gateway and courier):
        _expect_shared(config, "gateway" if gateway else "courier")
    configure_logs()
    handed = list(descriptors or passed_by_systemd(os.environ))
    return run(
        _serve(
            config, hosts, port, handed, strict, gateway=gateway, courier=courier, console=console
        )
    )


def console(config_path: Path | None, listener: Listener) -> int:
    """Run the console alone, beside an installation, until a signal. Returns the exit code.

    Raises:
        ConfigError: The configuration, the address or the journal's URL cannot be used, or there is
            no password for others than this machine.
        JournalUnavailable: The journal cannot be opened.
    """
    config = usable_config(config_path)
    configure_logs()
    return run(_console(config, listener))


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a console listens, and what it is made by.

    Attributes:
        create_app: Makes its application; see `inboxbridge.cli.add_ons`.
        host: An address.
        port: A port; 0 for any free one.
    """

    create_app: Callable[..., Any]
    host: str
    port: int


def sandbox(app: Any, *, host: str, port: int) -> int:
    """Run the stand-in for Wix until a signal. Returns the exit code.

    Args:
        app: Its application, a Starlette one.
        host: The address to listen on.
        port: The port; 0 for any free one.

    Raises:
        ConfigError: The address cannot be used.
    """
    configure_logs()
    return run(_sandbox(app, host, port))


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run *main* in an event loop, uvloop's where there is one."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        from uvloop import new_event_loop as factory
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def spare_the_collector() -> None:
    """Let Python's garbage collector walk through what may be garbage, and seldom.

    What is loaded once a server is ready stays to the end, and nearly all that a delivery makes is
    freed without it. As Python has it, it takes a tenth of the time that a delivery takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def _expect_shared(config: Config, command: str) -> None:
    if config.journal.url.startswith("sqlite"):
        raise ConfigError(
            f"`inboxbridge {command}` needs a journal that several processes can share, and this "
            "one is SQLite. Run `inboxbridge serve`, which does both in one process, or set "
            '[journal] url = "postgresql://…"'
        )


async def _serve(
    config: Config,
    hosts: Sequence[str],
    port: int | None,
    descriptors: Sequence[int],
    strict: bool,
    *,
    gateway: bool,
    courier: bool,
    console: Listener | None,
) -> int:
    with told_to_end() as told, contextlib.ExitStack() as sockets:
        # Bound first: an address that is taken is said before anything is under way.
        bound = None if console is None else sockets.enter_context(_bound(config, console))
        async with (
            running(
                config,
                gateway=gateway,
                courier=courier,
                host=hosts,
                port=port or 0,
                descriptors=descriptors,
                strict=strict,
                monitor=port is not None,
                metrics=console is None or config.gateway.metrics,
            ) as runtime,
            contextlib.AsyncExitStack() as pages,
        ):
            spare_the_collector()
            if gateway and runtime.url is not None:
                _say_ready(runtime.url)
                log = structlog.get_logger("inboxbridge")
                for name, url in config.webhook_urls(runtime.url).items():
                    if name in runtime.connections:
                        log.info("webhook_url", connection=name, url=url)
            if console is not None and bound is not None:
                await pages.enter_async_context(_pages(config, runtime.journal, console, bound))
            return await _until_told(told, runtime.tasks)


async def _console(config: Config, listener: Listener) -> int:
    with told_to_end() as told, _bound(config, listener) as bound:
        journal = Journal(config.journal.url)
        try:
            async with _pages(config, journal, listener, bound):
                await told.wait()
        finally:
            await journal.close()
    return 0


@contextlib.contextmanager
def _bound(config: Config, listener: Listener) -> Iterator[socket.socket]:
    is_closed = config.console.password is None and config.console.token is None
    if is_closed and not _is_loopback(listener.host):
        raise ConfigError(
            f"the console does not listen on {listener.host} without a password or a token: set "
            '[console] password = { env = "CONSOLE_PASSWORD" } and that variable'
        )
    with contextlib.closing(listen(listener.host, listener.port)) as bound:
        yield bound


@contextlib.asynccontextmanager
async def _pages(
    config: Config, journal: Journal, listener: Listener, bound: socket.socket
) -> AsyncIterator[None]:
    settings = config.console
    password = plain(settings.password) or None
    made_up = None
    if password is None and _is_loopback(listener.host):
        password = made_up = secrets.token_urlsafe(9)
    app = listener.create_app(
        config, journal, password=password, token=plain(settings.token) or None
    )
    async with serving(app, bound) as url:
        print(f"console {url}", flush=True)
        if made_up is not None:
            print(f"password for this run: {made_up}", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            await app.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


async def _sandbox(app: Any, host: str, port: int) -> int:
    with told_to_end() as told, contextlib.closing(listen(host, port)) as bound:
        async with app.router.lifespan_context(app), serving(app, bound) as url:
            _say_ready(url)
            await told.wait()
    return 0


def _say_ready(url: str) -> None:
    print(f"ready {url}", flush=True)


async def _until_told(told: asyncio.Event, essential: tuple[asyncio.Task[None], ...]) -> int:
    """Wait for a signal. Returns 1 if something that must run has ended before."""
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait([waiting, *essential], return_when=asyncio.FIRST_COMPLETED)
    if told.is_set():
        return 0
    waiting.cancel()
    structlog.get_logger("inboxbridge").error("essential_part_ended")
    return 1


@contextlib.contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """Set the event on SIGTERM and SIGINT; should the end take too long, end at once.

    SIGHUP, which a closed terminal sends as well, ends nothing: there is no file to open again.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        if not told.is_set():
            told.set()
            last = threading.Timer(END_SECONDS, os._exit, [0])
            last.daemon = True
            last.start()

    def stay() -> None:
        structlog.get_logger("inboxbridge").info(
            "sighup_ignored", hint="SIGTERM ends; a start reads the configuration again"
        )

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    loop.add_signal_handler(signal.SIGHUP, stay)
    try:
        yield told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
