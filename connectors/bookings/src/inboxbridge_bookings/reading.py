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
    content = value.get(key)
    if content is None:
        return None
    return clean_text(content if isinstance(content, str) else scalar(content)) or None


def inner(value: Object, key: str) -> Object:
    """Return the object at *key*, or an empty one."""
    content = value.get(key)
    return content if isinstance(content, dict) else {}


def objects(value: Object, key: str) -> list[Object]:
    """Return the objects in the array at *key*; empty where there is none."""
    content = value.get(key)
    return [item for item in items(content) if isinstance(item, dict)] if content else []


def needed_text(value: Object, key: str, at: str) -> str:
    """Return the text at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    content = text(value, key)
    if content is None or not isinstance(value[key], str):
        raise MalformedBody(f"{at}{key} is missing, or is not text")
    return content


def needed_object(value: Object, key: str, at: str) -> Object:
    """Return the object at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    content = value.get(key)
    if not isinstance(content, dict):
        raise MalformedBody(f"{at}{key} is missing, or is not an object")
    return content


def moment(value: Object, key: str) -> datetime | None:
    """Return the ISO 8601 moment at *key* in UTC, or None where there is none."""
    content = value.get(key)
    return iso_moment(content.strip()) if isinstance(content, str) else None


def needed_moment(value: Object, key: str, at: str) -> datetime:
    """Return the moment at *key*. Raises `MalformedBody` naming ``at.key`` where there is none."""
    content = moment(value, key)
    if content is None:
        raise MalformedBody(f"{at}{key} is missing, or is not an ISO 8601 moment")
    return content


def ignored(kind: str) -> IgnoredPart:
    """Return the part for a *kind* of event that is left out, as the source names it."""
    return IgnoredPart(kind=one_line(kind, MAX_KIND_CHARACTERS))
