"""What an operator decides about events and people: replay, give up, link, unlink.

Each decision is first a plan, which says what would happen and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inboxbridge.config import Config, nearest
from inboxbridge.config.problems import config_error
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.errors import ConfigError, InboxbridgeError
from inboxbridge.gateway.intake import (
    Ignored,
    Malformed,
    Progress,
    Stored,
    Unreadable,
    contents,
    to_store,
    why_ignored,
)
from inboxbridge.gateway.recipients import share_out, sharing
from inboxbridge.identity import identities_of, parse_identity
from inboxbridge.journal import Journal, overview, reads, remembering, writes
from inboxbridge.journal.accepting import unreadable_key
from inboxbridge.journal.overview import Deed
from inboxbridge.journal.reader import JournalReader
from inboxbridge.journal.rows import GivingUp, Link, Reopening, Reparsed
from inboxbridge.journal.schema import OPEN
from inboxbridge.model import Event
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Connection, connect, connect_all, installed

CHUNK = 500
REPLAYED = "replayed by hand"
UNFINISHED = (*OPEN, "parked", "dead", "unreadable")
"""States in which an event can be given up."""

NOT_KEPT = "its delivery is not kept any more"


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay would do.

    Attributes:
        ready: Events that would be delivered, or read again.
        again: Those of them that are delivered: their messages would appear twice.
        unconfirmed: Events that were sent and cannot be confirmed; left out unless asked for.
        waiting: Events that wait for their turn already; nothing is to be done.
    """

    ready: tuple[int, ...]
    again: tuple[int, ...] = ()
    unconfirmed: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


@dataclass
class Outcome:
    """What a replay did.

    Attributes:
        reopened: How many events wait for their turn again.
        stored: How many events were read out of unreadable deliveries.
        left: What could not be replayed, and why, a line each.
    """

    reopened: int = 0
    stored: int = 0
    left: list[str] = field(default_factory=list)


def plan_replay(read: JournalReader, event_ids: Sequence[int]) -> ReplayPlan:
    """Say what a replay of events would do. Ids that the journal does not know are left out."""
    states = read(reads.states_of, event_ids)
    known = [key for key in dict.fromkeys(event_ids) if key in states]
    unconfirmed = set(read(reads.unconfirmed, known))
    return ReplayPlan(
        ready=tuple(key for key in known if key not in unconfirmed),
        again=tuple(key for key in known if states[key] == "delivered"),
        unconfirmed=tuple(key for key in known if key in unconfirmed),
        waiting=tuple(key for key in known if states[key] in OPEN),
    )


async def replay(
    config: Config,
    journal: Journal,
    event_ids: Sequence[int],
    *,
    who: str,
    send_again: bool = False,
    states: tuple[str, ...] = (),
    progress: Callable[[int], bool] = lambda done: True,
) -> Outcome:
    """Deliver events again, and read again those that were unreadable.

    Args:
        config: The configuration, to read unreadable deliveries with.
        journal: Where the events are.
        event_ids: Which.
        who: Who decided it, for the audit.
        send_again: Also what was sent and cannot be confirmed.
        states: Only those that are in one of these states by now; empty for any.
        progress: Told how many are done; returns whether to go on.
    """
    if send_again:
        await journal.write(writes.forget_attempts, tuple(event_ids))
    outcome = Outcome()
    connections: dict[str, Connection] = {}
    erased = done = 0
    for start in range(0, len(event_ids), CHUNK):
        chunk = event_ids[start : start + CHUNK]
        readable: list[int] = []
        sites: set[str] = set()
        for event_id in chunk:
            record = await journal.read(reads.get_event, event_id)
            if record is None or (states and record.state not in states):
                if record is not None:
                    outcome.left.append(_changed(record))
                continue
            sites.add(record.site)
            if record.state == "unreadable":
                await _read_again(config, journal, record, connections, outcome)
            else:
                readable.append(event_id)
        if readable:
            reopening = Reopening(tuple(readable), REPLAYED, states)
            reopened = await journal.write(writes.reopen, reopening)
            outcome.reopened += reopened
            if not reopened and len(readable) == 1 and states:
                outcome.left += await _decided_meanwhile(journal, readable[0], states)
            else:
                erased += len(readable) - reopened
        await _set_down(journal, who, "replay", chunk, REPLAYED)
        journal.announce(sites)
        done += len(chunk)
        if not progress(done):
            break
    if erased:
        outcome.left.append(
            f"{erased} event{'' if erased == 1 else 's'} cannot be replayed: there is no text to "
            "send, or it was erased after [journal] keep_personal_days"
        )
    for connection in connections.values():
        connection.runner.close()
    return outcome


