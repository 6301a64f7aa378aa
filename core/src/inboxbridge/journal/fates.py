"""Build the public record of an event: when stored, when settled, when read back."""

from __future__ import annotations

from typing import Any

from inboxbridge.journal.odd import EPOCH, moment
from inboxbridge.journal.rows import Accepted, Settled, StoredEvent
from inboxbridge.model import Event
from inboxbridge.model.records import EventRecord


def stored_record(accepted: Accepted, event: Event, event_id: int) -> EventRecord:
    """The record of an event that was stored a moment ago."""
    return _record(
        id=event_id,
        connection=accepted.connection,
        site=accepted.site,
        source_id=event.id,
        kind=event.kind,
        direction=event.direction,
        state="pending",
        reason=None,
        attempts=0,
        received_at=accepted.received_at,
    )


def settled_record(row: StoredEvent, settled: Settled) -> EventRecord:
    """The record of the event *row* after *settled* was written."""
    return _record(
        id=row.id,
        connection=row.connection,
        site=row.site,
        source_id=row.source_id,
        kind=row.kind,
        direction=row.direction,
        state=settled.state,
        reason=settled.reason,
        attempts=row.attempts + settled.tries,
        received_at=row.received_at,
        delivered_at=settled.delivered_at,
        contact_id=contact_after(row, settled),
        conversation_id=settled.conversation_id or row.conversation_id,
        message_id=settled.message_id,
    )


def contact_after(row: StoredEvent, settled: Settled) -> str | None:
    """The contact of the event *row* after *settled* was written."""
    return (row.contact_id if settled.contact_id is None else settled.contact_id) or None


def record_of(row: Any) -> EventRecord:
    """The record of a row of the events table; a damaged one is shown as well as it can be."""
    texts = (row.connection, row.site, row.source_id, row.kind, row.direction, row.state)
    is_damaged = moment(row.received_at) is None or not all(isinstance(t, str) for t in texts)
    reason = _text(row.reason)
    if is_damaged:
        reason = f"this row of the journal is damaged{'; ' + reason if reason else ''}"
    return _record(
        id=row.id,
        connection=str(row.connection),
        site=str(row.site),
        source_id=str(row.source_id),
        kind=str(row.kind),
        direction=str(row.direction),
        state=row.state,
        reason=reason,
        attempts=row.attempts if isinstance(row.attempts, int) else 0,
        received_at=row.received_at,
        delivered_at=row.delivered_at,
        contact_id=_text(row.contact_id),
        conversation_id=_text(row.conversation_id),
        message_id=_text(row.message_id),
    )


def _record(
    *,
    received_at: Any,
    delivered_at: Any = None,
    contact_id: str | None = None,
    conversation_id: str | None = None,
    message_id: str | None = None,
    **columns: Any,
) -> EventRecord:
    return EventRecord(
        received_at=moment(received_at) or EPOCH,
        delivered_at=moment(delivered_at),
        contact_id=contact_id,
        conversation_id=conversation_id,
        message_id=message_id,
        **columns,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
