"""Reads a delivery's JSON by path: a value of the wrong type is named, never trusted.

The readers whose names end in ``_at`` take the object, the key and where the object stands in the
body, for the error: ``text_at(message, "text", "entry[0].messaging[0].message")``. A key that is
absent or null gives the empty value of its type; a value of another type raises `MalformedBody`
naming the path and never the value.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from inboxbridge.errors import MalformedBody
from inboxbridge.request import utc

__all__ = [
    "array_at",
    "as_object",
    "event_id",
    "fingerprint",
    "id_at",
    "iso_moment",
    "moment_at",
    "object_at",
    "one_line",
    "required",
    "text_at",
    "web_link",
]

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers above this are milliseconds: as seconds they would lie beyond the year 5000."""


def as_object(value: object, where: str) -> dict[str, Any]:
    """Return *value* as a JSON object. Raises `MalformedBody` where it is something else."""
    if not isinstance(value, dict):
        raise MalformedBody(f"{where} is not an object")
    return value


def object_at(parent: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """Return the object at *key*, or an empty one."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedBody(f"{where}.{key} is not an object")
    return value


def array_at(parent: dict[str, Any], key: str, where: str) -> list[Any]:
    """Return the array at *key*, or an empty one."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedBody(f"{where}.{key} is not an array")
    return value


def text_at(parent: dict[str, Any], key: str, where: str) -> str:
    """Return the text at *key*, or an empty one."""
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedBody(f"{where}.{key} is not text")
    return value


def id_at(parent: dict[str, Any], key: str, where: str) -> str:
    """Return the id at *key* as text, whether it was sent as text or as a whole number."""
    value = parent.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MalformedBody(f"{where}.{key} is neither text nor a whole number")


def moment_at(parent: dict[str, Any], key: str, where: str) -> datetime | None:
    """Return the moment at *key*, in UTC, or None.

    It is given in seconds or milliseconds since 1970, as a number or as digits.
    """
    value = parent.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MalformedBody(f"{where}.{key} is not a time")
    seconds = value / 1000 if _MILLISECONDS_FROM < value < _LAST_SECOND * 1000 else value
    if not 0 <= seconds <= _LAST_SECOND:
        raise MalformedBody(f"{where}.{key} is not a time between 1970 and 9999")
    return datetime.fromtimestamp(seconds, UTC)


def iso_moment(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC, or None where it cannot be read. Without a zone it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        return utc(datetime.fromisoformat(value))
    except ValueError:
        return None


def required(text: str, where: str) -> str:
    """Return *text*, which must not be empty. Raises `MalformedBody` naming the path *where*."""
    if not text:
        raise MalformedBody(f"{where} is missing")
    return text


def event_id(*parts: str) -> str:
    """Join *parts* into an event's id; one with invisible characters becomes its digest."""
    joined = ":".join(parts)
    return joined if joined.isprintable() else fingerprint("id", *parts)


def fingerprint(kind: str, *parts: str) -> str:
    """Return an id made from a digest of *parts*, which stay unreadable in it."""
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"{kind}:{hashlib.sha256(content).hexdigest()}"


def web_link(value: object) -> str | None:
    """Return *value* if it is an address that may be shown as a link (http or https), else None."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return None
    return value if value.isprintable() and " " not in value else None


def one_line(text: str) -> str:
    """Return *text* with line ends and runs of white space as single spaces."""
    return " ".join(text.split())
