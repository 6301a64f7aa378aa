"""Reading untrusted fields: each either gives a usable value or says which field is not one."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from inboxbridge import MalformedBody, WebhookRequest

MAX_ID_CHARACTERS = 200


def form_fields(request: WebhookRequest) -> dict[str, str]:
    """Return a delivery's parameters by name, from wherever the source was told to put them.

    A GET has them in the query, a POST in its form body or in a JSON object. Of a repeated name
    the first value that is not blank counts.

    Raises:
        MalformedBody: The body is neither a form nor a JSON object.
    """
    if request.method == "GET":
        pairs = request.query
    elif is_json(request):
        pairs = [(name, scalar(value)) for name, value in request.json_object().items()]
    else:
        pairs = request.form()
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not fields.get(name):
            fields[name] = value
    return fields


def is_json(request: WebhookRequest) -> bool:
    """Tell a JSON body from a form, by its look: some sources declare no type or a wrong one."""
    return request.body.lstrip()[:1] in (b"{", b"[")


def scalar(value: object) -> str:
    """Return text or a whole number as text; anything else is blank."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def mapping(value: object) -> dict[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return *value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def identifier(value: object, path: str) -> str:
    """Return the id at *path*. Raises `MalformedBody` where there is no plain short text."""
    text = scalar(value).strip()
    if not text:
        raise MalformedBody(f"{path} is missing")
    if len(text) > MAX_ID_CHARACTERS or not (text.isascii() and text.isprintable()):
        raise MalformedBody(f"{path} is not a plain id of at most {MAX_ID_CHARACTERS} characters")
    return text


def whole_seconds(value: object) -> int | None:
    """Return a span given as digits or a number of seconds; None where it is neither."""
    if isinstance(value, str):
        value = value.strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < 1e9 else None


def rfc2822(value: object) -> datetime | None:
    """Return ``Fri, 06 Nov 2026 21:20:31 +0000`` as UTC, or None where it cannot be read."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return _utc(parsedate_to_datetime(value))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def unix_time(value: object) -> datetime | None:
    """Return Unix seconds, as a number or as digits, as UTC, or None where they cannot be read."""
    seconds = whole_seconds_since_epoch(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def whole_seconds_since_epoch(value: object) -> int | None:
    """Return Unix seconds as a number; None where it is no moment between 1970 and 9999."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 < value < 253_402_300_800 else None


def _utc(read: datetime) -> datetime:
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
