"""The story of one event, from its delivery to the message in the Inbox."""

from __future__ import annotations

import shlex
from typing import Any

from sqlalchemy import Row

from inboxbridge.config import Config
from inboxbridge.errors import ConnectorError
from inboxbridge.identity import identities_of
from inboxbridge.journal import reads
from inboxbridge.journal.odd import moment
from inboxbridge.journal.reader import JournalReader
from inboxbridge.model import Badge, BasicMessage, Event, MinimalMessage
from inboxbridge.model.records import EventRecord
from inboxbridge.operate.objects import as_object, iso
from inboxbridge.operate.redaction import redacted
from inboxbridge.operate.waiting import waiting_for
from inboxbridge.plugins import connect, installed
from inboxbridge.wix import Outgoing, request_for


def tell(
    config: Config, read: JournalReader, record: EventRecord, *, reveal: bool = False
) -> dict[str, Any]:
    """Return the story as the object that ``show --json`` prints.

    Beside the keys of ``events --json``:

    - ``delivery``: what it came in, or None once that is erased.
    - ``signature``: the connection's scheme, or None where the connection is gone.
    - ``event``: what was parsed, or None once that is erased; texts as their lengths.
    - ``contact``: ``{"why", "links": [{"identity", "contact_id", "origin", "at"}]}``.
    - ``tries``: each ``{"started_at", "ended_at", "outcome", "status", "request_id", "detail"}``.
    - ``request``: ``{"method", "path", "body"}`` of Send Message, or None; texts as their lengths.
    - ``next``: what a person may do about it, a command each; a person's address only where texts
      are shown.
    """
    body = read(reads.event_body, record.id)
    event = Event.model_validate_json(body) if body else None
    tries = read(reads.event_attempts, record.id)
    signature, request = _request(config, record, event)
    if request is not None and not reveal:
        request["body"] = redacted(request["body"])
    waiting = read(waiting_for, [record], hold=config.courier.hold)
    return {
        **as_object(record, waiting[record.id]),
        "site": record.site,
        "delivery": _delivery(read, record.id),
        "signature": signature,
        "event": _parsed(event, reveal),
        "contact": _contact(read, record, event, reveal),
        "tries": [_try(row) for row in tries],
        "request": request,
        "next": _next(record, event, reveal),
    }


def _next(record: EventRecord, event: Event | None, reveal: bool) -> list[str]:
    if record.state == "dead":
        return [f"inboxbridge replay {record.id}", f"inboxbridge give-up {record.id}"]
    if record.state == "unreadable":
        return [
            f"inboxbridge show {record.id} --raw",
            f"inboxbridge replay {record.id}",
            f"inboxbridge give-up {record.id}",
        ]
    if record.state != "parked":
        return []
    steps = [f"inboxbridge replay {record.id}", f"inboxbridge give-up {record.id}"]
    keys = identities_of(record.connection, event.person) if event else []
    if not keys:
        return steps
    if not reveal:
        return [f"inboxbridge show {record.id} --reveal", *steps]
    kind, _, value = keys[0].partition(":")
    if kind == "id":
        value = value.removeprefix(f"{record.connection}:")
    identity = shlex.quote(f"{kind}:{value}")
    return [f"inboxbridge link {record.connection} {identity} CONTACT_ID", *steps]


def _delivery(read: JournalReader, event_id: int) -> dict[str, Any] | None:
    raw = read(reads.raw_delivery, event_id)
    if raw is None:
        return None
    return {
        "received_at": iso(raw.request.received_at),
        "method": raw.request.method,
        "bytes": len(raw.request.body),
        "headers": sorted(raw.request.headers),
    }


def _parsed(event: Event | None, reveal: bool) -> dict[str, Any] | None:
    if event is None:
        return None
    parsed = event.model_dump(mode="json", exclude_defaults=True)
    if reveal:
        return parsed
    kept = {name: parsed[name] for name in ("occurred_at", "silent") if name in parsed}
    rest = {name: parsed[name] for name in parsed if name not in ("id", "kind", "direction")}
    return {**redacted(rest), **kept}


def _contact(
    read: JournalReader, record: EventRecord, event: Event | None, reveal: bool
) -> dict[str, Any]:
    keys = identities_of(record.connection, event.person) if event else []
    links = read(reads.linked_contacts, record.site, keys) if keys else {}
    return {
        "why": record.reason if record.contact_id else None,
        "links": [
            {
                "identity": key if reveal else key.partition(":")[0],
                "contact_id": contact_id,
                "origin": origin,
                "at": iso(moment(at)),
            }
            for key, (contact_id, origin, at) in links.items()
        ],
    }


def _try(row: Row[Any]) -> dict[str, Any]:
    return {
        "started_at": iso(moment(row.started_at)),
        "ended_at": iso(moment(row.ended_at)),
        "outcome": row.outcome,
        "status": row.status,
        "request_id": row.request_id,
        "detail": row.detail,
    }


def message_of(
    config: Config, record: EventRecord, event: Event
) -> tuple[BasicMessage | MinimalMessage, Badge | None] | None:
    """Return what an event looks like in the Inbox; None where its connection cannot say now."""
    settings = config.connections.get(record.connection)
    if settings is None or not settings.enabled:
        return None
    try:
        connection = connect(settings, installed(), url=config.hook_url(settings.name))
        try:
            return connection.message(event)
        finally:
            connection.runner.close()
    except (ConnectorError, ValueError):
        return None


def _request(
    config: Config, record: EventRecord, event: Event | None
) -> tuple[str | None, dict[str, Any] | None]:
    """The name of the connection's signature scheme, and the request that sends the message."""
    settings = config.connections.get(record.connection)
    if settings is None or not settings.enabled:
        return None, None
    try:
        connection = connect(settings, installed(), url=config.hook_url(settings.name))
        connection.runner.close()
        scheme = type(connection.signature).__name__
        if event is None:
            return scheme, None
        content, badge = connection.message(event)
        site = config.sites.get(record.site)
        method, path, body = request_for(
            Outgoing(
                conversation_id=record.conversation_id or "<conversation id>",
                content=content,
                badge=badge,
                direction=event.direction,
                visibility=settings.visibility,
                silent=event.silent,
            ),
            site.wire_form if site else "current",
        )
    except (ConnectorError, ValueError):
        return None, None
    return scheme, {"method": method, "path": path, "body": body}
