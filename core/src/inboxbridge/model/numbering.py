"""The older and newer forms that one phone number has in countries that changed their numbers.

A source may still write the older form long after the country changed, and a contact's owner may
have typed either.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_MEXICO = re.compile(r"\+52(1?)([2-9]\d{9})")
"""The 1 after the country code of mobiles was abolished in August 2019. Source:
https://en.wikipedia.org/wiki/Telephone_numbers_in_Mexico"""

_BRAZIL = re.compile(r"\+55([1-9]\d)(9?)([6-9]\d{7})")
"""Mobile numbers have had a leading 9 everywhere since 2016. Source:
https://en.wikipedia.org/wiki/Telephone_numbers_in_Brazil"""

_ARGENTINA = re.compile(r"\+54(9?)(\d{10})")
"""The 9 stands before mobile numbers when called from abroad. Source:
https://en.wikipedia.org/wiki/Telephone_numbers_in_Argentina"""

_ITALY = re.compile(r"\+39(0?)(\d{5,10})")
"""The zero of a landline has been part of the number since 1998, also from abroad. Source:
https://en.wikipedia.org/wiki/Telephone_numbers_in_Italy"""


@lru_cache(maxsize=4096)
def forms(e164: str) -> tuple[str, ...]:
    """Return the forms of the number *e164* (E.164), in an order of their own, today's first.

    Most numbers have only one.
    """
    if match := _MEXICO.fullmatch(e164):
        number = match[2]
        return f"+52{number}", f"+521{number}"
    if match := _BRAZIL.fullmatch(e164):
        area, number = match[1], match[3]
        return f"+55{area}9{number}", f"+55{area}{number}"
    if match := _ARGENTINA.fullmatch(e164):
        number = match[2]
        return f"+549{number}", f"+54{number}"
    if match := _ITALY.fullmatch(e164):
        with_zero, without = f"+390{match[2]}", f"+39{match[2]}"
        if _is_valid(with_zero) and not _is_valid(without):
            return with_zero, without
    return (e164,)


def current(e164: str) -> str:
    """Return today's form of the number *e164*, as a new contact is to have it."""
    # In Argentina both are of today, the one of mobiles, the other of landlines.
    return e164 if _ARGENTINA.fullmatch(e164) else forms(e164)[0]


def key(e164: str) -> str:
    """Return what is the same for all forms of a number and for no other number."""
    return forms(e164)[0]


def _is_valid(e164: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return False
