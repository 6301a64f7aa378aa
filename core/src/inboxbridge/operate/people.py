"""Everything held about one person: shown, exported, erased."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from inboxbridge.identity import identities_of
from inboxbridge.identity.plan import email_key, phone_key
from inboxbridge.journal import finding, reads
from inboxbridge.journal.accepting import digest_of
from inboxbridge.journal.driver import insert_new
from inboxbridge.journal.overview import Deed, record_deeds
from inboxbridge.journal.schema import (
    WORDS,
    attempts,
    conversations,
    deliveries,
    events,
    links,
    seen,
)
from inboxbridge.model import Event, Person
from inboxbridge.model.phone import normalize_phone
from inboxbridge.operate.finding import NotUnderstood, person
from inboxbridge.operate.objects import as_object

_KEEP_IDS = insert_new(seen, ("digest", "at"))

MOST_EVENTS = 100_000
ROWS = 500


@dataclass(frozen=True, slots=True)
class Held:
    """What is held about a person.

    Attributes:
        identities: How the person is known: ``email:…``, ``phone:…``, ``id:CONNECTION:…``.
        event_ids: Events of theirs.
        unreadable_ids: Unreadable deliveries that hold one of their addresses.
        delivery_ids: Raw deliveries of these; one may hold others' events as well.
        links: Site, identity, contact, origin.
        contacts: Site and contact.
        waiting: How many of the events would still have been delivered.
    """

    identities: tuple[str, ...]
    event_ids: tuple[int, ...]
    unreadable_ids: tuple[int, ...]
    delivery_ids: tuple[str, ...]
    links: tuple[tuple[str, str, str | None, str], ...]
    contacts: tuple[tuple[str, str], ...]
    waiting: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not (self.event_ids or self.unreadable_ids or self.links)


def identity_of(typed: str) -> str:
    """Return the identity that is meant: ``email:…``, ``phone:+…`` or ``id:…``.

    A name is not enough, for two people may have it.

    Raises:
        NotUnderstood: It is none of these.
    """
    kind, colon, value = typed.strip().partition(":")
    if not (colon and kind in ("email", "phone", "id")):
        value = typed.strip()
        kind = "email" if "@" in value else "phone" if normalize_phone(value) else ""
    if kind == "email" and (email := Person(email=value).email):
        return f"email:{email}"
    if kind == "phone" and (phone := normalize_phone(value)):
        return f"phone:{phone}"
    if kind == "id" and value.strip():
        return f"id:{value.strip()}"
    raise NotUnderstood(
        "a person is named by email:dana@example.com, phone:+14155550132 or id:THE-SOURCES-ID; "
        "two people may have one name"
    )


def held(connection: Connection, identity: str) -> Held:
    """Return what is held about the person with an identity (see `identity_of`).

    Events that name the person by another of their addresses only are not found by this one: ask
    for each.
    """
    kind, _, value = identity.partition(":")
    found = _events_of(connection, kind, value)
    if kind != "id":
        identity = email_key(value) if kind == "email" else phone_key(value)
    keys: dict[str, None] = {}
    for _, name, about in found:
        keys.update(dict.fromkeys(identities_of(name, about)))
    if kind != "id":
        keys.setdefault(identity)
    own = [identity] if kind != "id" else [key for key in keys if key.endswith(f":{value}")]
    linked = _links(connection, own)
    contacts = {(site, contact) for site, _, contact, _ in linked if contact}
    unreadable = _unreadable_with(connection, value)
    ids = [number for number, _, _ in found]
    raw = _deliveries_of(connection, [*ids, *unreadable])
    states = reads.states_of(connection, ids)
    waiting = sum(states[key] in ("pending", "retrying", "parked") for key in ids)
    return Held(
        tuple(keys), tuple(ids), tuple(unreadable), tuple(raw), tuple(linked),
        tuple(sorted(contacts)), waiting,
    )  # fmt: skip


def export(connection: Connection, identity: str) -> dict[str, Any]:
    """Return everything held about a person, as ``person export`` prints it."""
    about = held(connection, identity)
    told = []
    for event_id in (*about.event_ids, *about.unreadable_ids):
        record = reads.get_event(connection, event_id)
        if record is None:
            continue
        body = reads.event_body(connection, event_id)
        raw = reads.raw_delivery(connection, event_id)
        told.append(
            {
                **as_object(record),
                "event": _json(body),
                "delivery": None if raw is None else raw.request.body.decode(errors="replace"),
            }
        )
    return {
        "identities": list(about.identities),
        "links": [
            {"site": site, "identity": key, "contact_id": contact, "origin": origin}
            for site, key, contact, origin in about.links
        ],
        "events": told,
        "deliveries": len(about.delivery_ids),
    }


def erase(connection: Connection, batch: Sequence[tuple[str, str]]) -> list[Held]:
    """Erase everything held about people: each an identity and who decided it.

    The keys of their events stay known, as digests, so that a repeated delivery stores nothing.
    On SQLite what is erased is overwritten.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    erased = []
    for identity, who in batch:
        about = held(connection, identity)
        ids = [*about.event_ids, *about.unreadable_ids]
        for start in range(0, len(ids), ROWS):
            _erase_events(connection, ids[start : start + ROWS])
        for start in range(0, len(about.delivery_ids), ROWS):
            gone = about.delivery_ids[start : start + ROWS]
            connection.execute(delete(deliveries).where(deliveries.c.id.in_(gone)))
        for site, key, _, _ in about.links:
            connection.execute(delete(links).where(links.c.site == site, links.c.identity == key))
        for site, contact_id in about.contacts:
            connection.execute(
                delete(conversations).where(
                    conversations.c.site == site, conversations.c.contact_id == contact_id
                )
            )
        detail = (
            f"{len(ids)} events, {len(about.delivery_ids)} deliveries, {len(about.links)} links"
        )
        deed = Deed(time.time(), who, "erase", "a person", detail)
        record_deeds(connection, [deed])
        erased.append(about)
    if is_sqlite:
        # Merges the index, so that nothing of what was taken out of it is left in its pages.
        connection.exec_driver_sql(f"INSERT INTO {WORDS}({WORDS}) VALUES ('optimize')")
    return erased


