"""What an Intercom conversation's delivery tells: messages, a rating, a removal.

Source: https://developers.intercom.com/docs/references/webhooks/webhook-models
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from inboxbridge import Attachment, Event, IgnoredPart, Person
from inboxbridge.reading import (
    array_at,
    as_object,
    event_id,
    fingerprint,
    id_at,
    items,
    mapping,
    moment_at,
    object_at,
    one_line,
    required,
    scalar,
    text_at,
)

from inboxbridge_chat._html import read_html
from inboxbridge_chat._intercom_people import BOTS, CUSTOMERS, contacts_at, fullest, person_at
from inboxbridge_chat._words import DELETED, ignored, rated

OPENING_TOPICS = frozenset({"conversation.user.created", "conversation.admin.single.created"})
"""Topics whose conversation begins with a new message, in ``source``."""

MESSAGE_TOPICS = OPENING_TOPICS | {
    "conversation.user.replied",
    "conversation.admin.replied",
    "conversation.operator.replied",
    "conversation.admin.assigned",
    "conversation.admin.closed",
    "conversation.admin.opened",
    "conversation.admin.open.assigned",
}
"""Topics under which a message may have come; whatever is private is told by a part's type."""

SAID = frozenset({
    "comment", "assignment", "assign_and_reopen", "assign_and_unsnooze", "close", "open",
    "quick_reply", "message_assignment",
})  # fmt: skip
"""Types of parts whose words the customer sees, where they have any: a teammate may answer and
assign, close or reopen in one step. A ``note`` and a ``note_and_reopen`` are private."""


class Conversation:
    """What every event of a conversation or ticket shares.

    Args:
        key: Unique over workspaces: ``WORKSPACE:CONVERSATION``.
        id: The unit of ordering.
        workspace: Intercom's id of the workspace.
        item: The conversation or ticket, which names its contacts.
        opener: The author of the message that began it, and the author's path in the body.
    """

    def __init__(
        self,
        key: str,
        id: str,
        workspace: str,
        item: dict[str, Any],
        opener: tuple[dict[str, Any], str] | None = None,
    ) -> None:
        self.key = key
        self.id = id
        self.workspace = workspace
        self._item = item
        self._opener = opener

    @cached_property
    def known(self) -> list[Person]:
        """Everybody whom the delivery names, each from one place, the opening customer first."""
        contacts = contacts_at(self._item, "data.item")
        if self._opener is not None:
            author, where = self._opener
            if text_at(author, "type", where) in CUSTOMERS:
                return [person_at(author, where), *contacts]
        return contacts

    @cached_property
    def customer(self) -> Person:
        """Whose it is; nobody where Intercom does not say."""
        return fullest(self.known[0], self.known[1:]) if self.known else Person()

    def fullest(self, person: Person) -> Person:
        """Return *person* with what else the delivery tells of the same contact."""
        return person if person.email and person.name else fullest(person, self.known)

    def event(self, *, person: Person | None = None, **fields: Any) -> Event:
        """Return an event of the conversation, about its customer unless *person* is given."""
        return Event(
            person=self.customer if person is None else person,
            thread=self.id,
            about=self.key,
            recipient=self.workspace,
            **fields,
        )


class RawPart(NamedTuple):
    """One message of a conversation, unread.

    Attributes:
        json: The part, which may be anything.
        where: Its path in the body.
        opening: When the conversation began, for the message that began it.
    """

    json: Any
    where: str
    opening: datetime | None = None
    opens: bool = False


def read_conversation(item: dict[str, Any], workspace: str) -> Conversation:
    """Return what the events of the conversation *item* share."""
    number = id_at(item, "id", "data.item", required=True)
    opened, where = _source(item)
    opener = object_at(opened, "author", where), f"{where}.author"
    return Conversation(event_id(workspace, number), number, workspace, item, opener)


def raw_parts(item: dict[str, Any], topic: str) -> Iterator[RawPart]:
    """Walk through the messages that are news under *topic*."""
    if topic in OPENING_TOPICS:
        opened, where = _source(item)
        yield RawPart(opened, where, moment_at(item, "created_at", "data.item"), opens=True)
    holder = object_at(item, "conversation_parts", "data.item")
    where = "data.item.conversation_parts"
    for index, part in enumerate(array_at(holder, "conversation_parts", where)):
        yield RawPart(part, f"{where}.conversation_parts[{index}]")


