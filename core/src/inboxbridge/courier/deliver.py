"""Deliver one event: find its contact and conversation, send its message once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog
from pydantic import ValidationError

from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.files import Files
from inboxbridge.courier.ledger import Destination, Ledger
from inboxbridge.courier.outcome import READ_AFRESH, Outcome
from inboxbridge.courier.people import People
from inboxbridge.courier.reconcile import UNSURE_SKEW_SECONDS, Reconciler
from inboxbridge.courier.retry import LONGEST_RETRY_AFTER_SECONDS
from inboxbridge.errors import ConnectorError, HookFailed, HookTimeout
from inboxbridge.identity import Memory
from inboxbridge.journal import JournalUnavailable, writes
from inboxbridge.journal.rows import EnrichedBody, StoredEvent
from inboxbridge.model import Badge, BasicMessage, Event, MinimalMessage
from inboxbridge.plugins import OF_THE_CORE, Connection
from inboxbridge.wix import (
    Conflict,
    ContactIncomplete,
    Forbidden,
    NotFound,
    Outgoing,
    Rejected,
    Throttled,
    WixError,
    fingerprint,
)
from inboxbridge.wix.budget import Lane

HANGS_BEFORE_DEAD = 3

REFUSALS_BEFORE_PARKED = 10
"""Tries that Wix refuses for one conversation or contact before a person is asked."""


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
        context: The site and what is used for it.
    """

    def __init__(self, context: SiteContext) -> None:
        self._client = context.client
        self._directory = context.directory
        self._connections = context.connections
        self._journal = context.journal
        self._health = context.health
        self._settings = context.settings
        self._now = context.now
        self._clock = context.clock
        self._at_step = context.at_step
        self._ledger = Ledger(
            context.journal, context.retry, context.settings, context.reporter, context.now
        )
        self._people = People(context, self._ledger)
        self._files = Files(context, self._ledger)
        self._reconciler = Reconciler(context, self._ledger)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._newest: Memory[str] = Memory(None, context.now)
        self._log = structlog.get_logger("inboxbridge").bind(site=context.site)

    async def deliver(self, row: StoredEvent, lane: Lane) -> Outcome:
        """Take one event as far as it goes now, and set down what came of it.

        Raises:
            JournalUnavailable: Nothing more can be set down; the event is as it was.
        """
        started, began_at = self._now(), self._clock()
        try:
            prepared = await self._prepare(row, lane)
            if isinstance(prepared, Outcome):
                return prepared
            return await self._take(prepared, lane, began_at)
        except WixError as error:
            return await self._wix_failed(row, error, started, began_at)
        except HookTimeout as error:
            if row.attempts + 1 < HANGS_BEFORE_DEAD:
                return await self._ledger.again(row, str(error), started=started)
            return await self._ledger.dead(row, str(error))
        except HookFailed as error:
            return await self._ledger.dead(row, f"{error}; fix the connector, then replay")
        except JournalUnavailable:
            raise
        except Exception as error:
            # A fault of ours must hold back no more than this event's thread.
            return await self._our_fault(row, error, started)

    async def _our_fault(self, row: StoredEvent, error: Exception, started: float) -> Outcome:
        self._log.error("delivery_failed_unexpectedly", event_id=row.id, exc_info=error)
        reason = f"an error inside inboxbridge ({type(error).__name__}); see the log"
        return await self._ledger.again(
            row, reason, started=started, begun=row.attempt_at is not None
        )

    async def _prepare(self, row: StoredEvent, lane: Lane) -> _Prepared | Outcome:
        if row.fault is not None:
            return await self._ledger.parked(row, row.fault)
        connection = self._connections[row.connection]
        try:
            event = Event.model_validate_json(row.body)
        except ValidationError:
            return await self._ledger.parked(
                row, "what the journal holds of this event cannot be read"
            )
        is_of_the_source = OF_THE_CORE not in event.data
        if "enrich" in connection.hooks and not row.enriched and is_of_the_source:
            enriched = await self._enrich(row, event, connection)
            if isinstance(enriched, Outcome):
                return enriched
            event = enriched
        if event.attachments:
            fetched = await self._files.fetched(row, event, connection, lane)
            if isinstance(fetched, Outcome):
                return fetched
            event = fetched
        if not row.contact_id:
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
        try:
            enriched = await connection.enrich(event)
        except HookFailed:
            raise
        except Exception as error:
            said = str(error) if isinstance(error, ConnectorError) else type(error).__name__
            reason = (
                f"connection {row.connection!r} could not fetch what its payload left out: {said}"
            )
            return await self._ledger.again(row, reason, started=self._now())
        if enriched != event:
            await self._journal.write(
                writes.replace_bodies,
                EnrichedBody(row.id, enriched.model_dump_json(exclude_defaults=True)),
            )
        return enriched

    async def _take(self, prepared: _Prepared, lane: Lane, began_at: float) -> Outcome:
        """Send, unless an earlier attempt turns out to have arrived."""
        row, contact_id = prepared.row, prepared.contact_id
        started = self._now()
        try:
            conversation_id = await self._directory.conversation(contact_id, lane)
        except NotFound as error:
            return await self._moved(row, contact_id, error, lane, started)
        outgoing = Outgoing(
            conversation_id=conversation_id,
            content=prepared.content,
            badge=prepared.badge,
            direction=prepared.event.direction,
            visibility=prepared.connection.settings.visibility,
            silent=prepared.event.silent,
        )
        try:
            mark = fingerprint(outgoing)
        except ValueError as error:
            return await self._ledger.dead(row, f"the message cannot be sent: {error}")
        to = Destination(contact_id, conversation_id, mark)
        async with self._lock_of(conversation_id):
            if row.attempt_at is not None or row.look_since is not None:
                settled = await self._reconciler.look(row, to, prepared.why, lane, began_at)
                if settled is not None:
                    return settled
            outcome = await self._send(prepared, outgoing, to, lane, began_at)
        event = prepared.event
        if outcome.wait_seconds is None and event.person.name is not None:
            await self._people.complete(contact_id, event, prepared.connection, lane)
        return outcome

    def _lock_of(self, conversation_id: str) -> asyncio.Lock:
        lock = self._locks.get(conversation_id)
        if lock is None:
            lock = self._locks[conversation_id] = asyncio.Lock()
        return lock

    async def _send(
        self,
        prepared: _Prepared,
        outgoing: Outgoing,
        to: Destination,
        lane: Lane,
        began_at: float,
    ) -> Outcome:
        started = self._now()
        self._at_step("before begin")
        row = await self._ledger.begin(
            prepared.row,
            at=started + min(self._client.server_clock_offset_seconds, 0.0),
            after=self._newest.get(to.conversation_id),
            to=to,
            look_since=None if self._client.knows_server_clock else started - UNSURE_SKEW_SECONDS,
        )
        if row is None:
            self._log.warning("event_changed_meanwhile", event_id=prepared.row.id)
            return READ_AFRESH
        self._at_step("after begin")
        try:
            sent = await self._client.send(outgoing, lane=lane)
            self._at_step("after send")
            self._newest.put(to.conversation_id, sent.message_id)
            self._health.succeeded()
            outcome = await self._ledger.delivered(
                row,
                sent.message_id,
                started=started,
                outcome="delivered",
                why=prepared.why,
                request_id=sent.request_id,
            )
            self._at_step("after settle")
        except WixError as error:
            if error.effect == "none":
                row = row._replace(attempt_at=None)
            if isinstance(error, NotFound):
                return await self._moved(
                    row,
                    to.contact_id,
                    error,
                    lane,
                    started,
                    gone=to.conversation_id,
                    begun=True,
                )
            return await self._wix_failed(row, error, started, began_at, begun=True)
        except JournalUnavailable:
            raise
        except Exception as error:
            # What was begun may be in the Inbox: it must never be sent again without a look.
            return await self._our_fault(row, error, started)
        return outcome

    async def _moved(
        self,
        row: StoredEvent,
        contact_id: str,
        error: NotFound,
        lane: Lane,
        started: float,
        *,
        gone: str | None = None,
        begun: bool = False,
    ) -> Outcome:
        """Wix does not know the conversation or the contact: go on with what is there now."""
        current = await self._directory.refresh(contact_id, lane, gone)
        if current is None and row.attempt_at is not None:
            settled = await self._reconciler.after_its_contact_went(row, lane, started)
            if settled is not None:
                return settled
        if row.attempts >= REFUSALS_BEFORE_PARKED:
            return await self._ledger.parked(row, str(error), error=error)
        return await self._ledger.again(
            row,
            str(error),
            started=started,
            error=error,
            begun=begun,
            at_once=row.failing_since is None,
            contact_id=current or "",
        )

    async def _wix_failed(
        self,
        row: StoredEvent,
        error: WixError,
        started: float,
        began_at: float,
        *,
        begun: bool = False,
    ) -> Outcome:
        """Decide by the kind of failure: try again, ask a person, or give up."""
        await self._health.failed(row.thread, error, began_at)
        if isinstance(error, ContactIncomplete):
            return await self._ledger.parked(row, str(error), error=error)
        if isinstance(error, (Rejected, Conflict)) and row.attempt_at is None:
            if error.scope == "contact":
                return await self._ledger.parked(row, str(error), error=error)
            return await self._ledger.dead(
                row, str(error), started=started, error=error, begun=begun
            )
        is_refusal = isinstance(error, (Forbidden, NotFound)) and error.scope != "site"
        if is_refusal and self._health.is_running and row.attempts >= REFUSALS_BEFORE_PARKED:
            return await self._ledger.parked(row, str(error), error=error)
        asked_wait = error.retry_after_seconds or 0.0 if isinstance(error, Throttled) else 0.0
        return await self._ledger.again(
            row,
            str(error),
            started=started,
            error=error,
            begun=begun,
            at_least_seconds=min(asked_wait, LONGEST_RETRY_AFTER_SECONDS),
        )
