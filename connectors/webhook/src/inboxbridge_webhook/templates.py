"""Text with ``{expression}`` placeholders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge_webhook.expressions import Expression, Run
from inboxbridge_webhook.functions import Unusable

_QUOTES = "'\"`"


class Template:
    """Compiled text in which each ``{expression}`` stands for what it finds.

    ``{{`` and ``}}`` are braces. Text stays as it is, numbers are written out, an array's texts and
    numbers are joined by commas, null is nothing.

    Args:
        text: The template.

    Raises:
        ValueError: A brace is left open, or a placeholder is not a JMESPath expression.
    """

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        self._parts: list[str | Expression] = list(_parse(text))

    def fill(self, value: Any, run: Run, *, complete: bool = False) -> str:
        """Return the text for *value*.

        Raises:
            Unusable: A placeholder found an object, or with *complete* found nothing.
        """
        return "".join(
            part if isinstance(part, str) else _written(part.search(value, run), complete)
            for part in self._parts
        )


def _written(value: Any, complete: bool) -> str:
    if value is None or value == "":
        if complete:
            raise Unusable("a placeholder found nothing")
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return ", ".join(_written(item, complete) for item in value)
    raise Unusable("a placeholder found an object: name the field of it that is text")


def _parse(text: str) -> Iterator[str | Expression]:
    literal, position = "", 0
    while position < len(text):
        two, letter = text[position : position + 2], text[position]
        if two in ("{{", "}}"):
            literal += letter
            position += 2
        elif letter == "}":
            raise ValueError(
                f"has a }} without a {{ at column {position + 1}; write }}}} for a brace"
            )
        elif letter == "{":
            end = _end_of_placeholder(text, position)
            yield literal
            literal = ""
            try:
                yield Expression(text[position + 1 : end])
            except ValueError as error:
                raise ValueError(f"placeholder at column {position + 1} {error}") from None
            position = end + 1
        else:
            literal += letter
            position += 1
    yield literal


def _end_of_placeholder(text: str, start: int) -> int:
    depth, quote, position = 0, "", start
    while position < len(text):
        letter = text[position]
        if letter == "\\":
            position += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise ValueError(
        f"has a {{ that is never closed, at column {start + 1}; write {{{{ for a brace"
    )
