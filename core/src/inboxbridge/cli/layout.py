"""Lay out tables and paragraphs so that a narrow terminal breaks lines between words only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from inboxbridge.cli.console import PIPED_WIDTH

if TYPE_CHECKING:
    from rich.console import Console

BESIDE = 40
"""How many characters the long column needs to stand beside the others; else it goes below."""

Cell = str | Text


def print_rows(
    out: Console,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    right: frozenset[str] = frozenset(),
) -> None:
    """Print a table whose last column holds sentences.

    The other columns are never broken. Where too little room is left beside them, the last one goes
    below each row, indented.

    Args:
        out: Where to.
        header: The columns' names.
        rows: A cell for each column; of several lines in the last one, each is a paragraph.
        right: The names of columns to align at the right.
    """
    table = [[_text(cell) for cell in row] for row in rows]
    widths = [
        max(cell_len(name), *(cell_len(row[place].plain) for row in table), 0)
        for place, name in enumerate(header[:-1])
    ]
    start = sum(widths) + 2 * len(widths)
    is_beside = out.width - start >= BESIDE

    def line(cells: Sequence[Text]) -> Text:
        parts = []
        for name, cell, width in zip(header, cells, widths, strict=False):
            space = Text(" " * (width - cell_len(cell.plain)))
            parts.append(space + cell if name in right else cell + space)
        return Text("  ").join(parts)

    shown = header if is_beside else header[:-1]
    titles = line([Text(name, style="bold") for name in header[:-1]])
    if is_beside:
        titles = titles + Text("  ") + Text(shown[-1], style="bold")
    _print(out, titles)
    for row in table:
        said, indent = row[-1], start if is_beside else 4
        wrapped = _wrapped(said, out.width - indent)
        first = line(row[:-1])
        if is_beside and wrapped:
            first = first + Text("  ") + wrapped.pop(0)
        _print(out, first)
        for rest in wrapped:
            _print(out, Text(" " * indent) + rest)


def print_fields(out: Console, fields: Iterable[tuple[str, Cell]]) -> None:
    """Print labels and what they stand for, which may have several lines."""
    listed = [(label, _text(value)) for label, value in fields]
    width = max((cell_len(label) for label, _ in listed), default=0)
    for label, value in listed:
        lines = _wrapped(value, _room(out) - width - 2) or [Text()]
        for number, line in enumerate(lines):
            title = label if number == 0 else ""
            space = " " * (width - cell_len(title) + 2)
            _print(out, Text(title, style="bold") + Text(space) + line)


def print_wrapped(out: Console, text: str, *, indent: int = 0, style: str = "") -> None:
    """Print a paragraph, broken between words; further lines are indented by *indent* as well."""
    for line in _wrapped(Text(text, style=style), _room(out) - indent):
        _print(out, Text(" " * indent) + line)


def _room(out: Console) -> int:
    """How long a line may be: as it is written where no person is known to look at it."""
    return sys.maxsize if out.width == PIPED_WIDTH else out.width


def _wrapped(text: Text, width: int) -> list[Text]:
    """The lines of *text*, broken between words; a word that is too long stays whole."""
    if not text.plain:
        return []
    lines: list[Text] = []
    for paragraph in text.split("\n", allow_blank=True):
        indent = len(paragraph.plain) - len(paragraph.plain.lstrip())
        line = Text()
        for word in _words(paragraph):
            is_full = line.plain.strip() and cell_len(line.plain) + 1 + cell_len(word.plain) > width
            if is_full:
                lines.append(line)
                line = Text(" " * (indent + 2 if indent else 0)) + word
            elif line.plain:
                line = line + (Text(" ") + word if line.plain.strip() else word)
            else:
                line = Text(" " * indent) + word
        lines.append(line)
    return lines


def _words(paragraph: Text) -> list[Text]:
    return [word for word in paragraph.split(" ") if word.plain]


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(cell)


def _print(out: Console, line: Text) -> None:
    line.rstrip()
    out.print(line, soft_wrap=True)
