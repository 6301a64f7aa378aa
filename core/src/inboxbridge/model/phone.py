"""Normalize phone numbers to E.164."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_E164 = re.compile(r"\+[1-9][0-9]{9,14}")
_LONGEST_SPELLING = 64
_PLUS_SIGNS = "+\uff0b"


def normalize_phone(text: str | None, region: str | None = None) -> str | None:
    """Return *text* as E.164 (``+14155550132``), or None where it is not a phone number.

    Withheld callers (``anonymous``), alphanumeric senders and short codes are not phone numbers.
    Text that has the form of E.164 already, of ten digits or more, is taken at its word.

    Args:
        text: A number in any spelling: ``+1 415-555-0132``, ``00 44 …``, ``(415) 555-0132``.
        region: The ISO 3166 country (``"US"``) to assume where *text* names none. The number must
            then be one that this country gives out: ``06 12345678`` is none of the US. Without it
            a number with no ``+`` is read as international digits (``15005550006``), as WhatsApp
            and Vonage write them.
    """
    if not text:
        return None
    if _E164.fullmatch(text):
        return text
    text = text.strip()
    return _parse(text, region) if len(text) <= _LONGEST_SPELLING else None


@lru_cache(maxsize=4096)
def _parse(text: str, region: str | None) -> str | None:
    if region is None and not text.startswith("+"):
        digits = re.sub(r"[\s().\-/]", "", text)
        if not digits.isdecimal() or len(digits) < 10:
            return None
        text = "+" + digits.removeprefix("00")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if _is_assumed(text, region) and not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_assumed(text: str, region: str | None) -> bool:
    """Whether the number's country comes from *region* and not from the text itself."""
    return region is not None and text[0] not in _PLUS_SIGNS


def country_of(e164: str) -> str | None:
    """Return the ISO 3166 country of an E.164 number, or None where it has none of its own."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return None
    return region if region and region.isalpha() else None  # "001" is not a country


def spellings(e164: str) -> tuple[str, ...]:
    """Return the ways in which a contact's owner may have typed the number *e164*."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return (e164,)
    formats = phonenumbers.PhoneNumberFormat
    ways = [
        e164,
        e164[1:],
        phonenumbers.format_number(number, formats.INTERNATIONAL),
        phonenumbers.format_number(number, formats.NATIONAL),
        phonenumbers.national_significant_number(number),
    ]
    return tuple(dict.fromkeys(ways))
