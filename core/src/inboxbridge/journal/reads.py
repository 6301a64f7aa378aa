"""Queries of the journal."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Text, bindparam, exists, func, select, text

from inboxbridge.journal.driver import Prepared, with_given
from inboxbridge.journal.fates import record_of
from inboxbridge.journal.odd import stored
from inboxbridge.journal.rows import LIVE, RawDelivery, StoredEvent
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
from inboxbridge.model import Headers, WebhookRequest
from inboxbridge.model.records import EventRecord

MOST_CONNECTIONS = 1000

LARGEST_ID = 2**63 - 1

_IS_OPEN = text(state_in(OPEN))
_IS_UNFINISHED = text(state_in(UNFINISHED))

_STORED = (
    events.c.id, events.c.site, events.c.connection, events.c.source_id, events.c.thread,
    events.c.about, events.c.kind, events.c.direction, events.c.lane, events.c.body,
    events.c.enriched, events.c.state, events.c.attempts, events.c.due_at,
    events.c.failing_since, events.c.attempt_at,
    events.c.fingerprint, events.c.received_at, events.c.contact_id, events.c.conversation_id,
    events.c.attempt_after, events.c.look_since, events.c.looks, events.c.occurred_at,
)  # fmt: skip

RECORD_COLUMNS = (
    events.c.id, events.c.connection, events.c.site, events.c.source_id, events.c.kind,
    events.c.direction, events.c.state, events.c.reason, events.c.attempts,
    events.c.received_at, events.c.delivered_at, events.c.contact_id,
    events.c.conversation_id, events.c.message_id,
)  # fmt: skip


@cache
def _page_of_open(live_only: bool, left_out: int) -> Prepared:
    statement = (
        select(*_STORED)
        .where(events.c.site == bindparam("of_site"), _IS_OPEN, events.c.id > bindparam("after_id"))
        .order_by(events.c.id)
        .limit(bindparam("most", type_=Integer))
    )
    if live_only:
        statement = statement.where(events.c.lane == LIVE)
    if left_out:
        names = [bindparam(f"left_out_{number}", type_=Text) for number in range(left_out)]
        statement = statement.where(events.c.connection.not_in(names))
    return Prepared(statement)


def open_events(
    connection: Connection,
    site: str,
    after_id: int,
    limit: int,
    *,
    live_only: bool = False,
    without: Collection[str] = (),
) -> list[StoredEvent]:
    """The oldest open events of a site beyond *after_id*, but for those of some connections."""
    page = _page_of_open(live_only, len(without))
    left_out = {f"left_out_{number}": name for number, name in enumerate(sorted(without))}
    return stored(page(connection, of_site=site, after_id=after_id, most=limit, **left_out))


@cache
def _head_of_thread(hold: bool) -> Prepared:
    return Prepared(
        select(*_STORED)
        .where(events.c.site == bindparam("of_site"), events.c.thread == bindparam("of_thread"))
        .where(_IS_UNFINISHED, _IS_UNFINISHED if hold else _IS_OPEN)
        .order_by(events.c.id)
        .limit(bindparam("most", type_=Integer))
    )


def thread_events(
    connection: Connection, site: str, thread: str, limit: int, *, hold: bool = False
) -> list[StoredEvent]:
    """The oldest unsettled events of one thread; with *hold* parked and dead ones too."""
    head = _head_of_thread(hold)
    return stored(head(connection, of_site=site, of_thread=thread, most=limit))


_WITH_OPEN_EVENTS = with_given(
    {"site": events.c.site.type},
    lambda given: select(given.c.site).where(
        exists().where(events.c.site == given.c.site, _IS_OPEN)
    ),
)


def with_open_events(connection: Connection, sites: Sequence[str]) -> list[str]:
    """Those of some sites that have an event whose turn is still to come."""
    return [site for (site,) in _WITH_OPEN_EVENTS(connection, [(site,) for site in sites])]


def newest_id(connection: Connection) -> int:
    """The highest event id given out so far, 0 for none."""
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def event_about(connection: Connection, name: str, about: str) -> list[StoredEvent]:
    """The events of one connection that speak of the same thing, oldest first."""
    statement = (
        select(*_STORED)
        .where(events.c.connection == name, events.c.about == about, events.c.body.is_not(None))
        .order_by(events.c.id)
        .limit(50)
    )
    return stored(connection.execute(statement).all())


@cache
def _links_of(identities: int) -> Prepared:
    names = [bindparam(f"identity_{number}", type_=Text) for number in range(identities)]
    return Prepared(
        select(links.c.identity, links.c.contact_id, links.c.origin, links.c.updated_at).where(
            links.c.site == bindparam("of_site"), links.c.identity.in_(names)
        )
    )


def linked_contacts(
    connection: Connection, site: str, identities: Sequence[str]
) -> dict[str, tuple[str | None, str, float]]:
    """Remembered identities: to contact id, origin and moment of the link."""
    given = {f"identity_{number}": identity for number, identity in enumerate(identities)}
    rows = _links_of(len(identities))(connection, of_site=site, **given) if identities else []
    return {identity: (contact_id, origin, at) for identity, contact_id, origin, at in rows}


_CONVERSATION = Prepared(
    select(conversations.c.conversation_id, conversations.c.updated_at).where(
        conversations.c.site == bindparam("of_site"),
        conversations.c.contact_id == bindparam("of_contact"),
    )
)


def conversation_of(connection: Connection, site: str, contact_id: str) -> tuple[str, float] | None:
    """A contact's remembered conversation and when it was remembered."""
    rows = _CONVERSATION(connection, of_site=site, of_contact=contact_id)
    return (rows[0][0], rows[0][1]) if rows else None


