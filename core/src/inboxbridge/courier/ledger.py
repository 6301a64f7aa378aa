"""Sets down what became of events, and says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from inboxbridge import metrics
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.journal import Journal, JournalUnavailable, writes
from inboxbridge.journal.rows import AttemptEnded, Settled, StoredEvent, moment
from inboxbridge.records import EventRecord
from inboxbridge.reporter import Reporter
from inboxbridge.settings import CourierSettings
from inboxbridge.wix import WixError

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0


class Ledger:
    """The states that an event can come to. Each method returns once that is on disk.

    Args:
        journal: Where it is set down.
        retry: When to try again.
        settings: ``[courier]``.
        reporter: Told of every state.
        now: Unix seconds.
    """

    def __init__(
        self,
        journal: Journal,
        retry: Retry,
        settings: CourierSettings,
        reporter: Reporter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._retry = retry
        self._settings = settings
        self._reporter = reporter
        self._now = now

    async def delivered(
        self,
        row: StoredEvent,
        contact_id: str,
        message_id: str,
        *,
        started: float,
        outcome: str,
        why: str,
        request_id: str | None = None,
    ) -> Outcome:
        """The event is the message *message_id*."""
        now = self._now()
        await self._settle(
            row,
            Settled(
                row.id,
                "delivered",
                reason=why,
                delivered_at=now,
                message_id=message_id,
                contact_id=contact_id,
                attempt=AttemptEnded(started, now, outcome, why, 200, request_id),
            ),
        )
        return Outcome(about=row.about)

    async def ignored(self, row: StoredEvent, reason: str) -> Outcome:
        """The event is not for the Inbox."""
        await self._settle(row, Settled(row.id, "ignored", reason))
        return Outcome(about=row.about)

    async def parked(self, row: StoredEvent, reason: str) -> Outcome:
        """A person must decide."""
        await self._settle(row, Settled(row.id, "parked", reason))
        return Outcome(about=row.about, holds=True)

    async def dead(
        self,
        row: StoredEvent,
        reason: str,
        *,
        started: float | None = None,
        error: WixError | None = None,
        begun: bool = False,
    ) -> Outcome:
        """We give up."""
        attempt = self._attempt("given up", reason, started, error)
        settled = Settled(row.id, "dead", reason, attempt=attempt, tries=0 if begun else 1)
        await self._settle(row, settled)
        return Outcome(about=row.about, holds=True)

    async def again(
        self,
        row: StoredEvent,
        reason: str,
        *,
        started: float,
        error: WixError | None = None,
        begun: bool = False,
    ) -> Outcome:
        """It is tried again after a wait, unless it is too old by now.

        Args:
            row: The event.
            reason: What went wrong.
            started: When this try started.
            error: What Wix answered, if it was Wix.
            begun: Whether the send itself had been begun.
        """
        now = self._now()
        since = now if row.failing_since is None else min(row.failing_since, now)
        if now - since > self._settings.max_age_seconds:
            hours = self._settings.max_age_seconds / 3600
            reason = f"given up after {hours:g} h: {reason}"
            return await self.dead(row, reason, started=started, error=error, begun=begun)
        uncertain = row.attempt_at is not None or (
            begun and error is not None and error.effect == "unknown"
        )
        wait = self._retry.wait(row.attempts + 1)
        if uncertain:
            wait = max(wait, self._settings.settle_seconds)
        settled = Settled(
            row.id,
            "retrying",
            reason,
            due_at=now + wait,
            failing_since=since,
            attempt=self._attempt("unknown" if uncertain else "failed", reason, started, error),
            keep_attempt=uncertain,
            tries=0 if begun else 1,
        )
        await self._settle(row, settled)
        return Outcome(wait_seconds=wait)

    async def refused(self, row: StoredEvent, started: float, error: WixError) -> None:
        """A begun send was refused: nothing arrived, and the event is as before."""
        attempt = self._attempt("refused", str(error), started, error)
        settled = Settled(
            row.id, "retrying", str(error), failing_since=row.failing_since, attempt=attempt
        )
        await self._record(settled)

    def _attempt(
        self, outcome: str, reason: str, started: float | None, error: WixError | None
    ) -> AttemptEnded:
        now = self._now()
        return AttemptEnded(
            started_at=now if started is None else started,
            ended_at=now,
            outcome=outcome,
            detail=reason,
            status=error.status if error else None,
            request_id=error.request_id if error else None,
        )

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
        if settled.state == "delivered":
            metrics.of(metrics.delivery_seconds, row.site).observe(max(seconds, 0.0))
        self._reporter.settled(record, seconds=round(seconds, 3))

    async def _record(self, settled: Settled) -> None:
        """Set down what has happened at Wix, however long the journal takes to come back."""
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                await self._journal.write(writes.settle, settled)
                return
            except JournalUnavailable as error:
                log = structlog.get_logger("inboxbridge")
                log.error("the journal is not there; holding on", reason=str(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
