"""The Contact object: what callers may send and how it is completed before it is kept.

Source: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from inboxbridge_sandbox.options import Limits
from inboxbridge_sandbox.shapes import (
    Either,
    Enum,
    Flag,
    Guid,
    ListOf,
    Map,
    Moment,
    Number,
    Object,
    Pattern,
    Shape,
    Text,
)

Json = dict[str, Any]

HEAD = ("id", "revision", "source", "createdDate", "updatedDate", "lastActivity", "memberInfo")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_KEPT_AS_GIVEN = ("addresses", "picture", "labelKeys", "locations", "extendedFields")


def info_shape(limits: Limits, *, seeding: bool = False) -> Object:
    """The shape of `info`; every list is wrapped in `items`.

    A seed may state `e164Phone` itself; callers of the API may not. What is only kept is not
    looked into.
    """
    most = limits.contact_items
    line = Text(limits.contact_text)
    seeded: dict[str, Shape] = {"e164Phone": Text()} if seeding else {}
    email: dict[str, Shape] = {
        "tag": Enum("MAIN", "HOME", "WORK", "UNTAGGED"),
        "email": Pattern(_EMAIL, "an email address", limits.email),
        "primary": Flag(),
    }
    phone: dict[str, Shape] = {
        "tag": Enum("MAIN", "HOME", "MOBILE", "WORK", "FAX", "UNTAGGED"),
        "countryCode": Text(),
        "phone": Text(limits.phone),
        "primary": Flag(),
        **seeded,
    }
    return Object(
        {
            "name": Object({"first": line, "last": line}),
            "emails": _wrapped(Object(email, ignored=("id",)), most),
            "phones": _wrapped(Object(phone, ignored=("id", "e164Phone", "formattedPhone")), most),
            "company": line,
            "jobTitle": line,
            "birthdate": Text(),
            "locale": Text(),
            **dict.fromkeys(_KEPT_AS_GIVEN, Map()),
        }
    )


def _wrapped(item: Any, most: int | None = None) -> Object:
    return Object({"items": ListOf(item, most)})


class ContactShapes:
    """The bodies of all contact methods, read with the limits of one sandbox."""

    def __init__(self, limits: Limits) -> None:
        info = info_shape(limits)
        sort = Object({"fieldName": Text(), "order": Enum("ASC", "DESC")}, need=("fieldName",))
        paging = Object({"limit": Number(whole=True), "offset": Number(whole=True)})
        query = Object(
            {
                "filter": Map(),
                "sort": Either(sort, 1),
                "paging": paging,
                "fields": ListOf(Text()),
                "fieldsets": ListOf(Enum("BASIC", "FULL", zero="UNKNOWN")),
            }
        )
        self.query = Object({"query": query})
        self.create = Object({"info": info, "allowDuplicates": Flag()}, need=("info",))
        self.update = Object(
            {
                "contactId": Guid(),
                "revision": Number(whole=True),
                "info": info,
                "allowDuplicates": Flag(),
            },
            need=("revision", "info"),
        )
        self.seed = Object(
            {
                "id": Guid(),
                "revision": Number(whole=True),
                "source": Map(),
                "createdDate": Moment(),
                "updatedDate": Moment(),
                "lastActivity": Map(),
                "memberInfo": Map(),
                "info": info_shape(limits, seeding=True),
            },
            need=("info",),
            ignored=("primaryInfo", "primaryEmail", "primaryPhone", "picture"),
        )


def tidied(info: Mapping[str, Any], new_id: Callable[[], str]) -> Json:
    """`info` as it is kept: item ids, one primary each, `e164Phone`, and nothing empty.

    An email or phone entry without its value is dropped, as Wix does with misspelt ones.
    """
    tidy = {key: value for key, value in info.items() if value not in ("", {}, [], {"items": []})}
    for plural, singular in (("emails", "email"), ("phones", "phone")):
        items = [item for item in items_of(tidy, plural) if item.get(singular)]
        tidy.pop(plural, None)
        if items:
            tidy[plural] = {"items": _with_one_primary(items, new_id)}
    for phone in items_of(tidy, "phones"):
        number = e164(phone["phone"], phone.get("countryCode"))
        if number:
            phone["e164Phone"] = number
    return tidy


def _with_one_primary(items: list[Json], new_id: Callable[[], str]) -> list[Json]:
    primary = next((at for at, item in enumerate(items) if item.get("primary")), 0)
    return [
        {"id": new_id(), "tag": "UNTAGGED"} | item | {"primary": at == primary}
        for at, item in enumerate(items)
    ]


def e164(phone: str, country_code: str | None) -> str | None:
    """`+14155550132`, or `None` unless both number and country are valid.

    Numbers set aside for fiction (555-01xx) count as valid when their length is possible.
    """
    if not country_code or country_code.upper() not in phonenumbers.SUPPORTED_REGIONS:
        return None
    try:
        number = phonenumbers.parse(phone, country_code.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def items_of(info: Mapping[str, Any], plural: str) -> list[Json]:
    """The items of a wrapped list, empty where there is none."""
    items: list[Json] = info.get(plural, {}).get("items", [])
    return items


def primary_of(info: Mapping[str, Any], plural: str) -> Json | None:
    return next((item for item in items_of(info, plural) if item.get("primary")), None)


def full_name(info: Mapping[str, Any]) -> str:
    name = info.get("name", {})
    return " ".join(part for part in (name.get("first"), name.get("last")) if part)


def document(head: Mapping[str, Any], info: Mapping[str, Any]) -> Json:
    """A whole Contact object, with everything Wix derives from `info` filled in."""
    email, phone = primary_of(info, "emails"), primary_of(info, "phones")
    primary = {}
    if email:
        primary["email"] = email["email"]
    if phone:
        primary["phone"] = phone["phone"]
    whole = {**head, "info": dict(info)}
    if primary:
        whole["primaryInfo"] = primary
    return whole


def seed_document(contact: Mapping[str, Any], at: str, new_id: Callable[[], str]) -> Json:
    """A whole Contact object from a seed; what the seed leaves out is as if created at `at`."""
    head: Json = {
        "id": contact.get("id") or new_id(),
        "revision": 1,
        "source": {"sourceType": "OTHER"},
        "createdDate": at,
        "updatedDate": contact.get("createdDate", at),
    }
    head |= {key: contact[key] for key in HEAD if key in contact}
    created = {"activityDate": head["createdDate"], "activityType": "CONTACT_CREATED"}
    head.setdefault("lastActivity", created)
    return document(head, tidied(contact["info"], new_id))
