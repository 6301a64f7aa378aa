"""One HTTP/1.1 connection: sends a request, reads the answer with llhttp."""

from __future__ import annotations

import asyncio
from typing import Final, cast

import httptools
import httpx

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024

Origin = tuple[str, str, int]
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})


def encode(request: httpx.Request) -> bytes:
    """Return the bytes of *request*, which must have its body and all its headers."""
    parts = [b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)]
    for name, value in request.headers.raw:
        if b"\n" in value or b"\r" in value or name.lower() == b"transfer-encoding":
            raise httpx.LocalProtocolError("a header has a line end, or the body is a stream")
        parts.append(b"%b: %b\r\n" % (name, value))
    parts += (b"\r\n", request.content)
    return b"".join(parts)


class Connection(asyncio.Protocol):
    """One connection, and the answer that is coming in on it.

    Attributes:
        reusable: Whether another request may be sent on it.
        idle_until: When it has been idle for too long, by the loop's clock.
    """

    def __init__(self, origin: Origin, every: set[Connection]) -> None:
        self.origin = origin
        self.reusable = False
        self.idle_until = 0.0
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[httpx.Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stalled = False

    async def exchange(
        self, data: bytes, read: float | None, write: float | None
    ) -> httpx.Response:
        """Send *data*, a request, and return the answer.

        Args:
            data: As `encode` gives it.
            read: The longest silence of the server, in seconds; None is no limit.
            write: The longest time in which it takes nothing from us, in seconds.
        """
        if self._transport is None or self._transport.is_closing():
            raise httpx.ConnectError("the connection was closed before use")
        self.reusable = False
        self._silence_seconds, self._stall_seconds = read, write
        self._parser = httptools.HttpResponseParser(self)
        self._size = 0
        self.on_message_begin()
        self._answer = self._loop.create_future()
        self._transport.write(data)
        self._restart_timer()
        try:
            return await self._answer
        finally:
            self._answer = None
            self._stop_timer()

    def abort(self) -> None:
        """Close the connection at once."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._every.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._every.discard(self)
        if error is None and self._answer is not None and self._ends_with_connection:
            self.on_message_complete()
        self.reusable = False
        broke = httpx.RemoteProtocolError("closed without a whole answer")
        self._fail(httpx.ReadError(str(error)) if error else broke)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # nothing was asked for
            return
        self._size += len(data)
        self._restart_timer()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.reusable = False
            self._fail(httpx.RemoteProtocolError("the answer is not HTTP"))
        if self._size > MAX_ANSWER_BYTES:
            self.reusable = False
            self._fail(httpx.RemoteProtocolError("the answer is too long"))

    def pause_writing(self) -> None:
        self._stalled = True
        self._restart_timer()

    def resume_writing(self) -> None:
        self._stalled = False
        self._restart_timer()

    # Called by llhttp.

    def on_message_begin(self) -> None:
        self.reusable = False  # more came than was asked for, unless this is the first
        self._ends_with_connection = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        self._ends_with_connection = not any(n.lower() in _LENGTHS for n, _ in self._headers)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._answer is None or self._answer.done():
            return  # an interim answer; the one that counts follows
        self.reusable = self._parser.should_keep_alive()
        try:
            self._answer.set_result(
                httpx.Response(status, headers=self._headers, content=b"".join(self._body))
            )
        except httpx.DecodingError as error:
            self._fail(error)

    def _fail(self, error: httpx.TransportError | httpx.DecodingError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _restart_timer(self) -> None:
        self._stop_timer()
        seconds = self._stall_seconds if self._stalled else self._silence_seconds
        if seconds is not None and self._answer is not None:
            self._timer = self._loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self._stalled:
            self._fail(httpx.WriteTimeout("the server takes no more"))
        else:
            self._fail(httpx.ReadTimeout("the server is silent"))
