"""What becomes of events and sites, as writes: each takes a batch and shares a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from inboxbridge.journal.driver import ForMany, insert_new
from inboxbridge.journal.rows import AttemptBegun, Settled
from inboxbridge.journal.schema import (
    OPEN,
    attempts,
    events,
    sites,
    state_in,
)

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
    statement = _insert_or_skip(connection, events).returning(events.c.id)
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
        connection.execute(_insert_or_skip(connection, sites), rows)
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


def _insert_or_skip(connection: Connection, table: Any) -> Any:
    """An INSERT that leaves existing rows as they are."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()
