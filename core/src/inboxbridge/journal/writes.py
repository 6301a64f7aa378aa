"""Write the state of events and sites; each function takes a batch."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    Connection,
    Double,
    Integer,
    Text,
    Update,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from inboxbridge.journal.driver import insert_new, with_given
from inboxbridge.journal.rows import (
    AttemptBegun,
    EnrichedBody,
    EventCopy,
    GivingUp,
    Reopening,
    Reparsed,
    Search,
    Settled,
    SiteNames,
    SiteSigns,
    SiteState,
)
from inboxbridge.journal.schema import (
    OPEN,
    attempts,
    events,
    sites,
    state_in,
)

_IS_OPEN = text(state_in(OPEN))

_BEGIN = with_given(
    {
        "id": BigInteger(),
        "attempts": Integer(),
        "at": Double(),
        "contact": Text(),
        "conversation": Text(),
        "mark": Text(),
        "after": Text(),
        "since": Double(),
    },
    lambda given: (
        update(events)
        .where(events.c.id == given.c.id, events.c.attempts == given.c.attempts, _IS_OPEN)
        .values(
            attempts=events.c.attempts + literal_column("1"),
            attempt_at=given.c["at"],
            contact_id=given.c.contact,
            conversation_id=given.c.conversation,
            fingerprint=given.c.mark,
            attempt_after=given.c.after,
            look_since=given.c.since,
            looks=literal_column("0"),
        )
        .returning(events.c.id)
    ),
)
_of_beginning = attrgetter(
    "event_id",
    "attempts_before",
    "at",
    "contact_id",
    "conversation_id",
    "fingerprint",
    "after",
    "look_since",
)


def begin_attempts(connection: Connection, batch: Sequence[AttemptBegun]) -> list[bool]:
    """Set down sends that are about to start.

    Returns False for an event that has changed since it was read: it must not be sent.
    """
    if len(_BEGIN(connection, list(map(_of_beginning, batch)))) == len(batch):
        return [True] * len(batch)
    ids = [begun.event_id for begun in batch]
    found = connection.execute(
        select(events.c.id, events.c.attempts, events.c.attempt_at).where(events.c.id.in_(ids))
    )
    now = {row.id: (row.attempts, row.attempt_at) for row in found}
    return [now.get(one.event_id) == (one.attempts_before + 1, one.at) for one in batch]


def _settlement(given: CTE) -> Update:
    keeps = given.c.keep
    is_without_attempt = events.c.attempt_at.is_(None)
    contact_id = func.coalesce(given.c.contact, events.c.contact_id)
    return (
        update(events)
        .where(events.c.id == given.c.id, _IS_OPEN)
        .values(
            state=given.c.became,
            reason=given.c.why,
            due_at=given.c.due,
            failing_since=given.c.since,
            delivered_at=given.c.delivered,
            message_id=given.c.message,
            contact_id=func.nullif(contact_id, literal_column("''")),
            conversation_id=func.coalesce(given.c.conversation, events.c.conversation_id),
            attempts=events.c.attempts + given.c.tries,
            looks=events.c.looks + given.c.in_vain,
            look_since=case((or_(keeps, is_without_attempt), events.c.look_since)),
            attempt_at=case((keeps, events.c.attempt_at)),
        )
        .returning(events.c.id)
    )


_SETTLE = with_given(
    {
        "id": BigInteger(),
        "became": Text(),
        "why": Text(),
        "due": Double(),
        "since": Double(),
        "delivered": Double(),
        "message": Text(),
        "contact": Text(),
        "conversation": Text(),
        "keep": Boolean(),
        "tries": Integer(),
        "in_vain": Integer(),
    },
    _settlement,
)
_of_settlement = attrgetter(
    "event_id", "state", "reason", "due_at", "failing_since", "delivered_at", "message_id",
    "contact_id", "conversation_id", "keep_attempt", "tries", "looks",
)  # fmt: skip
_ATTEMPT = ("event_id", "started_at", "ended_at", "outcome", "detail", "status", "request_id")
_of_attempt = attrgetter(*_ATTEMPT[1:])
_INSERT_ATTEMPTS = insert_new(attempts, _ATTEMPT)


def settle(connection: Connection, batch: Sequence[Settled]) -> list[bool]:
    """Set down what became of open events.

    Returns False for an event that is settled already: that stands.
    """
    rows = list(map(_of_settlement, batch))
    written = [True] * len(batch)
    if len(_SETTLE(connection, rows)) != len(batch):
        ids = [settled.event_id for settled in batch]
        found = connection.execute(
            select(events.c.id, events.c.state, events.c.reason, events.c.message_id).where(
                events.c.id.in_(ids)
            )
        )
        now = {row.id: (row.state, row.reason, row.message_id) for row in found}
        written = [
            now.get(one.event_id) == (one.state, one.reason, one.message_id) for one in batch
        ]
    tries = [(one.event_id, *_of_attempt(one.attempt)) for one in batch if one.attempt is not None]
    _INSERT_ATTEMPTS(connection, tries)
    return written


def replace_bodies(connection: Connection, batch: Sequence[EnrichedBody]) -> list[None]:
    """Keep events as they became after enrichment."""
    statement = (
        update(events)
        .where(events.c.id == bindparam("b_id"))
        .values(body=bindparam("b_body"), enriched=1)
    )
    connection.execute(statement, [{"b_id": key, "b_body": body} for key, body in batch])
    return [None] * len(batch)


def copy_events(connection: Connection, batch: Sequence[EventCopy]) -> list[int | None]:
    """Store copies of an event for more contacts. Returns their ids, None for one that is known."""
    statement = _insert_or_skip(connection, events).returning(events.c.id)
    return [connection.execute(statement, _copied(copy)).scalar() for copy in batch]


def _copied(copy: EventCopy) -> dict[str, Any]:
    original, contact_id = copy
    return {
        "site": original.site,
        "connection": original.connection,
        "source_id": f"{original.source_id}#{contact_id}",
        "thread": f"{original.thread}#{contact_id}",
        "about": None,
        "kind": original.kind,
        "direction": original.direction,
        "lane": original.lane,
        "body": original.body,
        "enriched": original.enriched,
        "state": "pending",
        "reason": None,
        "attempts": 0,
        "received_at": original.received_at,
        "contact_id": contact_id,
    }


def owned_messages(connection: Connection, batch: Sequence[Search]) -> list[set[str]]:
    """Return the ids of those messages that the journal knows as its own.

    Ids alone do not tell: after a merge of conversations two messages may have the same one.
    """
    found = []
    for conversation_id, message_ids, fingerprints in batch:
        statement = select(events.c.message_id).where(
            events.c.conversation_id == conversation_id,
            events.c.message_id.in_(message_ids),
            events.c.fingerprint.in_(fingerprints),
        )
        found.append(set(connection.execute(statement).scalars()))
    return found


def set_site_state(connection: Connection, batch: Sequence[SiteState]) -> list[None]:
    """Set down a site's state and the reason for it."""
    for name, state, reason, now in batch:
        connection.execute(
            update(sites)
            .where(sites.c.name == name)
            .values(state=state, reason=reason, changed_at=now)
        )
    return [None] * len(batch)


