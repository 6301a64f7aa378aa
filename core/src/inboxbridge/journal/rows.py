"""The records that go into the journal and come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from inboxbridge.model import Event, UnreadablePart, WebhookRequest
from inboxbridge.model.records import State

LIVE, BACKLOG = 0, 1
"""Lanes: events of the moment, and history that leaves room for them."""


def delivery_key(received_at: float, rest: str = "") -> str:
    """A delivery's key, or the beginning that all keys of a moment share.

    It begins with the time, so that new ones lie together on disk and old ones are found by it.
    """
    return f"{max(int(received_at * 1e6), 0):016x}{rest}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A delivery to be stored with its events.

    Attributes:
        site: Where its events go.
        connection: Which connection it came by.
        request: The delivery as it may be kept (redacted); None stores no raw delivery.
        received_at: Unix seconds.
        events: What `parse_event` made of it.
        lane: `LIVE` or `BACKLOG`.
        unreadable: Its parts that could not be read, each kept with its reason.
    """

    site: str
    connection: str
    request: WebhookRequest | None
    received_at: float
    events: tuple[Event, ...]
    lane: int = LIVE
    unreadable: tuple[UnreadablePart, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedWithoutEvents:
    """A delivery to be stored of which there are no events, so that its fate is known.

    Attributes:
        site: Where its events would go.
        connection: Which connection it came by.
        request: The delivery as it may be kept (redacted); None stores no raw delivery.
        received_at: Unix seconds.
        state: Not for the Inbox, or verified but not readable.
        reason: Why, in words.
        source_id: The key of the delivery itself.
    """

    site: str
    connection: str
    request: WebhookRequest | None
    received_at: float
    state: Literal["ignored", "unreadable"]
    reason: str
    source_id: str


AnyAccepted: TypeAlias = Accepted | AcceptedWithoutEvents


class StoredEvent(NamedTuple):
    """An event's row as the courier needs it. Moments are Unix seconds.

    Attributes:
        attempt_at: When an attempt of unknown outcome began; None if there is none such.
        attempt_after: The newest message known in the conversation when that attempt began.
        look_since: Look for the event among messages since then: before the first attempt, or where
            it cannot be told from ``attempt_at`` when that attempt was made by Wix's clock.
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
    conversation, or None. ``look_since`` is from when to look for it, where that is not ``at``.
    """

    event_id: int
    attempts_before: int
    at: float
    contact_id: str
    conversation_id: str
    fingerprint: str
    after: str | None = None
    look_since: float | None = None


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


class EnrichedBody(NamedTuple):
    """An event as it became after enrichment, as JSON."""

    event_id: int
    body: str


class EventCopy(NamedTuple):
    """A copy of an event for one more contact; it waits for its turn like any other."""

    of: StoredEvent
    contact_id: str


class Search(NamedTuple):
    """Messages of a conversation that look like one that was sent."""

    conversation_id: str
    message_ids: tuple[str, ...]
    fingerprints: tuple[str, ...]


class SiteNames(NamedTuple):
    """Sites to be given a number; *at* is Unix seconds."""

    names: tuple[str, ...]
    at: float


class SiteState(NamedTuple):
    """A site's state and the reason for it; *at* is Unix seconds."""

    name: str
    state: str
    reason: str | None
    at: float


class SiteSigns(NamedTuple):
    """What a courier says of a site from time to time.

    Attributes:
        name: The site.
        calls: Calls of the last minute that count against its limit.
        busy_until: Until when no call may start, in Unix seconds; None where one may.
        at: Unix seconds.
    """

    name: str
    calls: int
    busy_until: float | None
    at: float


class Reopening(NamedTuple):
    """Events that become pending again, and why.

    Attributes:
        event_ids: The events.
        reason: Why.
        states: Only those that are in one of these states by now; empty for any.
    """

    event_ids: tuple[int, ...]
    reason: str
    states: tuple[str, ...] = ()


class GivingUp(NamedTuple):
    """Events that somebody decided not to deliver, with the states in which they were seen."""

    event_ids: tuple[int, ...]
    reason: str
    states: tuple[str, ...]


class Reparsed(NamedTuple):
    """An unreadable delivery whose events have been stored after all, in words."""

    event_id: int
    reason: str


class Link(NamedTuple):
    """A remembered identity.

    Attributes:
        site: The site whose contact it is.
        identity: As `inboxbridge.identity.identities_of` writes it.
        contact_id: Wix's contact; None while it is being created.
        origin: ``manual``, ``lookup``, ``created``, ``creating``, or ``unnamed`` for a contact that
            was created before its name was known.
        updated_at: Unix seconds.
    """

    site: str
    identity: str
    contact_id: str | None
    origin: str
    updated_at: float


class ContactConversation(NamedTuple):
    """A contact's remembered conversation; *updated_at* is Unix seconds."""

    site: str
    contact_id: str
    conversation_id: str
    updated_at: float


class Contact(NamedTuple):
    """A contact of a site."""

    site: str
    contact_id: str


class Conversation(NamedTuple):
    """A conversation of a site."""

    site: str
    conversation_id: str


class Merge(NamedTuple):
    """Two contacts of a site became one; *at* is Unix seconds."""

    site: str
    old_contact_id: str
    new_contact_id: str
    at: float


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """A kept delivery. ``request.headers`` hold no signatures or credentials."""

    id: str
    connection: str
    request: WebhookRequest
