"""Chats from before the connection was made, of a number that is also in the WhatsApp Business app.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history/
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from inboxbridge import Direction, Event, Part
from inboxbridge.reading import array_at, as_object, id_at, mapping, object_at, read_each, scalar

from inboxbridge_facebook._meta import ignored
from inboxbridge_facebook._whatsapp_change import Change
from inboxbridge_facebook._whatsapp_text import MEDIA

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Past(NamedTuple):
    """A message of a chat.

    Attributes:
        message: As Meta sends it.
        where: Its path in the body.
        direction: Who spoke.
        user: The customer's user id; empty where it is not told.
        number: The customer's number; likewise.
        is_told_later: Whether it is the content of a message that was told before without it.
    """

    message: dict[str, Any]
    where: str
    direction: Direction
    user: str
    number: str
    is_told_later: bool = False


ReadPast = Callable[[Past], Part | None]


def read_history(change: Change, read: ReadPast) -> list[Part]:
    """Return the messages of all chats of a delivery, oldest first.

    Args:
        change: The change that holds them: chats under ``history``; under ``messages`` what a media
            message of a chat held, which Meta tells later; and under ``message_echoes`` what the
            business sent, as others have captured it.
        read: Makes the event of one.
    """
    keys = [key for key in ("history", "messages", "message_echoes") if key in change.value]
    parts = read_each(keys, lambda key: _read_list(change, key, read))
    events = [part for part in parts if isinstance(part, Event)]
    others = [part for part in parts if not isinstance(part, Event)]
    return [*sorted(events, key=lambda event: event.occurred_at or LONG_AGO), *others]


def _read_list(change: Change, key: str, read: ReadPast) -> list[Part]:
    numbered = enumerate(array_at(change.value, key, change.where))
    if key == "history":
        return read_each(numbered, lambda chunk: _read_chunk(change, *chunk, read))
    return read_each(numbered, lambda message: _read_lone(change, key, *message, read))


def _read_chunk(change: Change, index: int, chunk: Any, read: ReadPast) -> list[Part]:
    where = f"{change.where}.history[{index}]"
    chunk = as_object(chunk, where)
    if array_at(chunk, "errors", where):
        return [ignored("history", "errors")]
    threads = enumerate(array_at(chunk, "threads", where))
    return read_each(threads, lambda thread: _read_thread(change, *thread, where, read))


def _read_thread(change: Change, index: int, thread: Any, where: str, read: ReadPast) -> list[Part]:
    where = f"{where}.threads[{index}]"
    thread = as_object(thread, where)
    context = object_at(thread, "context", where)
    user = id_at(context, "user_id", f"{where}.context")
    number = id_at(context, "wa_id", f"{where}.context") or id_at(thread, "id", where)
    number = number.lstrip("+")
    if not number.isdigit():
        user, number = user or number, ""

    def read_message(numbered: tuple[int, Any]) -> Part | None:
        place = f"{where}.messages[{numbered[0]}]"
        message = as_object(numbered[1], place)
        direction = _direction(change, message, place)
        return read(Past(message, place, direction, user, number))

    return read_each(enumerate(array_at(thread, "messages", where)), read_message)


def _read_lone(change: Change, key: str, index: int, message: Any, read: ReadPast) -> Part | None:
    where = f"{change.where}.{key}[{index}]"
    message = as_object(message, where)
    is_echo = key == "message_echoes"
    direction = "outbound" if is_echo else _direction(change, message, where)
    side = "to" if direction == "outbound" else "from"
    user = id_at(message, f"{side}_user_id", where)
    number = id_at(message, side, where)
    is_told_later = scalar(message.get("type")) in MEDIA
    return read(Past(message, where, direction, user, number, is_told_later))


def _direction(change: Change, message: dict[str, Any], where: str) -> Direction:
    """Return who spoke, by the mark ``from_me`` or else by the sender's number.

    The mark is in deliveries that others have captured; Meta's page does not name it.
    """
    by_business = mapping(message.get("history_context")).get("from_me")
    if not isinstance(by_business, bool):
        sender = id_at(message, "from", where).lstrip("+")
        by_business = bool(id_at(message, "to", where)) or (sender and sender == change.number)
    return "outbound" if by_business else "inbound"
