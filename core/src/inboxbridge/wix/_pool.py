"""HTTP/1.1 for one purpose: many small JSON calls to one host, at little processor time each.

It raises httpx's exceptions, and never takes a connection that broke after the request went out for
one that could not be made. One event loop, no proxy, no HTTP/2, no streaming.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any, Final

import httpx

from inboxbridge.wix._connection import Connection, Origin, encode
from inboxbridge.wix._exchange import Exchanged, HeaderList, Timeouts

EYEBALLS_SECONDS: Final = 0.25


class Pool:
    """A `Wire`: a pool of connections, of which the one used last is used first.

    Args:
        limits: `max_connections` and `keepalive_expiry` count here.
        ssl_context: For https; httpx's own by default.
    """

    def __init__(self, limits: httpx.Limits, ssl_context: ssl.SSLContext | None = None) -> None:
        self._slots = asyncio.Semaphore(limits.max_connections or 2**31)
        self._keepalive_seconds = limits.keepalive_expiry or float("inf")
        self._ssl_context = ssl_context
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open: set[Connection] = set()

    async def exchange(
        self, method: str, url: httpx.URL, headers: HeaderList, content: bytes, timeouts: Timeouts
    ) -> Exchanged:
        """Send one request; see `Wire`."""
        data = encode(method, url.raw_path, headers, content)
        await self._take_slot(timeouts.silence)
        try:
            connection = await self._connection(url, timeouts.connect)
            try:
                return await connection.exchange(data, timeouts)
            finally:
                self._put_back(connection)
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        """Close every connection; a call under way ends in an error."""
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # in which they do close

    async def _take_slot(self, seconds: float) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._slots.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection came free in time") from None

    async def _connection(self, url: httpx.URL, seconds: float) -> Connection:
        scheme, host = url.scheme, url.host
        port = url.port or (443 if scheme == "https" else 80)
        origin = (scheme, host, port)
        idle = self._idle.setdefault(origin, deque())
        loop = asyncio.get_running_loop()
        while idle:
            connection = idle.pop()
            if connection.reusable and loop.time() < connection.idle_until:
                return connection
            connection.abort()
        options: dict[str, Any] = {"ssl": self._tls() if scheme == "https" else None}
        if isinstance(loop, asyncio.BaseEventLoop):  # uvloop's has no such option
            options["happy_eyeballs_delay"] = EYEBALLS_SECONDS
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(origin, self._open), host, port, **options
                )
        except TimeoutError:
            raise httpx.ConnectTimeout("no connection in time") from None
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        return connection

    def _put_back(self, connection: Connection) -> None:
        if connection.reusable:
            connection.idle_until = asyncio.get_running_loop().time() + self._keepalive_seconds
            self._idle.setdefault(connection.origin, deque()).append(connection)
        else:
            connection.abort()

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = httpx.create_ssl_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context
