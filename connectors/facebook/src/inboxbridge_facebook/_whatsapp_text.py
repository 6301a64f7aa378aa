"""What a WhatsApp message says, as text.

Pictures, recordings and files are named in a line: their addresses need our token and live for
minutes, so a link would be dead for whoever reads the Inbox.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from inboxbridge import Kind, MalformedBody
from inboxbridge.reading import array_at, as_object, id_at, object_at, one_line, text_at

MEDIA = {"image": "photo", "video": "video", "sticker": "sticker"}
MAX_NAME_CHARACTERS = 40


class Said(NamedTuple):
    """What is shown of a message.

    Attributes:
        kind: ``activity`` for what was done to a message or an account.
        text: The words.
    """

    kind: Kind
    text: str


def read_said(message: dict[str, Any], where: str) -> Said | None:
    """Return what *message* says; None for a reaction or where there is nothing to show.

    Raises:
        MalformedBody: A value has the wrong type.
    """
    kind = _kind(message, where)
    if kind in ("", "reaction"):
        return None
    if kind == "revoke":
        return Said("activity", "Deleted a message")
    if kind == "system":
        text = _system(object_at(message, "system", where), f"{where}.system")
        return Said("activity", text) if text else None
    if kind == "edit":
        place = f"{where}.edit.message"
        edited = object_at(object_at(message, "edit", where), "message", f"{where}.edit")
        text = _text(_kind(edited, place), edited, place)
        return Said("message", f"[edited] {text}".rstrip())
    text = _text(kind, message, where).strip()
    return Said("message", text) if text else None


def _kind(message: dict[str, Any], where: str) -> str:
    kind = text_at(message, "type", where)
    return kind or next((key for key in message if key in CONTENTS), "")


def _text(kind: str, message: dict[str, Any], where: str) -> str:
    if kind in CONTENTS:
        return CONTENTS[kind](object_at(message, kind, where), f"{where}.{kind}")
    if kind == "contacts":
        return _contact_cards(message, where)
    if kind == "unsupported":
        return "[a message that WhatsApp does not pass on: see it in the WhatsApp app]"
    name = one_line(kind.replace("_", " "))[:MAX_NAME_CHARACTERS]
    return f"[{name}]" if name else ""


def _plain(content: dict[str, Any], where: str) -> str:
    return text_at(content, "body", where)


def _media(name: str) -> Callable[[dict[str, Any], str], str]:
    return lambda content, where: f"[{name}] {text_at(content, 'caption', where)}"


def _audio(content: dict[str, Any], where: str) -> str:
    return "[voice message]" if content.get("voice") is True else "[audio]"


def _document(content: dict[str, Any], where: str) -> str:
    name = one_line(text_at(content, "filename", where))
    caption = text_at(content, "caption", where)
    line = f"[file] {name}".rstrip()
    return f"{line}\n{caption}" if caption and caption != name else line


def _location(content: dict[str, Any], where: str) -> str:
    latitude = _degrees(content, "latitude", where)
    longitude = _degrees(content, "longitude", where)
    place = ", ".join(
        words for key in ("name", "address") if (words := one_line(text_at(content, key, where)))
    )
    link = f"https://www.google.com/maps/search/?api=1&query={latitude},{longitude}"
    return " ".join(part for part in ("[location]", place, link) if part)


def _degrees(content: dict[str, Any], key: str, where: str) -> float:
    value = content.get(key)
    try:
        degrees = float(value) if isinstance(value, (int, float, str)) else None
    except (ValueError, OverflowError):
        degrees = None
    if degrees is None or not -360 <= degrees <= 360:
        raise MalformedBody(f"{where}.{key} is not a number of degrees")
    return degrees


def _button(content: dict[str, Any], where: str) -> str:
    return text_at(content, "text", where) or "[tapped a button]"


def _interactive(content: dict[str, Any], where: str) -> str:
    for key in ("button_reply", "list_reply"):
        if reply := object_at(content, key, where):
            return text_at(reply, "title", f"{where}.{key}") or "[tapped a button]"
    return "[answered a form]"


def _order(content: dict[str, Any], where: str) -> str:
    count = len(array_at(content, "product_items", where))
    goods = f": {count} item{'' if count == 1 else 's'}" if count else ""
    return f"[order{goods}] {text_at(content, 'text', where)}"


def _contact_cards(message: dict[str, Any], where: str) -> str:
    return "\n".join(
        _contact_card(as_object(card, f"{where}.contacts[{index}]"), f"{where}.contacts[{index}]")
        for index, card in enumerate(array_at(message, "contacts", where))
    )


def _contact_card(card: dict[str, Any], where: str) -> str:
    name = text_at(object_at(card, "name", where), "formatted_name", f"{where}.name")
    phones = [
        text_at(as_object(phone, f"{where}.phones[{index}]"), "phone", f"{where}.phones[{index}]")
        for index, phone in enumerate(array_at(card, "phones", where))
    ]
    return one_line(" ".join(["[contact]", name, *phones]))


def _system(content: dict[str, Any], where: str) -> str:
    if text_at(content, "type", where) == "user_changed_number":
        number = id_at(content, "wa_id", where)
        return (
            f"Changed their WhatsApp number to +{number.lstrip('+')}"
            if number
            else ("Changed their WhatsApp number")
        )
    return one_line(text_at(content, "body", where))


CONTENTS: dict[str, Callable[[dict[str, Any], str], str]] = {
    "text": _plain,
    **{kind: _media(name) for kind, name in MEDIA.items()},
    "audio": _audio,
    "document": _document,
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
