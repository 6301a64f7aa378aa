"""Attachments of Messenger and Instagram messages: shown, offered, or named in a line.

They are read tolerantly: one of an unknown shape becomes ``[attachment]``, and the message stays.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from inboxbridge import Attachment
from inboxbridge.reading import items, mapping, one_line, scalar, web_link

from inboxbridge_facebook._places import place_line
from inboxbridge_facebook._templates import template_lines, template_pictures

MEDIA: dict[str, Literal["image", "file"]] = {
    "image": "image",
    "sticker": "image",
    "audio": "file",
    "video": "file",
    "file": "file",
}
NAMES = {
    "appointment_booking": "appointment",
    "ephemeral": "a photo or video that can be seen once, in the app",
    "fallback": "link",
    "ig_post": "post",
    "ig_reel": "reel",
    "ig_story": "story",
    "share": "post",
    "story_mention": "mentioned you in a story",
    "unsupported_type": "something that is only shown in the app",
}
MAX_NAME_CHARACTERS = 40


def read_attachments(message: dict[str, Any]) -> tuple[list[Attachment], list[str]]:
    """Return what can be shown of *message*'s attachments, and lines for the others.

    While Meta moves stickers from ``image`` to ``sticker`` a message carries both; an address is
    shown once.
    """
    shown: dict[str, Attachment] = {}
    lines: list[str] = []
    for item in map(mapping, items(message.get("attachments"))):
        kind = scalar(item.get("type"))
        payload = mapping(item.get("payload"))
        link = web_link(payload.get("url")) or web_link(item.get("url"))
        if kind in MEDIA and link:
            shown.setdefault(link, _attachment(kind, link))
            continue
        title = one_line(scalar(payload.get("title")) or scalar(item.get("title")))
        if kind == "template":
            for picture in template_pictures(payload):
                shown.setdefault(picture, Attachment(kind="image", url=picture))
            described = template_lines(payload)
        elif kind == "location":
            described = [_place(payload, title, link)]
        else:
            described = []
        lines += [line for line in described or [_line(kind, title, link)] if line not in lines]
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


def _place(payload: dict[str, Any], title: str, link: str | None) -> str:
    where = mapping(payload.get("coordinates"))
    line = place_line(where.get("lat"), where.get("long"), title)
    return line if where or not link else f"{line} {link}"


def _line(kind: str, title: str, link: str | None) -> str:
    name = NAMES.get(kind) or one_line(kind.replace("_", " "))[:MAX_NAME_CHARACTERS]
    if not name or (kind == "fallback" and not link):
        name = "attachment"
    return " ".join(part for part in (f"[{name}]", title, link) if part)


def with_lines(text: str, lines: list[str]) -> str:
    """Return *text* followed by those *lines* that it does not say already.

    A shared link is named in the text as well; a button's link is another thing than its label.
    """
    added = [line for line in lines if not _says(text, line)]
    return "\n".join([text, *added]) if text else "\n".join(added)


def _says(text: str, line: str) -> bool:
    link = line.rpartition(" ")[2]
    is_named = web_link(link) is not None and link in text and not line.startswith("[button]")
    return is_named or line == text
