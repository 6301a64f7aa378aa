"""tawk.to chats and tickets.

tawk.to tells of the first message of a chat when it starts, and of the whole chat when it is over.

Source: https://developer.tawk.to/webhooks
"""

from __future__ import annotations

from collections import Counter
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
    Part,
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
    mapping,
    moment_at,
    object_at,
    one_line,
    read_each,
    required,
    scalar,
    text_at,
)

from inboxbridge_chat._html import looks_like_html, read_html
from inboxbridge_chat._words import ignored

DIRECTIONS: dict[str, Direction] = {
    "v": "inbound",
    "visitor": "inbound",
    "a": "outbound",
    "agent": "outbound",
}
"""Who sent a message, in a transcript's spelling and in a start's."""

SYSTEM = frozenset({"s", "system"})
"""The site itself: notices, and greetings, which the visitor sees in somebody's name."""


NAMELESS = "[file]"
"""Stands for a file of which tawk.to tells neither address nor name."""


class TawkToSettings(ConnectorSettings):
    """Settings of a tawk.to connection.

    Attributes:
        secret: Shown in the dashboard beside the webhook. Signs every delivery.
        icon_url: The badge's picture.
    """

    secret: Secrets
    icon_url: str | None = None


class Said(NamedTuple):
    """One message of a chat, by the visitor or an agent.

    Attributes:
        direction: Who said it.
        text: What, with a placeholder for each file that has no address.
        attachments: The files that have one.
        at: When.
        words: The text without placeholders that name nothing: what the id is made of.
    """

    direction: Direction
    text: str
    attachments: tuple[Attachment, ...]
    at: datetime | None
    words: str


