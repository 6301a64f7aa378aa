"""Queries of the journal for an overview: what needs a person, what comes in, what was refused.

Each is bounded, however large the journal is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, text, update

from inboxbridge.journal.finding import first_id_at
from inboxbridge.journal.schema import (
    ATTENTION,
    OPEN,
    audit,
    events,
    refusals,
    refused,
    state_in,
)

NEWEST = 5000
"""Among so many of the newest events the last message of a connection is looked for."""

MOST_RECENT = 50_000
"""So many of the newest events are counted for a plot."""

GROUPS = 200
"""So many reasons are told apart."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Events that need a person for the same reason."""

    state: str
    connection: str
    reason: str | None
    count: int
    oldest_id: int
    newest_id: int


class Backlog(NamedTuple):
    """What waits on a site; *oldest_at* is Unix seconds."""

    waiting: int
    oldest_at: float


class Last(NamedTuple):
    """When something came by a connection, and reached the Inbox, the last time; Unix seconds."""

    delivery_at: float | None
    message_at: float | None


def needing_attention(connection: Connection) -> list[Attention]:
    """What needs a person, grouped by state, connection and reason; the most first."""
    count = func.count()
    rows = connection.execute(
        select(
            events.c.state, events.c.connection, events.c.reason, count,
            func.min(events.c.id), func.max(events.c.id),
        )
        .where(text(state_in(ATTENTION)))
        .group_by(events.c.state, events.c.connection, events.c.reason)
        .order_by(count.desc())
        .limit(GROUPS)
    )  # fmt: skip
    return [Attention(*row) for row in rows]


def backlogs(connection: Connection) -> dict[str, Backlog]:
    """How much waits on each site, and since when the oldest."""
    rows = connection.execute(
        select(events.c.site, func.count(), func.min(events.c.id))
        .where(text(state_in(OPEN)))
        .group_by(events.c.site)
    ).all()
    first_ones = [first for _, _, first in rows]
    statement = select(events.c.id, events.c.received_at).where(events.c.id.in_(first_ones))
    oldest = {row.id: row.received_at for row in connection.execute(statement)}
    return {site: Backlog(count, oldest[first]) for site, count, first in rows if first in oldest}


def last_of(connection: Connection, name: str) -> Last:
    """When a connection's last delivery came, and its last message arrived in the Inbox.

    The message is looked for among the newest events, of the connection and of all.
    """
    came = connection.execute(
        select(events.c.received_at)
        .where(events.c.connection == name)
        .order_by(events.c.id.desc())
        .limit(1)
    ).scalar()
    newest = select(events.c.connection, events.c.delivered_at).order_by(events.c.id.desc())
    windows = (
        newest.where(events.c.connection == name).limit(NEWEST).subquery(),
        newest.where(events.c.state == "delivered").limit(NEWEST).subquery(),
    )
    arrived = [
        connection.execute(
            select(func.max(window.c.delivered_at)).where(window.c.connection == name)
        ).scalar()
        for window in windows
    ]
    return Last(came, max((at for at in arrived if at is not None), default=None))


def received(
    connection: Connection, since: float, until: float, buckets: int
) -> dict[str, list[int]]:
    """How many events each connection received, in *buckets* equal spans of a time."""
    first = first_id_at(connection, since)
    size = (until - since) / buckets
    rows = connection.execute(
        select(events.c.connection, events.c.received_at)
        .where(events.c.id >= first, events.c.received_at >= since)
        .order_by(events.c.id.desc())
        .limit(MOST_RECENT)
    )
    counts: dict[str, list[int]] = {}
    for name, at in rows:
        place = min(max(int((at - since) / size), 0), buckets - 1)
        counts.setdefault(name, [0] * buckets)[place] += 1
    return counts


def unreadable_counts(connection: Connection) -> dict[str, int]:
    """How many unreadable deliveries each connection has."""
    rows = connection.execute(
        select(events.c.connection, func.count())
        .where(events.c.state == "unreadable", text(state_in(ATTENTION)))
        .group_by(events.c.connection)
    )
    return {row[0]: row[1] for row in rows}


# What was refused


KEEP_HOURS = 24 * 14
"""How long counts of refusals are kept."""

KEEP_REFUSED = 50
"""How many of the last refusals of each connection are kept one by one."""

REASONS_AN_HOUR = 50
"""So many reasons of one connection are counted apart in an hour."""

OTHER = "other reasons"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery that was refused.

    Attributes:
        connection: The connection; empty for a path that names none.
        status: What it was answered with.
        reason: Why, without anything of the request.
        at: Unix seconds.
        count: How many there were of this kind, *at* being that of the last; 0 for one that is
            told one by one and counted elsewhere.
        headers: Names, and values of those that hold no secret.
        size: Bytes of its body.
        digest: The beginning of the body's SHA-256, to tell repetitions.
    """

    connection: str
    status: int
    reason: str
    at: float
    count: int = 1
    headers: tuple[tuple[str, str], ...] = ()
    size: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often a connection refused for a reason; *last_at* is Unix seconds."""

    connection: str
    status: int
    reason: str
    count: int
    last_at: float


