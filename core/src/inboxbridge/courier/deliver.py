"""One event's way to the Inbox: who, which conversation, what, sent once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog

from inboxbridge.config import CourierSettings
from inboxbridge.courier.circuit import Circuit
from inboxbridge.courier.locks import KeyedLocks
from inboxbridge.courier.outcome import SETTLED, Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.errors import HookFailed, HookTimeout
from inboxbridge.identity import Directory, Drop, Found, Park
from inboxbridge.journal import Journal, JournalUnavailable, reads, writes
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled, StoredEvent, moment
from inboxbridge.model import Badge, BasicMessage, Event, MinimalMessage
from inboxbridge.plugins import Connection
from inboxbridge.records import EventRecord
from inboxbridge.reporter import Reporter
from inboxbridge.wix import (
    ContactIncomplete,
    CredentialsRefused,
    Forbidden,
    NotFound,
    Outgoing,
    Throttled,
    Unauthorized,
    WixClient,
    WixError,
    fingerprint,
)
from inboxbridge.wix.budget import Lane

HANGS_BEFORE_DEAD = 3
CLOCK_SKEW_SECONDS = 120.0
ABOUT_WAIT_SECONDS = 3600.0
ENRICH_SECONDS = 10.0

Crash = Callable[[str], None]


@dataclass(slots=True)
class _Prepared:
    """An event with everything that is known of its message."""

    row: StoredEvent
    event: Event
    connection: Connection
    contact_id: str
    why: str
    content: BasicMessage | MinimalMessage
    badge: Badge | None


class Deliverer:
    """Takes single events of one site to Wix.

    Args:
        site: The site's name.
        client: Its Wix client.
        directory: Its people.
        connections: The connections that deliver to it, by name.
        journal: Where every step is set down.
        circuit: Told of what Wix answers.
        retry: When to try again.
        settings: ``[courier]``.
        reporter: Told of what became of events.
        now: Unix seconds.
        at_step: Called with the name of each step as it is reached, for tests of crashes.
    """

    def __init__(
        self,
        site: str,
        client: WixClient,
        directory: Directory,
        connections: Mapping[str, Connection],
        journal: Journal,
        *,
        circuit: Circuit,
        retry: Retry,
        settings: CourierSettings,
        reporter: Reporter,
        now: Callable[[], float] = time.time,
        at_step: Crash = lambda step: None,
    ) -> None:
        self.site = site
        self._client = client
        self._directory = directory
        self._connections = connections
        self._journal = journal
        self._circuit = circuit
        self._retry = retry
        self._settings = settings
        self._reporter = reporter
        self._now = now
        self._at_step = at_step
        self._conversations = KeyedLocks()
        self._http: httpx.AsyncClient | None = None
        self._log = structlog.get_logger("inboxbridge").bind(site=site)

    async def close(self) -> None:
        """Close the connections that `enrich` used."""
        if self._http is not None:
            await self._http.aclose()

    async def deliver(self, row: StoredEvent, lane: Lane) -> Outcome:
        """Take one event as far as it goes now, and set down what came of it.

        Raises:
            JournalUnavailable: Nothing more can be set down; the event is as it was.
        """
        started = self._now()
        try:
            prepared = await self._prepare(row, lane)
            if isinstance(prepared, Outcome):
                return prepared
            return await self._take(prepared, lane)
        except WixError as error:
            return await self._wix_failed(row, error, started)
        except HookTimeout as error:
            if row.attempts + 1 < HANGS_BEFORE_DEAD:
                return await self._again(row, str(error), started, "hook hangs")
            return await self._give_up(row, str(error))
        except HookFailed as error:
            return await self._give_up(row, f"{error}; mend the connector, then replay")

    async def _prepare(self, row: StoredEvent, lane: Lane) -> _Prepared | Outcome:
        connection = self._connections.get(row.connection)
        if connection is None:
            return await self._park(
                row,
                f"connection {row.connection!r} is not running; enable or mend it in "
                "connectors.toml, then replay",
            )
        event = Event.model_validate_json(row.body)
        if "enrich" in connection.hooks and not row.enriched:
            enriched = await self._enrich(row, event, connection)
            if isinstance(enriched, Outcome):
                return enriched
            event = enriched
        if row.contact_id is None:
            found = await self._identify(row, event, connection, lane)
            if isinstance(found, Outcome):
                return found
            contact_id, why = found
        else:
            contact_id, why = row.contact_id, "as before"
        content, badge = await connection.runner.call(lambda: connection.message(event))
        return _Prepared(row, event, connection, contact_id, why, content, badge)

    async def _identify(
        self, row: StoredEvent, event: Event, connection: Connection, lane: Lane
    ) -> tuple[str, str] | Outcome:
        person = event.person
        if not person.is_known:
            if event.about is None:
                return await self._park(
                    row, "the event names no person: no email, no phone, no id of the source"
                )
            relatives = await self._relatives(row, event.about)
            if isinstance(relatives, Outcome):
                return relatives
            person = relatives
        label = f"{connection.label} {(person.id or '')[-6:]}".strip()
        found = await self._directory.resolve(connection.settings, person, label, lane)
        if isinstance(found, Park):
            return await self._park(row, found.reason)
        if isinstance(found, Drop):
            await self._settle(row, Settled(row.id, "ignored", found.reason))
            return Outcome(about=row.about)
        await self._fan_out(row, found)
        return found.contact_ids[0], found.why

    async def _relatives(self, row: StoredEvent, about: str) -> Any:
        """The person of another event about the same thing, once that one is through."""
        for other in await self._journal.read(reads.event_about, row.connection, about):
            if other.id == row.id:
                continue
            person = Event.model_validate_json(other.body).person
            if person.is_known:
                if other.state in ("pending", "retrying"):
                    return Outcome(wait_seconds=30.0)
                return person
        waited = self._now() - row.received_at
        if waited < ABOUT_WAIT_SECONDS:
            return Outcome(wait_seconds=min(max(waited, 1.0), 60.0))
        return await self._park(
            row, "the event names no person, and none came for the thing that it is about"
        )

    async def _fan_out(self, row: StoredEvent, found: Found) -> None:
        """Several contacts, each to get the message: copies of the event for all but the first."""
        for contact_id in found.contact_ids[1:]:
            copy = {
                "site": row.site,
                "connection": row.connection,
                "source_id": f"{row.source_id}#{contact_id}",
                "thread": f"{row.thread}#{contact_id}",
                "about": None,
                "kind": row.kind,
                "direction": row.direction,
                "lane": row.lane,
                "body": row.body,
                "enriched": row.enriched,
                "state": "pending",
                "reason": None,
                "attempts": 0,
                "received_at": row.received_at,
                "contact_id": contact_id,
            }
            await self._journal.write(writes.add_events, copy)

    async def _enrich(
        self, row: StoredEvent, event: Event, connection: Connection
    ) -> Event | Outcome:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=ENRICH_SECONDS)
        try:
            async with asyncio.timeout(ENRICH_SECONDS * 3):
                enriched = await connection.enrich(event, self._http)
        except HookFailed:
            raise
        except Exception as error:
            reason = f"connection {row.connection!r} could not fetch what its payload left out"
            return await self._again(row, f"{reason}: {type(error).__name__}", self._now(), reason)
        await self._journal.write(
            writes.replace_bodies, (row.id, enriched.model_dump_json(exclude_defaults=True))
        )
        return enriched

    async def _take(self, prepared: _Prepared, lane: Lane) -> Outcome:
        """Send, once the contact's conversation is known; look again once if it is not there."""
        contact_id = prepared.contact_id
        for last in (False, True):
            try:
                # An attempt without an outcome is looked for where it went.
                uncertain = prepared.row.attempt_at is not None and not last
                conversation_id = (uncertain and prepared.row.conversation_id) or (
                    await self._directory.conversation(contact_id, lane)
                )
                async with self._conversations(conversation_id):
                    return await self._send(prepared, contact_id, conversation_id, lane)
            except NotFound as error:
                current = await self._directory.refresh(contact_id, lane)
                if last:
                    return await self._give_up(prepared.row, str(error))
                if current is None:
                    found = await self._identify(
                        prepared.row, prepared.event, prepared.connection, lane
                    )
                    if isinstance(found, Outcome):
                        return found
                    contact_id = found[0]
                else:
                    contact_id = current
        raise AssertionError("unreachable")

    async def _send(
        self, prepared: _Prepared, contact_id: str, conversation_id: str, lane: Lane
    ) -> Outcome:
        row, settings = prepared.row, prepared.connection.settings
        outgoing = Outgoing(
            conversation_id=conversation_id,
            content=prepared.content,
            badge=prepared.badge,
            direction=prepared.event.direction,
            visibility=settings.visibility,
            silent=prepared.event.silent,
        )
        mark = fingerprint(outgoing)
        if row.attempt_at is not None:
            arrived = await self._arrived(row, conversation_id, lane)
            if isinstance(arrived, Outcome):
                return arrived
            if arrived is not None:
                return await self._delivered(row, contact_id, arrived, self._now(), "found there")
        started = self._now()
        self._at_step("before begin")
        begun = await self._journal.write(
            writes.begin_attempts,
            AttemptBegun(
                event_id=row.id,
                attempts_before=row.attempts,
                at=started + self._client.server_clock_offset_seconds,
                contact_id=contact_id,
                conversation_id=conversation_id,
                fingerprint=mark,
            ),
        )
        if not begun:
            self._log.warning("event changed meanwhile; not sent", event_id=row.id)
            return SETTLED
        self._at_step("after begin")
        try:
            sent = await self._client.send(outgoing, lane=lane)
        except NotFound as error:
            await self._ended(row, started, error)
            raise
        except WixError as error:
            return await self._wix_failed(row, error, started, begun=True)
        except ValueError as error:
            return await self._give_up(row, f"the message cannot be sent: {error}")
        self._at_step("after send")
        self._circuit_closed()
        return await self._delivered(
            row, contact_id, sent.message_id, started, "delivered", sent.request_id, prepared.why
        )

    async def _arrived(
        self, row: StoredEvent, conversation_id: str, lane: Lane
    ) -> str | Outcome | None:
        """The id of the message that an attempt without an outcome left, or None."""
        assert row.attempt_at is not None
        offset = self._client.server_clock_offset_seconds
        too_early = row.attempt_at + self._settings.settle_seconds - (self._now() + offset)
        if 0 < too_early <= self._settings.settle_seconds:
            return Outcome(wait_seconds=too_early)
        self._at_step("before look")
        oldest = datetime.fromtimestamp(row.attempt_at - CLOCK_SKEW_SECONDS, UTC)
        alike = []
        async for seen in self._client.messages(conversation_id, lane=lane):
            if seen.created_at < oldest:
                break
            if seen.fingerprint == row.fingerprint:
                alike.append(seen.id)
        if not alike:
            return None
        owned = await self._journal.write(writes.owned_messages, (conversation_id, tuple(alike)))
        return next((one for one in reversed(alike) if one not in owned), None)

    async def _delivered(
        self,
        row: StoredEvent,
        contact_id: str,
        message_id: str,
        started: float,
        outcome: str,
        request_id: str | None = None,
        why: str | None = None,
    ) -> Outcome:
        now = self._now()
        settled = Settled(
            row.id,
            "delivered",
            reason=why,
            delivered_at=now,
            message_id=message_id,
            contact_id=contact_id,
            attempt=AttemptEnded(started, now, outcome, why, 200, request_id),
        )
        await self._settle(row, settled)
        self._at_step("after settle")
        return Outcome(about=row.about)

    async def _wix_failed(
        self, row: StoredEvent, error: WixError, started: float, *, begun: bool = False
    ) -> Outcome:
        if isinstance(error, Throttled):
            rest = self._retry.after_throttling(error.retry_after_seconds)
            self._client.budget.pause(rest)
            self._log.warning("Wix asked us to slow down", rest_seconds=round(rest, 1))
            if begun:
                await self._ended(row, started, error)
            return Outcome(wait_seconds=0.0)
        if isinstance(error, (Forbidden, Unauthorized, CredentialsRefused)):
            await self._stop_site(str(error))
            if begun:
                await self._ended(row, started, error)
            return Outcome(wait_seconds=0.0)
        if isinstance(error, ContactIncomplete):
            return await self._park(row, str(error))
        if not error.retriable:
            if error.effect == "unknown":
                return await self._again(row, str(error), started, "unknown", error, begun=begun)
            return await self._give_up(row, str(error), started, error, begun=begun)
        if self._circuit.failed():
            self._log.error("Wix fails repeatedly; probing with one event", reason=str(error))
        return await self._again(row, str(error), started, "failed", error, begun=begun)

    async def _again(
        self,
        row: StoredEvent,
        reason: str,
        started: float,
        outcome: str,
        error: WixError | None = None,
        *,
        begun: bool = False,
    ) -> Outcome:
        now = self._now()
        uncertain = row.attempt_at is not None or (
            begun and error is not None and error.effect == "unknown"
        )
        if now - row.received_at > self._settings.max_age_seconds:
            hours = self._settings.max_age_seconds / 3600
            return await self._give_up(
                row, f"given up after {hours:g} h: {reason}", started, error, begun=begun
            )
        wait = self._retry.wait(row.attempts + 1)
        if uncertain:
            wait = max(wait, self._settings.settle_seconds)
        settled = Settled(
            row.id,
            "retrying",
            reason,
            due_at=now + wait,
            attempt=AttemptEnded(
                started,
                now,
                "unknown" if uncertain else outcome,
                reason,
                error.status if error else None,
                error.request_id if error else None,
            ),
            keep_attempt=uncertain,
            tries=0 if begun else 1,
        )
        await self._settle(row, settled)
        return Outcome(wait_seconds=wait)

    async def _ended(self, row: StoredEvent, started: float, error: WixError) -> None:
        """A begun send was refused: nothing arrived, and the event is as before."""
        attempt = AttemptEnded(
            started, self._now(), "refused", str(error), error.status, error.request_id
        )
        await self._record(Settled(row.id, "retrying", str(error), attempt=attempt))

    async def _give_up(
        self,
        row: StoredEvent,
        reason: str,
        started: float | None = None,
        error: WixError | None = None,
        *,
        begun: bool = False,
    ) -> Outcome:
        now = self._now()
        attempt = AttemptEnded(
            started or now,
            now,
            "given up",
            reason,
            error.status if error else None,
            error.request_id if error else None,
        )
        await self._settle(
            row, Settled(row.id, "dead", reason, attempt=attempt, tries=0 if begun else 1)
        )
        return Outcome(about=row.about, holds=True)

    async def _park(self, row: StoredEvent, reason: str) -> Outcome:
        await self._settle(row, Settled(row.id, "parked", reason))
        return Outcome(about=row.about, holds=True)

    async def _stop_site(self, reason: str) -> None:
        if self._circuit.stop(reason):
            self._log.error("site stopped: Wix refuses the credentials", reason=reason)
            await self._journal.write(
                writes.set_site_state, (self.site, "stopped", reason, self._now())
            )

    def _circuit_closed(self) -> None:
        if self._circuit.succeeded():
            self._log.info("Wix answers again")
            running = (self.site, "running", None, self._now())
            self._journal.write(writes.set_site_state, running).add_done_callback(_heard)

    async def _settle(self, row: StoredEvent, settled: Settled) -> None:
        await self._record(settled)
        record = EventRecord(
            id=row.id,
            connection=row.connection,
            site=row.site,
            source_id=row.source_id,
            kind=row.kind,
            direction=row.direction,
            state=settled.state,
            reason=settled.reason,
            attempts=row.attempts + 1,
            received_at=datetime.fromtimestamp(row.received_at, UTC),
            delivered_at=moment(settled.delivered_at),
            contact_id=settled.contact_id or row.contact_id,
            conversation_id=row.conversation_id,
            message_id=settled.message_id,
        )
        seconds = self._now() - row.received_at
        self._reporter.settled(record, seconds=round(seconds, 3))

    async def _record(self, settled: Settled) -> None:
        """Set down what has happened at Wix, however long the journal takes to come back."""
        wait = 0.1
        while True:
            try:
                await self._journal.write(writes.settle, settled)
                return
            except JournalUnavailable as error:
                self._log.error("the journal is not there; holding on", reason=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)


def _heard(written: asyncio.Future[Any]) -> None:
    if not written.cancelled():
        written.exception()
