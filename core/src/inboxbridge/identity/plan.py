"""Which contact a person is to be, by stated policies: what can be said without asking Wix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inboxbridge.config.tables import Ambiguous, ConnectionSettings, Contradictory, Unmatched
from inboxbridge.errors import InboxbridgeError
from inboxbridge.model import Person, emails, numbering
from inboxbridge.model.phone import normalize_phone

LABEL_CHARACTERS = 6
"""How much of a source's own id is in the name of a contact that has nothing else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a person's contact is found.

    Attributes:
        identities: The keys under which the person is remembered, in the order in which they count.
        look_ups: What Wix is asked for, in this order, unless a contact is remembered.
        unmatched: What happens where none is found.
        ambiguous: What happens where several are found.
        contradictory: What happens where identities are remembered as different contacts.
        name: How a contact is called that is created; None for one without a name.
        provisional_name: How it is called while its own name is not known; may be empty.
        told_name: The person's own name, where the source tells it.
        picture_url: An address of the person's picture, or None.
    """

    identities: tuple[str, ...]
    look_ups: tuple[tuple[Literal["email", "phone"], str], ...]
    unmatched: Unmatched
    ambiguous: Ambiguous
    contradictory: Contradictory
    name: str | None
    provisional_name: str
    told_name: str | None
    picture_url: str | None

    @property
    def has_only_an_id(self) -> bool:
        """Whether nothing is known of the person that Wix could be asked for."""
        return not self.look_ups


def plan(person: Person, settings: ConnectionSettings, label: str) -> Plan:
    """Return how *person*'s contact is found: by email, then by phone, then by a remembered link.

    Args:
        person: Anyone with an email, a phone or an id.
        settings: The connection's; its ``unmatched``, ``ambiguous`` and ``contradictory`` count.
        label: The source's name for people.
    """
    look_ups: list[tuple[Literal["email", "phone"], str]] = []
    if person.email:
        look_ups.append(("email", person.email))
    if person.phone:
        look_ups.append(("phone", person.phone))
    provisional_name = f"{label} {person.id[-LABEL_CHARACTERS:]}".strip() if person.id else ""
    return Plan(
        identities=tuple(identities_of(settings.name, person)),
        look_ups=tuple(look_ups),
        unmatched=settings.unmatched,
        ambiguous=settings.ambiguous,
        contradictory=settings.contradictory,
        name=person.name or (None if look_ups else provisional_name),
        provisional_name=provisional_name,
        told_name=person.name,
        picture_url=person.picture_url,
    )


def identities_of(connection: str, person: Person) -> list[str]:
    """The keys under which a person is remembered, in the order in which they count.

    Emails and phones count on the whole site, a source's own ids only within their connection.
    """
    keys = []
    if person.email:
        keys.append(email_key(person.email))
    if person.phone:
        keys.append(phone_key(person.phone))
    if person.id:
        keys.append(f"id:{connection}:{person.id}")
    return keys


def key_of(kind: Literal["email", "phone"], value: str) -> str:
    """The key under which somebody is remembered by *value*."""
    return email_key(value) if kind == "email" else phone_key(value)


def kind_of(key: str) -> str:
    """What a key is: ``email``, ``phone`` or ``id``."""
    return key.partition(":")[0]


def email_key(email: str) -> str:
    """The key of an address, the same for all of its spellings."""
    return f"email:{emails.key(email)}"


def phone_key(phone: str) -> str:
    """The key of a number, the same for its form of today and older ones."""
    return f"phone:{numbering.key(phone)}"


def parse_identity(connection: str, text: str) -> str:
    """Return the key for an identity as typed: ``email:…``, ``phone:+…`` or ``id:…``.

    Raises:
        InboxbridgeError: It is none of these.
    """
    kind, _, value = text.partition(":")
    if kind == "email" and (email := Person(email=value).email):
        return email_key(email)
    if kind == "phone" and (phone := normalize_phone(value)):
        return phone_key(phone)
    if kind == "id" and value.strip():
        return f"id:{connection}:{value.strip()}"
    raise InboxbridgeError(
        "an identity is written email:dana@example.com, phone:+14155550132 or id:THE-SOURCES-ID"
    )
