"""Tolerant readers: what a value is not gives an empty one, for fields that sources vary."""

from __future__ import annotations

from typing import Any

from inboxbridge.errors import MalformedBody
from inboxbridge.model.request import WebhookRequest

MAX_ID_CHARACTERS = 200


def scalar(value: object) -> str:
    """Return text, or a whole number as text; anything else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def mapping(value: object) -> dict[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return *value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def whole_seconds(value: object) -> int | None:
    """Return a span given as a number of seconds or as digits; None where it is neither."""
    if isinstance(value, str):
        value = value.strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < 1e9 else None


def identifier(value: object, where: str) -> str:
    """Return the id at the path *where*, text or a whole number, as text.

    Raises:
        MalformedBody: It is missing, longer than 200 characters, or not printable ASCII.
    """
    text = scalar(value).strip()
    if not text:
        raise MalformedBody(f"{where} is missing")
    if len(text) > MAX_ID_CHARACTERS or not (text.isascii() and text.isprintable()):
        raise MalformedBody(f"{where} is not a plain id of at most {MAX_ID_CHARACTERS} characters")
    return text


def form_fields(request: WebhookRequest) -> dict[str, str]:
    """Return a delivery's parameters by name, from wherever the source was told to put them.

    A GET has them in the query, a POST in its form body or in a JSON object (``true`` and ``false``
    as such, arrays and objects as empty text). Of a repeated name the first value that is not
    empty counts.

    Raises:
        MalformedBody: The body is neither a form nor a JSON object.
    """
    if request.method == "GET":
        pairs = request.query
    elif is_json(request):
        pairs = [(name, _form_value(value)) for name, value in request.json_object().items()]
    else:
        pairs = request.form()
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not fields.get(name):
            fields[name] = value
    return fields


def is_json(request: WebhookRequest) -> bool:
    """Whether the body is JSON rather than a form, by its look: content types are often wrong."""
    return request.body.lstrip()[:1] in (b"{", b"[")


def _form_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else scalar(value)
