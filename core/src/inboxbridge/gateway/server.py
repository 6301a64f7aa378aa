"""The web server: uvicorn, with a bound on whatever a stranger can make it hold.

uvicorn waits for the end of a request's headers for ever, keeps as many of them as come, and turns
new connections away only after it has read a request. Granian and hypercorn have some of these
bounds, but no limit of connections, and neither runs in an event loop of ours at this speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from inboxbridge.gateway.listening import address

DRAIN_SECONDS = 3
"""How long requests under way may take once the end has come."""

HEAD_SECONDS = 15.0
"""How long a client may take over a request's first line and headers."""

HEAD_BYTES = 64 * 1024
"""The largest head of a request, and the most that comes between two parts of its body or behind
the last, give or take one `SLICE_BYTES`."""

HEADERS = 200
"""The most headers of a request."""

LAST_SECONDS = 1.0
"""How long a request that had just begun at the end has for its head."""

LINGER_SECONDS = 5.0
"""How long the rest of a body is thrown away after its answer, so that the answer is read."""

UNREAD_SECONDS = 15.0
"""How long an answer may wait for a client that does not read it."""

SLICE_BYTES = 16 * 1024

Refused = Callable[[int, str], None]
"""Told the status and the reason of what is turned away before the application sees it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may hold.

    Attributes:
        max_connections: How many connections at once. To take a further one the server closes the
            oldest of those that have not completed a request, else the one that is idle longest.
        keep_alive_seconds: How long a connection may be idle.
        head_seconds: How long a request's head may take.
    """

    max_connections: int = 4096
    keep_alive_seconds: float = 75.0
    head_seconds: float = HEAD_SECONDS

    def within_descriptors(self) -> int:
        """How many connections may be open: a quarter of the descriptors stays for the rest."""
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if descriptors == resource.RLIM_INFINITY:
            return self.max_connections
        return max(1, min(self.max_connections, descriptors - max(64, descriptors // 4)))


class Server(uvicorn.Server):
    """uvicorn inside our own event loop: signals are ours to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: also close, once a second, what has taken too long."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                cast(BoundedProtocol, connection).end_if_late(now)
        return await super().on_tick(counter)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Its deadlines are looked at by `Server`, so that a request sets no timer."""

    def __init__(
        self, *arguments: Any, limits: Limits, room: int, refused: Refused, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._room = room
        self._refused = refused
        self._in_head = False
        self._in_message = False
        self._bytes_aside = 0
        self._since = 0.0
        self._paused_at: float | None = None
        self._closing_since: float | None = None
        self._refusal: tuple[int, str] | None = None
        self._ended = False
        self._last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in place of a useless one if there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if len(self.connections) > self._room and not self._make_room():
            self._refuse(503, "too many connections")

    def data_received(self, data: bytes) -> None:
        """Parse a little at a time: a head that is too large is noticed before it is kept."""
        if self._ended:
            return
        if len(data) <= SLICE_BYTES and not self._in_message:
            super().data_received(data)
            return
        view = memoryview(data)
        for start in range(0, len(data), SLICE_BYTES):
            part = view[start : start + SLICE_BYTES]
            if self._in_message:
                self._bytes_aside += len(part)
                if self._bytes_aside > HEAD_BYTES:
                    self._refuse(431, "headers too large")
            if self._ended or self.transport.is_closing():
                return
            super().data_received(cast(bytes, part))

    def on_message_begin(self) -> None:
        """The first byte of a request is here."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._bytes_aside = 0
        if not self._busy:
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """The application is called, unless there are too many headers."""
        if len(self.headers) > HEADERS:
            self._refusal = 431, "too many headers"
            raise ValueError
        self._in_head = False
        self._bytes_aside = 0
        super().on_headers_complete()
        if self._last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the body is here."""
        self._bytes_aside = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._in_message = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is handed over."""
        self._since = self.loop.time()
        super().on_response_complete()

    def shutdown(self) -> None:
        """Close at the end of the server; a request that is on its way is still answered."""
        new = self.cycle is None and self.loop.time() - self._since < LAST_SECONDS
        if not self._busy and (self._in_head or new):
            self._last = True
            self.loop.call_later(LAST_SECONDS, self._close_idle)
        else:
            super().shutdown()

    def _close_idle(self) -> None:
        if not self._busy:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client does not read what is written to it."""
        self._paused_at = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._paused_at = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed; uvicorn calls this."""
        self._refuse(*(self._refusal or (400, "not HTTP")))

    def end_if_late(self, now: float) -> None:
        """Close the connection if what it is about has taken too long at *now*, by the loop."""
        if self._paused_at is not None and now - self._paused_at > UNREAD_SECONDS:
            self.transport.abort()
            return
        if self.transport.is_closing():
            self._closing_since = self._closing_since or now
            if now - self._closing_since > UNREAD_SECONDS:
                self.transport.abort()
            return
        if self._busy:
            return
        seconds = now - self._since
        if self._in_head:
            if seconds > self._limits.head_seconds:
                self._refuse(408, "headers took too long")
        elif self._in_message:
            if seconds > LINGER_SECONDS:
                self.transport.close()
        elif seconds > self._limits.keep_alive_seconds:
            self.transport.close()

    @property
    def _busy(self) -> bool:
        """Whether a request is being worked on: that has deadlines of its own."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> bool:
        others = cast("Iterable[BoundedProtocol]", self.connections)
        idle = [
            one
            for one in others
            if one is not self and not one._busy and not one.transport.is_closing()
        ]
        if not idle:
            return False
        least = min(idle, key=lambda one: (one.cycle is not None, one._since))
        if least._in_head or least.cycle is None:
            self._refused(503, "too many connections; the oldest without a request is closed")
        least.transport.close()
        return True

    def _refuse(self, status: int, reason: str) -> None:
        self._refused(status, reason)
        self._ended = True
        if self._busy and (self._in_head or not self._in_message):
            # An earlier request is whole and has its answer still to come.
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if self._in_message and not self._in_head and not self._busy:
            # This request has its answer already.
            self.transport.close()
            return
        body = f"{reason}\n".encode()
        head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: "
        retry = b"retry-after: 5\r\n" if status == 503 else b""
        self.transport.write(
            b"".join((STATUS_LINE[status], retry, head, b"%d\r\n\r\n" % len(body), body))
        )
        self.transport.close()


@contextlib.asynccontextmanager
async def serving(
    app: Any, *bound: socket.socket, limits: Limits | None = None
) -> AsyncIterator[str]:
    """Serve an ASGI application until the block ends. Yields its URL once it accepts.

    Args:
        app: The application.
        bound: The listening sockets; they are closed at the end. The URL is the first one's.
        limits: What clients may hold.
    """
    async with served(app, bound, limits or Limits()) as (url, _):
        yield url


@contextlib.asynccontextmanager
async def served(
    app: Any, bound: Iterable[socket.socket], limits: Limits, refused: Refused | None = None
) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """Do as `serving` does. Yields the URL and the task, which ends before the block if it failed.

    Args:
        app: The application.
        bound: The listening sockets; they are closed at the end.
        limits: What clients may hold.
        refused: Told of what is turned away before the application sees it.
    """
    sockets = list(bound)
    protocol = functools.partial(
        BoundedProtocol,
        limits=limits,
        room=limits.within_descriptors(),
        refused=refused or (lambda _status, _reason: None),
    )
    server = Server(
        uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", protocol),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            ws="none",
            date_header=True,
            backlog=2048,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            # The server's own look at its connections does this, for blank lines too.
            timeout_keep_alive=int(limits.keep_alive_seconds) + 1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=sockets))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.005)
    if task.done():
        task.result()
    try:
        yield address(sockets[0]), task
    finally:
        server.should_exit = True
        await task
