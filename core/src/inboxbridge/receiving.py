"""Reads a request as the web server hands it over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from inboxbridge.model import Headers, WebhookRequest
from inboxbridge.routing import Routes

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):  # noqa: N818 - a state rather than a mistake
    """The source went away before its request was whole."""


async def read_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes | None:
    """Return the body, None once it is larger than is allowed. Raises `Disconnected`."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def request_of(scope: Scope, body: bytes, url: str | None, now: float) -> WebhookRequest:
    """Return the delivery.

    Args:
        scope: The request's, as ASGI describes it.
        body: Its whole body.
        url: What the source is told to call; guessed from the ``Host`` header where it is not
            known. It is given the slashes with which it was called.
        now: Unix seconds.
    """
    headers = Headers(
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    )
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    if url is None:
        host = headers.get("host", "localhost")
        url = f"{scope.get('scheme', 'http')}://{host}{raw_path}"
    elif not url.endswith(raw_path):
        url = Routes.called(url, raw_path)
    query = scope.get("query_string", b"").decode("latin-1")
    return WebhookRequest(
        method=scope["method"],
        url=f"{url}?{query}" if query else url,
        headers=headers,
        body=body,
        received_at=datetime.fromtimestamp(now, UTC),
    )
