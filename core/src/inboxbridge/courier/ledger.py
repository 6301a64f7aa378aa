"""Write the outcome of each attempt to the journal and report it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from inboxbridge.config.tables import CourierSettings
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.journal import Journal, JournalRefused, JournalUnavailable, writes
from inboxbridge.journal.fates import contact_after, settled_record
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled, StoredEvent
from inboxbridge.telemetry import metrics
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import Unanswered, WixError

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0

TIMED_OUT = "timed out"
"""The outcome of an attempt that Wix may still have been at work on when we gave up waiting."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes, and the fingerprint by which it is found there."""

    contact_id: str
    conversation_id: str
    fingerprint: str


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

    async def begin(
        self,
        row: StoredEvent,
        *,
        at: float,
        after: str | None,
        to: Destination,
        look_since: float | None = None,
    ) -> StoredEvent | None:
        """A send is about to start.

        Args:
            row: The event.
            at: When, by the earlier of our clock and Wix's.
            after: The newest message that is known in the conversation, or None.
            to: Where the message goes, and what it will look like there.
            look_since: From when to look for the message, where Wix's clock is not known.

        Returns:
            The event as it is now; None if it has changed since it was read: it must not be sent.
        """
        begun = AttemptBegun(
            event_id=row.id,
            attempts_before=row.attempts,
            at=at,
            contact_id=to.contact_id,
            conversation_id=to.conversation_id,
            fingerprint=to.fingerprint,
            after=after,
            look_since=look_since,
        )
        if not await self._journal.write(writes.begin_attempts, begun):
            return None
        return row._replace(
            attempts=row.attempts + 1,
            attempt_at=at,
            attempt_after=after,
            contact_id=to.contact_id,
            conversation_id=to.conversation_id,
            fingerprint=to.fingerprint,
            looks=0,
            look_since=look_since,
        )

    async def delivered(
        self,
        row: StoredEvent,
        message_id: str,
        *,
        started: float,
        outcome: str,
        why: str,
        contact_id: str | None = None,
        conversation_id: str | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        """The event is the message *message_id*."""
        now = self._now()
        attempt = AttemptEnded(started, now, outcome, why, 200, request_id)
        await self._settle(
            row,
            Settled(
                row.id,
                "delivered",
                reason=why,
                delivered_at=now,
                message_id=message_id,
                contact_id=contact_id or row.contact_id,
                conversation_id=conversation_id,
                attempt=attempt,
            ),
        )
        return Outcome(about=row.about)

    async def ignored(self, row: StoredEvent, reason: str) -> Outcome:
        """The event is not for the Inbox."""
        await self._settle(row, Settled(row.id, "ignored", reason))
        return Outcome(about=row.about)

    async def parked(
        self, row: StoredEvent, reason: str, *, error: WixError | None = None
    ) -> Outcome:
        """A person must decide."""
        if row.attempt_at is not None:
            return await self.unconfirmed(row, reason, error=error)
        attempt = None if error is None else self._attempt("parked", reason, None, error)
        await self._settle(row, Settled(row.id, "parked", reason, attempt=attempt))
        return Outcome(about=row.about)

    async def dead(
        self,
        row: StoredEvent,
        reason: str,
        *,
        started: float | None = None,
        error: WixError | None = None,
        begun: bool = False,
    ) -> Outcome:
        """We give up. With an attempt of unknown outcome a person must decide instead."""
        if row.attempt_at is not None:
            return await self.unconfirmed(row, reason, started=started, error=error)
        attempt = self._attempt("given up", reason, started, error)
        settled = Settled(row.id, "dead", reason, attempt=attempt, tries=0 if begun else 1)
        await self._settle(row, settled)
        return Outcome(about=row.about)

    async def unconfirmed(
        self,
        row: StoredEvent,
        reason: str,
        *,
        started: float | None = None,
        error: WixError | None = None,
    ) -> Outcome:
        """It was sent, and whether it arrived cannot be found out: a person must look."""
        reason = (
            f"sent, cannot be confirmed: {reason}. Look for it in the Inbox; only if it is not "
            f"there, send it again with `inboxbridge replay --send-again {row.id}`"
        )
        settled = Settled(
            row.id,
            "parked",
            reason,
            attempt=self._attempt("unknown", reason, started, error),
            keep_attempt=True,
        )
        await self._settle(row, settled)
        return Outcome(about=row.about)

    async def again(
        self,
        row: StoredEvent,
        reason: str,
        *,
        started: float,
        error: WixError | None = None,
        begun: bool = False,
        looked: bool = False,
        at_least_seconds: float = 0.0,
        at_once: bool = False,
        contact_id: str | None = None,
    ) -> Outcome:
        """It is tried again after a wait that grows, unless it is too old by now.

        Args:
            row: The event. If it has an attempt, the outcome of that one is unknown.
            reason: What went wrong.
            started: When this try started.
            error: What Wix answered, if it was Wix.
            begun: Whether the send itself had been begun.
            looked: Whether the Inbox was asked for an attempt and did not show it.
            at_least_seconds: The shortest wait.
            at_once: Try again without waiting, since something has changed meanwhile.
            contact_id: The contact to go to from now on; an empty one is looked up anew.
        """
        now = self._now()
        since = now if row.failing_since is None else min(row.failing_since, now)
        if now - since > self._settings.max_age_seconds:
            hours = self._settings.max_age_seconds / 3600
            reason = f"given up after {hours:g} h: {reason}"
            return await self.dead(row, reason, started=started, error=error, begun=begun)
        uncertain = row.attempt_at is not None
        wait = 0.0 if at_once else max(self._retry.wait(row.attempts + 1), at_least_seconds)
        if uncertain and begun:
            wait = max(wait, self._settings.settle_seconds)
        timed_out = begun and isinstance(error, Unanswered) and error.timed_out
        outcome = TIMED_OUT if timed_out else "unknown" if uncertain else "failed"
        settled = Settled(
            row.id,
            "retrying",
            reason,
            due_at=now + wait,
            failing_since=since,
            attempt=self._attempt(outcome, reason, started, error),
            keep_attempt=uncertain,
            tries=0 if begun or looked else 1,
            looks=1 if looked else 0,
            contact_id=contact_id,
        )
        await self._settle(row, settled)
        return Outcome(wait_seconds=wait)

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
        if not await self._record(settled):
            # Somebody else has settled it meanwhile: that stands.
            structlog.get_logger("inboxbridge").warning(
                "event_changed_meanwhile", event_id=row.id, site=row.site
            )
            return
        seconds = self._now() - row.received_at
        if settled.state == "delivered":
            metrics.of(metrics.delivery_seconds, row.site).observe(max(seconds, 0.0))
        self._reporter.settled(
            row.connection,
            settled.state,
            lambda: settled_record(row, settled),
            event_id=row.id,
            site=row.site,
            reason=settled.reason,
            contact_id=contact_after(row, settled),
            message_id=settled.message_id,
            seconds=round(seconds, 3),
        )

    async def _record(self, settled: Settled) -> bool:
        """Set down what has happened at Wix, however long the journal takes to come back.

        Returns False for an event that is not open any more.
        """
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return bool(await self._journal.write(writes.settle, settled))
            except JournalRefused as error:
                if settled.message_id is None:
                    raise
                settled = _without_message_id(settled, error)
            except JournalUnavailable as error:
                log = structlog.get_logger("inboxbridge")
                log.error("journal_unavailable", reason=str(error), site_waits=True)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)


def _without_message_id(settled: Settled, error: JournalRefused) -> Settled:
    """What is delivered stays delivered, also where Wix's answer cannot be kept."""
    structlog.get_logger("inboxbridge").error(
        "message_id_not_kept", event_id=settled.event_id, reason=str(error)
    )
    oddity = "Wix gave a message id that cannot be kept: another event has it, or it is not text"
    reason = f"{settled.reason}; {oddity}" if settled.reason else oddity
    attempt = settled.attempt and replace(settled.attempt, detail=reason, request_id=None)
    return replace(settled, message_id=None, reason=reason, attempt=attempt)
