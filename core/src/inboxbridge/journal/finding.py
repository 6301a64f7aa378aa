"""Find events by people, words, ids and time.

People and words are in an index that the database keeps (see migration 0003). Everything else comes
from the indexes of the events, newest first, page by page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select, text

from inboxbridge.journal.fates import record_of
from inboxbridge.journal.reads import LARGEST_ID, RECORD_COLUMNS
from inboxbridge.journal.schema import conversations, events, sites
from inboxbridge.model.records import EventRecord

PAGE = 200
"""How many candidates are looked at in one go."""

MOST_EXAMINED = 4000
"""After so many candidates a search returns what it has, and where to go on."""

MANY = 5000
"""So many matches are brought into order by us, more by the database."""

NARROW = 20_000
"""A state or a connection with no more events than this is gone through by itself."""

SLACK_SECONDS = 3600.0
"""How far the order of ids may be from that of arrival, as with copies for further contacts."""

Phrases = tuple[str, ...]
"""Phrases that must all occur, in any order, such as ``("dana reyes", "saturday")``."""

_NOT_OF_A_WORD = re.compile(r"[\W_]+")

_POSTGRES_WORDS: ColumnElement[Any] = literal_column("inboxbridge_words(source_id, body)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. What is left out does not count.

    Attributes:
        any_of: Alternatives; of each, all phrases must occur in an event's person, text or id.
        event_id: The journal's number of an event, beside *any_of*.
        wix_id: A contact's, conversation's or message's id, beside *any_of*.
        state: One of `inboxbridge.model.records.STATES`.
        connection: A connection's name.
        direction: ``inbound`` or ``outbound``.
        since: Only what arrived at or after this moment, in Unix seconds.
        until: Only what arrived before this moment, in Unix seconds.
        accepts: Has the last word, given an event's stored body.
    """

    any_of: tuple[Phrases, ...] = ()
    event_id: int | None = None
    wix_id: str | None = None
    state: str | None = None
    connection: str | None = None
    direction: str | None = None
    since: float | None = None
    until: float | None = None
    accepts: Callable[[str | None], bool] | None = field(default=None, compare=False)

    @property
    def names_something(self) -> bool:
        """Whether more is asked for than the filters."""
        return bool(self.any_of or self.event_id or self.wix_id)


class FoundEvent(NamedTuple):
    """An event that was found, and its stored body."""

    record: EventRecord
    body: str | None


class FoundPage(NamedTuple):
    """A page of what was found, newest first.

    Attributes:
        events: The events.
        next_before: Where the next page begins: before this id; None where there is no more.
    """

    events: list[FoundEvent]
    next_before: int | None


def find(
    connection: Connection, wanted: Wanted, *, before_id: int | None = None, limit: int = 50
) -> FoundPage:
    """Return the newest events that are *wanted*, older than *before_id*.

    A page may hold fewer than *limit* and still have a next one: the search is bounded.
    """
    found: list[FoundEvent] = []
    window = _window(connection, wanted)
    examined = 0
    while examined < MOST_EXAMINED:
        size = min(PAGE, limit) if wanted.accepts is None else PAGE
        ids = _candidates(connection, wanted, window, before_id, size)
        for one in by_ids(connection, ids):
            before_id = one.record.id
            if wanted.accepts is None or wanted.accepts(one.body):
                found.append(one)
                if len(found) == limit:
                    return FoundPage(found, before_id)
        if len(ids) < size:
            return FoundPage(found, None)
        examined += len(ids)
    return FoundPage(found, before_id)


def phrase_of(typed: str) -> str:
    """Return what is typed as the index has it: words in lower case with spaces between."""
    return _NOT_OF_A_WORD.sub(" ", typed).strip().lower()


def count_at_least(connection: Connection, wanted: Wanted, most: int) -> list[int]:
    """Return the ids of the newest *most* events that are wanted."""
    ids: list[int] = []
    before: int | None = None
    while len(ids) < most:
        page = find(connection, wanted, before_id=before, limit=min(PAGE, most - len(ids)))
        ids += [one.record.id for one in page.events]
        before = page.next_before
        if before is None:
            break
    return ids


def _candidates(
    connection: Connection,
    wanted: Wanted,
    window: tuple[int, int],
    before_id: int | None,
    limit: int,
) -> list[int]:
    """The newest ids, without the last word of `Wanted.accepts`."""
    first, last = window
    if before_id is not None:
        last = min(last, before_id - 1)
    if last < first:
        return []
    conditions = [*_conditions(wanted), events.c.id >= first, events.c.id <= last]
    newest = select(events.c.id).where(*conditions).order_by(events.c.id.desc()).limit(limit)
    ids: set[int] = set()
    if connection.dialect.name != "sqlite" and wanted.any_of:
        matches = _matches(connection, wanted, (first, last))
        if matches is not None:
            ids.update(matches)
            wanted = replace(wanted, any_of=())
            if not wanted.names_something:
                return sorted(ids, reverse=True)[:limit]
    for statement in _sources(connection, wanted, newest, (first, last), limit):
        ids.update(connection.execute(statement).scalars())
    return sorted(ids, reverse=True)[:limit]


def _matches(connection: Connection, wanted: Wanted, window: tuple[int, int]) -> list[int] | None:
    """The ids that have the words, in no order, or None where there are too many.

    PostgreSQL takes a word that it has not counted for one of 200 events, and would then go through
    the whole table in the order of ids instead of using the index of words. Without an order it
    does not; what there is much of is found soon in any order. The index knows words but no
    phrases, and to look for one takes a look at each event: first it narrows them down by words.
    """
    having = select(events.c.id).where(
        *_conditions(wanted),
        events.c.id >= window[0],
        events.c.id <= window[1],
        _POSTGRES_WORDS.op("@@")(_tsquery(wanted.any_of, func.plainto_tsquery)),
    )
    ids = list(connection.execute(having.limit(MANY)).scalars())
    if len(ids) == MANY:
        return None
    if not any(" " in phrase for phrases in wanted.any_of for phrase in phrases):
        return ids
    exact = _POSTGRES_WORDS.op("@@")(_tsquery(wanted.any_of))
    statement = select(events.c.id).where(events.c.id.in_(ids), exact)
    return list(connection.execute(statement).scalars())


