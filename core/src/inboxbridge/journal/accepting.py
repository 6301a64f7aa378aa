"""Store deliveries and their events, each once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection, func, select

from inboxbridge.journal.driver import insert_new, present
from inboxbridge.journal.rows import (
    BACKLOG,
    LIVE,
    Accepted,
    AcceptedWithoutEvents,
    AnyAccepted,
    delivery_key,
)
from inboxbridge.journal.schema import deliveries, events, seen
from inboxbridge.model import Event, UnreadablePart

_SECRET_HEADERS = ("auth", "signature", "token", "cookie", "secret", "api-key", "apikey")
_EVENT = (
    "site", "connection", "source_id", "thread", "about", "kind", "direction", "lane", "body",
    "delivery_id", "state", "reason", "attempts", "received_at", "occurred_at",
)  # fmt: skip
NOT_KEPT = (
    "; its body was not kept, since the connection has kept as many unreadable ones as it may. "
    "Replay or ignore those first"
)
_NAME, _KEY = _EVENT.index("connection"), _EVENT.index("source_id")

UNREADABLE_BODIES = 1000
UNREADABLE_BYTES = 100_000_000
"""What is kept of one connection's unreadable deliveries; of further ones the fact alone."""

LATE_SECONDS = 600.0
"""What happened so long before it was accepted leaves room for what happens now."""

_INSERT_EVENTS = insert_new(events, _EVENT, ("id", "connection", "source_id", "delivery_id"))
_INSERT_DELIVERIES = insert_new(deliveries, deliveries.c.keys())
_SEEN = present(seen, "digest")
_STORED = present(events, "connection", "source_id")


def accept(connection: Connection, batch: Sequence[AnyAccepted]) -> list[list[int | None]]:
    """Store deliveries. Returns for each the new row ids, None where an event was known already."""
    rows: list[tuple[Any, ...]] = []
    kept: dict[str, AnyAccepted] = {}
    for accepted in batch:
        delivery_id = None
        if accepted.request is not None:
            delivery_id = delivery_key(accepted.received_at, secrets.token_hex(8))
            kept[delivery_id] = accepted
        if isinstance(accepted, Accepted):
            rows.extend(_event_row(accepted, event, delivery_id) for event in accepted.events)
            alone = [_alone(accepted, part) for part in accepted.unreadable]
        else:
            alone = [accepted]
        for one in alone:
            keeps = one.state == "unreadable" and delivery_id is not None
            if keeps and _keeps_enough(connection, accepted.connection):
                rows.append(_row_without_event(one, None))
            else:
                rows.append(_row_without_event(one, delivery_id))
    rows = _not_there(connection, _not_seen(connection, rows))
    new: dict[tuple[str, str], int] = {}
    used: set[str] = set()
    for key, name, source_id, delivery_id in _INSERT_EVENTS(connection, rows):
        new[name, source_id] = key
        if delivery_id is not None:
            used.add(delivery_id)
    raw = [_delivery_row(key, accepted) for key, accepted in kept.items() if key in used]
    _INSERT_DELIVERIES(connection, raw)
    results: list[list[int | None]] = []
    for accepted in batch:
        if isinstance(accepted, Accepted):
            keys = [event.id for event in accepted.events]
        else:
            keys = [accepted.source_id]
        # pop, so that a repetition within one batch counts as known
        results.append([new.pop((accepted.connection, key), None) for key in keys])
    return results


def _alone(accepted: Accepted, part: UnreadablePart) -> AcceptedWithoutEvents:
    return AcceptedWithoutEvents(
        accepted.site,
        accepted.connection,
        accepted.request,
        accepted.received_at,
        "unreadable",
        part.reason,
        unreadable_key(part),
    )


def unreadable_key(part: UnreadablePart) -> str:
    """The ``source_id`` of a part that could not be read."""
    return f"unreadable:{part.id}"


class KeptBodies(NamedTuple):
    """What is kept of a connection's unreadable deliveries."""

    bodies: int
    size: int


