"""HTML as chat services send it, brought to plain text.

Paragraphs become blank lines, ``<br>`` and list items lines, links show where they lead, pictures
are set apart, scripts and styles are dropped. Any text is taken; broken markup loses its tags,
never its words.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

from inboxbridge.reading import one_line, web_link

PARAGRAPHS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "hr", "figure",
    "section", "article", "header", "footer", "form",
})  # fmt: skip
LINES = frozenset({
    "div", "tr", "dt", "dd", "caption", "figcaption", "address", "li", "ul", "ol", "dl",
})  # fmt: skip
LISTS = frozenset(("ul", "ol"))
DROPPED = frozenset(("script", "style", "template", "title"))
EMBEDDED = frozenset(("iframe", "video", "audio", "source", "embed"))
CELLS = frozenset(("td", "th"))
MAX_INDENT = 8

_KNOWN_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|ul|ol|li|h[1-6]|img|table|tr|td|blockquote|pre|font)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION_OR_STRAY = re.compile(r"<[!?][^<>]*>|<(?!/?[a-zA-Z][^<>]*>)")


class PlainText(NamedTuple):
    """What an HTML text says.

    Attributes:
        text: The words.
        images: The addresses of the pictures in it, in order, each once.
    """

    text: str
    images: tuple[str, ...]


def looks_like_html(text: str) -> bool:
    """Whether *text* has tags of formatted text, where a source sends plain text and HTML alike."""
    return "<" in text and _KNOWN_TAG.search(text) is not None


def read_html(html: str) -> PlainText:
    """Return *html* as plain text and pictures."""
    if "<" not in html and "&" not in html:
        return PlainText(html.strip(), ())
    html = _only_tags(html)
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):
        # html.parser gives up on character references of thousands of digits.
        return PlainText(_TAG.sub(" ", html).strip(), ())
    return reader.result()


def _only_tags(html: str) -> str:
    """Drop comments and declarations and escape every ``<`` that begins no complete tag.

    html.parser takes quadratic time over tags that never end.
    """
    last = html.rfind("-->") + 3
    if last > 2:
        html = _COMMENT.sub("", html[:last]) + html[last:]
    return _DECLARATION_OR_STRAY.sub(lambda found: "&lt;" if found[0] == "<" else "", html)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._images: dict[str, None] = {}
        self._breaks = 0
        self._space = False
        self._marker = ""
        self._dropping = ""
        self._pre = 0
        self._lists: list[int] = []
        self._link: tuple[str, int] | None = None

    def result(self) -> PlainText:
        self._end_link()
        return PlainText("".join(self._out), tuple(self._images))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping:
            return
        if tag in DROPPED:
            self._dropping = tag
        elif tag == "br":
            self._breaks = min(self._breaks + 1, 2)
        elif tag == "img":
            self._image(dict(attrs))
        elif tag in EMBEDDED:
            self._embed(dict(attrs))
        elif tag == "a":
            self._end_link()
            self._link = (dict(attrs).get("href") or "", len(self._out))
        elif tag in CELLS:
            self._space = True
        else:
            self._start_block(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag != "br":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            self._dropping = "" if tag == self._dropping else self._dropping
        elif tag == "a":
            self._end_link()
        elif tag == "pre":
            self._pre = max(self._pre - 1, 0)
            self._break(2)
        elif tag in LISTS:
            if self._lists:
                self._lists.pop()
            self._marker = ""
            self._break(2)
        elif tag in PARAGRAPHS:
            self._break(2)
        elif tag in LINES:
            self._break(1)

    def handle_data(self, data: str) -> None:
        if self._dropping:
            return
        if self._pre:
            self._write_lines(data)
            return
        words = one_line(data)
        if not words:
            self._space = self._space or bool(data)
            return
        self._space = self._space or data[0].isspace()
        self._write(words)
        self._space = data[-1].isspace()

    def _start_block(self, tag: str) -> None:
        if tag in LISTS:
            self._break(1)
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._break(1)
            self._marker = self._next_marker()
        elif tag in PARAGRAPHS:
            self._pre += tag == "pre"
            self._break(2)
        elif tag in LINES:
            self._break(1)

    def _next_marker(self) -> str:
        if not self._lists:
            return "- "
        indent = "  " * min(len(self._lists) - 1, MAX_INDENT)
        if self._lists[-1] < 0:
            return f"{indent}- "
        self._lists[-1] += 1
        return f"{indent}{self._lists[-1]}. "

    def _break(self, lines: int) -> None:
        if not self._marker:
            self._breaks = max(self._breaks, 1 if self._lists else lines)

    def _write(self, text: str) -> None:
        if self._out and self._breaks:
            self._out.append("\n" * self._breaks)
        elif self._out and self._space:
            self._out.append(" ")
        self._out.append(self._marker + text)
        self._breaks, self._space, self._marker = 0, False, ""

    def _write_lines(self, data: str) -> None:
        for number, line in enumerate(data.split("\n")):
            if number:
                self._breaks = min(self._breaks + 1, 2)
            if line.strip():
                self._write(line.rstrip())

    def _image(self, attrs: dict[str, str | None]) -> None:
        if source := web_link((attrs.get("src") or "").strip()):
            self._images[source] = None
        else:
            self._write(f"[{one_line(attrs.get('alt') or '') or 'picture'}]")

    def _embed(self, attrs: dict[str, str | None]) -> None:
        if source := web_link((attrs.get("src") or "").strip()):
            self._break(1)
            self._write(source)
            self._break(1)

    def _end_link(self) -> None:
        if self._link is None:
            return
        (href, start), self._link = self._link, None
        address = href.strip().removeprefix("mailto:").removeprefix("tel:")
        if address == href.strip() and not web_link(address):
            return
        words = "".join(self._out[start:]).strip()
        if not words and address not in self._images:
            self._write(address)
        elif words and not _same_address(words, address):
            self._space = True
            self._write(f"({address})")


def _same_address(words: str, address: str) -> bool:
    return _bare(words) == _bare(address)


def _bare(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")