def list_events(
    connection: Connection,
    *,
    state: str | None = None,
    connection_name: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[EventRecord]:
    """Events newest first. The next page starts before the last id of this one."""
    statement = select(*RECORD_COLUMNS).order_by(events.c.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(events.c.state == state)
    if connection_name is not None:
        statement = statement.where(events.c.connection == connection_name)
    if before_id is not None:
        statement = statement.where(events.c.id < before_id)
    return [record_of(row) for row in connection.execute(statement)]


def get_event(connection: Connection, event_id: int) -> EventRecord | None:
    """One event, or None; also for a number that is too large to be an id."""
    if not 0 < event_id <= LARGEST_ID:
        return None
    row = connection.execute(select(*RECORD_COLUMNS).where(events.c.id == event_id)).first()
    return None if row is None else record_of(row)


def event_ids(
    connection: Connection,
    *,
    state: str,
    connection_name: str | None = None,
) -> list[int]:
    """The ids of all events in one state, oldest first."""
    statement = select(events.c.id).where(events.c.state == state).order_by(events.c.id)
    if connection_name is not None:
        statement = statement.where(events.c.connection == connection_name)
    return list(connection.execute(statement).scalars())


def states_of(connection: Connection, event_ids: Sequence[int]) -> dict[int, str]:
    """The state of each event that there is."""
    found: dict[int, str] = {}
    for start in range(0, len(event_ids), 500):
        chunk = [key for key in event_ids[start : start + 500] if 0 < key <= LARGEST_ID]
        statement = select(events.c.id, events.c.state).where(events.c.id.in_(chunk))
        found.update({row.id: row.state for row in connection.execute(statement)})
    return found


def sites_of(connection: Connection, event_ids: Sequence[int]) -> set[str]:
    """The sites to which events go."""
    found: set[str] = set()
    for start in range(0, len(event_ids), 500):
        chunk = event_ids[start : start + 500]
        statement = select(events.c.site).where(events.c.id.in_(chunk)).distinct()
        found.update(connection.execute(statement).scalars())
    return found


def unconfirmed(connection: Connection, event_ids: Sequence[int]) -> list[int]:
    """Which events wait for a person because they were sent and cannot be confirmed."""
    found: list[int] = []
    for start in range(0, len(event_ids), 500):
        statement = select(events.c.id).where(
            events.c.id.in_(event_ids[start : start + 500]),
            events.c.state == "parked",
            events.c.attempt_at.is_not(None),
        )
        found += connection.execute(statement).scalars()
    return found


def event_body(connection: Connection, event_id: int) -> str | None:
    """The stored event as JSON, None once it has been purged."""
    return connection.execute(select(events.c.body).where(events.c.id == event_id)).scalar()


def parked_bodies(connection: Connection, site: str) -> list[tuple[int, str, str]]:
    """Id, connection and stored event of everything parked on a site."""
    rows = connection.execute(
        select(events.c.id, events.c.connection, events.c.body).where(
            events.c.site == site, events.c.state == "parked", events.c.body.is_not(None)
        )
    )
    return [(row.id, row.connection, row.body) for row in rows]


def event_attempts(connection: Connection, event_id: int) -> list[Row[Any]]:
    """The tries of one event, in order."""
    statement = select(attempts).where(attempts.c.event_id == event_id).order_by(attempts.c.id)
    return list(connection.execute(statement).all())


def raw_delivery(connection: Connection, event_id: int) -> RawDelivery | None:
    """The delivery that an event came in, or None once it has been purged."""
    row = connection.execute(
        select(deliveries)
        .join(events, events.c.delivery_id == deliveries.c.id)
        .where(events.c.id == event_id)
    ).first()
    if row is None:
        return None
    request = WebhookRequest(
        method=row.method,
        url=row.url,
        headers=Headers([(name, value) for name, value in json.loads(row.headers)]),
        body=bytes(row.body),
        received_at=datetime.fromtimestamp(row.received_at, UTC),
    )
    return RawDelivery(id=row.id, connection=row.connection, request=request)


def connection_names(connection: Connection) -> list[str]:
    """The names of the connections that have events, by jumps through their index."""
    names: list[str] = []
    while len(names) < MOST_CONNECTIONS:
        statement = select(func.min(events.c.connection))
        if names:
            statement = statement.where(events.c.connection > names[-1])
        name = connection.execute(statement).scalar()
        if name is None:
            break
        names.append(name)
    return names


def count_states(connection: Connection) -> dict[str, int]:
    """How many events are in each state."""
    rows = connection.execute(select(events.c.state, func.count()).group_by(events.c.state))
    return {row[0]: row[1] for row in rows}


def site_states(connection: Connection) -> dict[str, tuple[str, str | None]]:
    """Each site's state and the reason for it."""
    rows = connection.execute(select(sites.c.name, sites.c.state, sites.c.reason))
    return {row.name: (row.state, row.reason) for row in rows}


def manual_links(
    connection: Connection, site: str, since: float
) -> list[tuple[str, str | None, float]]:
    """Identity, contact and moment of the links made by hand at or after *since*."""
    rows = connection.execute(
        select(links.c.identity, links.c.contact_id, links.c.updated_at).where(
            links.c.site == site, links.c.origin == "manual", links.c.updated_at >= since
        )
    )
    return [(row.identity, row.contact_id, row.updated_at) for row in rows]


def recent_attempts(connection: Connection, site: str, since: float) -> list[float]:
    """When the calls of the last moments ended, to go on with the same budget after a restart."""
    rows = connection.execute(
        select(attempts.c.ended_at)
        .join(events, events.c.id == attempts.c.event_id)
        .where(events.c.site == site, attempts.c.ended_at >= since)
        .order_by(attempts.c.id.desc())
        .limit(1000)
    )
    return list(rows.scalars())
