"""What untrusted text becomes before it may travel on: plain, printable, bounded."""

from __future__ import annotations

import re

MAX_TEXT_CHARACTERS = 100_000
"""The most of one text that is kept. Longer texts are cut and say so at their end."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(text: str) -> str:
    r"""Return *text* without control characters and lone surrogates, line ends as ``\n``.

    Tabs and line ends stay. Emoji and the joiners that build them stay. White space around the
    whole is stripped. What goes beyond `MAX_TEXT_CHARACTERS` is replaced by a note that says how
    many characters were left out.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text).strip()
    if len(text) > MAX_TEXT_CHARACTERS:
        left_out = len(text) - MAX_TEXT_CHARACTERS
        text = f"{text[:MAX_TEXT_CHARACTERS]}\n[cut here: {left_out} more characters]"
    return text
