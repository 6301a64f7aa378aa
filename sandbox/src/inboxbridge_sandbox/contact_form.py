"""The Contact object: what callers may send and how it is completed before it is kept.

Source: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/create-contact
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from .options import Limits
from .shapes import Either, Enum, Flag, Guid, ListOf, Map, Number, Object, Pattern, Shape, Text

Json = dict[str, Any]

HEAD = ("id", "revision", "source", "createdDate", "updatedDate", "lastActivity", "memberInfo")

_DAY = Pattern(re.compile(r"\d{4}-\d{2}-\d{2}"), "a date as YYYY-MM-DD")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_STREET = Object({"name": Text(), "number": Text(), "apt": Text()})
_ADDRESS = Object(
    {
        "country": Text(),
        "subdivision": Text(),
        "city": Text(),
        "postalCode": Text(),
        "addressLine": Text(),
        "addressLine2": Text(),
        "streetAddress": _STREET,
    },
    ignored=("formattedAddress", "countryFullname", "subdivisionFullname", "location"),
)
_DISPLAYED = ("contacts.displayByFirstName", "contacts.displayByLastName")
_SUBSCRIPTION = (
    "emailSubscriptions.subscriptionStatus",
    "emailSubscriptions.deliverabilityStatus",
)
_EFFECTIVE_EMAIL = "emailSubscriptions.effectiveEmail"


def info_shape(limits: Limits, *, seeding: bool = False) -> Object:
    """The shape of `info`; every list is wrapped in `items`.

    A seed may state `e164Phone` itself; callers of the API may not.
    """
    most = limits.contact_items
    line = Text(limits.contact_text)
    told: dict[str, Shape] = {"e164Phone": Text()} if seeding else {}
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
        **told,
    }
    address: dict[str, Shape] = {
        "tag": Enum("HOME", "WORK", "BILLING", "SHIPPING", "UNTAGGED"),
        "address": _ADDRESS,
    }
    return Object(
        {
            "name": Object({"first": line, "last": line}),
            "emails": _wrapped(Object(email, ignored=("id",)), most),
            "phones": _wrapped(Object(phone, ignored=("id", "e164Phone", "formattedPhone")), most),
            "addresses": _wrapped(Object(address, ignored=("id",)), most),
            "company": line,
            "jobTitle": line,
            "birthdate": _DAY,
            "locale": Text(),
            "picture": Map(),
            "labelKeys": _wrapped(Text()),
            "locations": _wrapped(Text()),
            "extendedFields": Object({"items": Map()}),
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
                "fieldsets": ListOf(
                    Enum("BASIC", "COMMUNICATION_DETAILS", "EXTENDED", "FULL", zero="UNKNOWN")
                ),
            }
        )
        self.query = Object({"query": query, "search": Text(limits.search)})
        self.create = Object({"info": info, "allowDuplicates": Flag()}, need=("info",))
        self.update = Object(
            {"revision": Number(whole=True), "info": info, "allowDuplicates": Flag()},
            need=("revision",),
        )
        self.merge = Object(
            {"targetContactRevision": Number(whole=True), "sourceContactIds": ListOf(Guid(), 5)},
            need=("targetContactRevision", "sourceContactIds"),
        )
        self.labels = Object({"labelKeys": ListOf(Text())}, need=("labelKeys",))
        self.new_label = Object({"displayName": Text()}, need=("displayName",))
        self.new_field = Object(
            {"displayName": Text(), "dataType": Enum("TEXT", "NUMBER", "DATE", "URL")},
            need=("displayName", "dataType"),
        )
        self.seed = Object(
            {
                "id": Guid(),
                "revision": Number(whole=True),
                "source": Map(),
                "createdDate": Text(),
                "updatedDate": Text(),
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
    kept = {key: value for key, value in info.items() if value not in ("", {}, [], {"items": []})}
    for plural, singular in (("emails", "email"), ("phones", "phone")):
        items = [item for item in items_of(kept, plural) if item.get(singular)]
        kept.pop(plural, None)
        if items:
            kept[plural] = {"items": _with_one_primary(items, new_id)}
    for phone in items_of(kept, "phones"):
        number = e164(phone["phone"], phone.get("countryCode"))
        if number:
            phone["e164Phone"] = number
    if "addresses" in kept:
        items = [{"id": new_id(), "tag": "UNTAGGED"} | item for item in items_of(kept, "addresses")]
        kept["addresses"] = {"items": items}
    return kept


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
    whole = dict(head)
    if primary:
        whole["primaryInfo"] = primary
    custom = info.get("extendedFields", {}).get("items", {})
    whole["info"] = {**info, "extendedFields": {"items": {**custom, **_derived(info, custom)}}}
    if not whole["info"]["extendedFields"]["items"]:
        del whole["info"]["extendedFields"]
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


def _derived(info: Mapping[str, Any], given: Mapping[str, Any]) -> Json:
    derived: Json = {}
    name = info.get("name", {})
    if full_name(info):
        backwards = " ".join(part for part in (name.get("last"), name.get("first")) if part)
        derived.update(zip(_DISPLAYED, (full_name(info), backwards), strict=True))
    email = primary_of(info, "emails")
    if email:
        derived[_EFFECTIVE_EMAIL] = email["email"]
        derived.update((key, given.get(key, "NOT_SET")) for key in _SUBSCRIPTION)
    return derived


def custom_fields(info: Mapping[str, Any]) -> Json:
    """The caller's own extended fields, without what Wix derives."""
    items = info.get("extendedFields", {}).get("items", {})
    derived = (*_DISPLAYED, _EFFECTIVE_EMAIL)
    return {key: value for key, value in items.items() if key not in derived}
