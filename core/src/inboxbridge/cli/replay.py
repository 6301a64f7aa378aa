"""``replay`` and ``link``: deliver events again, link a person to a contact."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from inboxbridge.cli.console import count
from inboxbridge.cli.group import NotWell, say_error
from inboxbridge.cli.opening import ask, connect_one, connection_settings, reading, usable_config
from inboxbridge.config import Config
from inboxbridge.errors import ConfigError, InboxbridgeError
from inboxbridge.gateway.intake import (
    Malformed,
    Progress,
    Stored,
    Unreadable,
    contents,
    to_store,
)
from inboxbridge.gateway.recipients import share_out, sharing
from inboxbridge.identity import identities_of, parse_identity
from inboxbridge.journal import Journal, reads, remembering, writes
from inboxbridge.journal.accepting import unreadable_key
from inboxbridge.journal.rows import Link, Reopening, Reparsed
from inboxbridge.model import Event
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Connection, connect_all
from inboxbridge.telemetry.logs import configure_logs

ASK_ABOVE = 100
CHUNK = 500
REPLAYED = "replayed by hand"

T = TypeVar("T")


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


def replay(
    config_path: Path | None,
    event_ids: Sequence[int],
    *,
    state: str | None,
    connection: str | None,
    dry_run: bool,
    yes: bool,
    send_again: bool = False,
) -> int:
    """Deliver events again. Returns the exit code: 1 if some cannot be.

    What was sent and cannot be confirmed is left alone unless *send_again* is given.

    Raises:
        NotWell: An event is not in the journal.
    """
    config = usable_config(config_path)
    if connection is not None:
        connection_settings(config, connection)
    with reading(config) as read:
        if state is not None:
            found = read(reads.event_ids, state=state, connection_name=connection)
        else:
            found = list(dict.fromkeys(event_ids))
            missing = [key for key in found if read(reads.get_event, key) is None]
            if missing:
                listed = ", ".join(map(str, missing))
                raise NotWell(f"there is no event {listed} in the journal; nothing was replayed")
        unconfirmed = [] if send_again else read(reads.unconfirmed, found)
    if unconfirmed:
        found = [key for key in found if key not in set(unconfirmed)]
        say_error(_left_alone(unconfirmed))
    what = f"{state} event" if state else "event"
    if dry_run:
        print(f"{count(len(found), what)} would be replayed; nothing was changed")
        return 0
    print(f"{count(len(found), what)} to replay")
    if len(found) > ASK_ABOVE and not yes and is_interactive() and not ask("Go on?"):
        return 0
    if not found:
        return 1 if unconfirmed else 0
    outcome = asyncio.run(
        _in_journal(config, lambda journal: _replay(config, journal, found, send_again=send_again))
    )
    print(f"{count(outcome.reopened + outcome.stored, 'event')} will be delivered again")
    for line in outcome.left:
        say_error(line)
    return 1 if outcome.left or unconfirmed else 0


def _left_alone(event_ids: Sequence[int]) -> str:
    listed = " ".join(map(str, event_ids[:20]))
    return (
        f"{count(len(event_ids), 'event')} left alone: sent, cannot be confirmed. Look in the "
        "Inbox; what is not there is sent again with "
        f"`inboxbridge replay --send-again {listed}{' …' if len(event_ids) > 20 else ''}`"
    )


def is_interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def link(config_path: Path | None, connection: str, identity: str, contact_id: str) -> int:
    """Remember whose contact a person is, and release what is parked for them.

    Returns the exit code.

    Raises:
        ConfigError: There is no such connection, or *identity* is written in no known way.
    """
    config = usable_config(config_path)
    settings = connection_settings(config, connection)
    try:
        key = parse_identity(connection, identity)
    except InboxbridgeError as error:
        raise ConfigError(str(error)) from None
    if not contact_id.strip():
        raise ConfigError("the contact id is empty; Wix shows it in the contact's address")
    row = Link(settings.site, key, contact_id.strip(), "manual", time.time())

    async def remember(journal: Journal) -> int:
        await journal.write(remembering.remember, row)
        parked = await journal.read(reads.parked_bodies, settings.site)
        released = [
            event_id
            for event_id, name, body in parked
            if key in identities_of(name, Event.model_validate_json(body).person)
        ]
        reopened = await _reopen(journal, released, "its person was linked by hand")
        journal.announce({settings.site})
        return reopened

    released = asyncio.run(_in_journal(config, remember))
    print(f"linked to contact {row.contact_id}; {count(released, 'parked event')} released")
    return 0


async def _in_journal(config: Config, work: Callable[[Journal], Awaitable[T]]) -> T:
    configure_logs()
    journal = Journal(config.journal.url)
    try:
        return await work(journal)
    finally:
        await journal.close()


async def _replay(
    config: Config, journal: Journal, ids: Sequence[int], *, send_again: bool
) -> Outcome:
    if send_again:
        await journal.write(writes.forget_attempts, tuple(ids))
    outcome = Outcome()
    connections: dict[str, Connection] = {}
    readable = []
    sites: set[str] = set()
    for event_id in ids:
        record = await journal.read(reads.get_event, event_id)
        if record is None:
            continue
        sites.add(record.site)
        if record.state == "unreadable":
            await _read_again(config, journal, record, connections, outcome)
        else:
            readable.append(event_id)
    outcome.reopened = await _reopen(journal, readable, REPLAYED)
    if erased := len(readable) - outcome.reopened:
        outcome.left.append(
            f"{count(erased, 'event')} cannot be replayed: there is no text to send, "
            "or it was erased after [journal] keep_personal_days"
        )
    journal.announce(sites)
    return outcome


async def _reopen(journal: Journal, ids: Sequence[int], reason: str) -> int:
    reopened = 0
    for start in range(0, len(ids), CHUNK):
        chunk = tuple(ids[start : start + CHUNK])
        reopened += await journal.write(writes.reopen, Reopening(chunk, reason))
    return reopened


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
        outcome.left.append(f"event {record.id}: its delivery is not kept any more")
        return
    try:
        connection = connections.get(record.connection)
        if connection is None:
            connection = connect_one(config, record.connection)
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
    told = f"read after all: {count(len(ids), 'event')}, {len(new)} of them new"
    await journal.write(writes.mark_reparsed, Reparsed(record.id, told))
