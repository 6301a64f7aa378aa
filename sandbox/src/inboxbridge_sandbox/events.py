"""What Wix tells an app through webhooks, before it is signed and sent.

Sources: https://dev.wix.com/docs/rest/articles/getting-started/webhook-structure,
https://dev.wix.com/docs/rest/crm/communication/inbox/conversations/conversations-merged,
https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/contact-merged
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]

CONTACT: Final = "wix.contacts.v4.contact"
CONVERSATION: Final = "wix.crm.inbox.v2.conversation"
MESSAGE: Final = "wix.crm.inbox.v2.message"


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """One thing that happened on a site.

    `body` is the one event-specific key: `createdEvent`, `updatedEvent`, `deletedEvent` or
    `actionEvent`. `identity` is who caused it, `None` when nobody in particular did.
    """

    fqdn: str
    slug: str
    entity_id: str
    body: Json
    identity: Json | None = None
    originated_from: str | None = None

    @property
    def event_type(self) -> str:
        return f"{self.fqdn}_{self.slug}"


Publish = Callable[[DomainEvent], None]


def contact_created(contact: Json, identity: Json) -> DomainEvent:
    body = {"createdEvent": {"entity": contact}}
    return DomainEvent(CONTACT, "created", contact["id"], body, identity)


def contact_updated(contact: Json, cause: str | None = None) -> DomainEvent:
    body = {"updatedEvent": {"currentEntity": contact}}
    return DomainEvent(CONTACT, "updated", contact["id"], body, originated_from=cause)


def contact_deleted(contact_id: str, cause: str | None) -> DomainEvent:
    body: Json = {"deletedEvent": {}}
    return DomainEvent(CONTACT, "deleted", contact_id, body, originated_from=cause)


def contact_merged(target: Json, source_ids: list[str]) -> DomainEvent:
    """The one event whose body is yet another JSON string, as Wix's own sample has it."""
    body = {"targetContactId": target["id"], "sourceContactIds": source_ids}
    text = json.dumps({**body, "targetContact": target}, separators=(",", ":"))
    return DomainEvent(CONTACT, "merged", target["id"], {"actionEvent": {"bodyAsJson": text}})


def conversations_merged(old_ids: list[str], target_id: str) -> DomainEvent:
    body = {"oldConversationIds": old_ids, "targetConversationId": target_id}
    return DomainEvent(
        CONVERSATION, "conversations_merged", target_id, {"actionEvent": {"body": body}}
    )


def message_sent(conversation_id: str, message: Json, identity: Json) -> DomainEvent:
    """To the business or to the participant, by the direction of the message."""
    inbound = message["direction"] == "PARTICIPANT_TO_BUSINESS"
    slug = "message_sent_to_business" if inbound else "message_sent_to_participant"
    body = {"conversationId": conversation_id, "message": message}
    return DomainEvent(MESSAGE, slug, message["id"], {"actionEvent": {"body": body}}, identity)
