"""Say in an event's text when it happened, where the reader would take it for news."""

from __future__ import annotations

from datetime import UTC, datetime

from inboxbridge.model import Event
from inboxbridge.reading import date_text

LATE_SECONDS = 3600.0
"""From when on what arrives says when it was written: as after an outage of the source."""


def as_told(event: Event, received_at: datetime) -> Event:
    """Return *event* as it is kept: with its time in front if it is history, or late.

    Decided once, when it is accepted, so that a message looks the same however often it is tried.

    Args:
        event: As its connector made it.
        received_at: When its delivery arrived.
    """
    if event.history:
        return as_history(event)
    happened_at = event.occurred_at
    if happened_at is None or (received_at - happened_at).total_seconds() < LATE_SECONDS:
        return event
    return event.model_copy(update={"text": _with_time(event.text, happened_at)})


def as_history(event: Event) -> Event:
    """Return *event* as history: silent, and its time in front, as Wix takes no time of ours."""
    changes: dict[str, object] = {"silent": True, "history": True}
    if event.occurred_at is not None:
        changes["text"] = _with_time(event.text, event.occurred_at)
    return event.model_copy(update=changes)


def _with_time(text: str, moment: datetime) -> str:
    _, _, date = date_text(moment.astimezone(UTC)).partition(" ")
    return f"[{date}, {moment.astimezone(UTC):%H:%M} UTC] {text}".rstrip()
