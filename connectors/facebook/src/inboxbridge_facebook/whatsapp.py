"""WhatsApp Cloud API (``object: "whatsapp_business_account"``).

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from inboxbridge import Direction, Event, Person, WebhookRequest, hookimpl
from inboxbridge.reading import (
    array_at,
    as_object,
    event_id,
    id_at,
    moment_at,
    object_at,
    required,
    text_at,
)

from inboxbridge_facebook._meta import MetaConnector, MetaSettings, Update, updates
from inboxbridge_facebook._whatsapp_text import read_said

FIELDS = frozenset({"messages", "smb_message_echoes", "standby"})

DIRECTIONS: dict[str, Direction] = {
    "messages": "inbound",
    "message_echoes": "outbound",
}
"""The arrays of a change, and who spoke in each."""


class Contact(NamedTuple):
    """A customer as a change names one: user id, number in digits and name, each maybe empty."""

    user: str
    number: str
    name: str


NOBODY = Contact("", "", "")


class WhatsApp(MetaConnector[MetaSettings]):
    """What customers and a business write to each other on WhatsApp.

    A person is known by the business-scoped user id, by the number where there is none, and by the
    number beside it where it is not hidden. Messages of one person to one number of the business
    are one thread.

    Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
    """

    label = "WhatsApp"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read messages and echoes in the order of the batch; statuses give nothing."""
        found = [
            event
            for update in updates(request.json_object(), "whatsapp_business_account")
            if update.field in FIELDS
            for event in _events(update)
        ]
        return [event for event in found if event]


class Contacts:
    """The customers that one change names, found by user id or number."""

    def __init__(self, value: dict[str, Any], where: str) -> None:
        self._known: dict[str, Contact] = {}
        self._all: list[Contact] = []
        for index, contact in enumerate(array_at(value, "contacts", where)):
            place = f"{where}.contacts[{index}]"
            contact = as_object(contact, place)
            profile = object_at(contact, "profile", place)
            found = Contact(
                user=id_at(contact, "user_id", place),
                number=id_at(contact, "wa_id", place),
                name=text_at(profile, "name", f"{place}.profile"),
            )
            self._all.append(found)
            for key in filter(None, (found.user, found.number)):
                self._known.setdefault(key, found)

    def find(self, user: str, number: str) -> Contact:
        """Return what is known of a customer; the only one where the message names none."""
        if not user and not number and len(self._all) == 1:
            return self._all[0]
        return self._known.get(user) or self._known.get(number) or NOBODY


def _events(update: Update) -> Iterator[Event | None]:
    where = update.where
    value = as_object(update.value, where)
    metadata = object_at(value, "metadata", where)
    business = id_at(metadata, "phone_number_id", f"{where}.metadata") or update.account
    contacts = Contacts(value, where)
    for key in value:
        if key in DIRECTIONS:
            for index, message in enumerate(array_at(value, key, where)):
                place = f"{where}.{key}[{index}]"
                message = as_object(message, place)
                yield _event(message, place, DIRECTIONS[key], contacts, business)


def _event(
    message: dict[str, Any],
    where: str,
    direction: Direction,
    contacts: Contacts,
    business: str,
) -> Event | None:
    said = read_said(message, where)
    if said is None:
        return None
    person = _person(message, where, "from" if direction == "inbound" else "to", contacts)
    return Event(
        id=event_id(id_at(message, "id", where, required=True)),
        kind=said.kind,
        direction=direction,
        person=person,
        text=said.text,
        occurred_at=moment_at(message, "timestamp", where),
        thread=f"{business}:{person.id}",
    )


def _person(message: dict[str, Any], where: str, side: str, contacts: Contacts) -> Person:
    """Return the customer. Raises `MalformedBody` where neither message nor contacts name one."""
    user = id_at(message, f"{side}_user_id", where)
    number = id_at(message, side, where)
    contact = contacts.find(user, number)
    digits = (number or contact.number).lstrip("+")
    return Person(
        id=required(user or contact.user or digits, f"{where}.{side}"),
        phone=f"+{digits}" if digits else None,
        name=contact.name,
    )
