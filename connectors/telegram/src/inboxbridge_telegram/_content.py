"""What a message says: its words, and everything else in words or as a file.

Source: https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inboxbridge import Attachment, Kind, normalize_phone
from inboxbridge.reading import items, mapping, one_line, scalar

FILES: dict[str, tuple[str, str]] = {
    "photo": ("picture", "image"),
    "animation": ("animation", "file"),
    "video": ("video", "file"),
    "video_note": ("video message", "file"),
    "voice": ("voice message", "file"),
    "audio": ("audio", "file"),
    "document": ("file", "file"),
}
"""The fields that hold a file: what it is called in words, and the kind of attachment."""

LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Content:
    """What is shown of a message.

    Attributes:
        kind: ``message``, or ``activity`` for something done.
        text: All of its words, one fact a line.
        attachments: Its files, if they can be fetched.
        phone: The writer's own number, if they shared it.
    """

    kind: Kind
    text: str
    attachments: tuple[Attachment, ...] = ()
    phone: str | None = None


def content_of(message: dict[str, Any], where: str, *, fetches: bool) -> Content | None:
    """Return what a message says; None for a notice of the service, such as a pinned message.

    Args:
        message: The message.
        where: Its place in the update.
        fetches: Whether files can be fetched.
    """
    words = scalar(message.get("text")) or scalar(message.get("caption"))
    if words.split(maxsplit=1)[:1] == ["/start"]:
        return _start(words)
    files, placeholders = _files(message, fetches=fetches)
    lines = [read(mapping(message[key])) for key, read in READERS.items() if key in message]
    said = [line for line in (words, *placeholders, *lines) if line.strip()]
    if not said and not files:
        return None
    text = "\n".join([*_context(message), *said])
    return Content("message", text, files, _own_number(message))


def _start(words: str) -> Content:
    """Read the command with which every talk with a bot begins, and the code of its link."""
    code = one_line(words.partition(" ")[2])
    return Content(
        "activity", f"Opened the chat from a link: {code}" if code else "Opened the chat"
    )


def _context(message: dict[str, Any]) -> list[str]:
    """What the message answers, and that it was written by somebody else."""
    answered = mapping(message.get("reply_to_message"))
    quoted = scalar(mapping(message.get("quote")).get("text")) or scalar(
        answered.get("text") or answered.get("caption")
    )
    lines = [f"[in reply to] {one_line(quoted, LONGEST_QUOTE)}"] if quoted.strip() else []
    is_forwarded = "forward_origin" in message or "forward_date" in message
    return [*lines, "[forwarded]"] if is_forwarded else lines


def _files(message: dict[str, Any], *, fetches: bool) -> tuple[tuple[Attachment, ...], list[str]]:
    for key, (words, kind) in FILES.items():
        if key not in message:
            continue
        value = message[key]
        # A photo comes in several sizes, the largest last; an animation comes as a document too.
        file = mapping(items(value)[-1]) if key == "photo" and items(value) else mapping(value)
        name, file_id = one_line(scalar(file.get("file_name"))), scalar(file.get("file_id"))
        if not (fetches and file_id):
            return (), [f"[{words}] {name}".rstrip()]
        attachment = Attachment(
            kind="image" if kind == "image" else "file",
            source=file_id,
            filename=name or None,
            mime_type=scalar(file.get("mime_type")) or None,
        )
        return (attachment,), []
    return (), []


def _own_number(message: dict[str, Any]) -> str | None:
    """The number of a shared contact, if it is the writer's own: anybody may share another's."""
    contact = mapping(message.get("contact"))
    writer = scalar(mapping(message.get("from")).get("id"))
    if not writer or scalar(contact.get("user_id")) != writer:
        return None
    return normalize_phone(scalar(contact.get("phone_number")))


def _contact(contact: dict[str, Any]) -> str:
    parts = (scalar(contact.get(key)) for key in ("first_name", "last_name", "phone_number"))
    return f"[contact] {one_line(' '.join(parts))}".rstrip()


def _place(place: dict[str, Any]) -> str:
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return "[location]"
    return f"[location] https://www.google.com/maps/search/?api=1&query={latitude},{longitude}"


def _venue(venue: dict[str, Any]) -> str:
    parts = (one_line(scalar(venue.get(key))) for key in ("title", "address"))
    return ", ".join(part for part in parts if part)


def _poll(poll: dict[str, Any]) -> str:
    options = (
        one_line(scalar(mapping(option).get("text"))) for option in items(poll.get("options"))
    )
    question = f"[poll] {one_line(scalar(poll.get('question')))}".rstrip()
    return "\n".join([question, *(f"- {option}" for option in options if option)])


def _sticker(sticker: dict[str, Any]) -> str:
    return f"[sticker] {one_line(scalar(sticker.get('emoji')))}".rstrip()


def _dice(dice: dict[str, Any]) -> str:
    return f"[dice] {one_line(scalar(dice.get('emoji')))} {scalar(dice.get('value'))}".rstrip()


def _invoice(invoice: dict[str, Any]) -> str:
    return f"[invoice] {one_line(scalar(invoice.get('title')))}".rstrip()


def _payment(payment: dict[str, Any]) -> str:
    return f"[paid] {one_line(scalar(payment.get('invoice_payload')))}".rstrip()


READERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "contact": _contact,
    "venue": _venue,
    "location": _place,
    "poll": _poll,
    "sticker": _sticker,
    "dice": _dice,
    "invoice": _invoice,
    "successful_payment": _payment,
    "story": lambda _: "[story]",
    "game": lambda game: f"[game] {one_line(scalar(game.get('title')))}".rstrip(),
}
"""What stands in words for a field of a message."""
