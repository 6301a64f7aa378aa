"""One HTTP exchange with Wix, over any transport of httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from inboxbridge.wix._body import unpacked, whole
from inboxbridge.wix.transport import HeaderList, Transport

__all__ = ["Exchanged", "HeaderList", "Timeouts", "exchange"]

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
    try:
        async with asyncio.timeout(timeouts.whole):
            if isinstance(transport, Transport):
                status, raw, body = await transport.exchange(method, url, headers, content, timeout)
                answered: Mapping[str, str] = by_name(raw)
            else:
                status, answered, body = await _over_httpx(
                    transport, method, url, headers, content, timeout
                )
    except TimeoutError:
        raise httpx.ReadTimeout("no whole answer in time") from None
    return status, answered, unpacked(answered, body)


async def _over_httpx(
    transport: httpx.AsyncBaseTransport,
    method: str,
    url: httpx.URL,
    headers: HeaderList,
    content: bytes,
    timeout: Mapping[str, float],
) -> Exchanged:
    stream = httpx.ByteStream(content)  # with `content=`, httpx would look for headers to add
    request = httpx.Request(
        method, url, headers=headers, stream=stream, extensions={"timeout": timeout}
    )
    request.read()  # so that a transport may look at its content
    response = await transport.handle_async_request(request)
    try:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        body = await whole(response.stream)
    finally:
        await response.aclose()
    return response.status_code, dict(response.headers.items()), body


def by_name(raw: HeaderList) -> dict[str, str]:
    """Headers as `httpx.Headers` gives them, for a fifth of the time where they are ASCII."""
    found: dict[str, str] = {}
    try:
        for name, value in raw:
            key, text = name.decode("ascii").lower(), value.decode("ascii")
            found[key] = f"{found[key]}, {text}" if key in found else text
    except UnicodeDecodeError:
        return dict(httpx.Headers(raw).items())
    return found
