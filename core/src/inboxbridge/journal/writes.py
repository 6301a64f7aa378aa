"""The journal's writes. Each takes a batch and runs inside a transaction that others may share."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from inboxbridge.journal.driver import ForMany, insert_new
from inboxbridge.journal.rows import Accepted, AttemptBegun, Settled
from inboxbridge.journal.schema import (
    OPEN,
    UNFINISHED,
    attempts,
    conversations,
    deliveries,
    events,
    links,
    sites,
    state_in,
)
from inboxbridge.model import Event

_SECRET_HEADERS = ("auth", "signature", "token", "cookie", "secret", "api-key", "apikey")


def insert_or_skip(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves existing rows as they are."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def _upsert(connection: Connection, table: Any, *columns: str, unless: Any = None) -> Any:
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in columns},
        where=None if unless is None else ~unless,
    )


def thread_of(connection: str, event: Event) -> str:
    """The unit of ordering, unique among all connections of a site."""
    return f"{connection}/{event.thread_key}"


_EVENT = (
    "site", "connection", "source_id", "thread", "about", "kind", "direction", "lane", "body",
    "delivery_id", "state", "reason", "attempts", "received_at",
)  # fmt: skip
_DELIVERY = ("id", "connection", "received_at", "method", "url", "headers", "body")


def delivery_key(received_at: float, rest: str = "") -> str:
    """A delivery's key, or the beginning that all keys of a moment share.

    It begins with the time, so that new ones lie together on disk and old ones are found by it.
    """
    return f"{max(int(received_at * 1e6), 0):016x}{rest}"


def _event_row(accepted: Accepted, event: Event, delivery_id: str | None) -> tuple[Any, ...]:
    return (
        accepted.site,
        accepted.connection,
        event.id,
        thread_of(accepted.connection, event),
        event.about,
        event.kind,
        event.direction,
        accepted.lane,
        event.model_dump_json(exclude_defaults=True),
        delivery_id,
        "pending",
        None,
        0,
        accepted.received_at,
    )


def _fate_row(accepted: Accepted, delivery_id: str | None) -> tuple[Any, ...]:
    return (
        accepted.site,
        accepted.connection,
        accepted.source_id,
        f"{accepted.connection}/",
        None,
        "delivery",
        "inbound",
        accepted.lane,
        None,
        delivery_id,
        accepted.outcome,
        accepted.reason,
        0,
        accepted.received_at,
    )


def accept(connection: Connection, batch: Sequence[Accepted]) -> list[list[int | None]]:
    """Store deliveries. Returns for each the new row ids, None where an event was known already."""
    rows: list[tuple[Any, ...]] = []
    kept: dict[str, Accepted] = {}
    for accepted in batch:
        delivery_id = None
        if accepted.request is not None:
            delivery_id = delivery_key(accepted.received_at, secrets.token_hex(8))
            kept[delivery_id] = accepted
        if accepted.outcome is not None:
            rows.append(_fate_row(accepted, delivery_id))
        rows.extend(_event_row(accepted, event, delivery_id) for event in accepted.events)
    new: dict[tuple[str, str], int] = {}
    used: set[str] = set()
    returning = ("id", "connection", "source_id", "delivery_id")
    for key, name, source_id, delivery_id in insert_new(
        connection, events, rows, _EVENT, returning
    ):
        new[name, source_id] = key
        if delivery_id is not None:
            used.add(delivery_id)
    raw = [_delivery_row(key, accepted) for key, accepted in kept.items() if key in used]
    insert_new(connection, deliveries, raw, _DELIVERY, ("id",))
    results: list[list[int | None]] = []
    for accepted in batch:
        keys = [event.id for event in accepted.events]
        if accepted.outcome is not None:
            keys.append(accepted.source_id)
        # pop, so that a repetition within one batch counts as known
        results.append([new.pop((accepted.connection, key), None) for key in keys])
    return results


def _delivery_row(delivery_id: str, accepted: Accepted) -> tuple[Any, ...]:
    request = accepted.request
    assert request is not None
    headers = [pair for pair in request.headers.pairs() if not _is_secret(pair[0])]
    return (
        delivery_id,
        accepted.connection,
        accepted.received_at,
        request.method,
        request.url,
        json.dumps(headers),
        request.body,
    )


@lru_cache(maxsize=1000)
def _is_secret(header: str) -> bool:
    return any(word in header for word in _SECRET_HEADERS)


_BEGIN = ForMany(
    update(events)
    .where(
        events.c.id == bindparam("b_id"),
        text(state_in(OPEN)),
        events.c.attempts == bindparam("b_attempts"),
    )
    .values(
        attempts=events.c.attempts + literal_column("1"),
        attempt_at=bindparam("b_at"),
        contact_id=bindparam("b_contact"),
        conversation_id=bindparam("b_conversation"),
        fingerprint=bindparam("b_fingerprint"),
    )
)


def begin_attempts(connection: Connection, batch: Sequence[AttemptBegun]) -> list[bool]:
    """Set down sends that are about to start.

    Returns False for an event that has changed since it was read: it must not be sent.
    """
    parameters = [
        {
            "b_id": begun.event_id,
            "b_attempts": begun.attempts_before,
            "b_at": begun.at,
            "b_contact": begun.contact_id,
            "b_conversation": begun.conversation_id,
            "b_fingerprint": begun.fingerprint,
        }
        for begun in batch
    ]
    if _BEGIN(connection, parameters).rowcount == len(batch):
        return [True] * len(batch)
    ids = [begun.event_id for begun in batch]
    found = connection.execute(
        select(events.c.id, events.c.attempts, events.c.attempt_at).where(events.c.id.in_(ids))
    )
    now = {row.id: (row.attempts, row.attempt_at) for row in found}
    return [now.get(one.event_id) == (one.attempts_before + 1, one.at) for one in batch]


_SETTLE = ForMany(
    update(events)
    .where(events.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        reason=bindparam("b_reason"),
        due_at=bindparam("b_due"),
        failing_since=bindparam("b_since"),
        delivered_at=bindparam("b_delivered"),
        message_id=bindparam("b_message"),
        contact_id=func.coalesce(bindparam("b_contact"), events.c.contact_id),
        attempts=events.c.attempts + bindparam("b_tries"),
        attempt_at=case(
            (bindparam("b_keep") == literal_column("1"), events.c.attempt_at), else_=null()
        ),
    )
)


_ATTEMPT = ("event_id", "started_at", "ended_at", "outcome", "detail", "status", "request_id")
_of_attempt = attrgetter(*_ATTEMPT[1:])


def settle(connection: Connection, batch: Sequence[Settled]) -> list[None]:
    """Set down what became of events."""
    _SETTLE(
        connection,
        [
            {
                "b_id": settled.event_id,
                "b_state": settled.state,
                "b_reason": settled.reason,
                "b_due": settled.due_at,
                "b_since": settled.failing_since,
                "b_delivered": settled.delivered_at,
                "b_message": settled.message_id,
                "b_contact": settled.contact_id,
                "b_keep": int(settled.keep_attempt),
                "b_tries": settled.tries,
            }
            for settled in batch
        ],
    )
    tries = [(one.event_id, *_of_attempt(one.attempt)) for one in batch if one.attempt is not None]
    insert_new(connection, attempts, tries, _ATTEMPT, ("id",))
    return [None] * len(batch)


def replace_bodies(connection: Connection, batch: Sequence[tuple[int, str]]) -> list[None]:
    """Keep events as they became after enrichment."""
    statement = (
        update(events)
        .where(events.c.id == bindparam("b_id"))
        .values(body=bindparam("b_body"), enriched=1)
    )
    connection.execute(statement, [{"b_id": key, "b_body": body} for key, body in batch])
    return [None] * len(batch)


def add_events(connection: Connection, batch: Sequence[dict[str, Any]]) -> list[int | None]:
    """Insert ready-made rows (copies of one event for several contacts). Known ones are skipped."""
    statement = insert_or_skip(connection, events).returning(events.c.id)
    return [connection.execute(statement, row).scalar() for row in batch]


def owned_messages(
    connection: Connection, batch: Sequence[tuple[str, tuple[str, ...]]]
) -> list[set[str]]:
    """Which of a conversation's message ids the journal already knows as its own."""
    found = []
    for conversation_id, message_ids in batch:
        statement = select(events.c.message_id).where(
            events.c.conversation_id == conversation_id, events.c.message_id.in_(message_ids)
        )
        found.append(set(connection.execute(statement).scalars()))
    return found


