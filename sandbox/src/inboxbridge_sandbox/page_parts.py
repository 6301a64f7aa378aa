"""The pieces of a message on the page: its bubbles, icons, and which addresses are harmless."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape

Json = dict[str, Any]

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_NO_PART_OF_IT = ".,;:!?)]}'"
_TONES = 8
_AUDIO_ENDINGS = (".mp3", ".m4a", ".ogg", ".oga", ".wav", ".aac", ".amr", ".opus")


@dataclass(frozen=True, slots=True)
class Icon:
    """A small picture with what stands in for it while or when it does not load."""

    url: str | None
    initial: str
    tone: int


@dataclass(frozen=True, slots=True)
class Part:
    """One bubble. `kind` is `text`, `image`, `audio`, `file`, `form` or `template`."""

    kind: str
    text: str = ""
    url: str | None = None
    content: Json = field(default_factory=dict)


def safe_link(url: str | None) -> str | None:
    """The URL if a person may be sent there; `javascript:` and its like are not followed."""
    return url if url and _scheme(url) in ("http", "https", "mailto", "tel") else None


def safe_picture(url: str | None) -> str | None:
    """The URL if a picture may be loaded from it."""
    if not url:
        return None
    return url if url.startswith("data:image/") or _scheme(url) in ("http", "https") else None


def linked(text: str) -> Markup:
    """The text as markup in which web addresses are links and all else is text."""
    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_NO_PART_OF_IT)
        if not safe_link(address):
            continue
        link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>')
        pieces += [escape(text[end : found.start()]), link.format(address)]
        end = found.start() + len(address)
    return Markup("").join([*pieces, escape(text[end:])])


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def icon_for(url: str | None, name: str) -> Icon:
    """A badge or activity icon; the first letter of its name stands in for it."""
    return Icon(safe_picture(url), next((c for c in name if c.isalnum()), "•").upper(), _tone(name))


def avatar(name: str, key: str) -> Icon:
    """Initials of a person, in a colour that `key` decides."""
    words = [word for word in name.split() if word[0].isalnum()]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])) or "#"
    return Icon(None, initials.upper(), _tone(key))


def _tone(key: str) -> int:
    return zlib.crc32(key.encode()) % _TONES


def parts_of(content: Json) -> list[Part]:
    """The bubbles of one message: each item of a BASIC message is one."""
    if "basic" in content:
        return [_item(item) for item in content["basic"]["items"]]
    if "form" in content:
        form = content["form"]
        media = [_item(item) for item in form.get("media", [])]
        return [Part("form", form.get("title") or "Form", None, form), *media]
    if "template" in content:
        template = content["template"]
        return [Part("template", template.get("title", ""), None, template)]
    line = content.get("minimal") or content.get("system") or {}
    return [Part("text", line.get("text", ""), safe_link(line.get("url")), line)]


def _item(item: Json) -> Part:
    if "image" in item:
        image = item["image"]
        return Part("image", image.get("filename") or "Picture", safe_picture(image["url"]), image)
    if "file" in item:
        file = item["file"]
        name = file.get("filename") or _last_step(file["url"]) or "File"
        audio = file.get("mimeType", "").startswith("audio/") or name.lower().endswith(
            _AUDIO_ENDINGS
        )
        return Part("audio" if audio else "file", name, safe_link(file["url"]), file)
    return Part("text", item["text"])


def _last_step(url: str) -> str:
    return unquote(url.partition("?")[0].rsplit("/", 1)[-1])
