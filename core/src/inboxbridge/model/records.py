"""The public record of an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["pending", "retrying", "parked", "delivered", "ignored", "unreadable", "dead"]
"""``pending`` waits for its turn · ``retrying`` failed and will be tried again · ``parked`` needs a
person's decision · ``delivered`` is in the Inbox · ``ignored`` is not for the Inbox ·
``unreadable`` was verified but could not be parsed · ``dead`` was given up."""

STATES: tuple[State, ...] = (
    "pending", "retrying", "parked", "delivered", "ignored", "unreadable", "dead",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventRecord:
    """What is known of one event's way to the Inbox. Holds no text and no name.

    Attributes:
        id: The journal's own number, rising in the order of acceptance.
        connection: The connection it came by.
        site: The Wix site it goes to.
        source_id: The source's id of the event.
        kind: ``message`` or ``activity``.
        direction: ``inbound`` or ``outbound``.
        state: One of `STATES`.
        reason: Why it is in that state, in words; None where there is nothing to say.
        attempts: How many tries were made, from 0.
        received_at: When its delivery arrived (UTC).
        delivered_at: When Wix confirmed it (UTC), or None.
        contact_id: Wix's contact, once known.
        conversation_id: Wix's conversation, once known.
        message_id: Wix's message, once delivered; unique within the conversation.
    """

    id: int
    connection: str
    site: str
    source_id: str
    kind: str
    direction: str
    state: State
    reason: str | None
    attempts: int
    received_at: datetime
    delivered_at: datetime | None
    contact_id: str | None
    conversation_id: str | None
    message_id: str | None