def remember(connection: Connection, batch: Sequence[dict[str, Any]]) -> list[None]:
    """Remember identities' contacts; a link made by hand is never overwritten by a look-up."""
    found = [row for row in batch if row["origin"] != "manual"]
    by_hand = [row for row in batch if row["origin"] == "manual"]
    columns = ("contact_id", "origin", "updated_at")
    if found:
        manual = links.c.origin == "manual"
        connection.execute(_upsert(connection, links, *columns, unless=manual), found)
    if by_hand:
        connection.execute(_upsert(connection, links, *columns), by_hand)
    return [None] * len(batch)


def remember_conversations(connection: Connection, batch: Sequence[dict[str, Any]]) -> list[None]:
    """Remember contacts' conversations."""
    statement = _upsert(connection, conversations, "conversation_id", "updated_at")
    connection.execute(statement, list(batch))
    return [None] * len(batch)


def forget_contacts(connection: Connection, batch: Sequence[tuple[str, str]]) -> list[None]:
    """Drop everything remembered of (site, contact), links made by hand included."""
    for site, contact_id in batch:
        for table in (links, conversations):
            connection.execute(
                delete(table).where(table.c.site == site, table.c.contact_id == contact_id)
            )
    return [None] * len(batch)


def forget_conversations(connection: Connection, batch: Sequence[tuple[str, str]]) -> list[None]:
    """Drop remembered (site, conversation) pairs."""
    for site, conversation_id in batch:
        connection.execute(
            delete(conversations).where(
                conversations.c.site == site,
                conversations.c.conversation_id == conversation_id,
            )
        )
    return [None] * len(batch)


