"""The ASGI application that sources call: verify, parse, store, answer."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from inboxbridge import metrics
from inboxbridge.errors import ConnectorError, HookFailed, MalformedBody
from inboxbridge.journal import Accepted, Journal, JournalUnavailable
from inboxbridge.model import Answer, Event, Headers, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.records import EventRecord
from inboxbridge.reporter import Reporter
from inboxbridge.signing import NoSignature

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
WixHook = Callable[[WebhookRequest], Awaitable[int]]

READ_SECONDS = 15.0
STORE_SECONDS = 10.0
RETRY_AFTER_SECONDS = 5
RESERVED_WIX = "wix"


class Gateway:
    """Takes deliveries in. A 2xx means that the events are on disk; anything else, that not.

    Args:
        connections: The running connections, by name.
        broken: The names of enabled connections that cannot run; their sources are told to retry.
        journal: Where events are stored.
        reporter: Told of stored events.
        max_body_bytes: The largest body that is taken.
        wix_hook: Takes Wix's own webhooks at ``/hooks/wix``; returns the status to answer with.
        now: Unix seconds.
    """

    def __init__(
        self,
        connections: Mapping[str, Connection],
        journal: Journal,
        reporter: Reporter,
        *,
        broken: frozenset[str] = frozenset(),
        max_body_bytes: int = 1024 * 1024,
        wix_hook: WixHook | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._journal = journal
        self._reporter = reporter
        self._broken = broken
        self._max_body_bytes = max_body_bytes
        self._wix_hook = wix_hook
        self._now = now
        self._log = structlog.get_logger("inboxbridge")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see https://asgi.readthedocs.io/en/latest/specs/www.html."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith("/hooks/"):
            answer = await self._hook(path[len("/hooks/") :], scope, receive)
        elif scope["method"] not in ("GET", "HEAD"):
            answer = _Answer(405, b"", ((b"allow", b"GET, HEAD"),))
        elif path == "/healthz":
            answer = _Answer(200, b"ok\n")
        elif path == "/readyz":
            answer = await self._ready()
        elif path == "/metrics":
            content_type = CONTENT_TYPE_PLAIN_0_0_4.encode()
            answer = _Answer(200, generate_latest(metrics.registry), (), content_type)
        else:
            answer = _Answer(404, b"there is nothing here; webhooks go to /hooks/NAME\n")
        await answer.send(send)

    async def _ready(self) -> _Answer:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._journal.check_writable()
        except JournalUnavailable as error:
            return _Answer(503, f"{error}\n".encode())
        except TimeoutError:
            return _Answer(503, b"the journal does not answer\n")
        return _Answer(200, b"ready\n")

    async def _hook(self, name: str, scope: Scope, receive: Receive) -> _Answer:
        method = scope["method"]
        if method == "HEAD":
            return _Answer(200, b"")
        if method not in ("GET", "POST"):
            return _Answer(405, b"", ((b"allow", b"GET, POST, HEAD"),))
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await self._read_body(scope, receive)
        except TimeoutError:
            return _Answer(408, b"the body took too long\n")
        if body is None:
            self._count(name, "too large")
            self._log.warning("refused", connection=self._known(name), reason="body too large")
            return _Answer(413, f"at most {self._max_body_bytes} bytes\n".encode())
        connection = self._connections.get(name)
        request = _request(scope, body, connection, self._now())
        if connection is None:
            return await self._no_connection(name, request)
        handshake = await self._handshake(connection, request)
        if handshake is not None:
            return _Answer.of(handshake)
        refusal = connection.signature.verify(request, self._now())
        if refusal is not None:
            self._count(name, "refused")
            self._log.warning("refused", connection=name, reason=refusal)
            return _REFUSED
        return await self._take(connection, request)

    async def _no_connection(self, name: str, request: WebhookRequest) -> _Answer:
        if name == RESERVED_WIX and self._wix_hook is not None:
            try:
                return _Answer(await self._wix_hook(request), b"")
            except JournalUnavailable:
                return _UNAVAILABLE
        if name in self._broken:
            self._count(name, "unavailable")
            return _UNAVAILABLE
        self._count("", "refused")
        return _REFUSED

    async def _handshake(self, connection: Connection, request: WebhookRequest) -> Answer | None:
        if "handshake" not in connection.hooks:
            return None
        if request.method not in connection.connector.handshake_methods:
            return None
        try:
            return await connection.runner.call(lambda: connection.handshake(request))
        except ConnectorError as error:
            self._log.error("connector failed", connection=connection.name, reason=str(error))
            return None

    async def _take(self, connection: Connection, request: WebhookRequest) -> _Answer:
        """Parse and store a verified delivery."""
        name = connection.name
        answer: Answer | None = None
        events: list[Event] = []
        accepted: Accepted
        try:
            kept, events, answer = await connection.runner.call(lambda: _parse(connection, request))
        except ConnectorError as error:
            if isinstance(error, MalformedBody) and isinstance(connection.signature, NoSignature):
                self._count(name, "malformed")
                self._log.warning("refused", connection=name, reason=str(error))
                return _Answer(400, f"{error}\n".encode())
            self._log.error("unreadable", connection=name, reason=str(error))
            redacted = await self._redacted(connection, request)
            accepted = self._without_events(connection, "unreadable", str(error), request, redacted)
        else:
            if events:
                accepted = Accepted(
                    site=connection.settings.site,
                    connection=name,
                    request=kept,
                    received_at=request.received_at.timestamp(),
                    events=tuple(events),
                )
            else:
                reason = "its connector found nothing for the Inbox in this delivery"
                accepted = self._without_events(connection, "ignored", reason, request, None)
        try:
            async with asyncio.timeout(STORE_SECONDS):
                ids = await self._journal.accept(accepted)
        except (JournalUnavailable, TimeoutError) as error:
            self._count(name, "unavailable")
            self._log.error("not stored", connection=name, reason=str(error) or "took too long")
            return _UNAVAILABLE
        self._tell(connection, accepted, events, ids)
        return _OK if answer is None else _Answer.of(answer)

    def _tell(
        self,
        connection: Connection,
        accepted: Accepted,
        events: list[Event],
        ids: list[int | None],
    ) -> None:
        new = [(event, key) for event, key in zip(events, ids, strict=False) if key is not None]
        self._count(connection.name, accepted.outcome or ("stored" if new else "repeated"))
        self._reporter.stored(_stored_record(accepted, event, key) for event, key in new)
        self._log.info(
            accepted.outcome or "stored",
            connection=connection.name,
            event_ids=[key for key in ids if key is not None],
            repeated=ids.count(None),
        )

    async def _redacted(
        self, connection: Connection, request: WebhookRequest
    ) -> WebhookRequest | None:
        try:
            return await connection.runner.call(lambda: connection.redacted(request))
        except ConnectorError:
            # What may hold a secret is not kept; without a redact hook nothing can fail here.
            return None

    def _without_events(
        self,
        connection: Connection,
        outcome: Any,
        reason: str,
        request: WebhookRequest,
        kept: WebhookRequest | None,
    ) -> Accepted:
        digest = hashlib.sha256(request.url.encode() + b"\0" + request.body).hexdigest()[:32]
        return Accepted(
            site=connection.settings.site,
            connection=connection.name,
            request=kept,
            received_at=request.received_at.timestamp(),
            outcome=outcome,
            reason=reason,
            source_id=f"{outcome}:{digest}",
        )

    async def _read_body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body, None once it is larger than is allowed."""
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        if declared.isdigit() and int(declared) > self._max_body_bytes:
            return None
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._max_body_bytes:
                return None
            chunks.append(chunk)
            if not message.get("more_body"):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _count(self, connection: str, answer: str) -> None:
        metrics.deliveries.labels(self._known(connection), answer).inc()

    def _known(self, name: str) -> str:
        """A name that somebody made up must not fill logs and metrics."""
        return name if name in self._connections or name in self._broken else ""