def read_part(
    raw: RawPart, conversation: Conversation, topic: str, *, show_bots: bool
) -> Event | IgnoredPart:
    """Return a message, or the kind of part that is none."""
    part, where = as_object(raw.json, raw.where), raw.where
    kind = "" if raw.opens else text_at(part, "part_type", where)
    if not raw.opens and kind not in SAID:
        return ignored(f"{topic} {kind}")
    return read_message(
        part,
        where,
        conversation,
        id="source" if raw.opens else id_at(part, "id", where),
        at=raw.opening if raw.opens else moment_at(part, "created_at", where),
        show_bots=show_bots,
    ) or ignored(f"{topic} {kind}".rstrip())


def read_message(
    part: dict[str, Any],
    where: str,
    conversation: Conversation,
    *,
    id: str,
    at: datetime | None,
    show_bots: bool,
) -> Event | None:
    """Return what one part of a conversation or ticket says; None where that is nothing.

    Args:
        part: The part.
        where: Its path in the body.
        conversation: What it belongs to.
        id: Unique within it.
        at: When it was written.
        show_bots: Whether what a bot wrote is shown.
    """
    subject = read_html(text_at(part, "subject", where)).text
    body = read_html(text_at(part, "body", where))
    attachments, missing = _attachments(part, body.images, where)
    lines = [body.text, *missing, *_options(part)]
    paragraphs = (subject, "\n".join(line for line in lines if line))
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    if not text and not attachments:
        return None
    author = object_at(part, "author", where)
    role = text_at(author, "type", f"{where}.author", required=True)
    if role in BOTS and not show_bots:
        return None
    person, inbound = None, role in CUSTOMERS
    if inbound and (found := person_at(author, f"{where}.author")).is_known:
        person = conversation.fullest(found)
    return conversation.event(
        id=event_id(conversation.key, required(id, f"{where}.id")),
        direction="inbound" if inbound else "outbound",
        person=person,
        text=text,
        occurred_at=at,
        attachments=tuple(attachments),
    )


def read_rating(item: dict[str, Any], conversation: Conversation) -> Event | None:
    """Return the customer's rating and remark."""
    where = "data.item.conversation_rating"
    rating = object_at(item, "conversation_rating", "data.item")
    number, remark = scalar(rating.get("rating")), text_at(rating, "remark", where)
    if not number:
        return None
    person = None
    rater = mapping(rating.get("contact")) or mapping(rating.get("customer"))
    if rater.get("id"):
        person = conversation.fullest(person_at(rater, f"{where}.contact"))
    return conversation.event(
        id=fingerprint("rating", conversation.key, number, remark),
        kind="activity",
        person=person,
        text=rated(number, remark),
        occurred_at=moment_at(rating, "created_at", where)
        or moment_at(item, "updated_at", "data.item"),
    )


def read_removal(conversation: Conversation, notification: str, at: datetime | None) -> Event:
    """Return that a teammate took a message out of the conversation."""
    return conversation.event(
        id=event_id("removed", notification),
        kind="activity",
        direction="outbound",
        text=DELETED,
        occurred_at=at,
    )


def _source(item: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the message that began it, and its path: API 1.x calls it ``conversation_message``."""
    key = "source" if item.get("source") is not None else "conversation_message"
    return object_at(item, key, "data.item"), f"data.item.{key}"


def _options(part: dict[str, Any]) -> list[str]:
    """Return the quick replies that were offered, as buttons below the words."""
    offered = mapping(part.get("metadata")).get("quick_reply_options")
    labels = (one_line(scalar(mapping(option).get("text"))) for option in items(offered))
    return [f"- {label}" for label in labels if label]


def _attachments(
    part: dict[str, Any], images: tuple[str, ...], where: str
) -> tuple[list[Attachment], list[str]]:
    shown = {image: Attachment(kind="image", url=image) for image in images}
    missing = []
    for raw in array_at(part, "attachments", where):
        raw = mapping(raw)
        name = one_line(scalar(raw.get("name")))
        file = Attachment.from_link(
            raw.get("url"), mime_type=raw.get("content_type"), filename=name
        )
        if file:
            shown.setdefault(file.url, file)
        else:
            missing.append(f"[file] {name}".rstrip())
    return list(shown.values()), missing