def move_contact(
    connection: Connection, batch: Sequence[tuple[str, str, str, float]]
) -> list[None]:
    """After a merge: what was remembered of one contact now names the surviving one."""
    for site, old, new, now in batch:
        connection.execute(
            update(links)
            .where(links.c.site == site, links.c.contact_id == old)
            .values(contact_id=new, updated_at=now)
        )
        connection.execute(
            delete(conversations).where(
                conversations.c.site == site, conversations.c.contact_id == old
            )
        )
    return [None] * len(batch)


def set_site_state(
    connection: Connection, batch: Sequence[tuple[str, str, str | None, float]]
) -> list[None]:
    """Set down a site's state and the reason for it."""
    for name, state, reason, now in batch:
        connection.execute(
            update(sites)
            .where(sites.c.name == name)
            .values(state=state, reason=reason, changed_at=now)
        )
    return [None] * len(batch)


def register_sites(
    connection: Connection, batch: Sequence[tuple[tuple[str, ...], float]]
) -> list[dict[str, int]]:
    """Give each site a number. Returns name to number."""
    results = []
    for names, now in batch:
        rows = [{"name": name, "state": "running", "changed_at": now} for name in names]
        if connection.dialect.name == "sqlite":
            connection.execute(
                sqlite.insert(sites).on_conflict_do_nothing(index_elements=["name"]), rows
            )
        else:
            connection.execute(
                postgresql.insert(sites).on_conflict_do_nothing(index_elements=["name"]), rows
            )
        found = connection.execute(select(sites.c.name, sites.c.id).where(sites.c.name.in_(names)))
        results.append({row.name: row.id for row in found})
    return results


def reopen(connection: Connection, batch: Sequence[tuple[tuple[int, ...], str]]) -> list[int]:
    """Make events pending again. Returns how many were."""
    counts = []
    for ids, reason in batch:
        result = connection.execute(
            update(events)
            .where(
                events.c.id.in_(ids),
                events.c.state != "unreadable",
                events.c.body.is_not(None),
            )
            .values(
                state="pending",
                reason=reason,
                due_at=None,
                failing_since=None,
                attempts=0,
                message_id=None,
                delivered_at=None,
            )
        )
        counts.append(result.rowcount)
    return counts


def mark_reparsed(connection: Connection, batch: Sequence[tuple[int, str]]) -> list[None]:
    """Close unreadable deliveries whose events have been stored after all."""
    for event_id, reason in batch:
        connection.execute(
            update(events)
            .where(events.c.id == event_id, events.c.state == "unreadable")
            .values(state="ignored", reason=reason)
        )
    return [None] * len(batch)


def purge(connection: Connection, batch: Sequence[tuple[float, float, int]]) -> list[int]:
    """Erase what is old. Returns how many rows were touched.

    Each argument is (personal data of finished events before, finished events before, most rows).
    What waits for a person (parked, dead, unreadable) stays, with its raw delivery.
    """
    return [_purge(connection, *argument) for argument in batch]


def _purge(connection: Connection, personal_before: float, all_before: float, limit: int) -> int:
    finished = events.c.state.in_(("delivered", "ignored"))
    oldest = select(events.c.id).where(finished).order_by(events.c.id).limit(limit)
    gone = list(connection.execute(oldest.where(events.c.received_at < all_before)).scalars())
    if gone:
        connection.execute(delete(attempts).where(attempts.c.event_id.in_(gone)))
        connection.execute(delete(events).where(events.c.id.in_(gone)))
    personal = oldest.where(events.c.received_at < personal_before, events.c.body.is_not(None))
    scrubbed = list(connection.execute(personal).scalars())
    if scrubbed:
        connection.execute(
            update(events).where(events.c.id.in_(scrubbed)).values(body=None, thread="", about=None)
        )
    waiting = select(events.c.delivery_id).where(
        events.c.state.in_((*UNFINISHED, "unreadable")), events.c.delivery_id.is_not(None)
    )
    old_raw = (
        select(deliveries.c.id)
        .where(deliveries.c.id < delivery_key(personal_before), deliveries.c.id.not_in(waiting))
        .limit(limit)
    )
    raw = connection.execute(delete(deliveries).where(deliveries.c.id.in_(old_raw)))
    return len(gone) + len(scrubbed) + raw.rowcount
