"""Rows of events for lists, and the search that a page's address stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from inboxbridge.errors import ConfigError
from inboxbridge.identity import identities_of
from inboxbridge.journal import reads
from inboxbridge.journal.finding import FoundEvent, Wanted
from inboxbridge.model import Event, Person
from inboxbridge.model.records import EventRecord
from inboxbridge.operate.finding import DIRECTIONS, asked, expect_connection, expect_state

from inboxbridge_console.desk import Desk
from inboxbridge_console.masks import person_label, tame

FIELDS = ("q", "state", "connection", "direction", "since", "until", "zone")
"""What an address may ask for."""

PREVIEW = 140


@dataclass(frozen=True, slots=True)
class Row:
    """An event in a list.

    Attributes:
        record: What is known of its way.
        person: How the person is called, masked unless shown.
        preview: The beginning of the text; empty unless shown.
        waiting_for: Why it is not finished.
    """

    record: EventRecord
    person: str
    preview: str
    waiting_for: str | None = None


def row_of(found: FoundEvent, *, shown: bool, waiting_for: str | None = None) -> Row:
    """Return an event's row."""
    event = event_of(found.body)
    return Row(
        found.record,
        person_label(event.person if event else None, shown=shown),
        tame(" ".join(event.text.split()), PREVIEW) if event and shown else "",
        waiting_for,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person for whom events are parked.

    Attributes:
        label: How the person is called, masked unless shown.
        count: How many events.
        newest: The newest of them, from which all can be linked.
    """

    label: str
    count: int
    newest: EventRecord


def by_person(found: Iterable[FoundEvent], *, shown: bool) -> list[Waiting]:
    """Return for whom events wait, the most first, so that one decision serves them all."""
    groups: dict[tuple[str, ...], list[tuple[EventRecord, Person]]] = {}
    for one in found:
        person = person_of(one.body)
        keys = identities_of(one.record.connection, person) if person else []
        if person is not None and keys:
            groups.setdefault((one.record.site, keys[0]), []).append((one.record, person))
    waiting = [
        Waiting(person_label(of_one[0][1], shown=shown), len(of_one), of_one[0][0])
        for of_one in groups.values()
    ]
    return sorted(waiting, key=lambda one: -one.count)


def event_of(body: str | None) -> Event | None:
    """Return the stored event, None where it is erased or damaged."""
    try:
        return Event.model_validate_json(body) if body else None
    except ValueError:
        return None


def person_of(body: str | None) -> Person | None:
    """Return the person of a stored event."""
    event = event_of(body)
    return event.person if event else None


def asked_for(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what an address or a form asks for, without what is empty."""
    return {name: str(values[name]).strip() for name in FIELDS if str(values.get(name, "")).strip()}


def query_of(wanted: Mapping[str, str], **more: object) -> str:
    """Return the query of an address."""
    return urlencode({**wanted, **{key: str(value) for key, value in more.items()}})


async def wanted_of(desk: Desk, values: Mapping[str, str]) -> Wanted:
    """Return the search that *values* (see `asked_for`) stand for.

    Raises:
        ConfigError: A state, connection, direction or time is not one; the text says what is.
    """
    state, connection = values.get("state"), values.get("connection")
    if state:
        expect_state(state)
    if connection and connection not in desk.config.connections:
        left = await desk.read(reads.connection_names)
        expect_connection(connection, {*desk.config.connections, *left})
    direction = values.get("direction")
    if direction and direction not in DIRECTIONS:
        raise ConfigError(f"there is no direction {direction!r}; it is inbound or outbound")
    return asked(
        anything_=values.get("q"),
        state=state,
        connection=connection,
        direction=direction,
        since=values.get("since"),
        until=values.get("until"),
        now=_now_in(values.get("zone")),
    )


def _now_in(zone: str | None) -> datetime | None:
    """Now in the reader's time zone, which a script tells; None for the server's."""
    if not zone:
        return None
    try:
        return datetime.now(ZoneInfo(zone))
    except (ValueError, OSError, KeyError):
        return None
