"""Which contact fields can be filtered and sorted, with which operators, and where they are.

Source: https://dev.wix.com/docs/rest/api-reference/contacts/contacts/contact-v4/sort-filter-and-search
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import phonenumbers

from .contact_form import items_of, primary_of

Json = dict[str, Any]
Values = Callable[[Json], list[Any]]

EXACT: Final = frozenset({"$eq", "$ne", "$in", "$exists"})
TEXT: Final = EXACT | {"$startsWith"}
RANGE: Final = frozenset({"$eq", "$ne", "$gt", "$lt", "$gte", "$lte"})
LISTS: Final = frozenset({"$hasSome", "$hasAll"})
STATUS: Final = frozenset({"$eq", "$ne", "$in", "$nin"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the query language.

    `values` gives what a contact holds there, none or many. `kind` says how values compare:
    `text`, `email`, `moment`, `day` or `number`. `index` names the shelf of `ContactIndex` that
    answers equality.
    """

    values: Values
    operators: frozenset[str]
    kind: str = "text"
    sortable: bool = False
    index: str | None = None


def _at(*path: str) -> Values:
    def values(contact: Json) -> list[Any]:
        found: Any = contact
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return [] if found is None else [found]

    return values


def _each(plural: str, *path: str) -> Values:
    inside = _at(*path)

    def values(contact: Json) -> list[Any]:
        items = items_of(contact["info"], plural)
        return [value for item in items for value in inside(item)]

    return values


def _street(contact: Json) -> list[Any]:
    return list(_streets(contact))


def _streets(contact: Json) -> Iterator[str]:
    for item in items_of(contact["info"], "addresses"):
        address = item.get("address", {})
        street = address.get("streetAddress", {})
        named = " ".join(street[part] for part in ("number", "name") if part in street)
        yield from (line for line in (address.get("addressLine"), named) if line)


def _primary_phone(key: str) -> Values:
    def values(contact: Json) -> list[Any]:
        phone = primary_of(contact["info"], "phones") or {}
        return [phone[key]] if key in phone else []

    return values


def _formatted_phone(contact: Json) -> list[Any]:
    number = _primary_phone("e164Phone")(contact)
    if not number:
        return []
    parsed = phonenumbers.parse(number[0])
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return [phonenumbers.format_number(parsed, style)]


def _items(name: str) -> Values:
    def values(contact: Json) -> list[Any]:
        return list(items_of(contact["info"], name))

    return values


def extended(key: str) -> Values:
    """Where the value of an extended field is; its key contains dots."""

    def values(contact: Json) -> list[Any]:
        items = contact["info"].get("extendedFields", {}).get("items", {})
        return [items[key]] if key in items else []

    return values


_PRIMARY_EMAIL = _at("primaryInfo", "email")
_ADDRESS_TEXT = Field(_each("addresses", "address", "city"), TEXT)

FIELDS: Final[dict[str, Field]] = {
    "id": Field(_at("id"), EXACT, index="id"),
    "createdDate": Field(_at("createdDate"), RANGE, "moment", sortable=True),
    "updatedDate": Field(_at("updatedDate"), RANGE, "moment"),
    "lastActivity.activityDate": Field(
        _at("lastActivity", "activityDate"), RANGE, "moment", sortable=True
    ),
    "primaryInfo.email": Field(_PRIMARY_EMAIL, TEXT, "email", sortable=True, index="email"),
    "primaryInfo.phone": Field(_at("primaryInfo", "phone"), TEXT, index="phone"),
    "info.name.first": Field(_at("info", "name", "first"), TEXT, sortable=True),
    "info.name.last": Field(_at("info", "name", "last"), TEXT, sortable=True),
    "info.emails.email": Field(_each("emails", "email"), TEXT, "email", index="email"),
    "info.phones.phone": Field(_each("phones", "phone"), TEXT, index="phone"),
    "info.phones.e164Phone": Field(_each("phones", "e164Phone"), TEXT, index="e164Phone"),
    "info.addresses.street": Field(_street, TEXT),
    "info.addresses.city": _ADDRESS_TEXT,
    "info.addresses.subdivision": Field(_each("addresses", "address", "subdivision"), EXACT),
    "info.addresses.country": Field(_each("addresses", "address", "country"), EXACT),
    "info.company": Field(_at("info", "company"), TEXT, sortable=True),
    "info.jobTitle": Field(_at("info", "jobTitle"), TEXT, sortable=True),
    "info.birthdate": Field(_at("info", "birthdate"), RANGE, "day", sortable=True),
    "info.locale": Field(_at("info", "locale"), EXACT),
    "info.labelKeys": Field(_items("labelKeys"), LISTS),
    "info.locations": Field(_items("locations"), LISTS),
    "primaryEmail.email": Field(_PRIMARY_EMAIL, TEXT, "email", sortable=True, index="email"),
    "primaryEmail.subscriptionStatus": Field(
        extended("emailSubscriptions.subscriptionStatus"), STATUS
    ),
    "primaryEmail.deliverabilityStatus": Field(
        extended("emailSubscriptions.deliverabilityStatus"), STATUS
    ),
    "primaryPhone.phone": Field(_primary_phone("phone"), TEXT, index="phone"),
    "primaryPhone.e164Phone": Field(_primary_phone("e164Phone"), TEXT, index="e164Phone"),
    "primaryPhone.formattedPhone": Field(_formatted_phone, TEXT, sortable=True),
    "primaryPhone.countryCode": Field(_primary_phone("countryCode"), TEXT, sortable=True),
    "info.extendedFields.members.membershipStatus": Field(
        extended("members.membershipStatus"), STATUS
    ),
    "info.extendedFields.emailSubscriptions.deliverabilityStatus": Field(
        extended("emailSubscriptions.deliverabilityStatus"), STATUS
    ),
    "info.extendedFields.emailSubscriptions.subscriptionStatus": Field(
        extended("emailSubscriptions.subscriptionStatus"), STATUS
    ),
    "info.extendedFields.emailSubscriptions.effectiveEmail": Field(
        extended("emailSubscriptions.effectiveEmail"),
        frozenset({"$exists"}),
        "email",
        sortable=True,
    ),
}

_CUSTOM_PREFIX: Final = "info.extendedFields."
_CUSTOM_KINDS: Final = {"TEXT": "text", "URL": "text", "NUMBER": "number", "DATE": "day"}
_CUSTOM_TEXT: Final = frozenset({"$eq", "$ne", "$in", "$startsWith"})


def field_named(path: str, data_type: Callable[[str], str | None]) -> Field | None:
    """The field at a path; custom fields are known through the site's own `data_type` of a key."""
    field = FIELDS.get(path)
    if field is not None or not path.startswith(_CUSTOM_PREFIX + "custom."):
        return field
    key = path.removeprefix(_CUSTOM_PREFIX)
    stored = data_type(key)
    if stored is None:
        return None
    kind = _CUSTOM_KINDS[stored]
    operators = _CUSTOM_TEXT if kind == "text" else RANGE
    return Field(extended(key), operators, kind, sortable=True)
