"""What a WhatsApp message says, as text and files.

A file is an id that takes our token and lives for days. With a token the core fetches it; without
one the file is named in a line, as a link would be dead for whoever reads the Inbox.

Sources, below https://developers.facebook.com/documentation/business-messaging/whatsapp/:
``webhooks/overview``, ``business-phone-numbers/media``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from inboxbridge import Attachment, Kind, MalformedBody
from inboxbridge.reading import (
    items,
    mapping,
    object_at,
    one_line,
    scalar,
    text_at,
)

from inboxbridge_facebook._places import degrees, place_line
from inboxbridge_facebook._whatsapp_forms import card_lines, form_lines, order_lines

MEDIA: dict[str, tuple[Literal["image", "file"], str]] = {
    "image": ("image", "photo"),
    "sticker": ("image", "sticker"),
    "video": ("file", "video"),
    "audio": ("file", "audio"),
    "document": ("file", "file"),
}
"""How a kind of file is shown, and what it is called."""

ENDINGS = {
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "video/3gp": ".3gp",
    "video/mp4": ".mp4",
}
"""What a file without a name of its own ends with: the types that WhatsApp sends."""

NOT_PASSED_ON = "[a message that WhatsApp does not pass on: see it in the WhatsApp app]"
DONE = frozenset({"", "interactive", "reaction", "request_welcome", "revoke", "system"})
"""Kinds that are, or may be, what was done and not what was said."""

PERMISSIONS = {"accept": "Allowed WhatsApp calls", "reject": "Refused WhatsApp calls"}
MAX_NAME_CHARACTERS = 40


class Said(NamedTuple):
    """What is shown of a message.

    Attributes:
        kind: ``activity`` for what was done to a message or an account.
        text: The words.
        files: What came with them.
    """

    kind: Kind
    text: str
    files: tuple[Attachment, ...] = ()


def read_said(message: dict[str, Any], where: str, *, fetches: bool = False) -> Said | None:
    """Return what *message* says; None where there is nothing to show.

    Args:
        message: As Meta sends it.
        where: Its path in the body.
        fetches: Whether there is a token to fetch files with.

    Raises:
        MalformedBody: A value has the wrong type.
    """
    kind = _kind(message, where)
    done = _done(kind, message, where) if kind in DONE else None
    if done is not None:
        return Said("activity", done) if done else None
    if kind == "edit":
        place = f"{where}.edit.message"
        edited = object_at(object_at(message, "edit", where), "message", f"{where}.edit")
        text = _text(_kind(edited, place), edited, place)
        return Said("message", f"[edited] {text}".rstrip())
    files: tuple[Attachment, ...] = ()
    if fetches and kind in MEDIA and (file := _file(kind, mapping(message.get(kind)))):
        files = (file,)
        text = scalar(mapping(message.get(kind)).get("caption"))
    else:
        text = _text(kind, message, where)
    text = text.strip()
    if "context" in message or "referral" in message:
        text = _with_origin(text, mapping(message.get("context")), mapping(message.get("referral")))
    return Said("message", text, files) if text or files else None


def _kind(message: dict[str, Any], where: str) -> str:
    kind = text_at(message, "type", where)
    return kind or next((key for key in message if key in CONTENTS or key in MEDIA), "")


def _done(kind: str, message: dict[str, Any], where: str) -> str | None:
    """Return the line for what was done, None for what was said."""
    if kind == "revoke":
        return "Deleted a message"
    if kind == "request_welcome":
        return "Opened the chat"
    if kind == "system":
        return one_line(text_at(object_at(message, "system", where), "body", f"{where}.system"))
    if kind == "interactive":
        reply = mapping(mapping(message.get("interactive")).get("call_permission_reply"))
        return PERMISSIONS.get(scalar(reply.get("response")))
    return ""


def _text(kind: str, message: dict[str, Any], where: str) -> str:
    if kind in MEDIA:
        return _media(kind, object_at(message, kind, where), f"{where}.{kind}")
    if kind in CONTENTS:
        return CONTENTS[kind](object_at(message, kind, where), f"{where}.{kind}")
    if kind == "contacts":
        return card_lines(message.get("contacts"))
    if kind in ("unsupported", "unknown"):
        return NOT_PASSED_ON
    if kind == "media_placeholder":
        return "[photo, video or file: see it in the WhatsApp app]"
    name = one_line(kind.replace("_", " "))[:MAX_NAME_CHARACTERS]
    return f"[{name}]" if name else ""


def _with_origin(text: str, context: dict[str, Any], referral: dict[str, Any]) -> str:
    """Return *text*, marked if forwarded, and the advertisement or product that it is about."""
    if context.get("forwarded") is True or context.get("frequently_forwarded") is True:
        text = f"[forwarded] {text}".rstrip()
    lines = [text]
    product = mapping(context.get("referred_product"))
    if number := one_line(scalar(product.get("product_retailer_id"))):
        lines.append(f"About the product: {number}")
    if referral:
        source = "post" if referral.get("source_type") == "post" else "ad"
        title = one_line(scalar(referral.get("headline")) or scalar(referral.get("body")))
        lines.append(f"From the {source}: {title}" if title else f"From the business's {source}")
    return "\n".join(filter(None, lines))


def _file(kind: str, content: dict[str, Any]) -> Attachment | None:
    number = scalar(content.get("id")).strip()
    if not number:
        return None
    shown, name = MEDIA[kind]
    if kind == "audio" and content.get("voice") is True:
        name = "voice message"
    mime_type = scalar(content.get("mime_type")).partition(";")[0].strip()
    own_name = f"{name}{ENDINGS.get(mime_type, '')}" if shown == "file" else None
    return Attachment(
        kind=shown,
        source=number,
        filename=one_line(scalar(content.get("filename"))) or own_name,
        mime_type=mime_type,
    )


def _media(kind: str, content: dict[str, Any], where: str) -> str:
    caption = text_at(content, "caption", where)
    if kind == "document":
        name = one_line(text_at(content, "filename", where))
        line = f"[file] {name}".rstrip()
        return f"{line}\n{caption}" if caption and caption != name else line
    if kind == "audio" and content.get("voice") is True:
        return "[voice message]"
    return f"[{MEDIA[kind][1]}] {caption}"


def _plain(content: dict[str, Any], where: str) -> str:
    return text_at(content, "body", where)


def _location(content: dict[str, Any], where: str) -> str:
    for key in ("latitude", "longitude"):
        if degrees(content.get(key)) is None:
            raise MalformedBody(f"{where}.{key} is not a number of degrees")
    name, address = (text_at(content, key, where) for key in ("name", "address"))
    return place_line(content["latitude"], content["longitude"], name, address)


def _button(content: dict[str, Any], where: str) -> str:
    return text_at(content, "text", where) or "[tapped a button]"


def _interactive(content: dict[str, Any], where: str) -> str:
    for key in ("button_reply", "list_reply"):
        if reply := object_at(content, key, where):
            title = text_at(reply, "title", f"{where}.{key}") or "[tapped a button]"
            description = one_line(scalar(reply.get("description")))
            return f"{title}\n{description}" if description else title
    if reply := object_at(content, "nfm_reply", where):
        return form_lines(reply)
    return "\n".join(_offered(content)) or "[a message with choices]"


def _offered(content: dict[str, Any]) -> list[str]:
    """Return the words and the choices that the business sent."""
    words = [scalar(mapping(content.get(key)).get("text")) for key in ("header", "body", "footer")]
    action = mapping(content.get("action"))
    for button in map(mapping, items(action.get("buttons"))):
        title = one_line(scalar(mapping(button.get("reply")).get("title")))
        words.append(f"[button] {title}" if title else "")
    for section in map(mapping, items(action.get("sections"))):
        for row in map(mapping, items(section.get("rows"))):
            title = one_line(scalar(row.get("title")))
            words.append(f"[choice] {title}" if title else "")
    return [word for word in words if word.strip()]


def _template(content: dict[str, Any], where: str) -> str:
    words = [
        one_line(scalar(parameter.get("text")))
        for component in map(mapping, items(content.get("components")))
        for parameter in map(mapping, items(component.get("parameters")))
    ]
    return "\n".join(["[message from a template]", *filter(None, words)])


CONTENTS: dict[str, Callable[[dict[str, Any], str], str]] = {
    "text": _plain,
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "order": lambda content, where: order_lines(content),
    "template": _template,
}
