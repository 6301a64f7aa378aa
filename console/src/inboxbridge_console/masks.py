"""Hide people's words and addresses until somebody asks for them, and show hostile ones tamely."""

from __future__ import annotations

import unicodedata

from inboxbridge.model import Person

HIDDEN = "•••"
LONGEST_TEXT = 4000
"""So many characters of a text are shown at once."""

_STEERING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows."""


def person_label(person: Person | None, *, shown: bool) -> str:
    """Return how a person is called in a list; masked unless *shown*."""
    if person is None:
        return ""
    if person.name:
        return tame(person.name, 120) if shown else masked_name(person.name)
    for value, mask in ((person.email, masked_email), (person.phone, masked_phone)):
        if value:
            return tame(value, 120) if shown else mask(value)
    return (tame(person.id, 120) if shown else masked_id(person.id)) if person.id else ""


def masked(person: Person | None) -> str | None:
    """Return all that is known of a person, masked, or None for nobody."""
    if person is None:
        return None
    known = [
        mask(value)
        for value, mask in (
            (person.name, masked_name),
            (person.email, masked_email),
            (person.phone, masked_phone),
            (person.id, masked_id),
        )
        if value
    ]
    return ", ".join(known) or None


def masked_name(name: str) -> str:
    """``D••• R•••``."""
    return " ".join(f"{tame(word[:1], 5)}{HIDDEN}" for word in name.split()[:4])


def masked_email(email: str) -> str:
    """``d•••@e•••.com``."""
    local, _, domain = email.rpartition("@")
    ending = domain.rpartition(".")[2]
    return tame(f"{local[:1]}{HIDDEN}@{domain[:1]}{HIDDEN}.{ending[:10]}", 40)


def masked_phone(phone: str) -> str:
    """``+1•••32``."""
    return f"{phone[:2]}{HIDDEN}{phone[-2:]}"


def masked_id(identity: str) -> str:
    """``•••77``."""
    return f"{HIDDEN}{tame(identity[-2:], 8)}"


def tame(text: str, most: int = LONGEST_TEXT) -> str:
    """Return *text* so that it can do nothing but be read.

    What cannot be seen is written out, such as ``[U+202E]``: characters that turn the direction of
    a line, and control characters. What is longer than *most* is cut, and says so.
    """
    cut = text[:most]
    told = "".join(
        f"[U+{ord(one):04X}]" if _is_unseen(one) else one for one in cut.replace("\r\n", "\n")
    )
    if len(text) > most:
        told += f" … (and {len(text) - most:,} more characters)"
    return told


def _is_unseen(one: str) -> bool:
    if one in _STEERING:
        return True
    return unicodedata.category(one) in ("Cc", "Cs", "Co") and one not in "\n\t"
