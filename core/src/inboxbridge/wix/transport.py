"""How bytes get to Wix and back: httpx's interface over the cheapest way there is.

Measured with ``tests/bench/bench_http_transport.py``, a call over `fast_transport` takes a
twentieth of the processor time that it takes over `httpx.AsyncHTTPTransport`, or less, and half of
what it takes over httpx-aiohttp, or less. The latter is no choice for another reason: it calls a
connection that broke in the middle of a call a `httpx.ConnectTimeout`, as if nothing had been sent.
"""

from __future__ import annotations

from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

KEEPALIVE_SECONDS: Final = 4.0
"""Idle connections are dropped before a server drops them, which is after 5 seconds at soonest."""

LIMITS: Final = httpx.Limits(
    max_connections=100, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE_SECONDS
)


def fast_transport(base: httpx.URL, limits: httpx.Limits = LIMITS) -> httpx.AsyncBaseTransport:
    """Return the transport to use for the host of *base*.

    It is httpx's own where the environment names a proxy for that host (``HTTPS_PROXY``), or where
    httptools, which reads the answers, is not installed.
    """
    proxy = _proxy_for(base)
    if proxy is None:
        try:
            from inboxbridge.wix._pool import Http1Transport
        except ImportError:  # no httptools on this Python
            return httpx.AsyncHTTPTransport(limits=limits)
        return Http1Transport(limits)
    return httpx.AsyncHTTPTransport(limits=limits, proxy=proxy)


def _proxy_for(base: httpx.URL) -> str | None:
    proxies = getproxies()
    proxy = proxies.get(base.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{base.host}:{base.port}" if base.port else base.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
