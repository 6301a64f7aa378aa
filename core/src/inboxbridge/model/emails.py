"""The spellings of one email address."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna

_LONGEST = 254


def normalize_email(text: str) -> str | None:
    """Return *text* trimmed, in lower case and composed (NFC); None for what cannot be an address.

    That is what has no ``@`` in its middle, white space or unprintable characters in it, or more
    than 254 characters.
    """
    text = text.strip().lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    could_be = "@" in text[1:-1] and len(text) <= _LONGEST
    return text if could_be and text.isprintable() and " " not in text else None


@lru_cache(maxsize=4096)
def forms(email: str) -> tuple[str, ...]:
    """Return the spellings of a normalized address: as it is, and its domain's other spelling.

    An international domain may be written in its own letters or in ASCII (``xn--…``, punycode).
    """
    if email.isascii() and "xn--" not in email:
        return (email,)
    email = unicodedata.normalize("NFC", email)
    local, _, domain = email.rpartition("@")
    try:
        if not domain.isascii():
            other = idna.encode(domain, uts46=True).decode()
        elif "xn--" in domain:
            other = unicodedata.normalize("NFC", idna.decode(domain))
        else:
            return (email,)  # only the local part has letters of its own
    except (idna.IDNAError, UnicodeError):
        return (email,)
    return email, f"{local}@{other}"


def key(email: str) -> str:
    """Return what is the same for all spellings of an address: the one in ASCII, if there is."""
    spellings = forms(email)
    return next((form for form in spellings if form.rpartition("@")[2].isascii()), spellings[0])
