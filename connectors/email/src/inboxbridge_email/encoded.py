"""Text in headers that are not plain ASCII (RFC 2047), and text in odd character sets."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final

MAX_ENCODED_CHARACTERS: Final = 10_000
"""The most of one header that is searched for encoded words; longer ones stay as they are."""

_MISNAMED = frozenset({"us-ascii", "ascii", "utf-8", "utf8"})
"""Charsets that are named where another one is meant."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def decoded_words(text: str) -> str:
    """Return a header's text with its encoded words (``=?utf-8?q?caf=C3=A9?=``) read."""
    text = _without_raw_bytes(text)
    if "=?" not in text or len(text) > MAX_ENCODED_CHARACTERS:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(
        piece if isinstance(piece, str) else decoded(piece, charset) for piece, charset in pieces
    )


def decoded(content: bytes, charset: str | None) -> str:
    """Return *content* as text. A charset that is unknown or wrong never fails.

    A text without a charset, or with one that it does not keep to, is UTF-8 if it can be, else
    Windows-1252, which most mail programs mean by what they do not say.
    """
    for name in (charset, "utf-8"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, UnicodeError, ValueError):
            continue
    if charset and charset.lower() not in _MISNAMED:
        try:
            return content.decode(charset, "replace")
        except (LookupError, UnicodeError, ValueError):
            pass
    return content.decode("cp1252", "replace")


def _without_raw_bytes(text: str) -> str:
    """Read bytes that the parser kept as surrogates: headers in raw UTF-8 or Latin-1."""
    if _SURROGATE.search(text) is None:
        return text
    try:
        return decoded(text.encode("utf-8", "surrogateescape"), None)
    except UnicodeEncodeError:
        return _SURROGATE.sub("", text)
