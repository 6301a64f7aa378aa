"""What a Crisp message of each type says.

Source: the types of https://github.com/crisp-im/go-crisp-api/blob/master/crisp/events.go
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inboxbridge import Attachment, MalformedBody
from inboxbridge.reading import items, mapping, one_line, scalar, text_at, web_link

FILES = frozenset({"file", "animation", "audio", "video"})
MAX_KIND_CHARACTERS = 40


class Content(NamedTuple):
    """What a message says.

    Attributes:
        text: One fact a line; may be empty.
        attachments: In order.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()


def read_content(data: dict[str, Any], kind: str) -> Content:
    """Return the content of a message, with what it refers to.

    Args:
        data: The message.
        kind: Its type, empty where Crisp does not say: the content then tells.

    Raises:
        MalformedBody: The content is neither text nor an object.
    """
    content = data.get("content")
    references = _references(data) if data.get("references") else []
    if content is None or isinstance(content, str):
        text = (content or "").strip()
        return Content(_lines(text, *references) if references else text)
    if not isinstance(content, dict):
        raise MalformedBody("data.content is neither text nor an object")
    if kind in FILES or (not kind and "url" in content):
        return _file(content, kind or "file", references)
    if "namespace" in content:
        return Content("")
    shown = _lines(
        text_at(content, "text", "data.content"),
        scalar(content.get("explain")),
        text_at(content, "value", "data.content"),
        *_choices(content),
        *(line for target in items(content.get("targets")) for line in _target(mapping(target))),
        *references,
    )
    pictures = (mapping(target).get("image") for target in items(content.get("targets")))
    images = (Attachment.from_link(picture, is_image=True) for picture in pictures)
    attachments = tuple(image for image in images if image)
    name = one_line(kind)[:MAX_KIND_CHARACTERS]
    return Content(shown or (f"[{name}]" if name and not attachments else ""), attachments)


def answer(content: object) -> str:
    """Return the question and what was picked or filled in; empty where nothing was yet."""
    content = mapping(content)
    picked = [
        _label(choice) for choice in _each(content, "choices") if choice.get("selected") is True
    ]
    values = [*picked, scalar(content.get("value"))]
    return _lines(scalar(content.get("text")), *values) if any(values) else ""


def _file(content: dict[str, Any], kind: str, references: list[str]) -> Content:
    name = one_line(scalar(content.get("name")))
    file = Attachment.from_link(
        content.get("url"),
        mime_type=content.get("type"),
        filename=name,
        is_image=kind == "animation",
    )
    if file:
        return Content(_lines(*references), (file,))
    return Content(_lines(f"[{kind}] {name}".rstrip(), *references))


def _choices(content: dict[str, Any]) -> list[str]:
    lines = []
    for choice in _each(content, "choices"):
        label, link = _label(choice), web_link(mapping(choice.get("action")).get("target"))
        mark = " (chosen)" if choice.get("selected") is True else ""
        if label:
            lines.append(f"- {label}{f' ({link})' if link else ''}{mark}")
    return lines


def _label(choice: dict[str, Any]) -> str:
    return one_line(scalar(choice.get("label")) or scalar(choice.get("value")))


def _target(target: dict[str, Any]) -> list[str]:
    """Return the lines of one card of a carousel, after an empty one."""
    lines = [scalar(target.get("title")), scalar(target.get("description"))]
    for action in _each(target, "actions"):
        label, link = one_line(scalar(action.get("label"))), web_link(action.get("url"))
        lines.append(": ".join(part for part in (label, link) if part))
    shown = _lines(*lines)
    return [f"\n{shown}"] if shown else []


def _references(data: dict[str, Any]) -> list[str]:
    """Return the pages that an answer names as its sources, which the visitor sees below it."""
    lines = []
    for reference in _each(data, "references"):
        if link := web_link(reference.get("target")):
            name = one_line(scalar(reference.get("name")))
            lines.append(f"{name}: {link}" if name else link)
    return lines


def _each(parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [item for item in items(parent.get(key)) if isinstance(item, dict)]


def _lines(*lines: str | None) -> str:
    return "\n".join(line.rstrip() for line in lines if line and line.strip()).strip()
