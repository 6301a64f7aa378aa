"""An httpx transport over aiohttp's session.

httpx's own transport takes nine times the processor time (``tests/bench/bench_http_transport.py``).
What aiohttp would do by itself is turned off here: cookies, redirects, headers of its own, the
environment's proxies, and sending a GET again after a connection broke. An answer that nobody asked
for, and a reset that looks like the end of an answer, are told apart from whole answers.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from inboxbridge.wix._body import whole

HeaderList = list[tuple[bytes, bytes]]

KEEPALIVE_SECONDS: Final = 4.0
"""Idle connections are dropped before a server drops them, which is after 5 seconds at soonest."""

LIMITS: Final = httpx.Limits(max_connections=100, keepalive_expiry=KEEPALIVE_SECONDS)

_PART_BYTES: Final = 32 * 1024
_MAX_HEADER_BYTES: Final = 32 * 1024
_MAX_HEADERS: Final = 256
_AUTOMATIC_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_LINE_END = re.compile(rb"[\r\n\0]")
_WITHOUT_BODY: Final = (204, 304)


class Transport(httpx.AsyncBaseTransport):
    """Sends each request once, and raises the exceptions of httpx.

    `httpx.ConnectError`, `ConnectTimeout`, `ProxyError` and `PoolTimeout` say that nothing was
    sent; any other leaves open whether the request arrived. An answer is read whole, up to
    `MAX_ANSWER_BYTES`, and left packed as it came. Connections belong to the event loop that is
    running; another one gets its own.

    Args:
        limits: `max_connections` and `keepalive_expiry` count here.
        ssl_context: For https; httpx's own by default.
        proxy: The address of an HTTP proxy; by default there is none.
    """

    def __init__(
        self,
        limits: httpx.Limits = LIMITS,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._limits = limits
        self._ssl_context = ssl_context
        self._proxy = None if proxy is None else URL(proxy)
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* once and return the answer, which is read already."""
        status, headers, body = await self.exchange(
            request.method,
            request.url,
            request.headers.raw,
            await request.aread(),
            request.extensions.get("timeout", {}),
        )
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    async def exchange(
        self,
        method: str,
        url: httpx.URL,
        headers: HeaderList,
        content: bytes,
        timeout: Mapping[str, float | None],
    ) -> tuple[int, HeaderList, bytes]:
        """Send one request once, without httpx's objects for requests and answers.

        Args:
            method: ``GET``, ``POST`` and so on.
            url: Where to.
            headers: All of them; none is added.
            content: The body.
            timeout: As httpx has it: seconds for ``connect``, ``read``, ``write`` and ``pool``.

        Returns:
            The answer's status, headers and whole body.
        """
        told, to = _headers(headers), _url(url)
        session = await self._session_of_loop()
        slots = self._slots
        if slots.locked():
            await _wait_for(slots, timeout.get("pool"))
        else:
            await slots.acquire()
        try:
            async with session.request(
                method,
                to,
                headers=told,
                data=_body(content, timeout.get("write")),
                timeout=_timeout(timeout.get("connect"), timeout.get("read")),
                ssl=self._tls() if self._proxy or to.scheme == "https" else True,
                allow_redirects=False,
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _renamed(error) from error
        finally:
            slots.release()
        return response.status, list(response.raw_headers), body

    async def aclose(self) -> None:
        """Close every connection; a call under way ends in an error."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _session_of_loop(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            await self.aclose()
            self._loop = loop
            self._slots = asyncio.Semaphore(self._limits.max_connections or 2**31)
            self._session = aiohttp.ClientSession(
                connector=_Connector(limit=0, keepalive_timeout=self._limits.keepalive_expiry),
                proxy=self._proxy,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_AUTOMATIC_HEADERS,
                auto_decompress=False,
                max_line_size=_MAX_HEADER_BYTES,
                max_field_size=_MAX_HEADER_BYTES,
                max_headers=_MAX_HEADERS,
                middlewares=(_once,),
            )
        return self._session

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = httpx.create_ssl_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context


class _Connector(aiohttp.TCPConnector):
    async def connect(self, *args: Any, **options: Any) -> Any:
        """Return a connection on which nothing was sent yet, and nothing came unasked."""
        try:
            while True:
                connection = await super().connect(*args, **options)
                if connection.protocol is None or not connection.protocol.should_close:
                    return connection
                connection.close()  # aiohttp would take what came for the next answer
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled the call: closing cancels what looks up a host for it.
            raise httpx.ConnectError("closed while it was connecting") from None
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except aiohttp.ClientHttpProxyError as error:
            raise httpx.ProxyError(f"the proxy answered {error.status}") from error
        except (aiohttp.ClientConnectorError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error


class _LongBody(aiohttp.Payload):
    """The body of a request, each part of which the server must take in *seconds*."""

    def __init__(self, content: bytes, seconds: float | None) -> None:
        super().__init__(content)
        self._size = len(content)
        self._seconds = seconds

    async def write(self, writer: AbstractStreamWriter) -> None:
        try:
            for at in range(0, len(self._value), _PART_BYTES):
                async with asyncio.timeout(self._seconds):
                    await writer.write(self._value[at : at + _PART_BYTES])
        except TimeoutError:
            if writer.transport is not None:
                writer.transport.abort()
            raise httpx.WriteTimeout("the server takes no more") from None

    async def write_with_length(self, writer: AbstractStreamWriter, _: int | None) -> None:
        await self.write(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)


def _body(content: bytes, seconds: float | None) -> aiohttp.Payload | None:
    if not content:
        return None
    if len(content) < _PART_BYTES:  # one write, which waits for nobody
        return aiohttp.BytesPayload(content)
    return _LongBody(content, seconds)


@lru_cache(maxsize=16)
def _timeout(connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=connect, sock_read=read)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> Any:
    """Send a request, and hide from aiohttp the errors after which it would send a GET again."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _renamed(error) from error


async def _wait_for(slots: asyncio.Semaphore, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await slots.acquire()
    except TimeoutError:
        raise httpx.PoolTimeout("no connection came free in time") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    connection, headers = response.connection, response.headers
    protocol = connection.protocol if connection else None
    ends_with_connection = response.status not in _WITHOUT_BODY and not (
        "Content-Length" in headers or "Transfer-Encoding" in headers
    )
    try:
        body = await whole(response.content.iter_any())
    except aiohttp.ClientPayloadError:
        if protocol is None or not isinstance(protocol.exception(), OSError):
            raise
    else:
        # aiohttp takes a reset for the end of such an answer.
        broke = protocol is None or isinstance(protocol.exception(), OSError)
        if not (ends_with_connection and broke):
            return body
    raise httpx.ReadError("the connection broke in the middle of the answer")


def _renamed(error: Exception) -> httpx.TransportError:
    """Return httpx's exception for one that came after the request was perhaps sent."""
    if isinstance(error.__cause__, httpx.WriteTimeout):
        return error.__cause__
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("no whole answer in time")
    if isinstance(error, OSError):
        return httpx.ReadError(str(error))
    return httpx.RemoteProtocolError(str(error))


def _headers(raw: HeaderList) -> list[tuple[str, str]]:
    try:
        headers = [(name.decode(), value.decode()) for name, value in raw]
    except UnicodeDecodeError:
        raise httpx.LocalProtocolError("a header is not UTF-8") from None
    if _LINE_END.search(b"".join(map(b"".join, raw))):
        raise httpx.LocalProtocolError("a header has a line end")
    return headers


def _url(url: httpx.URL) -> URL:
    raw_path = url.raw_path.decode("ascii")
    same = URL(f"{url.scheme}://{url.netloc.decode('ascii')}{raw_path}", encoded=True)
    if same.raw_path_qs != raw_path:
        raise httpx.LocalProtocolError("the target cannot be sent as it is")
    return same


def proxy_for(base: httpx.URL) -> str | None:
    """Return the proxy that the environment names for *base* (``HTTPS_PROXY``), or None."""
    proxies = getproxies()
    proxy = proxies.get(base.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{base.host}:{base.port}" if base.port else base.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
