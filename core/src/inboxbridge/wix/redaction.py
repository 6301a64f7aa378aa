"""Takes personal data out of what Wix says, which may quote the values it was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_REASON_CHARACTERS: Final = 300

_EMAIL = re.compile(r"[^\s<>\"'`,;:()\[\]]+@[^\s<>\"'`,;:()\[\]]+")
_PHONE = re.compile(r"(?<![\w-])\+?\(?\d[\d\s().\-]{5,}\d(?![\w-])")
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
    for value in sorted(set(_personal(sent)), key=len, reverse=True):
        if value in reason:
            reason = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "[value]", reason)
    reason = _PHONE.sub("[phone]", _EMAIL.sub("[email]", reason))
    reason = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    if len(reason) > MAX_REASON_CHARACTERS:
        reason = reason[: MAX_REASON_CHARACTERS - 1].rstrip() + "…"
    return reason


def _personal(sent: object, key: str = "") -> Iterator[str]:
    if isinstance(sent, dict):
        for name, value in sent.items():
            yield from _personal(value, name)
    elif isinstance(sent, list):
        for value in sent:
            yield from _personal(value, key)
    elif isinstance(sent, str) and sent and key not in _PUBLIC_KEYS:
        yield sent
