"""The conversations of one site: one for each participant, with an id made from who that is.

Sources: https://dev.wix.com/docs/api-reference/crm/communication/inbox/conversations/get-or-create-conversation.md,
https://dev.wix.com/docs/api-reference/crm/communication/inbox/conversations/conversation-id.md
"""

from __future__ import annotations

import uuid
from bisect import insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inboxbridge_sandbox import events
from inboxbridge_sandbox.contact_form import full_name
from inboxbridge_sandbox.contacts import ContactBook
from inboxbridge_sandbox.errors import application_error, validation_error, violation
from inboxbridge_sandbox.events import Publish
from inboxbridge_sandbox.shapes import Guid, Object, only_one

Json = dict[str, Any]

PARTICIPANT_KINDS = ("contactId", "anonymousVisitorId", "memberId")
REQUEST = Object(
    {"participantId": Object({kind: Guid() for kind in PARTICIPANT_KINDS})}, need=("participantId",)
)


@dataclass(slots=True)
class StoredMessage:
    """A message as List Messages returns it, and what the sandbox knows beside it.

    `arrival` counts all messages of the sandbox, from 1; it breaks ties between equal sequences
    after a merge.
    """

    conversation: Conversation
    message: Json
    sequence: int
    arrival: int
    silent: bool = False

    @property
    def place(self) -> tuple[int, int]:
        return self.sequence, self.arrival


@dataclass(slots=True, eq=False)
class Conversation:
    """One participant's thread. `messages` are in the order of `sequence`."""

    id: str
    site_id: str
    participant: Json
    created_at_micros: int
    messages: list[StoredMessage] = field(default_factory=list)
    last_sequence: int = 0
    read_sequence: int = 0

    @property
    def contact_id(self) -> str | None:
        return self.participant.get("contactId")

    @property
    def sender(self) -> Json:
        """The participant as the `sender` of a message."""
        return dict(self.participant)

    @property
    def unread(self) -> int:
        """Messages since the business last looked or answered; silent ones do not count."""
        count = 0
        for stored in reversed(self.messages):
            answered = stored.message["direction"] == "BUSINESS_TO_PARTICIPANT"
            if answered or stored.sequence <= self.read_sequence:
                break
            count += not stored.silent
        return count

    def next_sequence(self, now_micros: int) -> int:
        """Microseconds of the clock, pushed on by one where the clock has not moved."""
        self.last_sequence = max(now_micros, self.last_sequence + 1)
        return self.last_sequence


