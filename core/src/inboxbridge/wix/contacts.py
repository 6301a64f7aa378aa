"""Contacts: the queries that find them, the body that makes one, and what an answer says.

Sources: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/query-contacts,
https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal

from inboxbridge.model import emails, numbering
from inboxbridge.model.phone import country_of, normalize_phone, spellings
from inboxbridge.wix.forms import Contact, Phone, QueriedContacts, moment

Json = dict[str, Any]

NEWEST_FIRST: Final = [{"fieldName": "createdDate", "order": "DESC"}]
MAX_PAGE: Final = 1000
MAX_NAME_CHARACTERS: Final = 1000
"""Of a first or last name, as Wix's own SDK declares."""
_NOT_DIGITS = re.compile(r"\D+")


LOOKED_UP_BY: Final[dict[Literal["email", "phone"], str]] = {
    "email": "info.emails.email",
    "phone": "info.phones.e164Phone",
}
"""The field that Query Contacts is asked for."""


@dataclass(frozen=True, slots=True)
class ContactMatch:
    """A contact, as far as it was asked for.

    Attributes:
        id: Wix's id (a GUID).
        created_at: UTC; None where it was not asked for.
        emails: In lower case; empty where they were not asked for.
        phones: E.164 where Wix or the number itself says which country, else as typed.
        name: First and last name; empty where they were not asked for.
    """

    id: str
    created_at: datetime | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    name: str = ""


def query(field: str, values: Sequence[str]) -> Json:
    """Return the query for contacts whose *field* is one of *values*, newest first.

    The answer shows what was asked for, so that it can be told whether it is an answer to this.

    Args:
        field: Such as ``info.emails.email``.
        values: What it may be; at least one.
    """
    condition: Json = {"$eq": values[0]} if len(values) == 1 else {"$in": list(values)}
    return by_filter({field: condition}, ["id", "createdDate", field.rpartition(".")[0]])


def by_filter(condition: Json, fields: list[str]) -> Json:
    """Return a query for contacts by *condition*, newest first."""
    return {"query": {"filter": condition, "sort": NEWEST_FIRST, "fields": fields}}


def page_from(body: Json, offset: int) -> Json:
    """Return the query *body* for the contacts from *offset* on."""
    paging = {"limit": MAX_PAGE, "offset": offset}
    return {"query": {**body["query"], "paging": paging}}


def has_more(page: QueriedContacts, seen: int) -> bool:
    """Whether contacts are left after the *seen* ones."""
    paging = page.paging_metadata
    if not page.contacts or paging is None:
        return False
    if paging.total is not None and not paging.too_many_to_count:
        return paging.total > seen
    return bool(paging.has_next or paging.too_many_to_count)


def match_of(contact: Contact) -> ContactMatch:
    """Return what *contact* says of itself."""
    return ContactMatch(
        id=contact.id,
        created_at=moment(contact.created_date),
        emails=emails_of(contact),
        phones=tuple(_e164(item) or item.phone or "" for item in _phones(contact)),
        name=_name_of(contact),
    )


def _name_of(contact: Contact) -> str:
    held = contact.info.name if contact.info else None
    return " ".join(filter(None, (held.first, held.last))) if held else ""


def emails_of(contact: Contact) -> tuple[str, ...]:
    """Return the contact's addresses in lower case."""
    held = contact.info.emails if contact.info else None
    return tuple(item.email.strip().lower() for item in (held.items if held else ()) if item.email)


def emails_among(wanted: Sequence[str]) -> Callable[[Contact], set[str]]:
    """Return what tells which of the addresses *wanted* a contact has, however they are spelt."""
    by_key: dict[str, set[str]] = {}
    for email in wanted:
        by_key.setdefault(emails.key(email.strip().lower()), set()).add(email)

    def held(contact: Contact) -> set[str]:
        keys = map(emails.key, emails_of(contact))
        return {email for key in keys for email in by_key.get(key, ())}

    return held


def typed(e164: str) -> list[str]:
    """Return the ways in which a contact's owner may have typed the number *e164*."""
    return [spelling for form in numbering.forms(e164) for spelling in spellings(form)]