async def _decided_meanwhile(journal: Journal, event_id: int, states: tuple[str, ...]) -> list[str]:
    record = await journal.read(reads.get_event, event_id)
    if record is None:
        return []
    if record.state in states:
        return [f"event {event_id} cannot be replayed: there is no text to send any more"]
    return [_changed(record)]


async def give_up(
    journal: Journal, event_ids: Sequence[int], *, who: str, states: tuple[str, ...] = UNFINISHED
) -> int:
    """Decide that events are not to be delivered. Returns how many that was true of.

    They become ``ignored``. A send that is under way at this moment may still arrive.
    """
    given_up = 0
    for start in range(0, len(event_ids), CHUNK):
        chunk = tuple(event_ids[start : start + CHUNK])
        reason = "given up by hand"
        given_up += await journal.write(writes.give_up, GivingUp(chunk, reason, states))
        await _set_down(journal, who, "give up", chunk, None)
    sites = await journal.read(reads.sites_of, event_ids)
    journal.announce(set(sites))
    return given_up


def parse_person(connection: str, identity: str) -> str:
    """Return the key of a typed identity. Raises `ConfigError`."""
    try:
        return parse_identity(connection, identity)
    except InboxbridgeError as error:
        raise ConfigError(str(error)) from None


async def released_by(journal: Journal, site: str, key: str) -> list[int]:
    """The parked events that linking an identity would release."""
    parked = await journal.read(reads.parked_bodies, site)
    return [
        event_id
        for event_id, name, body in parked
        if key in identities_of(name, Event.model_validate_json(body).person)
    ]


async def link(journal: Journal, site: str, key: str, contact_id: str, *, who: str) -> int:
    """Remember whose contact a person is. Returns how many parked events that released.

    Args:
        journal: Where it is remembered.
        site: The contact's site.
        key: The identity, as `parse_person` returns it.
        contact_id: Wix's contact.
        who: Who decided it, for the audit.
    """
    row = Link(site, key, contact_id, "manual", time.time())
    await journal.write(remembering.remember, row)
    released = await released_by(journal, site, key)
    reason = "its person was linked by hand"
    reopened = 0
    for start in range(0, len(released), CHUNK):
        chunk = tuple(released[start : start + CHUNK])
        reopened += await journal.write(writes.reopen, Reopening(chunk, reason, ("parked",)))
        await _set_down(journal, who, "link", chunk, f"contact {contact_id}")
    if not released:
        await _audit(journal, who, "link", f"site {site}", f"contact {contact_id}")
    journal.announce({site})
    return reopened


async def unlink(journal: Journal, site: str, key: str, *, who: str) -> str | None:
    """Forget a link that was made by hand. Returns the contact's id, None where there was none.

    Couriers ask Wix anew whose contact the person is.
    """
    links = await journal.read(reads.linked_contacts, site, [key])
    contact_id, origin, _ = links.get(key, (None, "", 0.0))
    if origin != "manual" or contact_id is None:
        return None
    # Without a contact, so that couriers of other processes hear of it as they do of new links.
    await journal.write(remembering.remember, Link(site, key, None, "manual", time.time()))
    await _audit(journal, who, "unlink", f"site {site}", f"contact {contact_id}")
    journal.announce_forgotten(site)
    return contact_id


@dataclass(frozen=True, slots=True)
class Reading:
    """What an unreadable delivery would be read as now.

    Attributes:
        events: Its events.
        problem: Why it is still unreadable; None if it can be read.
        note: Why there is nothing for the Inbox, where that is so.
    """

    events: tuple[Event, ...] = ()
    problem: str | None = None
    note: str | None = None