def _sources(
    connection: Connection,
    wanted: Wanted,
    newest: Select[Any],
    window: tuple[int, int],
    limit: int,
) -> list[Select[Any]]:
    if not wanted.names_something:
        return [newest]
    statements = []
    if wanted.event_id is not None and 0 < wanted.event_id <= LARGEST_ID:
        statements.append(newest.where(events.c.id == wanted.event_id))
    if wanted.wix_id is not None:
        of_contact = select(conversations.c.conversation_id).where(
            conversations.c.site.in_(select(sites.c.name)),
            conversations.c.contact_id == wanted.wix_id,
        )
        known = connection.execute(of_contact).scalars().all()
        sent = events.c.message_id.is_not(None)
        statements.append(newest.where(sent, events.c.conversation_id.in_([wanted.wix_id, *known])))
        statements.append(newest.where(sent, events.c.message_id == wanted.wix_id))
    if any(any(phrases) for phrases in wanted.any_of):
        statements.append(_by_words(connection, wanted, newest, window, limit))
    return statements


def _by_words(
    connection: Connection,
    wanted: Wanted,
    newest: Select[Any],
    window: tuple[int, int],
    limit: int,
) -> Select[Any]:
    if connection.dialect.name != "sqlite":
        return newest.where(_POSTGRES_WORDS.op("@@")(_tsquery(wanted.any_of)))
    row_id: ColumnElement[Any] = literal_column("events_words.rowid")
    having = (
        select(row_id)
        .select_from(text("events_words"))
        .where(
            text("events_words MATCH :asked").bindparams(asked=_match(wanted.any_of)),
            row_id >= window[0],
            row_id <= window[1],
        )
    )
    if _is_narrow(connection, wanted):
        # Few events pass the filters: those are gone through, and not all that have the words.
        return newest.where(events.c.id.in_(having))
    # By the index's own row id, so that it is read backwards and stops at the limit.
    return (
        having.join(events, events.c.id == row_id)
        .where(*_conditions(wanted))
        .order_by(row_id.desc())
        .limit(limit)
    )


def _is_narrow(connection: Connection, wanted: Wanted) -> bool:
    for column, value in (
        (events.c.state, wanted.state),
        (events.c.connection, wanted.connection),
    ):
        if value is not None:
            some = select(events.c.id).where(column == value).limit(NARROW + 1).subquery()
            if (connection.execute(select(func.count()).select_from(some)).scalar() or 0) <= NARROW:
                return True
    return False


def _match(any_of: Sequence[Phrases]) -> str:
    """The query of FTS5; see https://www.sqlite.org/fts5.html#full_text_query_syntax."""
    return " OR ".join(
        "(" + " AND ".join(f'"{phrase}"' for phrase in phrases if phrase) + ")"
        for phrases in any_of
        if any(phrases)
    )


def _tsquery(
    any_of: Sequence[Phrases], of_phrase: Callable[..., Any] = func.phraseto_tsquery
) -> ColumnElement[Any]:
    """The query of PostgreSQL, see https://www.postgresql.org/docs/current/textsearch-controls.html."""
    query: ColumnElement[Any] | None = None
    for phrases in any_of:
        every: ColumnElement[Any] | None = None
        for phrase in filter(None, phrases):
            one = of_phrase(text("'simple'"), phrase)
            every = one if every is None else every.op("&&")(one)
        if every is not None:
            query = every if query is None else query.op("||")(every)
    assert query is not None
    return query


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.state is not None:
        conditions.append(events.c.state == wanted.state)
    if wanted.connection is not None:
        conditions.append(events.c.connection == wanted.connection)
    if wanted.direction is not None:
        conditions.append(events.c.direction == wanted.direction)
    if wanted.since is not None:
        conditions.append(events.c.received_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(events.c.received_at < wanted.until)
    return conditions


def _window(connection: Connection, wanted: Wanted) -> tuple[int, int]:
    """The ids between which everything of the time that is asked for lies."""
    first, last = 1, LARGEST_ID
    if wanted.since is not None:
        first = first_id_at(connection, wanted.since - SLACK_SECONDS)
    if wanted.until is not None:
        last = first_id_at(connection, wanted.until + SLACK_SECONDS)
    return first, last


def first_id_at(connection: Connection, moment: float) -> int:
    """Return the id from which on events arrived at *moment* or later, in Unix seconds.

    Ids rise with time, so a few dozen reads find it, and no index is kept up for it.
    """
    low = connection.execute(select(func.min(events.c.id))).scalar() or 1
    high = (connection.execute(select(func.max(events.c.id))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            select(events.c.id, events.c.received_at)
            .where(events.c.id >= middle)
            .order_by(events.c.id)
            .limit(1)
        ).first()
        if row is None or row.received_at >= moment:
            high = middle
        else:
            low = row.id + 1
    return low


def by_ids(connection: Connection, ids: Sequence[int]) -> list[FoundEvent]:
    """Return events by their ids, newest first; at most a few hundred."""
    rows = connection.execute(
        select(*RECORD_COLUMNS, events.c.body)
        .where(events.c.id.in_(ids))
        .order_by(events.c.id.desc())
    )
    return [FoundEvent(record_of(row), row.body) for row in rows]
