"""Clean and bound untrusted text."""

from __future__ import annotations

import hashlib
import re
from typing import Any

MAX_TEXT_CHARACTERS = 100_000
"""The most of one text that is kept. Longer texts are cut and say so at their end."""

MAX_KEY_CHARACTERS = 512
"""The most of an id or another key that is kept as it is."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ROOM_FOR_NOTE = 100
_DIGEST_CHARACTERS = 32


def clean_text(text: str) -> str:
    r"""Return *text* without control characters and lone surrogates, line ends as ``\n``.

    Tabs and line ends stay. Emoji and the joiners that build them stay. White space around the
    whole is stripped. A text of more than `MAX_TEXT_CHARACTERS` is cut to fit and ends with a note
    that says how many characters were left out. Cleaning twice changes nothing more.
    """
    if text.isprintable() and len(text) <= MAX_TEXT_CHARACTERS:
        return text.strip()  # nothing to clean, which is most of what comes
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text).strip()
    if len(text) > MAX_TEXT_CHARACTERS:
        beginning = text[: MAX_TEXT_CHARACTERS - _ROOM_FOR_NOTE].rstrip()
        text = f"{beginning}\n[cut here: {len(text) - len(beginning)} more characters]"
    return text


def clean_key(text: str) -> str:
    """Return *text* as an id that can be stored and indexed: cleaned, at most 512 characters.

    A longer one becomes its beginning and a digest of the whole, so that different ids stay
    different and the same id stays the same.
    """
    cleaned = clean_text(text)
    if len(cleaned) <= MAX_KEY_CHARACTERS:
        return cleaned
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{cleaned[: MAX_KEY_CHARACTERS - _DIGEST_CHARACTERS]}{digest[:_DIGEST_CHARACTERS]}"


def storable(value: Any) -> Any:
    """Return a JSON value whose strings are without what no database takes.

    That is NUL and lone surrogates; all else stays as it is.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return value


def web_link(value: object) -> str | None:
    """Return *value* if it is an address that may be shown as a link (http or https), else None."""
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return None
    return value if value.isprintable() and " " not in value else None
