"""Contacts: the queries that find them, the body that makes one, and what an answer says.

Sources: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/query-contacts,
https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from inboxbridge.phone import country_of, normalize_phone, spellings

Json = dict[str, Any]

NEWEST_FIRST: Final = [{"fieldName": "createdDate", "order": "DESC"}]
MAX_PAGE: Final = 1000
_NOT_DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class ContactMatch:
    """A contact, as far as it was asked for.

    Attributes:
        id: Wix's id (a GUID).
        created_at: UTC; None where it was not asked for.
        emails: In lower case; empty where they were not asked for.
        phones: E.164 where Wix or the number itself says which country, else as typed.
    """

    id: str
    created_at: datetime | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


def query(field: str, values: Sequence[str], reveal: str | None) -> Json:
    """Return the query for contacts whose *field* is one of *values*, newest first.

    One value is asked for as Wix's flow does, ``$eq`` and ``fields: ["id"]``. Several are asked for
    at once with ``$in`` and what tells the answers apart.

    Args:
        field: Such as ``info.emails.email``.
        values: What it may be; at least one.
        reveal: The field to return besides, so that the answer can be checked or told apart.
    """
    one = len(values) == 1
    condition: Json = {"$eq": values[0]} if one else {"$in": list(values)}
    fields = ["id"] if reveal is None else ["id", "createdDate", reveal]
    return by_filter({field: condition}, fields)


def by_filter(condition: Json, fields: list[str]) -> Json:
    """Return a query for contacts by *condition*, newest first."""
    return {"query": {"filter": condition, "sort": NEWEST_FIRST, "fields": fields}}


def page_from(body: Json, offset: int) -> Json:
    """Return the query *body* for the contacts from *offset* on."""
    paging = {"limit": MAX_PAGE, "offset": offset}
    return {"query": {**body["query"], "paging": paging}}


def has_more(answer: Json, seen: int) -> bool:
    """Whether contacts are left after the *seen* ones."""
    page, paging = items(answer.get("contacts")), answer.get("pagingMetadata")
    if not page or not isinstance(paging, dict):
        return False
    total = paging.get("total")
    if isinstance(total, int) and not paging.get("tooManyToCount"):
        return total > seen
    return bool(paging.get("hasNext") or paging.get("tooManyToCount"))


def with_id(answer: Json) -> list[Json]:
    """Return the contacts of an answer that have an id."""
    return [c for c in items(answer.get("contacts")) if isinstance(c.get("id"), str)]


def match_of(contact: Mapping[str, Any]) -> ContactMatch:
    """Return what *contact* says of itself."""
    return ContactMatch(
        id=contact["id"],
        created_at=moment(contact.get("createdDate")),
        emails=emails_of(contact),
        phones=tuple(_e164(item) or str(item["phone"]) for item in _phones(contact)),
    )


def emails_of(contact: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the contact's addresses in lower case."""
    found = (item.get("email") for item in _wrapped(contact, "emails"))
    return tuple(email.strip().lower() for email in found if isinstance(email, str))


def has_phone(contact: Mapping[str, Any], e164: str) -> bool:
    """Whether one of the contact's numbers is *e164*, however it is typed.

    A number that names its country must be the same number; one that does not must have the digits
    of one of the usual spellings.
    """
    digits = {_NOT_DIGITS.sub("", spelling) for spelling in spellings(e164)}
    for item in _phones(contact):
        known = _e164(item)
        if known == e164 or (known is None and _NOT_DIGITS.sub("", item["phone"]) in digits):
            return True
    return False


def new_contact(name: str | None, email: str | None, phone: str | None) -> Json:
    """Return the body of Create Contact. Raises ValueError where there is nothing to put in it.

    Args:
        name: As the source gives it; the first word is the first name.
        email: In lower case.
        phone: E.164. Its country goes with it, or Wix could not find the contact by number.
    """
    info: Json = {}
    first, last = split_name(name or "")
    if first:
        info["name"] = {"first": first, "last": last} if last else {"first": first}
    if email:
        info["emails"] = {"items": [{"tag": "MAIN", "email": email, "primary": True}]}
    if phone:
        country = _country(phone)
        item = {"tag": "MAIN", "phone": phone, "primary": True}
        info["phones"] = {"items": [{**item, "countryCode": country} if country else item]}
    if not info:
        raise ValueError("a contact needs a name, an email or a phone number")
    return {"info": info, "allowDuplicates": False}


def _country(e164: str) -> str | None:
    """The number's country; None for one of the whole world (``+800``), numbered ``001``."""
    country = country_of(e164)
    return country if country and country.isalpha() else None


def split_name(name: str) -> tuple[str, str]:
    """Return the first word of *name* and the rest, which may be empty."""
    first, *rest = name.split() or [""]
    return first, " ".join(rest)


def is_named(contact: Mapping[str, Any], name: str) -> bool:
    """Whether the contact's name is *name* as `new_contact` writes it."""
    info = contact.get("info")
    held = info.get("name") if isinstance(info, dict) else None
    held = held if isinstance(held, dict) else {}
    return (held.get("first") or "", held.get("last") or "") == split_name(name)


def moment(text: object) -> datetime | None:
    """Return an RFC 3339 time in UTC, or None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _e164(item: Mapping[str, Any]) -> str | None:
    told = item.get("e164Phone")
    if isinstance(told, str) and told:
        return told
    country = item.get("countryCode")
    typed: str = item["phone"]
    if isinstance(country, str) and country:
        return normalize_phone(typed, country)
    return normalize_phone(typed) if typed.lstrip().startswith("+") else None


def _phones(contact: Mapping[str, Any]) -> list[Json]:
    return [item for item in _wrapped(contact, "phones") if isinstance(item.get("phone"), str)]


def _wrapped(contact: Mapping[str, Any], name: str) -> list[Json]:
    """The objects in ``info.NAME.items``."""
    info = contact.get("info")
    wrapper = info.get(name) if isinstance(info, dict) else None
    return items(wrapper.get("items") if isinstance(wrapper, dict) else None)


def items(value: object) -> list[Json]:
    """Return the JSON objects in a list; none where *value* is something else."""
    found: Iterable[object] = value if isinstance(value, list) else ()
    return [item for item in found if isinstance(item, dict)]
