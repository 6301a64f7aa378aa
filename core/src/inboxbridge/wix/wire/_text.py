"""How text is fitted to what Wix takes.

The limits are those that Wix's own SDK declares: ``@wix/inbox`` 1.0.103 on npm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_BUBBLE_CHARACTERS = 16_384
MAX_PREVIEW_CHARACTERS = 256
MAX_URL_CHARACTERS = 2000
MAX_FILENAME_CHARACTERS = 255
MAX_MIME_TYPE_CHARACTERS = 100

_WEB_URL = re.compile(r"https?://[^\s/?#]+", re.IGNORECASE)
_SPACE = re.compile(r"\s")
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_MAX_CLUSTER = 32


def bubbles(text: str, most: int = MAX_BUBBLE_CHARACTERS) -> Iterator[str]:
    """Cut *text* into parts of at most *most* characters, at white space where there is any.

    White space at a cut is dropped. No part is empty. A cut within a word does not part a letter
    from its accents or an emoji from its joiners, unless they are more than a sane number.
    """
    while len(text) > most:
        cut = _last_space(text, most)
        if cut == 0:
            cut = _cluster_start(text, most)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def is_web_url(url: str) -> bool:
    """Whether Wix takes *url* as the address of a picture, a file or a page."""
    return len(url) <= MAX_URL_CHARACTERS and _WEB_URL.match(url) is not None


def one_line(text: str, most: int) -> str:
    """Return *text* as a single line of at most *most* characters, ``…`` at the end if cut."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: _cluster_start(line, most - 1)].rstrip() + "…"


def _last_space(text: str, most: int) -> int:
    """Where the last white space at or before *most* begins; 0 if there is none."""
    for position in range(most, 0, -1):
        if _SPACE.match(text, position) and not text[position - 1].isspace():
            return position
    return 0


def _cluster_start(text: str, cut: int) -> int:
    """Move *cut* back to where it parts no visible character."""
    for position in range(cut, max(cut - _MAX_CLUSTER, 0), -1):
        following, before = text[position], text[position - 1]
        if (
            following not in _JOINERS
            and before != "\u200d"
            and not unicodedata.combining(following)
        ):
            return position
    return cut