def note_signs(connection: Connection, batch: Sequence[SiteSigns]) -> list[None]:
    """Set down what couriers say of their sites."""
    for name, calls, busy_until, at in batch:
        connection.execute(
            update(sites)
            .where(sites.c.name == name)
            .values(calls=calls, busy_until=busy_until, seen_at=at)
        )
    return [None] * len(batch)


def register_sites(connection: Connection, batch: Sequence[SiteNames]) -> list[dict[str, int]]:
    """Give each site a number. Returns name to number."""
    results = []
    for names, now in batch:
        rows = [{"name": name, "state": "running", "changed_at": now} for name in names]
        connection.execute(_insert_or_skip(connection, sites), rows)
        found = connection.execute(select(sites.c.name, sites.c.id).where(sites.c.name.in_(names)))
        results.append({row.name: row.id for row in found})
    return results


def reopen(connection: Connection, batch: Sequence[Reopening]) -> list[int]:
    """Make events pending again. Returns how many were."""
    counts = []
    for ids, reason, states in batch:
        in_state = events.c.state.in_(states) if states else events.c.state != "unreadable"
        result = connection.execute(
            update(events)
            .where(
                events.c.id.in_(ids),
                events.c.state != "unreadable",
                in_state,
                events.c.body.is_not(None),
            )
            .values(
                state="pending",
                reason=reason,
                due_at=None,
                failing_since=None,
                attempts=0,
                looks=0,
                message_id=None,
                delivered_at=None,
            )
        )
        counts.append(result.rowcount)
    return counts


def give_up(connection: Connection, batch: Sequence[GivingUp]) -> list[int]:
    """Close events that are not to be delivered. Returns how many were."""
    counts = []
    for ids, reason, states in batch:
        result = connection.execute(
            update(events)
            .where(events.c.id.in_(ids), events.c.state.in_(states))
            .values(state="ignored", reason=reason, due_at=None, failing_since=None)
        )
        counts.append(result.rowcount)
    return counts


def forget_attempts(connection: Connection, batch: Sequence[tuple[int, ...]]) -> list[None]:
    """Let what was sent and cannot be confirmed be sent anew, without a look."""
    for ids in batch:
        for start in range(0, len(ids), 500):
            connection.execute(
                update(events)
                .where(events.c.id.in_(ids[start : start + 500]), events.c.state == "parked")
                .values(attempt_at=None, attempt_after=None)
            )
    return [None] * len(batch)


def mark_reparsed(connection: Connection, batch: Sequence[Reparsed]) -> list[None]:
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