def preview_reading(config: Config, read: JournalReader, record: EventRecord) -> Reading:
    """Parse an unreadable delivery once more; nothing is stored."""
    raw = read(reads.raw_delivery, record.id)
    if raw is None:
        return Reading(problem=NOT_KEPT)
    try:
        connection = connected(config, record.connection)
    except InboxbridgeError as error:
        return Reading(problem=str(error))
    try:
        case = contents(connection, raw.request, Progress())
    finally:
        connection.runner.close()
    if isinstance(case, Malformed | Unreadable):
        return Reading(problem=case.reason)
    if isinstance(case, Ignored):
        return Reading(note=why_ignored(case))
    still = {unreadable_key(part): part.reason for part in case.unreadable}
    return Reading(case.events, problem=still.get(record.source_id))


def _others(config: Config, name: str) -> list[Connection]:
    """The running connections that share a connection's URL."""
    connected, _ = connect_all(config, inline=True)
    return list(sharing(connected).get(name, ()))


async def _read_again(
    config: Config,
    journal: Journal,
    record: EventRecord,
    connections: dict[str, Connection],
    outcome: Outcome,
) -> None:
    """Parse an unreadable delivery once more and store what it tells of."""
    raw = await journal.read(reads.raw_delivery, record.id)
    if raw is None:
        outcome.left.append(f"event {record.id}: {NOT_KEPT}")
        return
    try:
        connection = connections.get(record.connection)
        if connection is None:
            connection = connected(config, record.connection)
            connections[record.connection] = connection
    except InboxbridgeError as error:
        outcome.left.append(f"event {record.id} is still unreadable: {error}")
        return
    case = contents(connection, raw.request, Progress())
    if isinstance(case, Malformed | Unreadable):
        outcome.left.append(f"event {record.id} is still unreadable: {case.reason}")
        return
    ids: list[int | None] = []
    if isinstance(case, Stored):
        shares = share_out(case, connection, _others(config, record.connection))
        still = {
            unreadable_key(part): part.reason for _, share in shares for part in share.unreadable
        }
        if record.source_id in still:
            reason = still[record.source_id]
            outcome.left.append(f"event {record.id} is still unreadable: {reason}")
            return
        for one, share in shares:
            ids += await journal.accept(to_store(one, raw.request, share))
    new = [key for key in ids if key is not None]
    outcome.stored += len(new)
    events = f"{len(ids)} event{'' if len(ids) == 1 else 's'}"
    told = f"read after all: {events}, {len(new)} of them new"
    await journal.write(writes.mark_reparsed, Reparsed(record.id, told))


def connection_settings(config: Config, name: str) -> ConnectionSettings:
    """Return a connection's settings. Raises `ConfigError` where there is none of that name."""
    settings = config.connections.get(name)
    if settings is not None:
        return settings
    _expect_no_problems(config, name)
    hint = nearest(name, config.connections) or "The file names no connection."
    raise ConfigError(f"there is no connection called {name!r} in {config.path}. {hint}")


def connected(config: Config, name: str) -> Connection:
    """Make one connection. Raises `ConfigError` or `Unusable`, whatever is wrong with others."""
    settings = connection_settings(config, name)
    _expect_no_problems(config, name)
    return connect(settings, installed(), url=config.hook_url(name), locate=config.locate)


def _expect_no_problems(config: Config, name: str) -> None:
    if problems := config.problems_of(name):
        raise config_error(problems)


def _changed(record: EventRecord) -> str:
    reason = f" ({record.reason})" if record.reason else ""
    return f"event {record.id} was decided by somebody else meanwhile: it is {record.state}{reason}"


async def _set_down(
    journal: Journal, who: str, action: str, event_ids: Sequence[int], detail: str | None
) -> None:
    deeds = [Deed(time.time(), who, action, f"event {key}", detail) for key in event_ids]
    for written in [journal.write(overview.record_deeds, deed) for deed in deeds]:
        await written


async def _audit(
    journal: Journal, who: str, action: str, subject: str, detail: str | None = None
) -> None:
    await journal.write(overview.record_deeds, Deed(time.time(), who, action, subject, detail))
