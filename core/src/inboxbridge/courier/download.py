"""Download a file that a source keeps, without being sent where it must not go.

Only public addresses are connected to: a payload that names an address of the private network
makes nobody its errand boy. That is checked of the address that is connected to, not of a name that
may resolve to another one a moment later. Credentials go to the host they are for, never along a
redirect to another one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import httpx
import puremagic
from yarl import URL

from inboxbridge.model import Download
from inboxbridge.wix.transport import proxy_for

MAX_BYTES: Final = 25 * 1024 * 1024
"""As much as a mail server usually takes; WhatsApp's pictures and recordings have 16 MB."""

SECONDS: Final = 30.0
MAX_REDIRECTS: Final = 3

IMAGES: Final = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
"""What the Inbox shows as a picture."""

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_SNIFFED_BYTES: Final = 4096
_PART_BYTES: Final = 64 * 1024
_MAY_COME_LATER: Final = frozenset({408, 425, 429})

IsAllowed = Callable[[str], bool]


class NotFetched(Exception):
    """A file cannot be fetched, now or later. The text says why, for people."""


class FetchLater(Exception):
    """A file could not be fetched this time. The text says why, for people."""


@dataclass(slots=True)
class File:
    """A downloaded file.

    Attributes:
        content: The file.
        mime_type: By its content where that tells, else as its server or source says; empty where
            nobody does.
    """

    content: bytes
    mime_type: str


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def file_of(what: Download) -> File:
    """Return the file that a connector named, or gave itself.

    Raises:
        NotFetched: It is gone, too large, refused, or where it must not be fetched.
        FetchLater: Its server did not answer, or has a fault.
    """
    if what.content is None:
        return await download(what)
    if len(what.content) > MAX_BYTES:
        raise NotFetched(_too_large(MAX_BYTES))
    if not what.content:
        raise NotFetched("it is empty")
    return File(what.content, sniffed(what.content) or (what.mime_type or "").strip().lower())


async def download(
    what: Download,
    *,
    max_bytes: int = MAX_BYTES,
    seconds: float = SECONDS,
    is_allowed: IsAllowed | None = None,
) -> File:
    """Fetch a file.

    Args:
        what: Where it is.
        max_bytes: A larger one is not fetched.
        seconds: How long it may take in all.
        is_allowed: Whether an IP address may be connected to; `is_public` by default.

    Raises:
        NotFetched: It is gone, too large, refused, or where it must not be fetched.
        FetchLater: Its server did not answer, or has a fault.
    """
    url = _url(what.url)
    try:
        async with asyncio.timeout(seconds):
            return await _followed(url, what, max_bytes, is_allowed or is_public)
    except TimeoutError:
        raise FetchLater(f"{url.host} did not send it within {seconds:g} seconds") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if _refused_address(error):
            raise NotFetched(f"{url.host} is not an address of the public internet") from error
        raise FetchLater(f"{url.host} could not be reached ({type(error).__name__})") from error


async def _followed(url: URL, what: Download, max_bytes: int, is_allowed: IsAllowed) -> File:
    proxy = proxy_for(httpx.URL(str(url)))
    connector = aiohttp.TCPConnector(
        limit=1, socket_factory=None if proxy else _only(is_allowed), force_close=True
    )
    async with aiohttp.ClientSession(
        connector=connector, proxy=proxy, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        first = url
        for _ in range(MAX_REDIRECTS + 1):
            headers = what.headers if url.origin() == first.origin() else {}
            if headers and url.scheme != "https" and url.host != "127.0.0.1":
                raise NotFetched("its address is not https, and it needs credentials")
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status not in (301, 302, 303, 307, 308):
                    return await _read(answer, what, max_bytes)
                url = _url(str(url.join(URL(answer.headers.get("Location", "")))))
        raise NotFetched(f"{first.host} redirects too often")


async def _read(answer: aiohttp.ClientResponse, what: Download, max_bytes: int) -> File:
    status, host = answer.status, answer.url.host
    if status >= 500 or status in _MAY_COME_LATER:
        raise FetchLater(f"{host} answered {status}")
    if status != 200:
        raise NotFetched(f"{host} answered {status}")
    if (answer.content_length or 0) > max_bytes:
        raise NotFetched(_too_large(max_bytes))
    content = bytearray()
    async for part in answer.content.iter_chunked(_PART_BYTES):
        if len(content) + len(part) > max_bytes:
            raise NotFetched(_too_large(max_bytes))
        content += part
    if not content:
        raise NotFetched(f"{host} sent an empty file")
    whole = bytes(content)
    told = what.mime_type or answer.headers.get("Content-Type", "").partition(";")[0]
    return File(whole, sniffed(whole) or told.strip().lower())


def sniffed(head: bytes) -> str:
    """Return the MIME type that the beginning of a file tells; empty where it does not."""
    try:
        return str(puremagic.from_string(head[:_SNIFFED_BYTES], mime=True))
    except (puremagic.PureError, ValueError):
        return ""


def _url(text: str) -> URL:
    try:
        url = URL(text)
        is_usable = url.scheme in ("https", "http") and bool(url.host)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise NotFetched("its address is not one of the web")
    return url


class _Refused(OSError):
    """An address that must not be connected to."""


def _only(is_allowed: IsAllowed) -> Callable[[Any], socket.socket]:
    def opened(address: Any) -> socket.socket:
        family, kind, protocol, _, where = address
        if not is_allowed(where[0]):
            raise _Refused("not an address of the public internet")
        return socket.socket(family, kind, protocol)

    return opened


def _refused_address(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, _Refused) or "not an address of the public internet" in str(error):
            return True
        error, seen = error.__cause__ or getattr(error, "os_error", None), seen + 1
    return False


def _too_large(max_bytes: int) -> str:
    return f"it is larger than {max_bytes // (1024 * 1024)} MB"
