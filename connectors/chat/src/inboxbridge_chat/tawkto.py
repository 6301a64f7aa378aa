"""tawk.to chats and tickets.

tawk.to tells of the first message of a chat when it starts, and of the whole chat when it is over.

Source: https://developer.tawk.to/webhooks
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from inboxbridge import (
    Attachment,
    Connector,
    ConnectorSettings,
    Direction,
    Event,
    HmacSignature,
    MalformedBody,
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
    fingerprint,
    id_at,
    moment_at,
    object_at,
    one_line,
    required,
    text_at,
)

DIRECTIONS: dict[str, Direction] = {
    "v": "inbound",
    "visitor": "inbound",
    "a": "outbound",
    "agent": "outbound",
}
"""Who sent a message, in a transcript's spelling and in a start's; the system has none."""


class TawkToSettings(ConnectorSettings):
    """Settings of a tawk.to connection.

    Attributes:
        secret: Shown in the dashboard beside the webhook. Signs every delivery.
        icon_url: The badge's picture.
    """

    secret: Secrets
    icon_url: str | None = None


class Said(NamedTuple):
    """One message of a chat, by the visitor or an agent."""

    direction: Direction
    text: str
    attachments: tuple[Attachment, ...]
    at: datetime | None


class TawkTo(Connector[TawkToSettings]):
    """What visitors and agents write to each other in tawk.to, and tickets.

    tawk.to gives messages no ids, so theirs are made of the chat, the sender, the words and how
    often they were said before: the first message has the same id in the start and in the
    transcript, and a repeated or longer transcript adds only what is new. A chat is one thread.
    """

    label = "tawk.to"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read a chat's first message, its transcript or a ticket; the end of a chat is not news.

        A start that names neither an id nor an email address is left to the transcript, which does.
        """
        body = request.json_object()
        name = text_at(body, "event", required=True)
        if name == "chat:start":
            return _start(body)
        if name == "chat:transcript_created":
            return _transcript(body)
        if name == "ticket:create":
            return _ticket(body)
        return []

    @hookimpl
    def signature(self) -> Signature:
        """``X-Tawk-Signature: <hex>``, HMAC-SHA1 of the raw body."""
        return HmacSignature(self.settings.secret, header="X-Tawk-Signature", algorithm="sha1")


def _start(body: dict[str, Any]) -> list[Event]:
    person = _visitor(object_at(body, "visitor", "body"), "visitor")
    said = _said(object_at(body, "message", "body"), "message")
    if said is None or not person.is_known:
        return []
    chat = id_at(body, "chatId", required=True)
    first = said._replace(at=_iso_at(body, "time", "body"))
    return list(_events(chat, person, [first]))


def _transcript(body: dict[str, Any]) -> list[Event]:
    holder = object_at(body, "chat", "body")
    chat = required(id_at(holder, "id", "chat") or id_at(body, "chatId", "body"), "chat.id")
    visitor = object_at(holder, "visitor", "chat") or object_at(body, "visitor", "body")
    person = _visitor(visitor, "chat.visitor")
    if not person.is_known:
        person = Person(id=f"chat:{chat}", name=person.name)
    found = []
    for index, message in enumerate(array_at(holder, "messages", "chat")):
        where = f"chat.messages[{index}]"
        found.append(_said(as_object(message, where), where))
    return list(_events(chat, person, [said for said in found if said]))


def _events(chat: str, person: Person, messages: list[Said]) -> Iterator[Event]:
    said_before: Counter[tuple[str, ...]] = Counter()
    for said in messages:
        links = [attachment.url for attachment in said.attachments]
        words = (said.direction, one_line(said.text), *links)
        digest = fingerprint(said.direction, *words, str(said_before[words]))
        said_before[words] += 1
        yield Event(
            id=event_id(chat, digest),
            direction=said.direction,
            person=person,
            text=said.text,
            occurred_at=said.at,
            thread=chat,
            attachments=said.attachments,
        )


def _visitor(visitor: dict[str, Any], where: str) -> Person:
    return Person(
        id=id_at(visitor, "id", where),
        email=text_at(visitor, "email", where),
        name=text_at(visitor, "name", where),
    )


def _said(message: dict[str, Any], where: str) -> Said | None:
    sender = object_at(message, "sender", where)
    place = f"{where}.sender"
    direction = DIRECTIONS.get(text_at(sender, "t", place) or text_at(sender, "type", place))
    if direction is None:
        return None
    attachments, lines = _attachments(message, where)
    text = text_at(message, "msg", where) or text_at(message, "text", where)
    text = "\n".join(part for part in (text.strip(), *lines) if part)
    if not text and not attachments:
        return None
    return Said(direction, text, attachments, _iso_at(message, "time", where))


def _attachments(message: dict[str, Any], where: str) -> tuple[tuple[Attachment, ...], list[str]]:
    shown: list[Attachment] = []
    lines: list[str] = []
    for index, item in enumerate(array_at(message, "attchs", where)):
        place = f"{where}.attchs[{index}]"
        item = as_object(item, place)
        holder = object_at(item, "content", place)
        file = object_at(holder, "file", f"{place}.content") or holder or item
        name = one_line(text_at(file, "name", place))
        attachment = Attachment.from_link(
            text_at(file, "url", place), mime_type=text_at(file, "mimeType", place), filename=name
        )
        if attachment:
            shown.append(attachment)
        else:
            lines.append(f"[file] {name}".rstrip())
    return tuple(shown), lines


def _ticket(body: dict[str, Any]) -> list[Event]:
    ticket = object_at(body, "ticket", "body")
    number = id_at(ticket, "id", "ticket", required=True)
    said = [text_at(ticket, key, "ticket").strip() for key in ("subject", "message")]
    text = "\n\n".join(words for words in said if words)
    if not text:
        return []
    return [
        Event(
            id=event_id("ticket", number),
            person=_visitor(object_at(body, "requester", "body"), "requester"),
            text=text,
            occurred_at=_iso_at(body, "time", "body"),
            thread=f"ticket:{number}",
        )
    ]


def _iso_at(parent: dict[str, Any], key: str, where: str) -> datetime | None:
    value = parent.get(key)
    if not isinstance(value, str) or value.isdigit():
        return moment_at(parent, key, where)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year < 9999:
        raise MalformedBody(f"{where}.{key} is not a time")
    return moment