class TawkTo(Connector[TawkToSettings]):
    """What visitors and agents write to each other in tawk.to, and tickets.

    tawk.to gives messages no ids, so theirs are made of the chat, the sender, the words and how
    often they were said before: the first message has the same id in the start and in the
    transcript, and a repeated or longer transcript adds only what is new. A chat is one thread.
    """

    label = "tawk.to"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read a chat's first message, its transcript or a ticket; the end of a chat is not news.

        A start that names neither an id nor an email address is left to the transcript, which does.
        """
        body = request.json_object()
        name = text_at(body, "event", required=True)
        account = id_at(object_at(body, "property", "body"), "id", "property")
        if name == "chat:start":
            return _start(body, account) or [ignored(name)]
        if name == "chat:transcript_created":
            return _transcript(body, account)
        if name == "ticket:create":
            return [_ticket(body, account) or ignored(name)]
        return [ignored(name)]

    @hookimpl
    def signature(self) -> Signature:
        """``X-Tawk-Signature: <hex>``, HMAC-SHA1 of the raw body."""
        return HmacSignature(self.settings.secret, header="X-Tawk-Signature", algorithm="sha1")


def _start(body: dict[str, Any], account: str) -> list[Part]:
    person = _visitor(object_at(body, "visitor", "body"), "visitor")
    message = _said(object_at(body, "message", "body"), "message")
    if message is None or not person.is_known:
        return []
    chat = _Chat(id_at(body, "chatId", required=True), person, account)
    return [chat.event(message._replace(at=_iso_at(body, "time", "body")))]


def _transcript(body: dict[str, Any], account: str) -> list[Part]:
    holder = object_at(body, "chat", "body")
    number = required(id_at(holder, "id", "chat") or id_at(body, "chatId", "body"), "chat.id")
    visitor = object_at(holder, "visitor", "chat") or object_at(body, "visitor", "body")
    person = _visitor(visitor, "chat.visitor")
    if not person.is_known:
        person = Person(id=f"chat:{number}", name=person.name)
    chat = _Chat(number, person, account)

    def read(numbered: tuple[int, Any]) -> Event | None:
        index, message = numbered
        where = f"chat.messages[{index}]"
        spoken = _said(as_object(message, where), where)
        return chat.event(spoken) if spoken else None

    return read_each(enumerate(array_at(holder, "messages", "chat")), read)


class _Chat:
    """Makes the events of one chat, in order.

    Args:
        number: tawk.to's id of the chat.
        person: The visitor.
        account: tawk.to's id of the site.
    """

    def __init__(self, number: str, person: Person, account: str) -> None:
        self._number = number
        self._person = person
        self._account = account
        self._said_before: Counter[tuple[str, ...]] = Counter()

    def event(self, message: Said) -> Event:
        """Return what was said next as an event; its id counts what was said before."""
        links = [attachment.url for attachment in message.attachments]
        words = (message.direction, one_line(message.words), *links)
        digest = fingerprint(message.direction, *words, str(self._said_before[words]))
        self._said_before[words] += 1
        return Event(
            id=event_id(self._number, digest),
            direction=message.direction,
            person=self._person,
            text=message.text,
            occurred_at=message.at,
            thread=self._number,
            attachments=message.attachments,
            recipient=self._account,
        )


def _visitor(visitor: dict[str, Any], where: str) -> Person:
    return Person(
        id=id_at(visitor, "id", where),
        email=text_at(visitor, "email", where),
        name=text_at(visitor, "name", where),
    )


def _said(message: dict[str, Any], where: str) -> Said | None:
    direction = _direction(message, where)
    if direction is None:
        return None
    attachments, lines = _attachments(message, where)
    text = text_at(message, "msg", where) or text_at(message, "text", where)
    parts = [part for part in (text.strip(), *lines) if part]
    if not parts and not attachments:
        return None
    words = "\n".join(part for part in parts if part != NAMELESS)
    return Said(direction, "\n".join(parts), attachments, _iso_at(message, "time", where), words)


def _direction(message: dict[str, Any], where: str) -> Direction | None:
    """Return who said it; None for a notice of the system, which is no part of the talk.

    What the site says by itself to greet a visitor comes from the system too, but with a name.
    """
    sender = object_at(message, "sender", where)
    place = f"{where}.sender"
    kind = text_at(sender, "t", place) or text_at(sender, "type", place)
    if kind not in SYSTEM:
        return DIRECTIONS.get(kind)
    name = one_line(text_at(sender, "n", place) or text_at(sender, "name", place))
    is_said = (text_at(message, "type", where) or "msg") == "msg"
    return "outbound" if is_said and name and name.casefold() not in SYSTEM else None


def _attachments(message: dict[str, Any], where: str) -> tuple[tuple[Attachment, ...], list[str]]:
    shown: list[Attachment] = []
    lines: list[str] = []
    for item in array_at(message, "attchs", where):
        holder = mapping(mapping(item).get("content"))
        file = mapping(holder.get("file")) or holder or mapping(item)
        name = one_line(scalar(file.get("name")))
        attachment = Attachment.from_link(
            file.get("url"), mime_type=file.get("mimeType"), filename=name
        )
        if attachment:
            shown.append(attachment)
        else:
            lines.append(f"{NAMELESS} {name}".rstrip())
    return tuple(shown), lines


def _ticket(body: dict[str, Any], account: str) -> Event | None:
    ticket = object_at(body, "ticket", "body")
    number = id_at(ticket, "id", "ticket", required=True)
    requester = object_at(body, "requester", "body")
    written = text_at(ticket, "message", "ticket").strip()
    message, images = read_html(written) if looks_like_html(written) else (written, ())
    subject = text_at(ticket, "subject", "ticket").strip()
    text = "\n\n".join(words for words in (subject, message) if words)
    if not text and not images:
        return None
    opened_by = text_at(requester, "type", "requester")
    return Event(
        id=event_id("ticket", number),
        direction="outbound" if DIRECTIONS.get(opened_by) == "outbound" else "inbound",
        person=_visitor(requester, "requester"),
        text=text,
        occurred_at=_iso_at(body, "time", "body"),
        thread=f"ticket:{number}",
        attachments=tuple(Attachment(kind="image", url=image) for image in images),
        recipient=account,
    )


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
