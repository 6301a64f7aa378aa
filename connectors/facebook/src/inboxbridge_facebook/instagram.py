"""Instagram messages and comments (``object: "instagram"``).

Source: https://developers.facebook.com/documentation/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Event, Person, WebhookRequest, hookimpl
from inboxbridge.reading import as_object, event_id, id_at, object_at, one_line, text_at

from inboxbridge_facebook._items import item_event, read_item
from inboxbridge_facebook._meta import MetaConnector, MetaSettings, Update, updates

FIELDS = frozenset({"", "messages", "messaging_postbacks", "messaging_referral", "standby"})
"""The fields that carry items for the Inbox; the empty one is an item of a batch."""


class InstagramSettings(MetaSettings):
    """Settings of an Instagram connection.

    Attributes:
        app_id: The app's own id. Echoes of messages that this app sent are left out; without it
            every echo is shown.
    """

    app_id: str | int | None = None


class Instagram(MetaConnector[InstagramSettings]):
    """What people and a professional account write to each other on Instagram.

    A person is known by ``ACCOUNT:IGSID``; messages of one person to one account are one thread.
    Echoes come under the ``messages`` field, marked or with the account itself as the sender.
    """

    label = "Instagram"

    def __init__(self, settings: InstagramSettings) -> None:
        super().__init__(settings)
        self.app_id = None if settings.app_id is None else str(settings.app_id)

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read messages, echoes, unsent messages and comments, in the order of the batch."""
        found = [self._event(update) for update in updates(request.json_object(), "instagram")]
        return [event for event in found if event]

    def _event(self, update: Update) -> Event | None:
        if update.field == "comments":
            return _comment(update)
        if update.field not in FIELDS:
            return None
        item = as_object(update.value, update.where)
        message = object_at(item, "message", update.where)
        if message.get("is_deleted") is True:
            return _unsent(update, item, message)
        event = item_event(update, self.app_id)
        if event and _answers_a_story(message, f"{update.where}.message"):
            text = f"[reply to a story] {event.text}".rstrip()
            return event.model_copy(update={"text": text})
        return event


def _answers_a_story(message: dict[str, Any], where: str) -> bool:
    return bool(object_at(object_at(message, "reply_to", where), "story", f"{where}.reply_to"))


def _unsent(update: Update, item: dict[str, Any], message: dict[str, Any]) -> Event:
    where = f"{update.where}.message"
    found = read_item(update, item, is_echo=message.get("is_echo") is True)
    mid = id_at(message, "mid", where, required=True)
    return Event(
        id=event_id("unsent", mid),
        kind="activity",
        direction=found.direction,
        person=found.person,
        text="Unsent a message",
        occurred_at=found.at,
        thread=found.person.id,
    )


def _comment(update: Update) -> Event | None:
    where = update.where
    comment = as_object(update.value, where)
    author = object_at(comment, "from", where)
    person = id_at(author, "id", f"{where}.from", required=True)
    if person == update.account:
        return None
    name = text_at(author, "username", f"{where}.from")
    text = one_line(text_at(comment, "text", where))
    scoped = f"{update.account}:{person}" if update.account else person
    return Event(
        id=event_id("comment", id_at(comment, "id", where, required=True)),
        kind="activity",
        person=Person(id=scoped, name=name),
        text=f"Commented: {text}" if text else "Commented",
        thread=scoped,
    )
