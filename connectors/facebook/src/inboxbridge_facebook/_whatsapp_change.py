"""What every change of a WhatsApp account says: which number of the business, and who.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inboxbridge import Event, Person
from inboxbridge.reading import as_object, id_at, items, mapping, object_at, required, scalar

from inboxbridge_facebook._meta import Update


class Contact(NamedTuple):
    """A customer as a change names one: user id, number in digits and name, each maybe empty."""

    user: str
    number: str
    name: str


NOBODY = Contact("", "", "")


class Contacts:
    """The customers that one change names, found by user id or number.

    They are read tolerantly: an odd one costs a name, not the messages beside it.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self._known: dict[str, Contact] = {}
        self._all: list[Contact] = []
        self._people: dict[tuple[str, str], Person] = {}
        for entry in map(mapping, items(value.get("contacts"))):
            profile = mapping(entry.get("profile"))
            user = scalar(entry.get("user_id")).strip()
            number = scalar(entry.get("wa_id")).strip().lstrip("+")
            name = scalar(profile.get("name")) or scalar(profile.get("username"))
            contact = Contact(user, number, name)
            self._all.append(contact)
            if user:
                self._known.setdefault(user, contact)
            if number:
                self._known.setdefault(number, contact)

    def find(self, user: str, number: str) -> Contact:
        """Return what is known of a customer; the only one where the message names none.

        Somebody who has another user id or another number is not that customer.
        """
        if not user and not number:
            return self._all[0] if len(self._all) == 1 else NOBODY
        contact = self._known.get(user) or self._known.get(number)
        if contact is None:
            return NOBODY
        is_another = (user and contact.user and user != contact.user) or (
            number and contact.number and number != contact.number
        )
        return NOBODY if is_another else contact

    def person(self, user: str, number: str, where: str) -> Person:
        """Return the customer with a user id or number.

        Raises:
            MalformedBody: Neither they nor the contacts name one; the text names the path *where*.
        """
        if known := self._people.get((user, number)):
            return known
        digits = number.lstrip("+")
        contact = self.find(user, digits)
        digits = digits or contact.number
        person = Person(
            id=required(user or contact.user or digits, where),
            phone=f"+{digits}" if digits else None,
            name=contact.name,
        )
        self._people[user, number] = person
        return person


class Change(NamedTuple):
    """One change, with what its parts have in common.

    Attributes:
        value: What it holds.
        where: The path of *value* in the body.
        business: The number of the business by Meta's id; the account's where it is not named.
        number: The same number as a phone number, in digits; empty where it is not named.
        contacts: The customers.
    """

    value: dict[str, Any]
    where: str
    business: str
    number: str
    contacts: Contacts

    def event(self, person: Person, **fields: Any) -> Event:
        """Return an event in the thread of *person* with this number of the business."""
        business = self.business
        thread = f"{business}:{person.id}"
        return Event(person=person, thread=thread, recipient=business or None, **fields)


def read_change(update: Update) -> Change:
    """Return what the parts of *update* have in common. Raises `MalformedBody`."""
    where = update.where
    value = as_object(update.value, where)
    metadata = object_at(value, "metadata", where)
    place = f"{where}.metadata"
    return Change(
        value=value,
        where=where,
        business=id_at(metadata, "phone_number_id", place) or update.account,
        number=id_at(metadata, "display_phone_number", place).lstrip("+"),
        contacts=Contacts(value),
    )
