"""One HTTP/1.1 connection: sends a request, reads the answer with llhttp."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools
import httpx

from inboxbridge.wix._body import MAX_ANSWER_BYTES, unpacked
from inboxbridge.wix._exchange import Exchanged, HeaderList, Timeouts

Origin = tuple[str, str, int]


def encode(method: str, target: bytes, headers: HeaderList, content: bytes) -> bytes:
    """Return the bytes of a request. Raises `httpx.LocalProtocolError` for more than one."""
    lines = [b"%b %b HTTP/1.1" % (method.encode(), target)]
    lines += [b"%b: %b" % header for header in headers]
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise httpx.LocalProtocolError("the target or a header has a line end")
    return b"%b\r\n\r\n%b" % (b"\r\n".join(lines), content)


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
        self._answer: asyncio.Future[Exchanged] | None = None
        self._stalled = False

    async def exchange(self, data: bytes, timeouts: Timeouts) -> Exchanged:
        """Send *data*, a request as `encode` gives it, and return the answer."""
        if self._transport is None or self._transport.is_closing():
            raise httpx.ConnectError("the connection was closed before use")
        self.reusable = False
        self._parser = httptools.HttpResponseParser(self)
        self._size = 0
        self.on_message_begin()
        self._silence_seconds = timeouts.silence
        self._heard_at = self._loop.time()
        self._ends_at = self._heard_at + timeouts.whole
        self._answer = self._loop.create_future()
        self._transport.write(data)
        self._timer = self._loop.call_later(timeouts.silence, self._look_at_clock)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._timer.cancel()

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
        self._heard_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.reusable = False
            self._fail(httpx.RemoteProtocolError("the answer is not HTTP"))
        if self._size > MAX_ANSWER_BYTES:
            self._fail(httpx.RemoteProtocolError("the answer is too long"))
            self.abort()

    def pause_writing(self) -> None:
        self._stalled = True

    def resume_writing(self) -> None:
        self._stalled = False
        self._heard_at = self._loop.time()

    # Called by llhttp.

    def on_message_begin(self) -> None:
        self.reusable = False  # more came than was asked for, unless this is the first
        self._ends_with_connection = False
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.rstrip(b" \t").decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        headers = self._headers
        self._ends_with_connection = not (
            "content-length" in headers or "transfer-encoding" in headers
        )

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._answer is None or self._answer.done():
            return  # an interim answer; the one that counts follows
        self.reusable = self._parser.should_keep_alive()
        body = b"".join(self._body)
        if "content-encoding" in self._headers:
            try:
                body = unpacked(self._headers, body)
            except httpx.DecodingError as error:
                self._fail(error)
                return
        self._answer.set_result((status, self._headers, body))

    def _fail(self, error: httpx.TransportError | httpx.DecodingError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _look_at_clock(self) -> None:
        now = self._loop.time()
        until = min(self._heard_at + self._silence_seconds, self._ends_at)
        if now < until:
            self._timer = self._loop.call_later(until - now, self._look_at_clock)
        elif self._stalled:
            self._fail(httpx.WriteTimeout("the server takes no more"))
        else:
            self._fail(httpx.ReadTimeout("no whole answer in time"))
