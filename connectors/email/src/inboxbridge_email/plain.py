"""HTML to plain text, and what a reply says without what it quotes.

HTML is read by Inscriptis (https://inscriptis.readthedocs.io), quotes are found by
mail-parser-reply (https://github.com/alfonsrv/mail-parser-reply). Both are bounded here, as
any text may come.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import lxml.html
from inscriptis import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml import etree
from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

MAX_HTML_CHARACTERS: Final = 300_000
"""The most of an HTML text that is read, without the pictures that are written into it."""

MAX_SEARCHED_CHARACTERS: Final = 30_000
"""In so much of a text the beginning of a quote is looked for."""

MAX_LINE_CHARACTERS: Final = 200
"""The line that begins a quote is not longer."""

SIGNATURE: Final = "-- "
"""The line that begins a signature (RFC 3676, section 4.3)."""

TOO_DEEP: Final = "[cut here: what follows nests too deep to be read]"

_DATA_ADDRESS = re.compile(r"""(["'(])data:[^"')]*""", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")
_SPACES_AT_ENDS = re.compile(r"[ \t\xa0]+$", re.MULTILINE)
_UNUSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ATTRIBUTION = re.compile(r"\S+@\S+.{0,60}[:：]\s*$")
"""Ends a line such as ``El vie, 6 nov 2026, Salón (<info@salon.example>) escribió:``."""

_QUOTES = (
    "//blockquote[@type='cite']|//*[contains(concat(' ',@class,' '),' gmail_quote ')]"
    "|//*[contains(concat(' ',@class,' '),' yahoo_quoted ')]"
    "|//*[contains(concat(' ',@class,' '),' moz-cite-prefix ')]"
)
_WORDS = "//text()[not(parent::style or parent::script or parent::title)]"
_OUTLOOK_QUOTES = "//*[@id='divRplyFwdMsg' or @id='appendonsend']"


def html_text(html: str, *, with_quotes: bool = True) -> str:
    """Return what an HTML text says, as plain text.

    Args:
        html: The HTML.
        with_quotes: Whether to keep what mail programs mark as quoted.
    """
    html = _UNUSABLE.sub("", _DATA_ADDRESS.sub(r"\1", html))
    left = len(html) - MAX_HTML_CHARACTERS
    html = html[:MAX_HTML_CHARACTERS]
    if not html.strip():
        return ""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(html.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return ""
    if not with_quotes:
        _drop_quotes(tree)
    try:
        text = Inscriptis(tree, ParserConfig(display_links=True)).get_text()
    except (RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        text = "\n".join(filter(None, (str(piece).strip() for piece in tree.xpath(_WORDS))))
    text = _BLANK_LINES.sub("\n\n", _SPACES_AT_ENDS.sub("", text)).strip("\n")
    if left > 0:
        return f"{text}\n[cut here: {left} more characters of HTML]"
    is_cut = any("depth" in error.message for error in parser.error_log)
    return f"{text}\n{TOO_DEEP}" if is_cut else text


def _drop_quotes(tree: etree._Element) -> None:
    for quote in _found(tree, _OUTLOOK_QUOTES)[:1]:
        for later in [*quote.itersiblings()]:
            _drop(later)
        _drop(quote)
    for quote in _found(tree, _QUOTES):
        _drop(quote)


def _found(tree: etree._Element, path: str) -> list[etree._Element]:
    found = tree.xpath(path)
    return [one for one in found if isinstance(one, etree._Element)] if found else []


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        # The text after an element belongs to it in lxml, and is none of the quote.
        element.clear(keep_tail=True)
        element.tag = "span"


def without_quotes(text: str) -> str:
    """Return what a reply says without what it quotes.

    Where somebody has answered between the quoted lines, all of it stays: the answers make no sense
    alone. Of a text that is nothing but quotes all stays, too.
    """
    lines = text.split("\n")
    end = _quote_begins(lines)
    if _answers_below(lines[end:]):
        return text
    kept = _without_last(lines[:end], _is_quoted_or_blank)
    if len(kept) < len(lines) and kept and _ATTRIBUTION.search(" ".join(kept[-2:])):
        kept = kept[: -1 if _ATTRIBUTION.search(kept[-1]) else -2]
    kept = _without_last(kept, _is_rule_or_blank)
    return "\n".join(kept) if kept else text


def without_signature(text: str) -> str:
    """Return *text* up to the line that begins a signature; one that is all signature stays."""
    before, found, _ = f"\n{text}".partition(f"\n{SIGNATURE}\n")
    return before.strip("\n") if found and before.strip() else text


def _without_last(lines: list[str], is_left_out: Callable[[str], bool]) -> list[str]:
    end = len(lines)
    while end and is_left_out(lines[end - 1]):
        end -= 1
    return lines[:end]


def _is_quoted_or_blank(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith(">")


def _is_rule_or_blank(line: str) -> bool:
    return not line.strip("_ \t")


def _answers_below(lines: list[str]) -> bool:
    """Whether the lines from a quote on hold words of the sender's own between quoted ones.

    Only quotes with ``>`` before each line tell whose a line is.
    """
    filled = [line.lstrip() for line in lines if line.strip()]
    first = next((at for at, line in enumerate(filled[:4]) if line.startswith(">")), None)
    if first is None:
        return False
    below = without_signature("\n".join(lines)).split("\n")
    filled = [line.lstrip() for line in below if line.strip()]
    return any(not line.startswith(">") for line in filled[first:])


def _quote_begins(lines: list[str]) -> int:
    """Return the number of the line with which a quote begins; that after the last for none.

    The library's patterns take quadratic time over long lines, so they see short ones.
    """
    shadow, seen = [], 0
    for line in lines:
        seen += len(line) + 1
        if seen > MAX_SEARCHED_CHARACTERS:
            break
        shadow.append(line.strip()[:MAX_LINE_CHARACTERS])
    searched = "\n".join(shadow)
    found = _beginnings().search(searched)
    if found is None:
        return len(lines)
    at = found.start() + len(found[0]) - len(found[0].lstrip())
    return searched.count("\n", 0, at)


@cache
def _beginnings() -> re.Pattern[str]:
    """The lines that begin a quote, in every language that the library knows."""
    pattern: re.Pattern[str] = EmailMessage(text="", languages=[*MAIL_LANGUAGES]).HEADER_REGEX
    return pattern
