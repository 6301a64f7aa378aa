"""A message to be sent to Wix, and a message as read from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inboxbridge.model import Badge, BasicMessage, Direction, MinimalMessage, Visibility

"""``business``: shown in the Inbox only. ``everyone``: in the visitor's chat widget as well."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way.

    Attributes:
        conversation_id: Wix's id of the conversation, as `WixClient.conversation_for` gives it.
        content: What was said (BASIC) or done (MINIMAL).
        badge: Where it came from; shown on a BASIC message, left out of a MINIMAL one.
        direction: On whose side it appears: ``inbound`` the contact's, ``outbound`` the business's.
        visibility: Who gets to see it.
        silent: Leave the unread count and the message list's summary as they are.
    """

    conversation_id: str
    content: BasicMessage | MinimalMessage
    badge: Badge | None
    direction: Direction
    visibility: Visibility
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """Wix has the message.

    Attributes:
        message_id: Wix's id: decimal digits, unique within the conversation only.
        created_at: When, by Wix's clock (UTC).
        request_id: Wix's ``x-wix-request-id``, or None.
    """

    message_id: str
    created_at: datetime
    request_id: str | None


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in the site's Media Manager.

    Attributes:
        url: Where it is shown, for good.
        width: In pixels, of a picture, where Wix tells.
        height: In pixels, of a picture, where Wix tells.
    """

    url: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A message that is in a conversation, whoever sent it.

    Attributes:
        id: Wix's id: decimal digits, unique within the conversation only.
        direction: None where Wix does not know it.
        created_at: By Wix's clock (UTC).
        fingerprint: Equal to `fingerprint` of the `Outgoing` that it was sent as.
        sequence: Its place in the conversation, rising; None where Wix does not tell it.
    """

    id: str
    direction: Direction | None
    created_at: datetime
    fingerprint: str
    sequence: int | None = None
