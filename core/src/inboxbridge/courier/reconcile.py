"""Reconcile sends of unknown outcome: look in the Inbox before sending again."""

from __future__ import annotations

from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.ledger import TIMED_OUT, Destination, Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.journal import reads, writes
from inboxbridge.journal.rows import Search, StoredEvent
from inboxbridge.wix import NotFound, Unreadable, WixError
from inboxbridge.wix.budget import Lane

LOOKS_BEFORE_PARKED = 6
"""Looks for an attempt that gave no evidence before a person is asked."""

TIMED_OUT_LOOKS = (1.0, 4.0, 9.0, 15.0)
"""When to look for an attempt that Wix may still be at work on, in times of ``settle_seconds``."""

CLOCK_SKEW_SECONDS = 120.0
"""How far back a search goes beyond the earlier of both clocks."""

UNSURE_SKEW_SECONDS = 86400.0
"""How far back a search goes where it has a better end, or where Wix's clock is not known."""


class Reconciler:
    """Looks in the Inbox for attempts without an outcome.

    How often it looks before a message counts as not there follows from how the outcome was lost:
    once after a broken connection or a failure, several times after a time-out. An answer that is
    no evidence is asked for again, later and later; after six a person must look.

    Args:
        context: The site and what is used for it.
        ledger: Writes what is found.
    """

    def __init__(self, context: SiteContext, ledger: Ledger) -> None:
        self._client = context.client
        self._directory = context.directory
        self._journal = context.journal
        self._ledger = ledger
        self._health = context.health
        self._settings = context.settings
        self._now = context.now
        self._at_step = context.at_step

    async def look(
        self,
        row: StoredEvent,
        to: Destination,
        why: str,
        lane: Lane,
        began_at: float,
    ) -> Outcome | None:
        """Find out what came of an event's attempt, and set it down.

        Args:
            row: An event with an attempt, or one that may have been sent before a copy of the
                journal was put back.
            to: Where the event would go now.
            why: Why that contact, for the journal.
            lane: Whose turn to call Wix it is.
            began_at: When the event's turn began, by the monotonic clock.

        Returns:
            What the event came to; None if the message is certainly not there: it is to be sent.
        """
        started = self._now()
        too_early = self._too_early(row)
        if too_early > 0:
            return Outcome(wait_seconds=too_early)
        self._at_step("before look")
        try:
            found = await self._search(row, to, lane)
        except WixError as error:
            return await self._not_looked(row, to, error, started, began_at, lane)
        if found is not None:
            conversation_id, message_id = found
            return await self._ledger.delivered(
                row,
                message_id,
                started=started,
                outcome="found there",
                why=why,
                contact_id=to.contact_id,
                conversation_id=conversation_id,
            )
        if row.attempt_at is None:
            return None
        looks = TIMED_OUT_LOOKS if await self._timed_out(row) else (1.0,)
        if row.looks + 1 >= len(looks):
            return None
        wait = (looks[row.looks + 1] - looks[row.looks]) * self._settings.settle_seconds
        return await self._ledger.again(
            row,
            "sent without an answer, and not in the Inbox so far; looking again",
            started=started,
            looked=True,
            at_least_seconds=wait,
        )

    async def after_its_contact_went(
        self, row: StoredEvent, lane: Lane, started: float
    ) -> Outcome | None:
        """What an attempt came to whose contact was deleted; None if it did not arrive.

        Another contact's conversation, where the event would go from now on, says nothing of it.
        """
        assert row.conversation_id is not None
        try:
            message_id = await self._search_one(
                row, row.conversation_id, row.fingerprint or "", lane
            )
        except NotFound as error:
            reason = "the contact to whose conversation it was sent is gone"
            return await self._ledger.unconfirmed(row, reason, started=started, error=error)
        if message_id is None:
            return None
        return await self._ledger.delivered(
            row, message_id, started=started, outcome="found there", why="as before"
        )

    def _too_early(self, row: StoredEvent) -> float:
        """Seconds until it makes sense to look for an attempt."""
        if row.attempt_at is None:
            return 0.0
        settle = self._settings.settle_seconds
        passed = self._now() + min(self._client.server_clock_offset_seconds, 0.0) - row.attempt_at
        return settle - passed if 0 <= passed < settle else 0.0

    async def _search(
        self, row: StoredEvent, to: Destination, lane: Lane
    ) -> tuple[str, str] | None:
        """Where the event's message is and its id; None if there is none such.

        Looked through are the conversation that the attempt went to and the one that the contact
        has now: they differ after a merge.

        Raises:
            WixError: Wix gave no evidence.
        """
        attempted = row.conversation_id if row.attempt_at is not None else None
        unknown: list[NotFound] = []
        places = list(dict.fromkeys((to.conversation_id, attempted or to.conversation_id)))
        for place in places:
            try:
                message_id = await self._search_one(row, place, to.fingerprint, lane)
            except NotFound as error:
                unknown.append(error)
                continue
            if message_id is not None:
                return place, message_id
        if len(unknown) == len(places):
            raise unknown[0]
        return None

    async def _search_one(
        self, row: StoredEvent, conversation_id: str, mark: str, lane: Lane
    ) -> str | None:
        """The id of a message like the event's, newer than all before it, that no event owns.

        The search ends at the newest message that was known before the attempt. Where none was
        known it ends by the clock: the earliest of what our clock and Wix's say.
        """
        began = min(at for at in (row.attempt_at, row.look_since) if at is not None)
        by_the_clock = row.attempt_after is None and self._client.knows_server_clock
        skew = CLOCK_SKEW_SECONDS if by_the_clock else UNSURE_SKEW_SECONDS
        oldest = began + min(self._client.server_clock_offset_seconds, 0.0) - skew
        marks = {mark, row.fingerprint or mark}
        alike = []
        async for seen in self._client.messages(conversation_id, lane=lane):
            if seen.id == row.attempt_after or seen.created_at.timestamp() < oldest:
                break
            if seen.fingerprint in marks:
                alike.append(seen.id)
        if not alike:
            return None
        owned = await self._journal.write(
            writes.owned_messages, Search(conversation_id, tuple(alike), tuple(marks))
        )
        return next((one for one in reversed(alike) if one not in owned), None)

    async def _timed_out(self, row: StoredEvent) -> bool:
        attempts = await self._journal.read(reads.event_attempts, row.id)
        return any(attempt.outcome == TIMED_OUT for attempt in attempts)

    async def _not_looked(
        self,
        row: StoredEvent,
        to: Destination,
        error: WixError,
        started: float,
        began_at: float,
        lane: Lane,
    ) -> Outcome:
        """The Inbox gave no evidence of an attempt."""
        await self._health.failed(row.thread, error, began_at)
        counts = isinstance(error, Unreadable) or (error.scope != "site" and not error.retriable)
        if counts and row.looks + 1 >= LOOKS_BEFORE_PARKED:
            return await self._ledger.unconfirmed(row, str(error), started=started, error=error)
        if isinstance(error, NotFound):
            await self._directory.refresh(to.contact_id, lane, row.conversation_id)
        return await self._ledger.again(
            row,
            str(error),
            started=started,
            error=error,
            looked=counts,
            at_least_seconds=self._settings.settle_seconds * 2.0**row.looks if counts else 0.0,
        )
