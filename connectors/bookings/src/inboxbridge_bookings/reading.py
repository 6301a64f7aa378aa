"""Reading JSON that a provider may vary: what is missing is None, what is needed is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inboxbridge import IgnoredPart, MalformedBody, clean_text
from inboxbridge.reading import iso_moment, items, one_line, scalar

Object = Mapping[str, Any]

MAX_KIND_CHARACTERS = 80


def text(value: Object, key: str) -> str | None:
    """Return the text at *key*, cleaned, or None where there is none."""
    found = value.get(key)
    if found is None:
        return None
    return clean_text(found if isinstance(found, str) else scalar(found)) or None


def inner(value: Object, key: str) -> Object:
    """Return the object at *key*, or an empty one."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def objects(value: Object, key: str) -> list[Object]:
    """Return the objects in the array at *key*; empty where there is none."""
    found = value.get(key)
    return [item for item in items(found) if isinstance(item, dict)] if found else []


def needed_text(value: Object, key: str, at: str) -> str:
    """Return the text at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    found = text(value, key)
    if found is None or not isinstance(value[key], str):
        raise MalformedBody(f"{at}{key} is missing, or is not text")
    return found


def needed_object(value: Object, key: str, at: str) -> Object:
    """Return the object at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    found = value.get(key)
    if not isinstance(found, dict):
        raise MalformedBody(f"{at}{key} is missing, or is not an object")
    return found


def moment(value: Object, key: str) -> datetime | None:
    """Return the ISO 8601 moment at *key* in UTC, or None where there is none."""
    found = value.get(key)
    return iso_moment(found.strip()) if isinstance(found, str) else None


def needed_moment(value: Object, key: str, at: str) -> datetime:
    """Return the moment at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    found = moment(value, key)
    if found is None:
        raise MalformedBody(f"{at}{key} is missing, or is not an ISO 8601 moment")
    return found


def ignored(kind: str) -> IgnoredPart:
    """Return the part for a *kind* of event that is left out, as the source names it."""
    return IgnoredPart(kind=one_line(kind, MAX_KIND_CHARACTERS))
