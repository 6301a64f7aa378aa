"""WhatsApp Cloud API (``object: "whatsapp_business_account"``).

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from inboxbridge import (
    Attachment,
    Direction,
    Download,
    Part,
    Person,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import (
    array_at,
    as_object,
    event_id,
    id_at,
    mapping,
    moment_at,
    one_line,
    read_each,
    scalar,
    web_link,
)

from inboxbridge_facebook._deeds import reacted
from inboxbridge_facebook._graph import Graph, GraphRefused
from inboxbridge_facebook._meta import MetaConnector, MetaSettings, Update, ignored, read_batch
from inboxbridge_facebook._whatsapp_calls import read_call
from inboxbridge_facebook._whatsapp_change import Change, read_change
from inboxbridge_facebook._whatsapp_history import Past, read_history
from inboxbridge_facebook._whatsapp_moves import is_move, read_system_move, read_user_id_update
from inboxbridge_facebook._whatsapp_news import read_preference, read_status
from inboxbridge_facebook._whatsapp_text import Said, read_said

if TYPE_CHECKING:
    import httpx

FIELDS = frozenset({
    "calls", "history", "messages", "smb_message_echoes", "standby", "user_id_update",
    "user_preferences",
})  # fmt: skip
"""The fields that tell of customers."""

IN_A_GROUP = "[in a WhatsApp group]"

ReadItem = Callable[[Change, dict[str, Any], str], Part | Iterable[Part] | None]


class WhatsAppSettings(MetaSettings):
    """Settings of a WhatsApp connection.

    Attributes:
        groups: What becomes of messages in groups: ``mark`` shows them to the business as said in
            a group, in the conversation of who said it; ``ignore`` leaves them out.
        failed_messages: Whether messages of the business that did not arrive are shown, each as a
            line with the reason.
    """

    groups: Literal["mark", "ignore"] = "mark"
    failed_messages: bool = False


class WhatsApp(MetaConnector[WhatsAppSettings]):
    """What customers and a business write to each other on WhatsApp, and their calls.

    A person is known by the business-scoped user id, by the number where there is none, and by the
    number beside it where it is not hidden. Messages of one person to one number of the business
    are one thread.

    Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
    """

    label = "WhatsApp"

    def __init__(self, settings: WhatsAppSettings) -> None:
        super().__init__(settings)
        self._graph = Graph.of(settings)
        self._readers: dict[str, ReadItem] = {
            "messages": self._read_inbound,
            "message_echoes": self._read_echo,
            "calls": read_call,
            "statuses": self._read_status,
            "user_preferences": read_preference,
            "user_id_update": read_user_id_update,
        }

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read messages, echoes, calls and preferences in the order of the batch."""
        return read_batch(request.json_object(), "whatsapp_business_account", self._read_update)

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Ask Meta where a file is: an address for minutes that takes the same token.

        Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/
        """
        if self._graph is None or not attachment.source:
            return None
        try:
            media = await self._graph.get(attachment.source, http)
        except GraphRefused as refused:
            if refused.is_gone:
                return None
            raise
        link = web_link(media.get("url"))
        if link is None:
            return None
        return Download(
            url=link,
            headers=self._graph.credentials_for(link),
            mime_type=scalar(media.get("mime_type")) or None,
        )

    def _read_update(self, update: Update) -> list[Part] | Part:
        if update.field not in FIELDS:
            return ignored(update.field)
        change = read_change(update)
        if update.field == "history":
            return read_history(change, lambda past: self._read_past(change, past))
        keys = [key for key in change.value if key in self._readers]
        if not keys:
            return ignored(update.field, "errors" if "errors" in change.value else "empty")
        if len(keys) == 1:
            return self._read_key(change, keys[0])
        return read_each(keys, lambda key: self._read_key(change, key))

    def _read_key(self, change: Change, key: str) -> list[Part]:
        read = self._readers[key]

        def read_item(numbered: tuple[int, Any]) -> Part | Iterable[Part] | None:
            where = f"{change.where}.{key}[{numbered[0]}]"
            return read(change, as_object(numbered[1], where), where)

        return read_each(enumerate(array_at(change.value, key, change.where)), read_item)

    def _read_inbound(
        self, change: Change, message: dict[str, Any], where: str
    ) -> Part | Iterable[Part]:
        if is_move(message):
            return read_system_move(change, message, where)
        return self._read_message(change, message, where, "inbound")

    def _read_echo(self, change: Change, message: dict[str, Any], where: str) -> Part:
        if message.get("group_id") or message.get("recipient_type") == "group":
            # It went to many people: there is no one conversation for it.
            return ignored("message_echoes", "group")
        return self._read_message(change, message, where, "outbound")

    def _read_status(self, change: Change, item: dict[str, Any], where: str) -> Part:
        return read_status(change, item, where, shows_failed=self.settings.failed_messages)

    def _read_message(
        self, change: Change, message: dict[str, Any], where: str, direction: Direction
    ) -> Part:
        side = "from" if direction == "inbound" else "to"
        user, number = id_at(message, f"{side}_user_id", where), id_at(message, side, where)
        in_group = bool(message.get("group_id"))
        if in_group and self.settings.groups == "ignore":
            return ignored("messages", "group")
        if message.get("type") == "reaction":
            if not self.settings.reactions:
                return ignored("messages", "reaction")
            sign = one_line(scalar(mapping(message.get("reaction")).get("emoji")))
            content: Said | None = Said("activity", reacted(sign))
        else:
            content = read_said(message, where, fetches=self._graph is not None)
        if content is None:
            return ignored("messages", scalar(message.get("type")), "empty")
        person = change.contacts.person(user, number, f"{where}.{side}")
        # Checking a field costs time, also of an empty one.
        files = {"attachments": content.files} if content.files else {}
        return change.event(
            person,
            **files,
            id=event_id(id_at(message, "id", where, required=True)),
            kind=content.kind,
            direction=direction,
            text=f"{IN_A_GROUP} {content.text}" if in_group else content.text,
            occurred_at=moment_at(message, "timestamp", where),
        )

    def _read_past(self, change: Change, past: Past) -> Part:
        content = read_said(past.message, past.where, fetches=self._graph is not None)
        if content is None:
            return ignored("history", scalar(past.message.get("type")))
        person: Person = change.contacts.person(past.user, past.number, f"{past.where}.from")
        name = id_at(past.message, "id", past.where, required=True)
        return change.event(
            person,
            id=event_id("history-media", name) if past.is_told_later else event_id(name),
            kind=content.kind,
            direction=past.direction,
            text=content.text,
            attachments=content.files,
            occurred_at=moment_at(past.message, "timestamp", past.where),
            history=True,
        )
