"""What a WhatsApp account tells beside messages: marketing preferences, failed deliveries.

Sources, below https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/:
``user_preferences``, ``messages/status``.
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Part
from inboxbridge.reading import event_id, id_at, items, mapping, moment_at, one_line, scalar

from inboxbridge_facebook._meta import ignored
from inboxbridge_facebook._whatsapp_change import Change

PREFERENCES = {"stop": "Stopped marketing messages", "resume": "Resumed marketing messages"}


def read_preference(change: Change, item: dict[str, Any], where: str) -> Part:
    """Return the line about marketing messages that a customer stopped or resumed."""
    wish = scalar(item.get("value")).lower()
    is_marketing = item.get("category") in (None, "marketing_messages")
    if wish not in PREFERENCES or not is_marketing:
        return ignored("user_preferences", scalar(item.get("category")), wish)
    person = change.contacts.person(
        id_at(item, "user_id", where), id_at(item, "wa_id", where), f"{where}.wa_id"
    )
    at = moment_at(item, "timestamp", where)
    return change.event(
        person,
        id=event_id(
            "preference", change.business, person.id or "", wish, at.isoformat() if at else ""
        ),
        kind="activity",
        text=PREFERENCES[wish],
        occurred_at=at,
    )


def read_status(change: Change, item: dict[str, Any], where: str, *, shows_failed: bool) -> Part:
    """Return the line about a message that did not arrive; of other statuses only the kind.

    Args:
        change: The change that holds it.
        item: The status.
        where: Its path in the body.
        shows_failed: Whether failed messages are shown.
    """
    status = scalar(item.get("status"))
    if status != "failed" or not shows_failed or item.get("type") == "call":
        return ignored("statuses", status)
    person = change.contacts.person(
        id_at(item, "recipient_user_id", where),
        id_at(item, "recipient_id", where),
        f"{where}.recipient_id",
    )
    titles = [one_line(scalar(mapping(error).get("title"))) for error in items(item.get("errors"))]
    reason = next(filter(None, titles), "")
    text = "A WhatsApp message was not delivered"
    return change.event(
        person,
        id=event_id("failed", id_at(item, "id", where, required=True)),
        kind="activity",
        direction="outbound",
        text=f"{text}: {reason}" if reason else text,
        occurred_at=moment_at(item, "timestamp", where),
    )