def phones_among(wanted: Sequence[str]) -> Callable[[Contact], set[str]]:
    """Return what tells which of the numbers *wanted* (E.164) a contact has, however it is typed.

    A number that names its country must be the same number, in its form of today or an older one;
    one that does not must have the digits of one of the usual spellings.
    """
    by_form: dict[str, set[str]] = {}
    by_digits: dict[str, set[str]] = {}
    for e164 in wanted:
        for form in numbering.forms(e164):
            by_form.setdefault(form, set()).add(e164)
        for digits in _digits_of(e164):
            by_digits.setdefault(digits, set()).add(e164)

    def held(contact: Contact) -> set[str]:
        found: set[str] = set()
        for item in _phones(contact):
            known = _e164(item)
            if known is not None:
                found |= by_form.get(known, set())
            else:
                found |= by_digits.get(_NOT_DIGITS.sub("", item.phone or ""), set())
        return found

    return held


def new_contact(
    name: str | None, email: str | None, phone: str | None, picture_url: str | None = None
) -> Json:
    """Return the body of Create Contact. Raises ValueError where there is nothing to put in it.

    Args:
        name: As the source gives it; the first word is the first name.
        email: In lower case.
        phone: E.164. Its country goes with it, or Wix could not find the contact by number.
        picture_url: An ``https`` address of a picture.
    """
    info: Json = {}
    first, last = split_name(name or "")
    if first:
        info["name"] = {"first": first, "last": last} if last else {"first": first}
    if email:
        info["emails"] = {"items": [{"tag": "MAIN", "email": email, "primary": True}]}
    if phone:
        country = country_of(phone)
        item = {"tag": "MAIN", "phone": phone, "primary": True}
        info["phones"] = {"items": [{**item, "countryCode": country} if country else item]}
    if not info:
        raise ValueError("a contact needs a name, an email or a phone number")
    if picture_url:
        info["picture"] = {"image": {"url": picture_url}}
    return {"info": info, "allowDuplicates": False}


def completed(
    contact: Contact, name: str, provisional_name: str, picture_url: str | None
) -> Json | None:
    """Return the body of Update Contact that names *contact*; None for one to be left alone.

    One whose name is neither empty nor the provisional one was named by a person.

    Args:
        contact: As Wix has it, whole.
        name: Its name, as the source gives it.
        provisional_name: What it was called while that was not known; may be empty.
        picture_url: An ``https`` address of a picture, for one that has none.
    """
    held = contact.info.name if contact.info else None
    if held is not None and (held.first or held.last) and not is_named(contact, provisional_name):
        return None
    first, last = split_name(name)
    info: Json = {"name": {"first": first, "last": last} if last else {"first": first}}
    has_picture = contact.info is not None and contact.info.picture
    if picture_url and not has_picture:
        info["picture"] = {"image": {"url": picture_url}}
    return {"contactId": contact.id, "revision": contact.revision, "info": info}


def split_name(name: str) -> tuple[str, str]:
    """Return the first word of *name* and the rest, which may be empty, cut to what Wix takes."""
    first, *rest = name.split() or [""]
    return first[:MAX_NAME_CHARACTERS], " ".join(rest)[:MAX_NAME_CHARACTERS].rstrip()


def is_named(contact: Contact, name: str) -> bool:
    """Whether the contact's name is *name* as `new_contact` writes it."""
    held = contact.info.name if contact.info else None
    return ((held and held.first) or "", (held and held.last) or "") == split_name(name)


@lru_cache(maxsize=256)
def _digits_of(e164: str) -> frozenset[str]:
    return frozenset(_NOT_DIGITS.sub("", spelling) for spelling in typed(e164))


def _e164(item: Phone) -> str | None:
    if item.e164_phone:
        return "+" + _NOT_DIGITS.sub("", item.e164_phone)
    if not item.phone:
        return None
    if item.country_code:
        return normalize_phone(item.phone, item.country_code)
    return normalize_phone(item.phone) if item.phone.lstrip().startswith("+") else None


def _phones(contact: Contact) -> list[Phone]:
    held = contact.info.phones if contact.info else None
    return [item for item in (held.items if held else ()) if item.phone or item.e164_phone]
