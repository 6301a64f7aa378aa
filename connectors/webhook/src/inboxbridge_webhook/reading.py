"""From the fields of the generic JSON to an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inboxbridge import (
    Attachment,
    Direction,
    Event,
    Kind,
    MalformedBody,
    Person,
    clean_text,
    normalize_phone,
)

from inboxbridge_webhook.moments import Unit, read_moment

Fields = Mapping[str, Any]

_KINDS: dict[str, Kind] = {"message": "message", "activity": "activity"}
_DIRECTIONS: dict[str, Direction] = {
    "inbound": "inbound",
    "outbound": "outbound",
}
_UNUSABLE_FILE = "(a file that cannot be shown)"
_UNKNOWN_REGION = "ZZ"
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


def read_event(
    fields: Fields, at: str, *, region: str | None = None, unit: Unit | None = None
) -> Event:
    """Return the event that *fields* describe.

    Args:
        fields: An object of the generic JSON, or what a map found. Unknown keys are ignored; null
            is the same as missing.
        at: Where *fields* came from, put before a field's name in errors: ``[3].`` or ``map.``.
        region: The ISO 3166 country of phone numbers that name none, where *fields* name none.
        unit: Of Unix times; None to tell by size.

    Raises:
        MalformedBody: A required field is missing, or a value is of the wrong type.
    """
    kind = _one_of(fields, "type", at, _KINDS, "message")
    text = _text(fields, "text", at)
    attachments, unusable = _attachments(fields, at)
    if unusable:
        text = "\n".join([text or "", *[_UNUSABLE_FILE] * unusable]).strip()
    if text is None and (kind == "activity" or not attachments):
        raise MalformedBody(f"{at}text is missing or empty")
    event_id = _identifier(fields, "id", at)
    if event_id is None:
        raise MalformedBody(f"{at}id is missing or empty")
    about = _identifier(fields, "about", at)
    return Event(
        id=event_id,
        kind=kind,
        direction=_one_of(fields, "direction", at, _DIRECTIONS, "inbound"),
        person=_person(fields, at, _region(fields, at, region), needed=about is None),
        text=text or "",
        occurred_at=_occurred_at(fields, at, unit),
        thread=_identifier(fields, "thread", at),
        about=about,
        attachments=attachments,
        url=_address(fields, "url", at),
        icon_url=_address(fields, "icon_url", at),
        recipient=_identifier(fields, "recipient", at),
    )


def _region(fields: Fields, at: str, default: str | None) -> str | None:
    """Return the country of the event's number.

    One that is named in another way than ISO 3166 does is not the default one either.
    """
    named = _text(fields, "region", at)
    if named is None:
        return default
    is_code = len(named) == 2 and named.isascii() and named.isalpha()
    return named.upper() if is_code else _UNKNOWN_REGION


def _person(fields: Fields, at: str, region: str | None, *, needed: bool) -> Person:
    email, phone = _text(fields, "email", at), _identifier(fields, "phone", at)
    external_id = _identifier(fields, "external_id", at)
    person = Person(
        email=email,
        phone=normalize_phone(phone, region),
        id=external_id,
        name=_text(fields, "name", at),
    )
    if needed and not person.is_known:
        if email or phone:
            raise MalformedBody(
                f"{at}email and phone name nobody: an email address has an @, "
                "a phone number its country code"
            )
        raise MalformedBody(f"{at}email, phone and external_id are all missing: one is needed")
    return person


def _occurred_at(fields: Fields, at: str, unit: Unit | None) -> datetime | None:
    value = fields.get("occurred_at")
    if value is None or value == "":
        return None
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise _wrong(at, "occurred_at", "ISO 8601 or Unix time", value)
    try:
        return read_moment(value, unit)
    except (ValueError, OverflowError):
        raise MalformedBody(f"{at}occurred_at is neither ISO 8601 nor Unix time") from None


def _attachments(fields: Fields, at: str) -> tuple[tuple[Attachment, ...], int]:
    """Return the files, and how many there are that cannot be shown."""
    entries = fields.get("attachments")
    if entries is None:
        return (), 0
    if not isinstance(entries, list):
        raise _wrong(at, "attachments", "an array", entries)
    values = [value for value in entries if value is not None]
    files = tuple(file for value in values if (file := _attachment(value)))
    return files, len(values) - len(files)


def _attachment(value: Any) -> Attachment | None:
    if isinstance(value, str):
        value = {"url": value}
    if not isinstance(value, dict):
        return None
    try:
        url = _address(value, "url", "")
        filename, mime_type, kind = (
            _text(value, name, "") for name in ("filename", "mime_type", "kind")
        )
    except MalformedBody:
        return None
    if url is None:
        return None
    if kind is None:
        name = (filename or url.partition("?")[0]).lower()
        is_picture = mime_type.startswith("image/") if mime_type else name.endswith(_PICTURES)
    else:
        is_picture = kind == "image"
    return Attachment(
        kind="image" if is_picture else "file", url=url, filename=filename, mime_type=mime_type
    )


def _one_of(fields: Fields, name: str, at: str, allowed: Mapping[str, Any], default: str) -> Any:
    value = fields.get(name)
    if value is None:
        return allowed[default]
    if not isinstance(value, str) or value not in allowed:
        raise MalformedBody(f"{at}{name} must be {' or '.join(allowed)}")
    return allowed[value]


def _text(fields: Fields, name: str, at: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong(at, name, "text", value)
    # What is printable throughout has nothing to clean, and is most of what comes.
    return (value.strip() if value.isprintable() else clean_text(value)) or None


def _identifier(fields: Fields, name: str, at: str) -> str | None:
    """Return text, or a whole number as text: sources write ids and phone numbers as both."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(fields, name, at)


def _address(fields: Fields, name: str, at: str) -> str | None:
    value = _text(fields, name, at)
    if value is not None and not value.lower().startswith(("https://", "http://")):
        raise MalformedBody(f"{at}{name} must be an https:// or http:// address")
    return value


def _wrong(at: str, name: str, wanted: str, value: Any) -> MalformedBody:
    return MalformedBody(f"{at}{name} must be {wanted}, found {json_type(value)}")


def json_type(value: Any) -> str:
    """Return what JSON calls *value*, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names: dict[Any, str] = {str: "text", dict: "an object", list: "an array"}
    return names.get(type(value), "a number")
