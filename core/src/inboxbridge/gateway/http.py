"""Read ASGI requests and write ASGI responses."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from inboxbridge.errors import HookFailed
from inboxbridge.gateway.routing import Routes
from inboxbridge.model import Answer, Headers, WebhookRequest

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

RETRY_AFTER_SECONDS = 5


class HttpAnswer:
    """A whole answer: status, body, headers in lower case."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        content_type: bytes = b"text/plain; charset=utf-8",
    ) -> None:
        self.status = status
        self.body = body
        length = (b"content-length", str(len(body)).encode())
        kind = ((b"content-type", content_type),) if body else ()
        self.headers = [length, *kind, *headers]

    @classmethod
    def of(cls, answer: Answer) -> HttpAnswer:
        """What a connector wants to be answered. Raises `HookFailed` where HTTP has no such thing.

        The length and the type of the body are ours to say.
        """
        headers = [
            (name.lower().encode("ascii", "replace"), _header_value(value))
            for name, value in answer.headers.items()
        ]
        if any(not _HEADER_NAME.fullmatch(name) for name, _ in headers):
            raise HookFailed("a connector's answer has a header that HTTP does not allow")
        own = tuple((name, value) for name, value in headers if name not in _OUR_HEADERS)
        return cls(answer.status, answer.body.encode(), own, _header_value(answer.content_type))

    async def send(self, send: Send) -> None:
        """Hand it to the web server."""
        body = b"" if self.status == 204 else self.body
        headers = [h for h in self.headers if self.status != 204 or h[0] != b"content-length"]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _header_value(text: str) -> bytes:
    if not text.isprintable():
        raise HookFailed("a connector's answer has a header that HTTP does not allow")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise HookFailed("a connector's answer has a header beyond Latin-1") from None


_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_OUR_HEADERS = (b"content-length", b"content-type", b"transfer-encoding", b"connection")
OK = HttpAnswer(200, b"")
REFUSED = HttpAnswer(401, b"not verified\n")
UNAVAILABLE = HttpAnswer(
    503,
    b"not stored; please deliver again\n",
    ((b"retry-after", str(RETRY_AFTER_SECONDS).encode()),),
)


class Disconnected(Exception):
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