class Conversations:
    """Conversations by id. Ids merged away are forgotten: they answer `404`."""

    def __init__(
        self, site_id: str, contacts: ContactBook, publish: Publish, business_name: str
    ) -> None:
        self._site_id = site_id
        self._namespace = _namespace(site_id)
        self._contacts = contacts
        self._publish = publish
        self._business_name = business_name
        self._by_id: dict[str, Conversation] = {}
        self._ended: Counter[str] = Counter()

    def all(self) -> list[Conversation]:
        return list(self._by_id.values())

    def find(self, conversation_id: str) -> Conversation | None:
        return self._by_id.get(conversation_id.lower())

    def get(self, conversation_id: str) -> Conversation:
        """Raises `404 CONVERSATION_NOT_FOUND`."""
        conversation = self.find(conversation_id)
        if conversation is None:
            text = f"Conversation {conversation_id} not found."
            raise application_error(404, "CONVERSATION_NOT_FOUND", text)
        return conversation

    def get_or_create(
        self, participant_id: Mapping[str, str], now_micros: int
    ) -> tuple[Conversation, bool]:
        """The one conversation of a participant, and whether this call made it.

        A site member has the same conversation by `memberId` and by `contactId`. Raises `400`
        unless exactly one id is given, `404 CONTACT_NOT_FOUND` or `MEMBER_NOT_FOUND` for an
        unknown one.
        """
        kind = only_one(participant_id, PARTICIPANT_KINDS)
        if kind is None:
            text = "must hold exactly one of contactId, anonymousVisitorId, memberId"
            fault = violation("participantId", text, "CUSTOM", ruleName="ONE_OF")
            raise validation_error("request", [fault])
        participant = self._participant(kind, participant_id[kind])
        conversation_id = self._id_of(participant)
        existing = self._by_id.get(conversation_id)
        if existing is not None:
            return existing, False
        made = Conversation(conversation_id, self._site_id, participant, now_micros)
        self._by_id[conversation_id] = made
        return made, True

    def as_json(self, conversation: Conversation) -> Json:
        contact_id = conversation.contact_id
        contact = self._contacts.find(contact_id) if contact_id else None
        channels = ["CHAT"]
        if contact and "email" in contact.get("primaryInfo", {}):
            channels.append("EMAIL")
        return {
            "id": conversation.id,
            "participant": conversation.participant,
            "channels": channels,
            "businessDisplayData": {"name": self._business_name},
            "participantDisplayData": {"name": self.participant_name(conversation)},
        }

    def participant_name(self, conversation: Conversation) -> str:
        contact_id = conversation.contact_id
        contact = self._contacts.find(contact_id) if contact_id else None
        if contact is None:
            return "Visitor" if contact_id is None else "Deleted contact"
        primary = contact.get("primaryInfo", {})
        return (
            full_name(contact["info"]) or primary.get("email") or primary.get("phone") or "Contact"
        )

    def contacts_merged(self, target_id: str, source_ids: list[str], now_micros: int) -> None:
        """Move the conversations of merged-away contacts into the target's."""
        olds = [each for each in self._by_id.values() if each.contact_id in source_ids]
        if olds:
            target, _ = self.get_or_create({"contactId": target_id}, now_micros)
            self._move(olds, target)

    def delete(self, conversation_id: str) -> None:
        """Forget a conversation and what is in it; its participant's next one has another id."""
        old = self.get(conversation_id)
        del self._by_id[old.id]
        self._ended[_key(old.participant)] += 1

    def replace(self, conversation_id: str, now_micros: int) -> Conversation:
        """Move a conversation to another id, and say so as Wix says that two were merged."""
        old = self.get(conversation_id)
        self._ended[_key(old.participant)] += 1
        new_id = self._id_of(old.participant)
        made = Conversation(new_id, self._site_id, old.participant, now_micros)
        made.read_sequence = old.read_sequence
        self._by_id[new_id] = made
        self._move([old], made)
        return made

    def _move(self, olds: list[Conversation], target: Conversation) -> None:
        for old in olds:
            del self._by_id[old.id]
            for stored in old.messages:
                stored.conversation = target
                insort(target.messages, stored, key=lambda each: each.place)
            target.last_sequence = max(target.last_sequence, old.last_sequence)
        self._publish(events.conversations_merged([old.id for old in olds], target.id))

    def _participant(self, kind: str, value: str) -> Json:
        if kind == "anonymousVisitorId":
            return {kind: value}
        if kind == "memberId":
            contact = self._contacts.of_member(value)
            if contact is None:
                raise application_error(404, "MEMBER_NOT_FOUND", f"Member {value} not found.")
            return {"memberId": value, "contactId": contact["id"]}
        contact = self._contacts.get(value)
        member_id = contact.get("memberInfo", {}).get("memberId")
        if member_id:
            return {"memberId": member_id, "contactId": contact["id"]}
        return {"contactId": contact["id"]}

    def _id_of(self, participant: Mapping[str, str]) -> str:
        key = _key(participant)
        ended = self._ended[key]
        return str(uuid.uuid3(self._namespace, f"{key}#{ended}" if ended else key))


def _key(participant: Mapping[str, str]) -> str:
    return participant.get("memberId") or next(iter(participant.values()))


def _namespace(site_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(site_id)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, site_id)
