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

from inboxbridge.courier.circuit import Circuit
from inboxbridge.courier.ledger import Ledger
from inboxbridge.courier.locks import KeyedLocks
from inboxbridge.courier.outcome import SETTLED, Outcome
from inboxbridge.courier.people import People
from inboxbridge.courier.retry import Retry
from inboxbridge.errors import HookFailed, HookTimeout
from inboxbridge.identity import Directory
from inboxbridge.journal import Journal, JournalUnavailable, writes
from inboxbridge.journal.rows import AttemptBegun, StoredEvent
from inboxbridge.model import Badge, BasicMessage, Event, MinimalMessage
from inboxbridge.plugins import Connection
from inboxbridge.reporter import Reporter
from inboxbridge.settings import CourierSettings
from inboxbridge.wix import (
    ContactIncomplete,
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
        self._now = now
        self._at_step = at_step
        self._ledger = Ledger(journal, retry, settings, reporter, now)
        self._people = People(directory, journal, self._ledger, now)
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
                return await self._ledger.again(row, str(error), started=started)
            return await self._ledger.dead(row, str(error))
        except HookFailed as error:
            return await self._ledger.dead(row, f"{error}; mend the connector, then replay")
        except JournalUnavailable:
            raise
        except Exception as error:
            # A fault of ours must hold back no more than this event's thread.
            self._log.exception("a delivery failed unexpectedly", event_id=row.id)
            reason = f"an error inside inboxbridge ({type(error).__name__}); see the log"
            return await self._ledger.again(row, reason, started=started)

    async def _prepare(self, row: StoredEvent, lane: Lane) -> _Prepared | Outcome:
        connection = self._connections.get(row.connection)
        if connection is None:
            return await self._ledger.parked(
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
            found = await self._people.contact(row, event, connection, lane)
            if isinstance(found, Outcome):
                return found
            contact_id, why = found
        else:
            contact_id, why = row.contact_id, "as before"
        content, badge = await connection.runner.call(lambda: connection.message(event))
        return _Prepared(row, event, connection, contact_id, why, content, badge)

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
            reason = f"{reason}: {type(error).__name__}"
            return await self._ledger.again(row, reason, started=self._now())
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
                    return await self._ledger.dead(prepared.row, str(error))
                if current is None:
                    found = await self._people.contact(
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
                return await self._ledger.delivered(
                    row,
                    contact_id,
                    arrived,
                    started=self._now(),
                    outcome="found there",
                    why=prepared.why,
                )
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
            await self._ledger.refused(row, started, error)
            raise
        except WixError as error:
            return await self._wix_failed(row, error, started, begun=True)
        except ValueError as error:
            return await self._ledger.dead(row, f"the message cannot be sent: {error}", begun=True)
        self._at_step("after send")
        self._circuit_closed()
        outcome = await self._ledger.delivered(
            row,
            contact_id,
            sent.message_id,
            started=started,
            outcome="delivered",
            why=prepared.why,
            request_id=sent.request_id,
        )
        self._at_step("after settle")
        return outcome

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

    async def _wix_failed(
        self, row: StoredEvent, error: WixError, started: float, *, begun: bool = False
    ) -> Outcome:
        """Decide by the kind of failure: rest, stop the site, ask a person, try again, give up."""
        if isinstance(error, (Throttled, Forbidden, Unauthorized)):
            if isinstance(error, Throttled):
                rest = self._retry.after_throttling(error.retry_after_seconds)
                self._client.budget.pause(rest)
                self._log.warning("Wix asked us to slow down", rest_seconds=round(rest, 1))
            else:
                await self._stop_site(str(error))
            if begun:
                await self._ledger.refused(row, started, error)
            return Outcome(wait_seconds=0.0)
        if isinstance(error, ContactIncomplete):
            return await self._ledger.parked(row, str(error))
        if error.retriable and self._circuit.failed():
            self._log.error("Wix fails repeatedly; probing with one event", reason=str(error))
        if error.retriable or error.effect == "unknown":
            return await self._ledger.again(
                row, str(error), started=started, error=error, begun=begun
            )
        return await self._ledger.dead(row, str(error), started=started, error=error, begun=begun)

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


def _heard(written: asyncio.Future[Any]) -> None:
    if not written.cancelled():
        written.exception()
