"""Takes personal data out of what Wix says, which may quote the values it was given.

What Wix says may be of any length, so nothing here costs more than that length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_REASON_CHARACTERS: Final = 300

_MAX_READ_CHARACTERS: Final = 4 * MAX_REASON_CHARACTERS
_LONG_VALUE_CHARACTERS: Final = 40
"""From here on a value is taken out wherever it stands; it is not a part of another word."""

_EMAIL = re.compile(r"(?<![^\s<>\"'`,;:()\[\]])[^\s<>\"'`,;:()\[\]]+@[^\s<>\"'`,;:()\[\]]+")
_PHONE_RUN = re.compile(r"\+?[\d\s().\-]{7,}")
_PHONE_START = re.compile(r"(?<![\w-])\+?\(?\d")
_PHONE_END = re.compile(r"\d(?![\w-])")
_SHORTEST_PHONE: Final = 7
_PUBLIC_KEYS: Final = frozenset(
    {"conversationId", "contactId", "memberId", "direction", "visibility", "badgeVisibility"}
    | {"tag", "countryCode", "type", "fields", "fieldName", "order"}
)


def scrub(reason: str, sent: object) -> str:
    """Return *reason* as one short line without emails, phone numbers or values from *sent*.

    Args:
        reason: Text from outside.
        sent: The JSON value that the text is an answer to. Its strings are taken out wherever they
            stand as words of their own, but for ids and enums, which help and say nothing about
            a person.
    """
    values = sorted(set(_personal(sent)), key=len, reverse=True)
    short = [value for value in values if len(value) < _LONG_VALUE_CHARACTERS]
    for value in values[: len(values) - len(short)]:
        reason = reason.replace(value, "[value]")
    reason = _beginning(reason, short)
    for value in short:
        if value in reason:
            reason = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "[value]", reason)
    reason = _without_phones(_EMAIL.sub("[email]", reason))
    reason = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    if len(reason) > MAX_REASON_CHARACTERS:
        reason = reason[: MAX_REASON_CHARACTERS - 1].rstrip() + "…"
    return reason


def _beginning(reason: str, values: list[str]) -> str:
    """What is read of *reason*. It does not end within a value or a word."""
    if len(reason) <= _MAX_READ_CHARACTERS:
        return reason
    kept = reason[:_MAX_READ_CHARACTERS]
    begun = [
        length
        for value in values
        for length in range(1, len(value))
        if kept.endswith(value[:length])
    ]
    kept = kept[: len(kept) - max(begun, default=0)]
    return kept[:-_LONG_VALUE_CHARACTERS].rpartition(" ")[0] or kept[:MAX_REASON_CHARACTERS]


def _without_phones(text: str) -> str:
    parts, done = [], 0
    for run in _PHONE_RUN.finditer(text):
        start = _PHONE_START.search(text, run.start(), run.end())
        # One character more, for the end to see what follows it.
        ends = [found.end() for found in _PHONE_END.finditer(text, run.start(), run.end() + 1)]
        if start is not None and ends and ends[-1] - start.end() + 1 >= _SHORTEST_PHONE:
            parts += [text[done : start.start()], "[phone]"]
            done = ends[-1]
    return "".join([*parts, text[done:]])


def _personal(sent: object, key: str = "") -> Iterator[str]:
    if isinstance(sent, dict):
        for name, value in sent.items():
            yield from _personal(value, name)
    elif isinstance(sent, list):
        for value in sent:
            yield from _personal(value, key)
    elif isinstance(sent, str) and sent and key not in _PUBLIC_KEYS:
        yield sent
