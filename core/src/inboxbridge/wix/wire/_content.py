"""The parts of a message that every wire form shares.

Source: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/message-types.md
"""

from __future__ import annotations

from typing import Any, Final

from inboxbridge.model import Attachment, Badge, BasicMessage, Direction, MinimalMessage, Visibility
from inboxbridge.wix.wire._text import (
    MAX_BUBBLE_CHARACTERS,
    MAX_FILENAME_CHARACTERS,
    MAX_MIME_TYPE_CHARACTERS,
    MAX_PREVIEW_CHARACTERS,
    bubbles,
    is_web_url,
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
    """Return the one line with its icon and link; an address that Wix refuses is left out."""
    found = {"text": one_line(content.text, MAX_BUBBLE_CHARACTERS)}
    if content.icon_url and is_web_url(content.icon_url):
        found["iconUrl"] = content.icon_url
    if content.url and is_web_url(content.url):
        found["url"] = content.url
    return found


def preview(content: BasicMessage) -> str:
    """Return the line that stands for the message in the list of conversations."""
    if content.text:
        return one_line(content.text, MAX_PREVIEW_CHARACTERS)
    return one_line(_name(content.attachments[0]), MAX_PREVIEW_CHARACTERS)


def badge(badge: Badge) -> dict[str, Any]:
    """Return the badge; one without an icon that Wix takes has no ``iconUrl``."""
    found = {"text": badge.text}
    if badge.icon_url and is_web_url(badge.icon_url):
        found["iconUrl"] = badge.icon_url
    return found


def _name(attachment: Attachment) -> str:
    kind = "Image" if attachment.kind == "image" else "File"
    return f"{kind}: {attachment.filename}" if attachment.filename else kind


def _in_words(attachment: Attachment) -> str:
    """What was attached and where, for a person to read; without an address that holds it all."""
    name = one_line(_name(attachment), MAX_PREVIEW_CHARACTERS)
    if not attachment.url:
        why = f": {attachment.not_fetched}" if attachment.not_fetched else ""
        return f"[{name}{one_line(why, MAX_PREVIEW_CHARACTERS)}]"
    linked = f"{name} {attachment.url}"
    inline = attachment.url[:5].lower() == "data:"
    return name if inline or len(linked) > MAX_BUBBLE_CHARACTERS else linked


def _attachment(attachment: Attachment) -> dict[str, Any]:
    """One attachment; where Wix would refuse its address, a text that says what was there."""
    url = attachment.url
    if not is_web_url(url):
        return {"text": _in_words(attachment)}
    found: dict[str, Any] = {"url": url}
    if attachment.filename:
        found["filename"] = attachment.filename[-MAX_FILENAME_CHARACTERS:]
    if attachment.kind == "file":
        if attachment.mime_type and len(attachment.mime_type) <= MAX_MIME_TYPE_CHARACTERS:
            found["mimeType"] = attachment.mime_type
        return {"file": found}
    if attachment.width and attachment.height:
        found.update(width=attachment.width, height=attachment.height)
    return {"image": found}
