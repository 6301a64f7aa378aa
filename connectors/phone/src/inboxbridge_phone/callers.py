"""Who is at the other end of a line: a number, a softphone, or somebody who withheld theirs."""

from __future__ import annotations

from collections.abc import Iterable

from inboxbridge import Person, clean_text, normalize_phone

WITHHELD = Person(id="withheld", name="Withheld number")
"""Every caller without a number. One person for all: nobody can tell them apart.

Without any identity a call would be parked until somebody decides; so they share a conversation,
and ``inboxbridge link`` can tie it to a contact of one's choice.
"""

WITHHELD_SPELLINGS = (
    "anonymous",
    "Restricted",
    "+266696687",
    "+7378742833",
    "+2562533",
    "+8656696",
)
"""What carriers put where the caller's number would be; the digits spell such words on a keypad.

Source: https://www.twilio.com/docs/usage/webhooks/voice-webhooks
"""


class Lines:
    """Tells the business's own lines, withheld callers and everybody else apart.

    Args:
        own: The business's own numbers and softphones.
        withheld: What counts as a withheld number; blank always does.
    """

    def __init__(self, own: Iterable[str] = (), withheld: Iterable[str] = ()) -> None:
        self._own = frozenset(self.canonical(address) for address in own)
        self._withheld = frozenset({"", *(_plain(spelling) for spelling in withheld)})

    def is_own(self, address: str) -> bool:
        """Tell whether *address* is one of the business."""
        return bool(self._own) and self.canonical(address) in self._own

    def person(self, address: str, name: str | None = None) -> Person:
        """Return who is at *address*; `WITHHELD` for one that says nothing."""
        if _plain(address) in self._withheld:
            return WITHHELD
        phone = normalize_phone(_number_part(address))
        if phone:
            return Person(phone=phone, name=name)
        return Person(id=address, name=name or _number_part(address))

    def thread(self, ours: str, theirs: str) -> str:
        """Return the ordering key of all calls between two lines."""
        other = "withheld" if _plain(theirs) in self._withheld else self.canonical(theirs)
        return f"{self.canonical(ours)}/{other}"

    @staticmethod
    def recipient(ours: str) -> str | None:
        """Return one of the business's lines as a connection's ``recipients`` name it.

        That is E.164, or else the line's own name.
        """
        return normalize_phone(_number_part(ours)) or clean_text(ours) or None

    @staticmethod
    def canonical(address: str) -> str:
        """Return the one spelling of *address* that is compared: E.164 if possible."""
        return normalize_phone(_number_part(address)) or clean_text(address).casefold()


def _plain(address: str) -> str:
    return clean_text(address).lstrip("+").casefold()


def _number_part(address: str) -> str:
    """Return the part of an address that may be a number: ``sip:+15005550006@example.com``."""
    scheme, colon, rest = clean_text(address).partition(":")
    return rest.partition("@")[0] if colon else scheme