def record_refusals(connection: Connection, batch: Sequence[Sequence[Refusal]]) -> list[None]:
    """Count refusals, keep the last few of each connection, and drop what is old."""
    for kept in batch:
        for one in kept:
            if one.count:
                _count_refusal(connection, one)
        _keep_last(connection, [one for one in kept if one.digest])
        newest = max((one.at for one in kept), default=0.0)
        old = int(newest // 3600) - KEEP_HOURS
        connection.execute(delete(refusals).where(refusals.c.hour < old))
    return [None] * len(batch)


def _count_refusal(connection: Connection, one: Refusal) -> None:
    hour = int(one.at // 3600)
    of_hour = [refusals.c.connection == one.connection, refusals.c.hour == hour]
    for reason in (one.reason, OTHER):
        change = (
            update(refusals)
            .where(*of_hour, refusals.c.status == one.status, refusals.c.reason == reason)
            .values(count=refusals.c.count + one.count, last_at=one.at)
        )
        if connection.execute(change).rowcount:
            return
        kinds = connection.execute(select(func.count()).select_from(refusals).where(*of_hour))
        if reason == OTHER or (kinds.scalar() or 0) < REASONS_AN_HOUR:
            connection.execute(
                insert(refusals).values(
                    connection=one.connection, status=one.status, reason=reason, hour=hour,
                    count=one.count, last_at=one.at,
                )
            )  # fmt: skip
            return


def _keep_last(connection: Connection, kept: Sequence[Refusal]) -> None:
    for name in {one.connection for one in kept}:
        last = [one for one in kept if one.connection == name][-KEEP_REFUSED:]
        rows = [
            {
                "connection": name, "at": one.at, "status": one.status, "reason": one.reason,
                "headers": json.dumps(one.headers), "size": one.size, "digest": one.digest,
            }
            for one in last
        ]  # fmt: skip
        connection.execute(insert(refused), rows)
        newest = (
            select(refused.c.id)
            .where(refused.c.connection == name)
            .order_by(refused.c.id.desc())
            .limit(KEEP_REFUSED)
        )
        oldest = min(connection.execute(newest).scalars(), default=0)
        connection.execute(
            delete(refused).where(refused.c.connection == name, refused.c.id < oldest)
        )


def refusal_counts(connection: Connection, since: float) -> list[RefusalCount]:
    """How often each connection refused, by reason, in the hours from *since* on."""
    count, last = func.sum(refusals.c.count), func.max(refusals.c.last_at)
    rows = connection.execute(
        select(refusals.c.connection, refusals.c.status, refusals.c.reason, count, last)
        .where(refusals.c.last_at >= since)
        .group_by(refusals.c.connection, refusals.c.status, refusals.c.reason)
        .order_by(last.desc())
    )
    return [RefusalCount(*row[:3], int(row[3]), row[4]) for row in rows]


def last_refused(connection: Connection, name: str | None = None, limit: int = 20) -> list[Refusal]:
    """The last refusals that are kept one by one, newest first."""
    statement = select(refused).order_by(refused.c.id.desc()).limit(limit)
    if name is not None:
        statement = statement.where(refused.c.connection == name)
    return [
        Refusal(
            row.connection, row.status, row.reason, row.at,
            headers=tuple((str(key), str(value)) for key, value in json.loads(row.headers)),
            size=row.size, digest=row.digest,
        )
        for row in connection.execute(statement)
    ]  # fmt: skip


# Who decided what


class Deed(NamedTuple):
    """What somebody did or looked at.

    Attributes:
        at: Unix seconds.
        who: Who, such as ``console 127.0.0.1`` or ``command line (dana)``.
        action: A stable word, such as ``replay`` or ``show``.
        subject: What it was done to, without anything personal: ``event 42``.
        detail: More, in words.
    """

    at: float
    who: str
    action: str
    subject: str
    detail: str | None = None


def record_deeds(connection: Connection, batch: Sequence[Deed]) -> list[None]:
    """Set down what was done."""
    connection.execute(insert(audit), [deed._asdict() for deed in batch])
    return [None] * len(batch)


def deeds(
    connection: Connection, *, before_id: int | None = None, limit: int = 50
) -> list[tuple[int, Deed]]:
    """What was done, newest first, with the ids by which it is paged."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(audit.c.id < before_id)
    rows = connection.execute(statement)
    return [(row.id, Deed(row.at, row.who, row.action, row.subject, row.detail)) for row in rows]


def deeds_of_event(connection: Connection, event_id: int) -> list[Deed]:
    """What was done about one event, newest first, among the newest thousand deeds."""
    subject = f"event {event_id}"
    newest = select(audit).order_by(audit.c.id.desc()).limit(1000).subquery()
    rows: Any = connection.execute(
        select(newest).where(newest.c.subject == subject).order_by(newest.c.id.desc()).limit(20)
    )
    return [Deed(row.at, row.who, row.action, row.subject, row.detail) for row in rows]
