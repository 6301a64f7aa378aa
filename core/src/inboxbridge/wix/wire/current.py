"""The form that Wix's reference asks for: ``message.direction``, ``message.content``.

``sendAs`` stays away: `direction` alone decides on whose side a message appears, the flow that Wix
publishes for syncing does without it, and a message sent as the participant could no longer be told
from one the contact wrote. ``targetChannels`` stays away so that nothing is sent on to the contact.
``silent`` is in the message, and beside it too: that the older place went on 2026-06-01, as Wix's
SDK announced, is not confirmed.

Source: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/send-message.md
"""

from __future__ import annotations

from typing import Any

from inboxbridge.model import Badge, MinimalMessage
from inboxbridge.wix.outgoing import Outgoing
from inboxbridge.wix.wire import _content
from inboxbridge.wix.wire._text import MAX_PREVIEW_CHARACTERS, one_line


def body(outgoing: Outgoing) -> dict[str, Any]:
    """Return the body of Send Message. Raises ValueError for a message without content."""
    content = outgoing.content
    message: dict[str, Any] = {
        "direction": _content.DIRECTIONS[outgoing.direction],
        "visibility": _content.VISIBILITIES[outgoing.visibility],
    }
    if isinstance(content, MinimalMessage):
        minimal = _content.minimal(content)
        preview = one_line(minimal["text"], MAX_PREVIEW_CHARACTERS)
        message["content"] = {"previewText": preview, "minimal": minimal}
    else:
        items = _content.items(content)
        message["content"] = {"previewText": _content.preview(content), "basic": {"items": items}}
        if outgoing.badge is not None:
            message["badges"] = [_badge(outgoing.badge)]
    if outgoing.silent:
        message["silent"] = True
    return {
        "conversationId": outgoing.conversation_id,
        "message": message,
        "sendNotifications": False,
        "silent": outgoing.silent,
    }


def _badge(badge: Badge) -> dict[str, Any]:
    return {**_content.badge(badge), "badgeVisibility": "BUSINESS"}
