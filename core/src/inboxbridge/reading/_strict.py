"""Strict readers: a value of the wrong type raises `MalformedBody`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from inboxbridge.errors import MalformedBody
from inboxbridge.model.text import clean_text

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999."""

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers above this are milliseconds: as seconds they would lie beyond the year 5000."""


def as_object(value: object, where: str) -> dict[str, Any]:
    """Return *value* as a JSON object. Raises `MalformedBody` where it is something else."""
    if not isinstance(value, dict):
        raise MalformedBody(f"{where} is not an object")
    return value


def object_at(
    parent: dict[str, Any], key: str, where: str = "", *, required: bool = False
) -> dict[str, Any]:
    """Return the object at *key*, or an empty one.

    Args:
        parent: The object that holds it.
        key: Its key.
        where: The path of *parent* in the body; empty for the body itself.
        required: Raise `MalformedBody` where there is none.
    """
    value = parent.get(key)
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        raise _missing_or_wrong(value, where, key, "not an object")
    return value


def array_at(
    parent: dict[str, Any], key: str, where: str = "", *, required: bool = False
) -> list[Any]:
    """Return the array at *key*, or an empty one.

    Args:
        parent: The object that holds it.
        key: Its key.
        where: The path of *parent* in the body; empty for the body itself.
        required: Raise `MalformedBody` where there is none.
    """
    value = parent.get(key)
    if value is None and not required:
        return []
    if not isinstance(value, list):
        raise _missing_or_wrong(value, where, key, "not an array")
    return value


def text_at(parent: dict[str, Any], key: str, where: str = "", *, required: bool = False) -> str:
    """Return the text at *key*, or an empty one.

    Args:
        parent: The object.
        key: Its key.
        where: The object's path in the body; empty for the body itself.
        required: Raise `MalformedBody` where there is no text.
    """
    value = parent.get(key)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise MalformedBody(f"{_path(where, key)} is not text")
    return _there(value, where, key) if required else value


def id_at(parent: dict[str, Any], key: str, where: str = "", *, required: bool = False) -> str:
    """Return the id at *key* as text, whether it was sent as text or as a whole number.

    Args:
        parent: The object.
        key: Its key.
        where: The object's path in the body; empty for the body itself.
        required: Raise `MalformedBody` where there is no id.
    """
    value = parent.get(key)
    if value is None:
        value = ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise MalformedBody(f"{_path(where, key)} is neither text nor a whole number")
    return _there(value.strip(), where, key) if required else value.strip()


def moment_at(parent: dict[str, Any], key: str, where: str = "") -> datetime | None:
    """Return the moment at *key*, in UTC, or None.

    It is given in seconds or milliseconds since 1970, as a number or as digits.
    """
    value = parent.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MalformedBody(f"{_path(where, key)} is not a time")
    seconds = value / 1000 if _MILLISECONDS_FROM < value < _LAST_SECOND * 1000 else value
    if not 0 <= seconds <= _LAST_SECOND:
        raise MalformedBody(f"{_path(where, key)} is not a time between 1970 and 9999")
    return datetime.fromtimestamp(seconds, UTC)


def required(text: str, where: str) -> str:
    """Return *text*, which must not be empty. Raises `MalformedBody` naming the path *where*."""
    if not text:
        raise MalformedBody(f"{where} is missing")
    return text


def _there(text: str, where: str, key: str) -> str:
    if not clean_text(text):
        raise MalformedBody(f"{_path(where, key)} is missing")
    return text


def _missing_or_wrong(value: object, where: str, key: str, what: str) -> MalformedBody:
    return MalformedBody(f"{_path(where, key)} is {'missing' if value is None else what}")


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
