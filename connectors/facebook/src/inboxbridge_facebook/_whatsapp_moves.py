"""People who change their WhatsApp number, and with it their user id.

A person's contact is found by what earlier messages told. So the new number is told together with
what was known before, and later messages from it reach the same contact.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system/
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Event, Part, Person
from inboxbridge.reading import (
    event_id,
    id_at,
    mapping,
    moment_at,
    object_at,
    required,
    scalar,
    text_at,
)

from inboxbridge_facebook._meta import ignored
from inboxbridge_facebook._whatsapp_change import Change

NUMBER_NOT_TOLD = "Changed their WhatsApp number; WhatsApp does not tell the new one"
CHANGES = frozenset({"user_changed_number", "user_changed_user_id"})


def is_move(message: dict[str, Any]) -> bool:
    """Whether *message* is the system's about a changed number or user id."""
    return "system" in message and scalar(mapping(message["system"]).get("type")) in CHANGES


def read_system_move(change: Change, message: dict[str, Any], where: str) -> list[Event]:
    """Return the lines about a changed number: whose it is, and where they write from now.

    Raises:
        MalformedBody: A value has the wrong type, or it is not said who it is.
    """
    place = f"{where}.system"
    system = object_at(message, "system", where)
    number = id_at(system, "wa_id", place).lstrip("+")
    user = id_at(system, "user_id", place)
    before = id_at(system, "previous_user_id", place)
    old_number = id_at(message, "from", where)
    sender = id_at(message, "from_user_id", where)
    known = before or (sender if sender != user else "")
    if not known and not old_number:
        known = sender or user
    person = change.contacts.person(known, old_number, f"{place}.previous_user_id")
    name = event_id(id_at(message, "id", where, required=True))
    at = moment_at(message, "timestamp", where)
    text = f"Changed their WhatsApp number to +{number}" if number else NUMBER_NOT_TOLD
    events = [change.event(person, id=name, kind="activity", text=text, occurred_at=at)]
    if number and (user or before):
        joined = Person(id=person.id, phone=f"+{number}", name=person.name)
        events.append(
            change.event(
                joined,
                id=event_id(name, "number"),
                kind="activity",
                text=f"Writes from +{number} from now on",
                occurred_at=at,
            )
        )
    return events


def read_user_id_update(change: Change, item: dict[str, Any], where: str) -> list[Event] | Part:
    """Return the lines about a changed user id, as announced in 2026 and passed on by partners.

    Both user ids are told with the number, so both lead to the same contact. Without a number
    there is nothing that ties them, and nothing to tell.

    Source: https://developer.8x8.com/connect/docs/whatsapp-business-scoped-user-ids
    """
    users = object_at(item, "user_id", where)
    before = id_at(users, "previous", f"{where}.user_id")
    user = id_at(users, "current", f"{where}.user_id")
    number = id_at(item, "wa_id", where).lstrip("+")
    known = required(before or user, f"{where}.user_id.previous")
    if not number:
        return ignored("user_id_update")
    at = moment_at(item, "timestamp", where)
    name, phone = change.contacts.find("", number).name, f"+{number}"
    text = text_at(item, "detail", where) or "Changed their WhatsApp user id"
    events = [
        change.event(
            Person(id=known, phone=phone, name=name),
            id=event_id("user-id", known, user),
            kind="activity",
            text=text,
            occurred_at=at,
        )
    ]
    if user and user != known:
        events.append(
            change.event(
                Person(id=user, phone=phone, name=name),
                id=event_id("user-id", known, user, "number"),
                kind="activity",
                text=f"Writes from +{number} from now on",
                occurred_at=at,
            )
        )
    return events
