"""What a request is answered with, as HTTP."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from inboxbridge.errors import HookFailed
from inboxbridge.model import Answer

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