def kept_bodies(connection: Connection, name: str) -> KeptBodies:
    """How many bodies of unreadable deliveries a connection has kept, and their bytes."""
    statement = (
        select(func.count(), func.coalesce(func.sum(func.length(deliveries.c.body)), 0))
        .select_from(events.join(deliveries, deliveries.c.id == events.c.delivery_id))
        .where(events.c.state == "unreadable", events.c.connection == name)
    )
    return KeptBodies._make(connection.execute(statement).one())


def _keeps_enough(connection: Connection, name: str) -> bool:
    kept = kept_bodies(connection, name)
    return kept.bodies >= UNREADABLE_BODIES or kept.size >= UNREADABLE_BYTES


def digest_of(name: str, source_id: str) -> bytes:
    """What is kept of an event's key after the event itself is gone."""
    return blake2b(f"{name}\n{source_id}".encode(), digest_size=16).digest()


def _not_seen(connection: Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out events that were here so long ago that only their ids are known."""
    if not rows:
        return rows
    digests = [digest_of(row[_NAME], row[_KEY]) for row in rows]
    known = {digest for (digest,) in _SEEN(connection, [(digest,) for digest in digests])}
    if not known:
        return rows
    return [row for row, digest in zip(rows, digests, strict=True) if digest not in known]


def _not_there(connection: Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out events that the journal has, and repetitions among *rows*.

    The INSERT leaves them out as well, but not before each has used up an id; and who looks at the
    journal takes a gap for a loss.
    """
    new: dict[tuple[str, str], tuple[Any, ...]] = {}
    for row in rows:
        new.setdefault((row[_NAME], row[_KEY]), row)
    for name, key in _STORED(connection, list(new)):
        del new[name, key]
    return list(new.values())


def _event_row(accepted: Accepted, event: Event, delivery_id: str | None) -> tuple[Any, ...]:
    occurred_at = None if event.occurred_at is None else event.occurred_at.timestamp()
    return (
        accepted.site,
        accepted.connection,
        event.id,
        f"{accepted.connection}/{event.thread_key}",
        event.about,
        event.kind,
        event.direction,
        BACKLOG if event.history or _is_late(accepted, occurred_at) else accepted.lane,
        event.model_dump_json(exclude_defaults=True),
        delivery_id,
        "pending",
        None,
        0,
        accepted.received_at,
        occurred_at,
    )


def _is_late(accepted: Accepted, occurred_at: float | None) -> bool:
    """Whether the source tells of the event long after it happened, as after an outage."""
    return occurred_at is not None and accepted.received_at - occurred_at >= LATE_SECONDS


def _row_without_event(accepted: AcceptedWithoutEvents, delivery_id: str | None) -> tuple[Any, ...]:
    body_is_missing = delivery_id is None and accepted.request is not None
    return (
        accepted.site,
        accepted.connection,
        accepted.source_id,
        f"{accepted.connection}/",
        None,
        "delivery",
        "inbound",
        LIVE,
        None,
        delivery_id,
        accepted.state,
        f"{accepted.reason}{NOT_KEPT}" if body_is_missing else accepted.reason,
        0,
        accepted.received_at,
        None,
    )


def _delivery_row(delivery_id: str, accepted: AnyAccepted) -> tuple[Any, ...]:
    request = accepted.request
    assert request is not None
    headers = [pair for pair in request.headers.pairs() if not is_secret_header(pair[0])]
    return (
        delivery_id,
        accepted.connection,
        accepted.received_at,
        request.method,
        request.url,
        _written(headers),
        request.body,
    )


def _written(headers: list[tuple[str, str]]) -> str:
    try:
        return to_json(headers).decode()
    except PydanticSerializationError:  # half a surrogate pair, which no UTF-8 can hold
        return json.dumps(headers)


@lru_cache(maxsize=1000)
def is_secret_header(header: str) -> bool:
    """Whether a header with this name may hold a secret, such as a signature."""
    return any(word in header for word in _SECRET_HEADERS)
