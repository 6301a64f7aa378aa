"""Attachments of Messenger and Instagram messages: shown, offered, or named in a line."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from inboxbridge import Attachment
from inboxbridge.reading import (
    array_at,
    as_object,
    object_at,
    one_line,
    text_at,
    web_link,
)

MEDIA: dict[str, Literal["image", "file"]] = {
    "image": "image",
    "sticker": "image",
    "audio": "file",
    "video": "file",
    "file": "file",
}
NAMES = {
    "appointment_booking": "appointment",
    "fallback": "link",
    "ig_post": "post",
    "ig_reel": "reel",
    "share": "post",
    "story_mention": "mentioned you in a story",
}
MAX_NAME_CHARACTERS = 40


def read_attachments(message: dict[str, Any], where: str) -> tuple[list[Attachment], list[str]]:
    """Return what can be shown of *message*'s attachments, and a line for each of the others.

    While Meta moves stickers from ``image`` to ``sticker`` a message carries both; an address is
    shown once.
    """
    shown: dict[str, Attachment] = {}
    lines: list[str] = []
    for index, item in enumerate(array_at(message, "attachments", where)):
        place = f"{where}.attachments[{index}]"
        item = as_object(item, place)
        kind = text_at(item, "type", place)
        payload = object_at(item, "payload", place)
        inside = f"{place}.payload"
        link = web_link(text_at(payload, "url", inside) or text_at(item, "url", place))
        if kind in MEDIA and link:
            shown.setdefault(link, _attachment(kind, link))
            continue
        title = text_at(payload, "title", inside) or text_at(item, "title", place)
        line = _line(kind, title, link)
        if line not in lines:
            lines.append(line)
    return list(shown.values()), lines


def _attachment(kind: str, link: str) -> Attachment:
    if MEDIA[kind] == "image":
        return Attachment(kind="image", url=link)
    return Attachment(url=link, filename=_filename(link) or kind)


def _filename(link: str) -> str | None:
    try:
        name = unquote(urlsplit(link).path.rpartition("/")[2])
    except ValueError:
        return None
    return name if "." in name.strip(".") else None


def _line(kind: str, title: str, link: str | None) -> str:
    name = NAMES.get(kind) or one_line(kind.replace("_", " "))[:MAX_NAME_CHARACTERS]
    if not name or (kind == "fallback" and not link):
        name = "attachment"
    return " ".join(part for part in (f"[{name}]", one_line(title), link) if part)


def with_lines(text: str, lines: list[str]) -> str:
    """Return *text* followed by those *lines* whose link it does not name already."""
    added = [line for line in lines if not _says(text, line)]
    return "\n".join([text, *added]) if text else "\n".join(added)


def _says(text: str, line: str) -> bool:
    link = line.rpartition(" ")[2]
    return web_link(link) is not None and link in text
