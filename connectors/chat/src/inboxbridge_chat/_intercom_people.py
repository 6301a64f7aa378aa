"""Who is named in an Intercom delivery: each person built from one contact's fields alone.

Source: https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Person
from inboxbridge.reading import as_object, id_at, items, mapping, object_at, text_at, web_link

CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})
BOTS = frozenset({"bot", "operator"})


def person_at(contact: dict[str, Any], where: str) -> Person:
    """Return the person of one contact, user, lead or author at the path *where*."""
    return Person(
        id=id_at(contact, "id", where),
        email=text_at(contact, "email", where),
        phone=text_at(contact, "phone", where),
        name=text_at(contact, "name", where),
        picture_url=picture(contact),
    )


def picture(contact: dict[str, Any]) -> str | None:
    """Return the address of a contact's picture, which is text or an object by API version."""
    avatar = contact.get("avatar")
    if avatar is None:
        return None
    return web_link(mapping(avatar).get("image_url") or avatar)


def contacts_at(item: dict[str, Any], where: str) -> list[Person]:
    """Return the contacts of a conversation or ticket, in order.

    API versions 1.x name one in ``user``, or several in ``customers``; newer ones in ``contacts``.
    """
    people = [person_at(user, f"{where}.user")] if (user := object_at(item, "user", where)) else []
    for key in ("contacts", "customers"):
        value = item.get(key)
        place = f"{where}.{key}"
        listed = items(value) or items(mapping(value).get(key)) or items(mapping(value).get("data"))
        for index, contact in enumerate(listed):
            people.append(person_at(as_object(contact, place), f"{place}[{index}]"))
    return people


def fullest(person: Person, known: list[Person]) -> Person:
    """Return *person* with what *known* tells of the same contact id, and of no other."""
    same = [other for other in known if other.id is not None and other.id == person.id]
    return merged(person, *same)


def merged(person: Person, *others: Person) -> Person:
    """Return *person* with what is missing from *others*, which must be the same human being."""
    missing = {
        field: next(filter(None, (getattr(other, field) for other in others)), None)
        for field in ("email", "phone", "name", "picture_url")
        if not getattr(person, field)
    }
    changes = {field: value for field, value in missing.items() if value}
    return person.model_copy(update=changes) if changes else person
