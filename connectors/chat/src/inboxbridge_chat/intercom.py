"""Intercom conversations.

Source: https://developers.intercom.com/docs/references/webhooks/webhook-models
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from inboxbridge import (
    Connector,
    ConnectorSettings,
    Event,
    HmacSignature,
    Part,
    Secret,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import (
    event_id,
    id_at,
    mapping,
    moment_at,
    object_at,
    read_each,
    required,
    text_at,
)

from inboxbridge_chat._intercom_api import Contacts, Host
from inboxbridge_chat._intercom_conversation import (
    MESSAGE_TOPICS,
    raw_parts,
    read_conversation,
    read_part,
    read_rating,
    read_removal,
)
from inboxbridge_chat._intercom_people import merged, person_at
from inboxbridge_chat._intercom_tickets import (
    OPENED,
    TICKET_TOPICS,
    answers,
    is_internal,
    read_answer,
    read_opening,
    read_ticket,
    ticket_at,
)
from inboxbridge_chat._words import ignored

if TYPE_CHECKING:
    import httpx

RATED = "conversation.rating.added"
REDACTED = "conversation_part.redacted"
EMAIL_TOPICS = frozenset({
    "contact.lead.added_email", "contact.email.updated",
    "contact.added_email", "user.email.updated",
})  # fmt: skip
"""Topics that tell of an address, the last two in API versions 1.x."""

TOPICS = MESSAGE_TOPICS | TICKET_TOPICS | EMAIL_TOPICS | {RATED, REDACTED}


class IntercomSettings(ConnectorSettings):
    """Settings of an Intercom connection.

    Attributes:
        client_secret: From the Developer Hub, your app, Basic information. Signs every delivery.
        access_token: From the Developer Hub, your app, Authentication. With it names, addresses and
            pictures of contacts that a delivery names by their id alone are asked of Intercom.
        api_region: Where the workspace's data are: ``us``, ``eu`` or ``au``.
        show_bots: Whether what a bot wrote is shown, as written by the business.
        icon_url: The badge's picture.
    """

    client_secret: Secrets
    access_token: Secret | None = None
    api_region: Host = "us"
    show_bots: bool = True
    icon_url: str | None = None


class Intercom(Connector[IntercomSettings]):
    """What customers, teammates and bots write to each other in Intercom.

    A person is known by Intercom's contact id, and by the email address of an author who has one.
    A conversation is one thread.
    """

    label = "Intercom"

    def __init__(self, settings: IntercomSettings) -> None:
        super().__init__(settings)
        token = settings.access_token
        self._contacts = Contacts(settings.api_region, token) if token else None

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read the new messages of a conversation or ticket, a rating, or a contact's address.

        A ping gives nothing; private notes never do.
        """
        body = request.json_object()
        topic = text_at(body, "topic", required=True)
        if topic not in TOPICS:
            return [ignored(topic)]
        workspace = id_at(body, "app_id", "body")
        item = object_at(object_at(body, "data", "body"), "item", "data")
        if topic in MESSAGE_TOPICS:
            return self._messages(item, workspace, topic)
        if topic in TICKET_TOPICS:
            return self._ticket(item, workspace, topic)
        return [_other(item, workspace, topic, body) or ignored(topic)]

    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Ask Intercom who a contact is that the delivery names by id alone."""
        person = event.person
        if self._contacts is None or person.id is None:
            return event
        if person.name and (person.email or person.phone):
            return event
        contact = await self._contacts.find(person.id, http)
        if contact is None:
            return event
        return event.model_copy(update={"person": merged(person, contact)})

    @hookimpl
    def signature(self) -> Signature:
        """``X-Hub-Signature: sha1=<hex>``, HMAC-SHA1 of the raw body by the client secret."""
        return HmacSignature(
            self.settings.client_secret,
            header="X-Hub-Signature",
            algorithm="sha1",
            prefix="sha1=",
        )

    def _messages(self, item: dict[str, Any], workspace: str, topic: str) -> list[Part]:
        conversation = read_conversation(item, workspace)
        read = partial(
            read_part, conversation=conversation, topic=topic, show_bots=self.settings.show_bots
        )
        return read_each(raw_parts(item, topic), read) or [ignored(topic)]

    def _ticket(self, item: dict[str, Any], workspace: str, topic: str) -> list[Part]:
        ticket = ticket_at(item)
        if is_internal(ticket):
            return [ignored(topic)]
        shared = read_ticket(ticket, workspace)
        if topic == OPENED:
            return [read_opening(ticket, shared) or ignored(topic)]
        read = partial(read_answer, shared=shared, topic=topic, show_bots=self.settings.show_bots)
        return read_each(answers(item, ticket), read) or [ignored(topic)]


def _other(item: dict[str, Any], workspace: str, topic: str, body: dict[str, Any]) -> Event | None:
    if topic in EMAIL_TOPICS:
        return _email_given(item, workspace, body)
    if topic == RATED:
        return read_rating(item, read_conversation(item, workspace))
    conversation = mapping(item.get("conversation")) or item
    if topic == REDACTED and conversation.get("id"):
        number, at = id_at(body, "id", required=True), moment_at(body, "created_at", "body")
        return read_removal(read_conversation(conversation, workspace), number, at)
    return None


def _email_given(item: dict[str, Any], workspace: str, body: dict[str, Any]) -> Event | None:
    """Tell that a contact's address is known now, which joins what they wrote before to it."""
    person = person_at(item, "data.item")
    if not person.email:
        return None
    required(person.id or "", "data.item.id")
    return Event(
        id=event_id(id_at(body, "id", required=True)),
        kind="activity",
        person=person,
        text=f"Email address: {person.email}",
        occurred_at=moment_at(body, "created_at", "body"),
        recipient=workspace,
    )
