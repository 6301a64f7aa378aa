"""Find the contact that an event's message goes to."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from inboxbridge.courier.context import SiteContext
from inboxbridge.courier.ledger import Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.identity import Drop, Found, Park, Plan, plan
from inboxbridge.journal import Accepted, reads, writes
from inboxbridge.journal.rows import EventCopy, StoredEvent
from inboxbridge.model import Event, Person
from inboxbridge.plugins import OF_THE_CORE, Connection
from inboxbridge.wix import WixError
from inboxbridge.wix.budget import Lane

PATIENCE_SECONDS = 3600.0
"""How long an event without a person waits for one about the same thing."""

RELATIVE_SECONDS = 2.0


class People:
    """Finds the contact that an event's message goes to.

    Args:
        context: The site and what is used for it.
        ledger: Writes what cannot be found.
    """

    def __init__(self, context: SiteContext, ledger: Ledger) -> None:
        self._directory = context.directory
        self._journal = context.journal
        self._ledger = ledger
        self._now = context.now
        self._log = structlog.get_logger("inboxbridge").bind(site=context.site)

    async def contact(
        self, row: StoredEvent, event: Event, connection: Connection, lane: Lane
    ) -> tuple[str, str] | Outcome:
        """Return the contact's id and why it is that one; an outcome where there is none (yet).

        Raises:
            WixError: Wix could not be asked.
        """
        person = event.person
        if not person.is_known:
            if event.about is None:
                return await self._ledger.parked(
                    row, "the event names no person: no email, no phone, no id of the source"
                )
            relative = await self._relative(row, event.about)
            if isinstance(relative, Outcome):
                return relative
            person = relative
        planned = plan(person, connection.settings, connection.label)
        found = await self._directory.resolve(planned, lane)
        if isinstance(found, Park):
            return await self._ledger.parked(row, found.reason)
        if isinstance(found, Drop):
            return await self._ledger.ignored(row, found.reason)
        await self._copy_for_the_others(row, found)
        if found.moved_from is not None:
            await self._tell_of_earlier_messages(row, event, found.moved_from, planned)
        return found.contact_ids[0], found.why

    async def complete(
        self, contact_id: str, event: Event, connection: Connection, lane: Lane
    ) -> None:
        """Name the contact of a delivered event, if it was made without its name.

        That can wait: whatever Wix answers, the event is delivered, and the next one tries again.
        """
        planned = plan(event.person, connection.settings, connection.label)
        try:
            await self._directory.complete(contact_id, planned, lane)
        except WixError as error:
            self._log.warning("contact_not_named", contact_id=contact_id, reason=str(error))

    async def _relative(self, row: StoredEvent, about: str) -> Person | Outcome:
        """The person of another event about the same thing, once that one is through."""
        for other in await self._journal.read(reads.event_about, row.connection, about):
            person = _person_of(other)
            if other.id == row.id or person is None or not person.is_known:
                continue
            behind_us = other.thread == row.thread and other.id > row.id
            if other.state in ("pending", "retrying") and not behind_us:
                return Outcome(wait_seconds=RELATIVE_SECONDS)
            return person
        waited = self._now() - row.received_at
        if waited < PATIENCE_SECONDS:
            return Outcome(wait_seconds=min(max(waited, 1.0), 60.0))
        return await self._ledger.parked(
            row, "the event names no person, and none came for the thing that it is about"
        )

    async def _tell_of_earlier_messages(
        self, row: StoredEvent, event: Event, moved_from: str, planned: Plan
    ) -> None:
        """Add a line that says where the person's messages were until now."""
        whose = planned.provisional_name or "another contact"
        notice = Event(
            id=f"moved:{moved_from}:{row.source_id}",
            kind="activity",
            person=event.person,
            thread=event.thread_key,
            text=f"Earlier messages of this person are in the conversation of {whose}",
            data={OF_THE_CORE: True},
        )
        await self._journal.accept(
            Accepted(row.site, row.connection, None, self._now(), (notice,), row.lane)
        )

    async def _copy_for_the_others(self, row: StoredEvent, found: Found) -> None:
        """Several contacts, each to get the message: copies of the event for all but the first."""
        for contact_id in found.contact_ids[1:]:
            await self._journal.write(writes.copy_events, EventCopy(row, contact_id))


def _person_of(row: StoredEvent) -> Person | None:
    """Who a stored event is about; None where what the journal holds of it cannot be read."""
    try:
        return Event.model_validate_json(row.body).person
    except ValidationError:
        return None