def _erase_events(connection: Connection, ids: Sequence[int]) -> None:
    rows = connection.execute(
        select(events.c.connection, events.c.source_id, events.c.received_at).where(
            events.c.id.in_(ids)
        )
    )
    known = [(digest_of(row.connection, row.source_id), row.received_at) for row in rows]
    _KEEP_IDS(connection, known)
    connection.execute(delete(attempts).where(attempts.c.event_id.in_(ids)))
    connection.execute(delete(events).where(events.c.id.in_(ids)))


def _events_of(connection: Connection, kind: str, value: str) -> list[tuple[int, str, Person]]:
    wanted = person(value)
    found: list[tuple[int, str, Person]] = []
    before: int | None = None
    while len(found) < MOST_EVENTS:
        page = finding.find(connection, wanted, before_id=before, limit=finding.PAGE)
        for one in page.events:
            about = _person(one.body)
            if about is not None and _is_known_by(about, kind, value):
                found.append((one.record.id, one.record.connection, about))
        before = page.next_before
        if before is None:
            break
    return found


def _is_known_by(about: Person, kind: str, value: str) -> bool:
    if kind == "email":
        return about.email is not None and email_key(about.email) == email_key(value)
    if kind == "phone":
        return about.phone is not None and phone_key(about.phone) == phone_key(value)
    return about.id == value


def _person(body: str | None) -> Person | None:
    try:
        return Event.model_validate_json(body).person if body else None
    except ValueError:
        return None


def _links(connection: Connection, keys: Sequence[str]) -> list[tuple[str, str, str | None, str]]:
    rows = connection.execute(
        select(links.c.site, links.c.identity, links.c.contact_id, links.c.origin).where(
            links.c.identity.in_(keys)
        )
    )
    return [(row.site, row.identity, row.contact_id, row.origin) for row in rows]


def _unreadable_with(connection: Connection, value: str) -> list[int]:
    rows = connection.execute(
        select(events.c.id, deliveries.c.body)
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .where(events.c.state == "unreadable")
    )
    wanted = value.lower().encode()
    bare = wanted.removeprefix(b"+")
    return [row.id for row in rows if wanted in (body := bytes(row.body).lower()) or bare in body]


def _deliveries_of(connection: Connection, ids: Sequence[int]) -> list[str]:
    found: dict[str, None] = {}
    for start in range(0, len(ids), ROWS):
        rows = connection.execute(
            select(events.c.delivery_id).where(
                events.c.id.in_(ids[start : start + ROWS]), events.c.delivery_id.is_not(None)
            )
        )
        found.update(dict.fromkeys(rows.scalars()))
    return list(found)


def _json(body: str | None) -> Any:
    try:
        return None if body is None else json.loads(body)
    except ValueError:
        return None
