"""The parts of a message that every wire form shares.

Source: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/message-types.md
"""

from __future__ import annotations

from typing import Any, Final

from inboxbridge.model import Attachment, Badge, BasicMessage, Direction, MinimalMessage
from inboxbridge.wix.outgoing import Visibility
from inboxbridge.wix.wire._text import (
    MAX_BUBBLE_CHARACTERS,
    MAX_PREVIEW_CHARACTERS,
    bubbles,
    one_line,
)

DIRECTIONS: Final[dict[Direction, str]] = {
    "inbound": "PARTICIPANT_TO_BUSINESS",
    "outbound": "BUSINESS_TO_PARTICIPANT",
}
VISIBILITIES: Final[dict[Visibility, str]] = {
    "business": "BUSINESS",
    "everyone": "BUSINESS_AND_PARTICIPANT",
}


def items(content: BasicMessage) -> list[dict[str, Any]]:
    """Return the bubbles: the text, cut where it is long, then the attachments."""
    found: list[dict[str, Any]] = [{"text": part} for part in bubbles(content.text)]
    found.extend(_attachment(attachment) for attachment in content.attachments)
    if not found:
        raise ValueError(
            "The message has neither text nor an attachment, and Wix takes no empty message: "
            "to_wix_message must return some text, or parse_event must leave the event out."
        )
    return found


def minimal(content: MinimalMessage) -> dict[str, Any]:
    """Return the one line with its icon and link."""
    found = {"text": one_line(content.text, MAX_BUBBLE_CHARACTERS)}
    if content.icon_url:
        found["iconUrl"] = content.icon_url
    if content.url:
        found["url"] = content.url
    return found


def preview(content: BasicMessage) -> str:
    """Return the line that stands for the message in the list of conversations."""
    if content.text:
        return one_line(content.text, MAX_PREVIEW_CHARACTERS)
    first = content.attachments[0]
    kind = "Image" if first.kind == "image" else "File"
    named = f"{kind}: {first.filename}" if first.filename else kind
    return one_line(named, MAX_PREVIEW_CHARACTERS)


def badge(badge: Badge) -> dict[str, Any]:
    """Return the badge; one without an icon has no ``iconUrl``."""
    found = {"text": badge.text}
    if badge.icon_url:
        found["iconUrl"] = badge.icon_url
    return found


def _attachment(attachment: Attachment) -> dict[str, Any]:
    found: dict[str, Any] = {"url": attachment.url}
    if attachment.filename:
        found["filename"] = attachment.filename
    if attachment.kind == "file":
        if attachment.mime_type:
            found["mimeType"] = attachment.mime_type
        return {"file": found}
    if attachment.width and attachment.height:
        found.update(width=attachment.width, height=attachment.height)
    return {"image": found}
