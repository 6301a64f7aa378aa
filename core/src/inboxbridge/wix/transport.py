"""How bytes get to Wix and back: the cheapest way there is, or any transport of httpx.

Measured with ``tests/bench/bench_http_transport.py``, a message over `Pool` takes at most a
thirtieth of the processor time that it takes over `httpx.AsyncHTTPTransport`, and a third of what
it takes over httpx-aiohttp. The latter is no choice for another reason: it calls a connection that
broke in the middle of a call a `httpx.ConnectTimeout`, as if nothing had been sent.
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

from inboxbridge.wix._body import MAX_ANSWER_BYTES, unpacked
from inboxbridge.wix._exchange import Exchanged, HeaderList, Timeouts, Wire

KEEPALIVE_SECONDS: Final = 4.0
"""Idle connections are dropped before a server drops them, which is after 5 seconds at soonest."""

LIMITS: Final = httpx.Limits(
    max_connections=100, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE_SECONDS
)


def wire_to(base: httpx.URL, transport: httpx.AsyncBaseTransport | None = None) -> Wire:
    """Return the way to the host of *base*.

    It goes over *transport* where one is given, over httpx's own where the environment names a
    proxy for that host (``HTTPS_PROXY``) or where httptools, which reads answers, is not installed.
    """
    if transport is not None:
        return OverHttpx(transport)
    proxy = _proxy_for(base)
    if proxy is None:
        try:
            from inboxbridge.wix._pool import Pool
        except ImportError:  # no httptools on this Python
            return OverHttpx(httpx.AsyncHTTPTransport(limits=LIMITS))
        return Pool(LIMITS)
    return OverHttpx(httpx.AsyncHTTPTransport(limits=LIMITS, proxy=proxy))


class OverHttpx:
    """A `Wire` over a transport of httpx."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport

    async def exchange(
        self, method: str, url: httpx.URL, headers: HeaderList, content: bytes, timeouts: Timeouts
    ) -> Exchanged:
        """Send one request; see `Wire`."""
        timeout = httpx.Timeout(timeouts.silence, connect=timeouts.connect)
        request = httpx.Request(
            method,
            url,
            headers=headers,
            content=content,
            extensions={"timeout": timeout.as_dict()},
        )
        try:
            async with asyncio.timeout(timeouts.whole):
                response = await self.transport.handle_async_request(request)
                try:
                    body = await _whole(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise httpx.ReadTimeout("no whole answer in time") from None
        return response.status_code, response.headers, unpacked(response.headers, body)

    async def aclose(self) -> None:
        """Close every connection."""
        await self.transport.aclose()


async def _whole(response: httpx.Response) -> bytes:
    """The body as it came, which httpx itself would read and unpack to any length."""
    parts, size = [], 0
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise httpx.RemoteProtocolError("the answer is too long")
    return b"".join(parts)


def _proxy_for(base: httpx.URL) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(base.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{base.host}:{base.port}" if base.port else base.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
