"""The ASGI application that sources call: verify, parse, store, answer."""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from inboxbridge.config.tables import WIX_HOOK
from inboxbridge.connector import Connector
from inboxbridge.errors import ConnectorError
from inboxbridge.gateway.http import (
    OK,
    REFUSED,
    UNAVAILABLE,
    Disconnected,
    HttpAnswer,
    Receive,
    Scope,
    Send,
    read_body,
    request_of,
)
from inboxbridge.gateway.intake import (
    Handshake,
    Malformed,
    Progress,
    Refused,
    Stored,
    Unreadable,
    cut_off,
    kept,
    read,
    to_store,
)
from inboxbridge.gateway.recipients import share_out, sharing
from inboxbridge.gateway.refusals import Refusals
from inboxbridge.gateway.routing import Routes
from inboxbridge.journal import Accepted, AnyAccepted, Journal, JournalUnavailable
from inboxbridge.journal.fates import stored_record
from inboxbridge.model import WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.telemetry import metrics
from inboxbridge.telemetry.reporter import Reporter

WixHook = Callable[[WebhookRequest], Awaitable[int]]

READ_SECONDS = 15.0
STORE_SECONDS = 10.0
ALLOWED = b"GET, POST, HEAD"


class Gateway:
    """Takes deliveries in. A 2xx means that the events are on disk; anything else, that not.

    Args:
        connections: The running connections, by name.
        broken: The names of enabled connections that cannot run; their sources are told to retry.
        disabled: The names of connections that are switched off, for the log.
        journal: Where events are stored.
        reporter: Told of stored events.
        public_url: What sources call, without ``/hooks/…``; its path may be passed on to us.
        max_body_bytes: The largest body that is taken; by default what a connection's connector
            declares.
        refusals: Where it is logged what is refused.
        has_metrics: Whether ``/metrics`` is answered here, and not on a console's side.
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
        disabled: frozenset[str] = frozenset(),
        public_url: str | None = None,
        max_body_bytes: int | None = None,
        wix_hook: WixHook | None = None,
        refusals: Refusals | None = None,
        has_metrics: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._journal = journal
        self._reporter = reporter
        self._sharing = sharing(connections)
        self._broken = broken
        self._disabled = disabled
        self._routes = Routes({name: one.url for name, one in connections.items()}, public_url)
        self._refusals = refusals or Refusals()
        self._max_body_bytes = max_body_bytes
        self._wix_hook = wix_hook
        self._has_metrics = has_metrics
        self._now = now
        self._log = structlog.get_logger("inboxbridge")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; see https://asgi.readthedocs.io/en/latest/specs/www.html."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Disconnected:
            return
        except Exception:
            # Nothing is known of what is on disk, so the source is asked to come again.
            self._log.error("request_failed_unexpectedly", exc_info=True)
            answer = UNAVAILABLE
        await answer.send(send)

    async def _answer(self, scope: Scope, receive: Receive) -> HttpAnswer:
        path: str = scope["path"]
        name = self._routes.hook(path)
        if name is not None:
            return await self._hook(name, scope, receive)
        if scope["method"] not in ("GET", "HEAD"):
            self._refusals.log("", 405, "not a path below /hooks/, so only to be read", path)
            return HttpAnswer(405, b"", ((b"allow", b"GET, HEAD"),))
        page = self._routes.page(path)
        if page == "/healthz":
            return HttpAnswer(200, b"ok\n")
        if page == "/readyz":
            return await self._ready()
        if page == "/metrics" and self._has_metrics:
            content_type = CONTENT_TYPE_PLAIN_0_0_4.encode()
            return HttpAnswer(200, generate_latest(metrics.registry), (), content_type)
        self._refusals.log("", 404, "there is nothing here", path)
        return HttpAnswer(404, b"there is nothing here; webhooks go to /hooks/NAME\n")

    async def _ready(self) -> HttpAnswer:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self._journal.check_writable()
        except JournalUnavailable as error:
            self._refusals.log("", 503, str(error), "/readyz")
            return HttpAnswer(503, f"{error.bare}\n".encode())
        except TimeoutError:
            self._refusals.log("", 503, "the journal does not answer", "/readyz")
            return HttpAnswer(503, b"the journal does not answer\n")
        return HttpAnswer(200, b"ready\n")

    async def _hook(self, name: str, scope: Scope, receive: Receive) -> HttpAnswer:
        method, path = scope["method"], scope["path"]
        if method == "HEAD":
            return HttpAnswer(200, b"")
        if method not in ("GET", "POST"):
            return self._refuse(name, 405, "not GET or POST", path, ((b"allow", ALLOWED),))
        connection = self._connections.get(name)
        largest = self._largest(connection)
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await read_body(scope, receive, largest)
        except TimeoutError:
            return self._refuse(name, 408, "the body took too long", path)
        if body is None:
            self._count(name, "too large")
            return self._refuse(name, 413, f"the body is larger than {largest} bytes", path)
        if connection is None:
            return await self._no_connection(name, request_of(scope, body, None, self._now()))
        return await self._take(connection, request_of(scope, body, connection.url, self._now()))

    def _largest(self, connection: Connection | None) -> int:
        if self._max_body_bytes is not None:
            return self._max_body_bytes
        return (connection.connector if connection is not None else Connector).max_body_bytes

    def _refuse(
        self,
        name: str,
        status: int,
        reason: str,
        path: str,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> HttpAnswer:
        known = self._known(name)
        self._refusals.log(known, status, reason, None if known else path)
        return HttpAnswer(status, f"{reason}\n".encode(), headers)

    async def _no_connection(self, name: str, request: WebhookRequest) -> HttpAnswer:
        if name == WIX_HOOK and self._wix_hook is not None:
            try:
                status = await self._wix_hook(request)
            except JournalUnavailable:
                return UNAVAILABLE
            if status == REFUSED.status:
                self._refusals.log(name, status, "not signed by the key of any site's app")
            return HttpAnswer(status, b"")
        if name in self._broken:
            self._count(name, "unavailable")
            self._refusals.log(name, UNAVAILABLE.status, "its connection cannot run")
            return UNAVAILABLE
        self._count("", "refused")
        self._refusals.log("", REFUSED.status, lambda: self._why_none(name), f"/hooks/{name}")
        return REFUSED

    def _why_none(self, name: str) -> str:
        if name in self._disabled:
            return f"the connection {name} is switched off (enabled = false)"
        close = difflib.get_close_matches(name[:64], self._connections, n=1)
        return "no connection has this name" + (f"; meant is perhaps {close[0]}" if close else "")

    async def _take(self, connection: Connection, request: WebhookRequest) -> HttpAnswer:
        progress, now = Progress(), self._now()
        try:
            case = await connection.runner.call(lambda: read(connection, request, now, progress))
        except ConnectorError as error:
            case = cut_off(connection, request, now, progress, error)
            if isinstance(case, Unreadable):
                case = replace(case, kept=await self._kept(connection, request, progress))
        for fault in tuple(progress.faults):
            self._log.error("connector_failed", connection=connection.name, reason=str(fault))
        if isinstance(case, Handshake):
            return case.answer
        if isinstance(case, Refused):
            self._count(connection.name, "refused")
            self._refusals.log(connection.name, 401, case.reason, request=request)
            return REFUSED
        if isinstance(case, Malformed):
            self._count(connection.name, "malformed")
            self._refusals.log(connection.name, 400, case.reason, request=request)
            return HttpAnswer(400, f"{case.reason}\n".encode())
        if isinstance(case, Unreadable):
            self._log.error("unreadable", connection=connection.name, reason=case.reason)
            if case.kept is None:
                # It can neither be read nor kept without what it may hold of secrets.
                self._count(connection.name, "unavailable")
                return UNAVAILABLE
        for part in case.unreadable if isinstance(case, Stored) else ():
            self._log.error("unreadable", connection=connection.name, reason=part.reason)
        if not isinstance(case, Unreadable):
            metrics.left_out(connection.name, case.kinds)
        # Not from progress, which a hook that was cut off may still be filling.
        answer = OK if isinstance(case, Unreadable) else case.answer
        if not isinstance(case, Stored):
            return await self._store(connection, [to_store(connection, request, case)], answer)
        shares = share_out(case, connection, self._sharing.get(connection.name, ()))
        accepted = [to_store(one, request, share) for one, share in shares]
        return await self._store(connection, accepted, answer)

    async def _kept(
        self, connection: Connection, request: WebhookRequest, progress: Progress
    ) -> WebhookRequest | None:
        """The delivery as it may be kept, of a connector that was cut off."""
        if "redact" not in connection.hooks and not connection.signs_its_own_way:
            return kept(connection, request, progress)
        try:
            return await connection.runner.call(lambda: kept(connection, request, progress))
        except ConnectorError as error:
            progress.faults.append(error)
            return None

    async def _store(
        self, connection: Connection, accepted: Sequence[AnyAccepted], answer: HttpAnswer
    ) -> HttpAnswer:
        try:
            async with asyncio.timeout(STORE_SECONDS):
                if len(accepted) == 1:
                    ids = [await self._journal.accept(accepted[0])]
                else:
                    ids = await asyncio.gather(*map(self._journal.accept, accepted))
        except (JournalUnavailable, TimeoutError) as error:
            self._count(connection.name, "unavailable")
            reason = str(error) or "it took too long"
            self._log.error("not_stored", connection=connection.name, reason=reason)
            return UNAVAILABLE
        for one, its_ids in zip(accepted, ids, strict=True):
            self._tell(one.connection, one, its_ids)
        return answer

    def _tell(self, name: str, accepted: AnyAccepted, ids: list[int | None]) -> None:
        if isinstance(accepted, Accepted):
            new = [
                (event, event_id)
                for event, event_id in zip(accepted.events, ids, strict=True)
                if event_id is not None
            ]
            state = "stored"
            self._count(name, "stored" if new or not accepted.events else "repeated")
            if new:
                self._reporter.stored(
                    name,
                    len(new),
                    lambda: [stored_record(accepted, event, key) for event, key in new],
                )
        else:
            state = accepted.state
            self._count(name, state)
        self._log.info(
            state,
            connection=name,
            event_ids=[event_id for event_id in ids if event_id is not None],
            repeated=ids.count(None),
        )

    def _count(self, connection: str, answer: str) -> None:
        metrics.of(metrics.deliveries, self._known(connection), answer).inc()

    def _known(self, name: str) -> str:
        """A name that somebody made up must not fill logs and metrics."""
        return name if name in self._connections or name in self._broken else ""
