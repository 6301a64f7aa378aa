"""What goes into the journal and what comes out of it, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from inboxbridge.model import Event, WebhookRequest
from inboxbridge.records import State

LIVE, BACKLOG = 0, 1
"""Lanes: events of the moment, and history that leaves room for them."""


def delivery_key(received_at: float, rest: str = "") -> str:
    """A delivery's key, or the beginning that all keys of a moment share.

    It begins with the time, so that new ones lie together on disk and old ones are found by it.
    """
    return f"{max(int(received_at * 1e6), 0):016x}{rest}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """One delivery to be stored with the events it told of.

    Attributes:
        site: Where its events go.
        connection: Which connection it came by.
        request: The delivery as it may be kept (redacted); None stores no raw delivery.
        received_at: Unix seconds.
        events: What `parse_event` made of it.
        outcome: ``ignored`` and ``unreadable`` keep the delivery's fate where there are no events.
        reason: Why, for those two.
        source_id: The key of the delivery itself, for those two.
        lane: `LIVE` or `BACKLOG`.
    """

    site: str
    connection: str
    request: WebhookRequest | None
    received_at: float
    events: tuple[Event, ...] = ()
    outcome: Literal["ignored", "unreadable"] | None = None
    reason: str | None = None
    source_id: str = ""
    lane: int = LIVE


class StoredEvent(NamedTuple):
    """An event's row as the courier needs it. Moments are Unix seconds.

    Attributes:
        attempt_at: When an attempt of unknown outcome began; None if there is none such.
        attempt_after: The newest message known in the conversation when that attempt began.
        look_since: Before the first attempt, look for the event among messages since then.
        looks: How many looks for the attempt have been in vain.
        occurred_at: When it happened, by the source; None where the source does not say.
        fault: Why the row cannot be right; None for all that can. It is set aside alone.
    """

    id: int
    site: str
    connection: str
    source_id: str
    thread: str
    about: str | None
    kind: str
    direction: str
    lane: int
    body: str
    enriched: int
    state: State
    attempts: int
    due_at: float | None
    failing_since: float | None
    attempt_at: float | None
    fingerprint: str | None
    received_at: float
    contact_id: str | None
    conversation_id: str | None
    attempt_after: str | None = None
    look_since: float | None = None
    looks: int = 0
    occurred_at: float | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptBegun:
    """Set down before a send: what is about to be sent, and to which conversation.

    ``attempts_before`` is what the event's row said when it was read; another value now means that
    somebody else has had a hand in it. ``after`` is the newest message that is known in the
    conversation, or None.
    """

    event_id: int
    attempts_before: int
    at: float
    contact_id: str
    conversation_id: str
    fingerprint: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """What came of one try, for the story of an event."""

    started_at: float
    ended_at: float
    outcome: str
    detail: str | None = None
    status: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """An event's new state, with the try that led to it.

    Attributes:
        event_id: The event.
        state: Its new state.
        reason: Why, in words.
        due_at: When to try again, for ``retrying``.
        failing_since: When the first try of this round failed, for ``retrying``.
        delivered_at: Unix seconds, for ``delivered``.
        message_id: Wix's message, for ``delivered``.
        contact_id: The contact, where one was found; "" forgets the one that was.
        conversation_id: Where the message was found, if that is not where it was sent.
        attempt: The try, or None where none was made.
        keep_attempt: The try's outcome is unknown: it must be looked for before the next one.
        tries: How many tries to add that never came to a send.
        looks: How many looks for the attempt to add that were in vain.
    """

    event_id: int
    state: State
    reason: str | None = None
    due_at: float | None = None
    failing_since: float | None = None
    delivered_at: float | None = None
    message_id: str | None = None
    contact_id: str | None = None
    conversation_id: str | None = None
    attempt: AttemptEnded | None = None
    keep_attempt: bool = False
    tries: int = 0
    looks: int = 0


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """A kept delivery. ``request.headers`` hold no signatures or credentials."""

    id: str
    connection: str
    request: WebhookRequest
