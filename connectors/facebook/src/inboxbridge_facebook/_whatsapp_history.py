"""Chats from before the connection was made, of a number that is also in the WhatsApp Business app.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/history/
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from inboxbridge import Direction, Event, Part
from inboxbridge.reading import array_at, as_object, id_at, object_at, read_each

from inboxbridge_facebook._meta import ignored
from inboxbridge_facebook._whatsapp_change import Change

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
        change: The change that holds them: chats under ``history``, and under ``messages`` what a
            media message of a chat held, which Meta tells later.
        read: Makes the event of one.
    """
    chunks = enumerate(array_at(change.value, "history", change.where))
    parts = read_each(chunks, lambda chunk: _read_chunk(change, *chunk, read))
    media = enumerate(array_at(change.value, "messages", change.where))
    parts += read_each(media, lambda message: _read_media(change, *message, read))
    events = [part for part in parts if isinstance(part, Event)]
    others = [part for part in parts if not isinstance(part, Event)]
    return [*sorted(events, key=lambda event: event.occurred_at or LONG_AGO), *others]


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


def _read_media(change: Change, index: int, message: Any, read: ReadPast) -> Part | None:
    where = f"{change.where}.messages[{index}]"
    message = as_object(message, where)
    direction = _direction(change, message, where)
    side = "to" if direction == "outbound" else "from"
    user = id_at(message, f"{side}_user_id", where)
    number = id_at(message, side, where)
    return read(Past(message, where, direction, user, number, is_told_later=True))


def _direction(change: Change, message: dict[str, Any], where: str) -> Direction:
    sender = id_at(message, "from", where).lstrip("+")
    by_business = bool(sender and sender == change.number) or bool(id_at(message, "to", where))
    return "outbound" if by_business else "inbound"
