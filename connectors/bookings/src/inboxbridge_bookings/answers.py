"""Questions and answers of a booking page or form, and whose address or number is among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from inboxbridge import Person, normalize_phone
from inboxbridge.reading import one_line

_PHONE = re.compile(r"\+?[0-9 ().\-/]{7,25}")
_EMAIL = re.compile(r"[^\s@,;<>\"()]+@[^\s@,;<>\"()]+\.[^\s@,;<>\"()]+")
_ASKS_FOR_PHONE = re.compile("phone|mobile|cell|tel|tél|handy|whatsapp|sms", re.IGNORECASE)
_ASKS_FOR_EMAIL = re.compile("mail|correo|courriel", re.IGNORECASE)
_ABOUT_OTHERS = re.compile(
    r"\b(?:emergenc\w*|notfall\w*|urgence|some(?:one|body) else|friend\w*|partner\w*|spouse\w*"
    r"|husband\w*|wife|parent\w*|mother\w*|father\w*|mom|mum|dad|guardian\w*|child\w*|kids?|son"
    r"|daughter\w*|refer\w*|colleague\w*|coworker\w*|assistant\w*|boss|manager\w*|doctor\w*"
    r"|physician\w*|guests?|companion\w*|hosts?|freund\w*|eltern|mutter|vater|ami|amie|amig[oa]\w*"
    r"|padres?|madre)\b",
    re.IGNORECASE,
)
_NOT_DIGITS = re.compile("[^0-9]+")
_NOT_WORDS = re.compile(r"[\W_]+")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_NAMES = frozenset({"name", "full name", "fullname", "your name", "nombre", "nom"})
_FIRST_NAMES = frozenset({"first name", "firstname", "given name", "vorname", "prénom"})
_LAST_NAMES = frozenset({"last name", "lastname", "surname", "family name", "nachname"})


class Answer(NamedTuple):
    """One answer.

    Attributes:
        label: The question as the customer saw it.
        value: What the customer answered; may have several lines.
    """

    label: str
    value: str

    @property
    def is_about_others(self) -> bool:
        """Whether it is asked about somebody else, such as an emergency contact."""
        return _ABOUT_OTHERS.search(_words(self.label)) is not None

    def repeats(self, number: str) -> bool:
        """Whether it is the phone *number* once more, perhaps without its country."""
        if _PHONE.fullmatch(self.value) is None:
            return False
        return _digits(number).endswith(_digits(self.value))

    def __str__(self) -> str:
        label = one_line(self.label).rstrip(":").rstrip()
        return f"{label}{' ' if label.endswith('?') else ': '}{self.value}" if label else self.value


def as_text(answers: Iterable[Answer]) -> str:
    """Return one answer a line: ``Allergies? nuts``."""
    return "\n".join(map(str, answers))


def readable(label: str) -> str:
    """Return a field's *label*; of one that has only a key (``your-need``), the key in words."""
    return _words(label).capitalize() if _SLUG.fullmatch(label) else label


def phone_in(answers: Iterable[Answer], region: str | None) -> str | None:
    """Return the first answer that is the answering person's phone number.

    An order number has as many digits as a phone number. So an answer must start with a plus, or be
    asked for as a phone number on a connection that has a region. A number that is asked for
    somebody else is never the person's.
    """
    for answer in answers:
        if _PHONE.fullmatch(answer.value) is None or answer.is_about_others:
            continue
        if answer.value.startswith("+") or (region and _ASKS_FOR_PHONE.search(answer.label)):
            phone = normalize_phone(answer.value, region)
            if phone is not None:
                return phone
    return None


def typed_phone(text: str | None, region: str | None) -> str | None:
    """Return the phone number that *text* is, where it is one and nothing else."""
    if text is None or _PHONE.fullmatch(text) is None:
        return None
    return normalize_phone(text, region)


def person_in(answers: list[Answer], region: str | None) -> Person:
    """Return who filled in a form: address, number and name as far as they are asked for."""
    own = [answer for answer in answers if not answer.is_about_others]
    return Person(email=_email(own), phone=phone_in(own, region), name=_name(own))


def _email(answers: list[Answer]) -> str | None:
    """Return the answer to a question for an address; without one, the only address given."""
    addresses = [answer for answer in answers if _EMAIL.fullmatch(answer.value)]
    by_question = [answer.value for answer in addresses if _ASKS_FOR_EMAIL.search(answer.label)]
    only = {answer.value.lower() for answer in addresses}
    return next(iter(by_question), next(iter(only)) if len(only) == 1 else None)


def _name(answers: list[Answer]) -> str | None:
    def first(labels: frozenset[str]) -> str:
        return next(
            (answer.value for answer in answers if _words(answer.label).lower() in labels), ""
        )

    return first(_NAMES) or " ".join(filter(None, (first(_FIRST_NAMES), first(_LAST_NAMES))))


def _words(label: str) -> str:
    return _NOT_WORDS.sub(" ", label).strip()


def _digits(number: str) -> str:
    return _NOT_DIGITS.sub("", number)
