"""Events and moments as programs get them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from inboxbridge.model.records import EventRecord


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_object(record: EventRecord, waiting_for: str | None = None) -> dict[str, Any]:
    """An event as the object that ``events --json`` prints."""
    return {
        "id": record.id,
        "connection": record.connection,
        "source_id": record.source_id,
        "kind": record.kind,
        "direction": record.direction,
        "state": record.state,
        "reason": record.reason,
        "attempts": record.attempts,
        "received_at": iso(record.received_at),
        "delivered_at": iso(record.delivered_at),
        "contact_id": record.contact_id,
        "conversation_id": record.conversation_id,
        "message_id": record.message_id,
        "waiting_for": waiting_for,
    }