class _Answer:
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
    def of(cls, answer: Answer) -> _Answer:
        headers = tuple(
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in answer.headers.items()
        )
        return cls(answer.status, answer.body.encode(), headers, answer.content_type.encode())

    async def send(self, send: Send) -> None:
        body = b"" if self.status == 204 else self.body
        headers = [h for h in self.headers if self.status != 204 or h[0] != b"content-length"]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


_OK = _Answer(200, b"")
_REFUSED = _Answer(401, b"not verified\n")
_UNAVAILABLE = _Answer(
    503,
    b"not stored; please deliver again\n",
    ((b"retry-after", str(RETRY_AFTER_SECONDS).encode()),),
)


def _parse(
    connection: Connection, request: WebhookRequest
) -> tuple[WebhookRequest, list[Event], Answer | None]:
    kept, events = connection.parse(request)
    try:
        answer = connection.answer(request)
    except HookFailed as error:
        log = structlog.get_logger("inboxbridge")
        log.error("connector failed", connection=connection.name, reason=str(error))
        answer = None
    return kept, events, answer


def _request(
    scope: Scope, body: bytes, connection: Connection | None, now: float
) -> WebhookRequest:
    headers = Headers(
        [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    )
    base = connection.url if connection is not None else None
    if base is None:
        host = headers.get("host", "localhost")
        raw_path = scope.get("raw_path") or scope["path"].encode()
        base = f"{scope.get('scheme', 'http')}://{host}{raw_path.decode('latin-1')}"
    query = scope.get("query_string", b"").decode("latin-1")
    return WebhookRequest(
        method=scope["method"],
        url=f"{base}?{query}" if query else base,
        headers=headers,
        body=body,
        received_at=datetime.fromtimestamp(now, UTC),
    )


def _stored_record(accepted: Accepted, event: Event, key: int) -> EventRecord:
    return EventRecord(
        id=key,
        connection=accepted.connection,
        site=accepted.site,
        source_id=event.id,
        kind=event.kind,
        direction=event.direction,
        state="pending",
        reason=None,
        attempts=0,
        received_at=datetime.fromtimestamp(accepted.received_at, UTC),
        delivered_at=None,
        contact_id=None,
        conversation_id=None,
        message_id=None,
    )
