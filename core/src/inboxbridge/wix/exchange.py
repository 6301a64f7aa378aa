"""One HTTP exchange with Wix, over any transport of httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from inboxbridge.wix._body import unpacked, whole

HeaderList = list[tuple[bytes, bytes]]

Exchanged = tuple[int, Mapping[str, str], bytes]
"""An answer: status, headers by names in lower case, and the whole body."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection to be made.
        silence: For the server to take something or to say something, and for a free connection.
    """

    connect: float
    silence: float

    @property
    def whole(self) -> float:
        """For one exchange, however often the server says a little."""
        return self.connect + 2 * self.silence


async def exchange(
    transport: httpx.AsyncBaseTransport,
    method: str,
    url: httpx.URL,
    headers: HeaderList,
    content: bytes,
    timeouts: Timeouts,
) -> Exchanged:
    """Send one request and return the answer, unpacked. Raises the exceptions of httpx.

    `httpx.ConnectError`, `ConnectTimeout`, `ProxyError` and `PoolTimeout` say that nothing was
    sent; any other leaves open whether it arrived.
    """
    silence = timeouts.silence
    timeout = {"connect": timeouts.connect, "read": silence, "write": silence, "pool": silence}
    stream = httpx.ByteStream(content)  # with `content=`, httpx would look for headers to add
    request = httpx.Request(
        method, url, headers=headers, stream=stream, extensions={"timeout": timeout}
    )
    request.read()  # so that a transport may look at its content
    try:
        async with asyncio.timeout(timeouts.whole):
            response = await transport.handle_async_request(request)
            try:
                assert isinstance(response.stream, httpx.AsyncByteStream)
                body = await whole(response.stream)
            finally:
                await response.aclose()
    except TimeoutError:
        raise httpx.ReadTimeout("no whole answer in time") from None
    answered = dict(response.headers.items())
    return response.status_code, answered, unpacked(answered, body)
