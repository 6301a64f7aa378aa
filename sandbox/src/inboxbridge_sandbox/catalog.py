"""A site's contact labels and extended fields, which contacts refer to by key.

Source: section 2.6 of the Wix reference; `https://www.wixapis.com/contacts/v4/labels` and
`…/extended-fields` are "find or create".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .clock import iso_millis
from .errors import application_error

Json = dict[str, Any]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SYSTEM_NAMESPACES = ("contacts.", "members.", "emailSubscriptions.", "invoices.", "ecom.")


class Catalog:
    """Labels and extended fields by key. Keys are fixed when made: `custom.facebook-lead`."""

    def __init__(self, now_micros: Callable[[], int]) -> None:
        self._now = now_micros
        self.labels: dict[str, Json] = {}
        self.fields: dict[str, Json] = {}

    def find_or_create_label(self, display_name: str) -> tuple[Json, bool]:
        """The label with this name, and whether it is new."""
        key = _custom_key(display_name)
        kind = {"labelType": "USER_DEFINED"}
        return self._find_or_create(self.labels, key, display_name, kind)

    def find_or_create_field(self, display_name: str, data_type: str) -> tuple[Json, bool]:
        """The extended field with this name, and whether it is new."""
        key = _custom_key(display_name)
        kind = {"dataType": data_type, "fieldType": "USER_DEFINED"}
        return self._find_or_create(self.fields, key, display_name, kind)

    def data_type(self, key: str) -> str | None:
        """`TEXT`, `NUMBER`, `DATE` or `URL` of a custom field; `None` if there is no such field."""
        field = self.fields.get(key)
        return field["dataType"] if field else None

    def check_labels(self, keys: Iterable[str]) -> None:
        """Refuse label keys that nobody has created; those of Wix's own namespaces pass."""
        for key in keys:
            if key not in self.labels and not key.startswith(_SYSTEM_NAMESPACES):
                text = f"There is no label with the key {key}."
                raise application_error(400, "LABEL_NOT_FOUND", text, {"labelKey": key})

    def adopt_labels(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key.startswith("custom.") and key not in self.labels:
                self.find_or_create_label(key.removeprefix("custom."))

    def check_fields(self, values: Mapping[str, Any]) -> None:
        """Refuse values that do not fit their field; a key met for the first time is adopted."""
        for key, value in values.items():
            known = self.data_type(key)
            found = _type_of(value)
            if found is None or (known is not None and not _fits(known, found)):
                text = f"The value of {key} is not valid for a field of type {known or 'TEXT'}."
                raise application_error(400, "INVALID_EXTENDED_FIELD_VALUE", text, {"key": key})
        self.adopt_fields(values)

    def adopt_fields(self, values: Mapping[str, Any]) -> None:
        """Make a field of the value's own type for every custom key that has none."""
        for key, value in values.items():
            if key.startswith("custom."):
                kind = {"dataType": _type_of(value) or "TEXT", "fieldType": "USER_DEFINED"}
                self._find_or_create(self.fields, key, key, kind)

    def _find_or_create(
        self, shelf: dict[str, Json], key: str, display_name: str, kind: Json
    ) -> tuple[Json, bool]:
        if key in shelf:
            return shelf[key], False
        at = iso_millis(self._now())
        shelf[key] = {
            "namespace": "custom",
            "key": key,
            "displayName": display_name,
            **kind,
            "createdDate": at,
            "updatedDate": at,
        }
        return shelf[key], True


def _custom_key(display_name: str) -> str:
    return "custom." + re.sub(r"[^a-z0-9_]+", "-", display_name.lower()).strip("-")


def _type_of(value: Any) -> str | None:
    if isinstance(value, str):
        return "DATE" if _DAY.fullmatch(value) else "TEXT"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "NUMBER"
    return None


def _fits(known: str, found: str) -> bool:
    return found == known or (known in ("TEXT", "URL") and found in ("TEXT", "DATE"))
