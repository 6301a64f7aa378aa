"""The literal JSON of Wix's article on example flows.

There ``direction`` is beside ``message``, and a MINIMAL message is ``message.payload``.

Source: https://dev.wix.com/docs/rest/crm/communication/inbox/example-flows
"""

from __future__ import annotations

from typing import Any

from inboxbridge.model import MinimalMessage
from inboxbridge.wix.outgoing import Outgoing
from inboxbridge.wix.wire import _content


def body(outgoing: Outgoing) -> dict[str, Any]:
    """Return the body of Send Message. Raises ValueError for a message without content."""
    content = outgoing.content
    message: dict[str, Any] = {"visibility": _content.VISIBILITIES[outgoing.visibility]}
    if isinstance(content, MinimalMessage):
        message["payload"] = {"type": "MINIMAL", "minimal": _content.minimal(content)}
    else:
        message["content"] = {"basic": {"items": _content.items(content)}}
        if outgoing.badge is not None:
            message["badges"] = [_content.badge(outgoing.badge)]
    found: dict[str, Any] = {
        "conversationId": outgoing.conversation_id,
        "message": message,
        "direction": _content.DIRECTIONS[outgoing.direction],
    }
    if outgoing.silent:
        found["silent"] = message["silent"] = True
    return found
