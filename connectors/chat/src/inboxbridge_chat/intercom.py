"""Intercom conversations.

Source: https://developers.intercom.com/docs/references/webhooks/webhook-models
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from inboxbridge import (
    Attachment,
    Connector,
    ConnectorSettings,
    Event,
    HmacSignature,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import (
    array_at,
    as_object,
    event_id,
    id_at,
    moment_at,
    object_at,
    required,
    text_at,
)

from inboxbridge_chat._html import read_html

OPENING_TOPICS = frozenset({"conversation.user.created", "conversation.admin.single.created"})
"""Topics whose conversation begins with a new message, in ``source``."""

MESSAGE_TOPICS = OPENING_TOPICS | {
    "conversation.user.replied",
    "conversation.admin.replied",
    "conversation.operator.replied",
}
EMAIL_TOPICS = frozenset({"contact.lead.added_email", "contact.email.updated"})
CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})
BOTS = frozenset({"bot", "operator"})


class IntercomSettings(ConnectorSettings):
    """Settings of an Intercom connection.

    Attributes:
        client_secret: From the Developer Hub, your app, Basic information. Signs every delivery.
        show_bots: Whether what a bot wrote is shown, as written by the business.
        icon_url: The badge's picture.
    """

    client_secret: Secrets
    show_bots: bool = True
    icon_url: str | None = None


class Conversation(NamedTuple):
    """What every message of a conversation shares.

    Attributes:
        key: Unique over workspaces: ``WORKSPACE:CONVERSATION``.
        id: Intercom's id of the conversation.
        customer: Whose conversation it is; nobody where Intercom does not say.
    """

    key: str
    id: str
    customer: Person


class Part(NamedTuple):
    """One message of a conversation, unread.

    Attributes:
        json: The part.
        where: Its path in the body.
        id: Unique within the conversation; ``source`` for the message that began it.
        at: When it was written.
    """

    json: dict[str, Any]
    where: str
    id: str
    at: datetime | None


class Intercom(Connector[IntercomSettings]):
    """What customers, teammates and bots write to each other in Intercom.

    A person is known by Intercom's contact id, and by the email address of an author who has one.
    A conversation is one thread.
    """

    label = "Intercom"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read the new messages of a conversation; a ping and private notes give nothing."""
        body = request.json_object()
        topic = text_at(body, "topic", required=True)
        if topic not in MESSAGE_TOPICS and topic not in EMAIL_TOPICS:
            return []
        workspace = id_at(body, "app_id", "body")
        item = object_at(object_at(body, "data", "body"), "item", "data")
        if topic in EMAIL_TOPICS:
            return _email_given(item, id_at(body, "id", required=True), body)
        conversation = _conversation(item, workspace)
        found = [self._message(part, conversation) for part in _new_parts(item, topic)]
        return [event for event in found if event]

    @hookimpl
    def signature(self) -> Signature:
        """``X-Hub-Signature: sha1=<hex>``, HMAC-SHA1 of the raw body by the client secret."""
        return HmacSignature(
            self.settings.client_secret,
            header="X-Hub-Signature",
            algorithm="sha1",
            prefix="sha1=",
        )

    def _message(self, part: Part, conversation: Conversation) -> Event | None:
        json, where = part.json, part.where
        subject = read_html(text_at(json, "subject", where)).text
        body = read_html(text_at(json, "body", where))
        attachments = _attachments(json, body.images, where)
        text = "\n\n".join(paragraph for paragraph in (subject, body.text) if paragraph)
        if not text and not attachments:
            return None
        author = object_at(json, "author", where)
        role = text_at(author, "type", f"{where}.author", required=True)
        if role in BOTS and not self.settings.show_bots:
            return None
        person, inbound = conversation.customer, role in CUSTOMERS
        if inbound and (found := _person(author, f"{where}.author")).is_known:
            person = found
        return Event(
            id=event_id(conversation.key, required(part.id, f"{where}.id")),
            direction="inbound" if inbound else "outbound",
            person=person,
            text=text,
            occurred_at=part.at,
            thread=conversation.id,
            about=conversation.key,
            attachments=tuple(attachments),
        )


def _new_parts(item: dict[str, Any], topic: str) -> Iterator[Part]:
    """Walk through the messages that are news under *topic*."""
    where = "data.item"
    if topic in OPENING_TOPICS:
        source = object_at(item, "source", where)
        yield Part(source, f"{where}.source", "source", moment_at(item, "created_at", where))
    holder = object_at(item, "conversation_parts", where)
    where = f"{where}.conversation_parts"
    for index, part in enumerate(array_at(holder, "conversation_parts", where)):
        place = f"{where}.conversation_parts[{index}]"
        part = as_object(part, place)
        if text_at(part, "part_type", place) == "comment":
            at = moment_at(part, "created_at", place)
            yield Part(part, place, id_at(part, "id", place), at)


def _conversation(item: dict[str, Any], workspace: str) -> Conversation:
    number = id_at(item, "id", "data.item", required=True)
    return Conversation(event_id(workspace, number), number, _customer(item))


def _customer(item: dict[str, Any]) -> Person:
    """Return who it is with: its author if that is a customer, else its first contact."""
    where = "data.item.source"
    author = object_at(object_at(item, "source", "data.item"), "author", where)
    if text_at(author, "type", f"{where}.author") in CUSTOMERS:
        return _person(author, f"{where}.author")
    where = "data.item.contacts"
    contacts = array_at(object_at(item, "contacts", "data.item"), "contacts", where)
    if not contacts:
        return Person()
    first = f"{where}.contacts[0]"
    return _person(as_object(contacts[0], first), first)


def _person(contact: dict[str, Any], where: str) -> Person:
    return Person(
        id=id_at(contact, "id", where),
        email=text_at(contact, "email", where),
        name=text_at(contact, "name", where),
    )


def _attachments(part: dict[str, Any], images: tuple[str, ...], where: str) -> list[Attachment]:
    shown = {image: Attachment(kind="image", url=image) for image in images}
    for index, raw in enumerate(array_at(part, "attachments", where)):
        place = f"{where}.attachments[{index}]"
        raw = as_object(raw, place)
        file = Attachment.from_link(
            text_at(raw, "url", place),
            mime_type=text_at(raw, "content_type", place),
            filename=text_at(raw, "name", place),
        )
        if file:
            shown.setdefault(file.url, file)
    return list(shown.values())


def _email_given(item: dict[str, Any], notification: str, body: dict[str, Any]) -> list[Event]:
    """Tell that a contact's address is known now, which joins what they wrote before to it."""
    person = _person(item, "data.item")
    if not person.email:
        return []
    return [
        Event(
            id=event_id(notification),
            kind="activity",
            person=Person(id=required(person.id or "", "data.item.id"), email=person.email),
            text=f"Email address: {person.email}",
            occurred_at=moment_at(body, "created_at", "body"),
        )
    ]
