"""Ask Wix about contacts, for a person who decides whose message it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from inboxbridge.config import Config
from inboxbridge.config.tables import SiteSettings
from inboxbridge.courier import wix_client
from inboxbridge.model import Person
from inboxbridge.wix import ContactMatch, WixClient, WixError

TIMEOUT_SECONDS = 10.0
MOST_CANDIDATES = 10

_EVER = datetime(2006, 1, 1, tzinfo=UTC)
"""Before any contact of Wix was made."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What Wix says of a contact's id.

    Attributes:
        id: The contact's id; another one than was asked for where it was merged.
        name: Its name; empty where it has none or Wix could not be asked.
        emails: Its addresses.
        phones: Its numbers.
        is_unknown: Wix knows no such contact.
        problem: Why Wix could not be asked; None where it answered.
        created_at: When it was made (UTC), where Wix says so.
        found_by: How it was found, such as ``email``; empty for a contact that was asked for by id.
    """

    id: str
    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    is_unknown: bool = False
    problem: str | None = None
    created_at: datetime | None = None
    found_by: str = ""


Open = Callable[[SiteSettings], WixClient]


def open_client(site: SiteSettings) -> WixClient:
    """A client for a few questions."""
    return wix_client(site, timeout_seconds=TIMEOUT_SECONDS)


async def look_at_contact(
    config: Config, site: str, contact_id: str, open_client: Open = open_client
) -> Looked:
    """Ask Wix whether it knows a contact."""
    settings = config.sites.get(site)
    if settings is None:
        return Looked(contact_id, problem=f"site {site!r} is not configured, or cannot be")
    client = open_client(settings)
    try:
        match = await client.get_contact(contact_id)
    except WixError as error:
        return Looked(contact_id, problem=str(error))
    finally:
        await client.aclose()
    return Looked(contact_id, is_unknown=True) if match is None else _looked(match, "")


async def candidates(
    config: Config, site: str, person: Person, open_client: Open = open_client
) -> tuple[list[Looked], str | None]:
    """Return the contacts that may be a person's, with names, and why Wix could not be asked.

    They are looked for by email, by phone and by the exact name; each costs a call, and so does the
    name of each contact.
    """
    settings = config.sites.get(site)
    if settings is None:
        return [], f"site {site!r} is not configured, or cannot be"
    client = open_client(settings)
    found: dict[str, str] = {}
    try:
        if person.email:
            for match in (await client.find_contacts("email", [person.email]))[person.email]:
                found.setdefault(match.id, "email")
        if person.phone:
            for match in (await client.find_contacts("phone", [person.phone]))[person.phone]:
                found.setdefault(match.id, "phone")
        if person.name:
            for match in await client.find_contacts_by_name(person.name, _EVER):
                found.setdefault(match.id, "name")
        known = []
        for contact_id in list(found)[:MOST_CANDIDATES]:
            contact = await client.get_contact(contact_id)
            if contact is not None:
                known.append(_looked(contact, found[contact_id]))
    except WixError as error:
        return [], str(error)
    finally:
        await client.aclose()
    return known, None


def _looked(match: ContactMatch, found_by: str) -> Looked:
    return Looked(
        match.id,
        match.name,
        match.emails,
        match.phones,
        created_at=match.created_at,
        found_by=found_by,
    )
