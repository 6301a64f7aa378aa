"""The Wix client: the calls that inboxbridge makes."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import httpx
import structlog

from inboxbridge.wix.auth import Credentials
from inboxbridge.wix.budget import Budget, Lane
from inboxbridge.wix.calls import Answer, Calls
from inboxbridge.wix.contact_calls import ContactCalls
from inboxbridge.wix.contacts import ContactMatch, Json
from inboxbridge.wix.errors import NotFound, Rejected, WixError
from inboxbridge.wix.forms import (
    OpenedConversation,
    SentMessage,
    message_moment,
    moment,
    storable_id,
)
from inboxbridge.wix.listing import Listing
from inboxbridge.wix.media import keep_file
from inboxbridge.wix.operations import (
    CONVERSATIONS_PATH,
    GET_OR_CREATE_CONVERSATION,
    LIST_MESSAGES,
    MESSAGES_PATH,
    SEND_MESSAGE,
)
from inboxbridge.wix.outgoing import KeptFile, Outgoing, SeenMessage, Sent
from inboxbridge.wix.probe import ask, probe
from inboxbridge.wix.wire import wire_form as wire_form_called

DEFAULT_BASE_URL: Final = "https://www.wixapis.com"
MESSAGES_PAGE: Final = 100
MOST_MESSAGES: Final = 1000


class WixClient:
    """Talks to one Wix site. Every method takes a slot of the budget for each call it makes.

    No method tries again by itself, but for one thing: a token that Wix refuses is renewed once.
    All raise `WixError`; after `Throttled`, pause the budget.

    Args:
        credentials: An `ApiKey`, or the `AppCredentials` of an app on the site.
        base_url: Where Wix is; the sandbox's address in tests.
        wire_form: ``current`` or ``article``, see `inboxbridge.wix.wire`.
        budget: Shared by everything that calls Wix for this site; by default 200 calls a minute.
        transport: Replaces the network.
        timeout_seconds: For each of sending, waiting for and reading an answer, and for a free
            connection; connecting has 10 seconds at most.
        now: The time in seconds since the Unix epoch.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str = DEFAULT_BASE_URL,
        wire_form: str = "current",
        budget: Budget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_seconds: float = 30.0,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = Budget() if budget is None else budget
        self._now = now
        self._wire_form = wire_form_called(wire_form)
        self._calls = Calls(
            credentials,
            base_url=base_url,
            budget=self.budget,
            transport=transport,
            timeout_seconds=timeout_seconds,
            now=now,
            clock=clock,
        )
        self._contacts = ContactCalls(self._calls)

    @property
    def knows_server_clock(self) -> bool:
        """Whether Wix has dated an answer, so that its clock can be compared with ours."""
        return self._calls.knows_server_clock

    @property
    def server_clock_offset_seconds(self) -> float:
        """Wix's clock minus ours, right to a second; 0.0 until Wix has answered once.

        The middle of its last answers: one with an odd ``Date`` changes nothing.
        """
        return self._calls.clock_offset_seconds

    async def aclose(self) -> None:
        """Close all connections."""
        await self._calls.aclose()

    async def find_contacts(
        self, by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane = "live"
    ) -> dict[str, list[ContactMatch]]:
        """Return the contacts of each of *values*, newest first; none found is an empty list.

        One value costs one call; up to 100 cost one call together. A phone
        number that is not found as E.164 is looked for by its usual spellings, in one more call for
        all of them.

        Args:
            by: What the values are.
            values: Emails, in any case, or phone numbers in E.164.
            lane: Whose turn to call it is.

        Raises:
            ValueError: More than 100 values.
        """
        return await self._contacts.find(by, values, lane)

    async def find_contacts_by_name(
        self, name: str, created_since: datetime, *, lane: Lane = "live"
    ) -> list[ContactMatch]:
        """Return the contacts with exactly this name, made since then, newest first.

        Finds a contact again that `create_contact` made of a name alone, for which Wix refuses no
        duplicate.
        """
        return await self._contacts.find_by_name(name, created_since, lane)

    async def get_contact(self, contact_id: str, *, lane: Lane = "live") -> ContactMatch | None:
        """Return the contact, or None where Wix knows none such.

        Of one that was merged away it is the contact it was merged into: the id then differs.
        """
        return await self._contacts.get(contact_id, lane)

    async def create_contact(
        self,
        *,
        name: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        picture_url: str | None = None,
        lane: Lane = "live",
    ) -> str:
        """Make a contact and return its id, or that of the contact which has the email or phone.

        Args:
            name: The first word becomes the first name, the rest the last name.
            email: In any case.
            phone: E.164.
            picture_url: An ``https`` address of a picture.
            lane: Whose turn to call it is.

        Raises:
            ValueError: Nothing to make a contact of.
            ContactIncomplete: Wix kept the contact without the email, or with another number.
        """
        return await self._contacts.create(name, email, phone, picture_url, lane)

    async def complete_contact(
        self,
        contact_id: str,
        *,
        name: str,
        provisional_name: str = "",
        picture_url: str | None = None,
        lane: Lane = "live",
    ) -> bool:
        """Name a contact that was made before its name was known; one with another name is left.

        Costs two calls.

        Args:
            contact_id: Wix's id.
            name: Its name, as the source gives it.
            provisional_name: What it is called until then; a contact without a name is named, too.
            picture_url: An ``https`` address of a picture, for a contact that has none.
            lane: Whose turn to call it is.

        Returns:
            Whether it was named.

        Raises:
            Conflict: Somebody changed the contact at the same moment.
        """
        return await self._contacts.complete(contact_id, name, provisional_name, picture_url, lane)

    async def conversation_for(self, contact_id: str, *, lane: Lane = "live") -> str:
        """Return the id of the contact's conversation, which Wix makes if there is none.

        Where Wix refuses the contact and it is a site member, the member is asked for instead.

        Raises:
            NotFound: Wix knows no such contact; `get_contact` tells whether it was merged away.
        """
        try:
            return await self._conversation({"contactId": contact_id}, {}, lane)
        except (Rejected, NotFound) as refused:
            member_id = await self._contacts.member_id(contact_id, lane)
            if member_id is None:
                raise refused from None
        return await self._conversation({"memberId": member_id}, {"contactId": contact_id}, lane)

    async def keep_file(
        self, content: bytes, *, filename: str, mime_type: str, lane: Lane = "live"
    ) -> KeptFile:
        """Put a file into the site's Media Manager, where everybody with its address can see it.

        Args:
            content: The file.
            filename: How to call it, with its ending.
            mime_type: Its type.
            lane: Whose turn to call Wix it is.

        Raises:
            WixError: Wix did not take it. A file that it took all the same is in nobody's way.
        """
        return await keep_file(self._calls, content, filename, mime_type, lane)

    async def send(self, outgoing: Outgoing, *, lane: Lane = "live") -> Sent:
        """Put one message into its conversation. Two calls make two messages.

        Raises:
            ValueError: The message is empty.
            WixError: With ``effect == "unknown"`` the message may have arrived: look with
                `messages` before sending it again.
        """
        body = self._wire_form(outgoing)
        answer = await self._calls.post(SEND_MESSAGE, MESSAGES_PATH, body, lane=lane)
        try:
            return self._sent(answer)
        except WixError:
            raise
        except Exception as error:  # of ours: the message is out all the same
            raise answer.unreadable(f"that we cannot take ({type(error).__name__})") from error

    async def messages(
        self, conversation_id: str, *, lane: Lane = "live", most: int = MOST_MESSAGES
    ) -> AsyncIterator[SeenMessage]:
        """Go through a conversation's messages of all kinds and senders, newest first.

        Each 100 messages cost a call, made when they are asked for. Whoever has seen enough stops.

        Args:
            conversation_id: Wix's id.
            lane: Whose turn to call it is.
            most: After so many messages there is no next page, for a list may have no end.

        Raises:
            Unreadable: The list is not evidence of what is in the conversation: it is not in Wix's
                form or order, a message has no date, or there are more than *most*.
        """
        query = [
            ("conversationId", conversation_id),
            ("visibility", "BUSINESS"),
            ("paging.limit", str(MESSAGES_PAGE)),
            ("sorting.fieldName", "sequence"),
            ("sorting.order", "DESC"),
        ]
        reading = Listing()
        page = query
        for _ in range(max(1, math.ceil(most / MESSAGES_PAGE))):
            answer = await self._calls.get(LIST_MESSAGES, MESSAGES_PATH, page, lane=lane)
            for seen in reading.of(answer):
                yield seen
            if reading.cursor is None:
                return
            page = [*query, ("paging.cursor", reading.cursor)]
        raise answer.unreadable("that is only a part: the conversation goes on after it")

    @property
    def answers(self) -> int:
        """How many calls Wix has answered well so far."""
        return self._calls.answers

    async def ask(self, *, of_inbox: bool, lane: Lane = "live") -> None:
        """Ask for something that is not there, to see whether Wix answers.

        Args:
            of_inbox: Ask the Inbox; else the contacts.
            lane: Whose turn to call it is.

        Raises:
            WixError: Wix did not answer, refused the credentials or asked for a pause.
        """
        await ask(self._calls, lane, of_inbox=of_inbox)

    async def probe(self, *, lane: Lane = "live") -> list[str]:
        """Return what the credentials may not do, a sentence each; nothing is read or changed."""
        return await probe(self._calls, lane)

    def _sent(self, answer: Answer) -> Sent:
        message = answer.read(SentMessage).message
        message_id, created_at = storable_id(message.id), message_moment(message)
        if message_id != message.id or moment(message.created_date) is None:
            log = structlog.get_logger("inboxbridge")
            log.warning(
                "odd_answer_to_send",
                message_id=message_id,
                request_id=answer.request_id,
            )
        if created_at is None:
            created_at = datetime.fromtimestamp(self._now() + self._calls.clock_offset_seconds, UTC)
        return Sent(message_id, created_at, answer.request_id)

    async def _conversation(self, participant: Json, besides: Json, lane: Lane) -> str:
        answer = await self._calls.post(
            GET_OR_CREATE_CONVERSATION,
            CONVERSATIONS_PATH,
            {"participantId": participant},
            lane=lane,
        )
        expected = participant | besides
        conversation = answer.read(OpenedConversation).conversation
        if conversation.participant is not None:
            told = conversation.participant.model_dump(by_alias=True, exclude_none=True)
            if any(told.get(kind, asked) != asked for kind, asked in expected.items()):
                raise answer.unreadable("with the conversation of somebody else")
        return conversation.id


def request_for(outgoing: Outgoing, wire_form: str) -> tuple[str, str, Json]:
    """Return the method, path and body with which *outgoing* would be sent.

    Raises ValueError for an empty message or an unknown wire form.
    """
    return "POST", MESSAGES_PATH, wire_form_called(wire_form)(outgoing)
