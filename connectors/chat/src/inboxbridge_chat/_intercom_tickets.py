"""What an Intercom ticket's delivery tells.

Source: https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tickets
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge import Event, IgnoredPart
from inboxbridge.reading import (
    as_object,
    event_id,
    id_at,
    items,
    mapping,
    moment_at,
    one_line,
    scalar,
)

from inboxbridge_chat._html import looks_like_html, read_html
from inboxbridge_chat._intercom_conversation import Conversation, read_message
from inboxbridge_chat._intercom_people import CUSTOMERS, person_at
from inboxbridge_chat._words import ignored

OPENED = "ticket.created"
ANSWERED = frozenset({"ticket.contact.replied", "ticket.admin.replied"})
TICKET_TOPICS = ANSWERED | {OPENED}

OPENINGS = frozenset({"", "comment"})
"""Types of a first part that is of whoever opened the ticket; others may be of whoever took it."""

TITLE, DESCRIPTION = "_default_title_", "_default_description_"
INTERNAL = frozenset({"back-office", "back_office", "tracker"})
"""Categories of tickets that teammates keep among themselves."""


def ticket_at(item: dict[str, Any]) -> dict[str, Any]:
    """Return the ticket that a delivery is about: the item itself, or what the item holds."""
    return mapping(item.get("ticket")) or item


def is_internal(ticket: dict[str, Any]) -> bool:
    """Whether the customer does not see the ticket."""
    kind = mapping(ticket.get("ticket_type"))
    category = scalar(ticket.get("category")) or scalar(kind.get("category"))
    return category.lower() in INTERNAL or ticket.get("is_shared") is False


def read_ticket(ticket: dict[str, Any], workspace: str) -> Conversation:
    """Return what the events of a ticket share."""
    number = id_at(ticket, "id", "data.item", required=True)
    return Conversation(
        event_id(workspace, "ticket", number), f"ticket:{number}", workspace, ticket
    )


def read_opening(ticket: dict[str, Any], shared: Conversation) -> Event | None:
    """Return what a ticket says as it is opened; None where it says nothing.

    Where Intercom tells who opened it, it is a message of theirs. Where it does not, an activity
    says that there is a ticket, so that nobody's words are taken for the customer's.
    """
    text = "\n\n".join(paragraph for paragraph in _paragraphs(ticket) if paragraph)
    if not text:
        return None
    fields: dict[str, Any] = {
        "id": event_id(shared.key, "opened"),
        "occurred_at": moment_at(ticket, "created_at", "data.item"),
    }
    author = _author(ticket)
    role = scalar(author.get("type"))
    if not role:
        line = "; ".join(filter(None, map(one_line, text.split("\n"))))
        return shared.event(kind="activity", text=f"Ticket opened: {line}", **fields)
    if role not in CUSTOMERS:
        return shared.event(direction="outbound", text=text, **fields)
    person = shared.fullest(person_at(author, "the ticket's author"))
    return shared.event(person=person if person.is_known else None, text=text, **fields)


def answers(item: dict[str, Any], ticket: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """Walk through the parts that are news, with their paths."""
    if item.get("ticket_part") is not None:
        yield item["ticket_part"], "data.item.ticket_part"
        return
    where = "data.item.ticket_parts.ticket_parts"
    for index, part in enumerate(items(mapping(ticket.get("ticket_parts")).get("ticket_parts"))):
        yield part, f"{where}[{index}]"


def read_answer(
    raw: tuple[Any, str], shared: Conversation, topic: str, *, show_bots: bool
) -> Event | IgnoredPart:
    """Return what was written on a ticket, or the kind of part that is no message."""
    part, where = as_object(*raw), raw[1]
    kind = scalar(part.get("part_type"))
    message = kind in ("comment", "quick_reply") and read_message(
        part,
        where,
        shared,
        id=id_at(part, "id", where),
        at=moment_at(part, "created_at", where),
        show_bots=show_bots,
    )
    return message or ignored(f"{topic} {kind}".rstrip())


def _author(ticket: dict[str, Any]) -> dict[str, Any]:
    """Return who opened the ticket, where that is told: beside it, or by what was first said."""
    parts = items(mapping(ticket.get("ticket_parts")).get("ticket_parts"))
    first = mapping(parts[0]) if parts else {}
    if scalar(first.get("part_type")) not in OPENINGS:
        first = {}
    places = (ticket, mapping(ticket.get("source")), first)
    return next(filter(None, (mapping(place.get("author")) for place in places)), {})


def _paragraphs(ticket: dict[str, Any]) -> list[str]:
    """Return title, description, and the other fields that the customer saw: ``Label: value``."""
    attributes = mapping(ticket.get("ticket_attributes"))
    fields = mapping(mapping(ticket.get("ticket_type")).get("ticket_type_attributes"))
    hidden = {
        scalar(mapping(field).get("name"))
        for field in items(fields.get("data"))
        if mapping(field).get("visible_to_contacts") is False
    } | {TITLE, DESCRIPTION}
    others = (
        f"{one_line(label)}: {one_line(written)}"
        for label, value in attributes.items()
        if label not in hidden and (written := _written(value))
    )
    return [_plain(attributes.get(TITLE)), _plain(attributes.get(DESCRIPTION)), "\n".join(others)]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return scalar(value).strip() or ", ".join(filter(None, map(scalar, items(value))))


def _plain(value: object) -> str:
    text = scalar(value).strip()
    return read_html(text).text if looks_like_html(text) else text
