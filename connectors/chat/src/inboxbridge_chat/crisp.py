"""Crisp conversations.

Source: https://docs.crisp.chat/references/web-hooks/v1
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from inboxbridge import (
    AnyOf,
    Connector,
    ConnectorSettings,
    Direction,
    Event,
    HmacSignature,
    Part,
    Person,
    Secrets,
    SharedToken,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import (
    event_id,
    fingerprint,
    id_at,
    moment_at,
    object_at,
    one_line,
    scalar,
    text_at,
    web_link,
)

from inboxbridge_chat._crisp_content import answer, read_content
from inboxbridge_chat._words import DELETED, EDITED, ignored, rated

DIRECTIONS: dict[str, Direction] = {
    "message:send": "inbound",
    "message:received": "outbound",
}
"""Crisp names its events from the visitor's side."""

IDENTITIES: dict[str, tuple[Literal["email", "phone"], str]] = {
    "session:set_email": ("email", "Email address"),
    "session:set_phone": ("phone", "Phone number"),
}
EVENTS = frozenset({
    *DIRECTIONS, *IDENTITIES, "message:updated", "message:removed", "session:sync:rating",
    "email:subscribe",
})  # fmt: skip
PRIVATE = frozenset({"note", "event"})
AUTHORS: dict[str, Direction] = {"user": "inbound", "operator": "outbound"}


class CrispSettings(ConnectorSettings):
    """Settings of a Crisp connection. At least one of the two secrets is needed.

    Attributes:
        signing_secret: Of a plugin's hooks, which are signed.
        url_token: Of a website's hooks, which are not: text of your choice that ends the webhook's
            address as ``?token=…``.
        show_edited_text: Show the new words of an edited text where Crisp does not say whether it
            is a message or a private note.
        icon_url: The badge's picture.
    """

    signing_secret: Secrets | None = None
    url_token: Secrets | None = None
    show_edited_text: bool = False
    icon_url: str | None = None

    def model_post_init(self, context: Any) -> None:
        """Refuse a connection that would prove nothing."""
        if self.signing_secret is None and self.url_token is None:
            raise ValueError(
                "set signing_secret (plugin hooks) or url_token (website hooks, whose address then"
                " ends with ?token=…)"
            )


class Crisp(Connector[CrispSettings]):
    """What visitors and operators write to each other in Crisp.

    A person is known by the session, which an email address or a phone number joins once the
    visitor gives one. A session is one thread.
    """

    label = "Crisp"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read a message, its edition or removal, a rating, or the address that a visitor gave.

        Private notes give nothing.
        """
        body = request.json_object()
        name = text_at(body, "event", required=True)
        if name not in EVENTS:
            return [ignored(name)]
        delivery = Delivery(body)
        return [self._event(name, delivery) or ignored(delivery.kind(name))]

    @hookimpl
    def signature(self) -> Signature:
        """A plugin's HMAC-SHA256 of ``[timestamp;body]``, a website's token, or either.

        Crisp does not say whether the timestamp counts seconds or milliseconds; whichever puts it
        into the time window is taken.
        """
        schemes: list[Signature] = []
        if self.settings.signing_secret:
            schemes += [
                HmacSignature(
                    self.settings.signing_secret,
                    header="X-Crisp-Signature",
                    content="[{timestamp};{body}]",
                    timestamp_header="X-Crisp-Request-Timestamp",
                    timestamps_per_second=per_second,
                )
                for per_second in (1000, 1)
            ]
        if self.settings.url_token:
            schemes.append(SharedToken(self.settings.url_token, query_parameter="token"))
        return schemes[0] if len(schemes) == 1 else AnyOf(tuple(schemes))

    def _event(self, name: str, delivery: Delivery) -> Event | None:
        if name in DIRECTIONS:
            return _message(delivery, DIRECTIONS[name])
        if name in IDENTITIES:
            return _identity(delivery, *IDENTITIES[name])
        if name == "message:updated":
            return self._updated(delivery)
        if name == "message:removed":
            return _removed(delivery)
        return _rating(delivery) if name == "session:sync:rating" else _subscription(delivery)

    def _updated(self, delivery: Delivery) -> Event | None:
        """Read what a visitor picked or filled in, or what a message says now.

        Crisp tells neither who edited it nor what kind of message it is: a text may be a private
        note. A visitor cannot edit in Crisp's chat, only answer.
        """
        data = delivery.data
        kind = text_at(data, "type", "data")
        if kind in PRIVATE:
            return None
        words = answer(data.get("content"))
        if words:
            key = fingerprint("answer", delivery.session, delivery.number, words)
            return delivery.event(id=key, text=words)
        content = read_content(data, kind)
        if not content.text and not content.attachments:
            return None
        direction = AUTHORS.get(text_at(data, "from", "data"), "outbound")
        words = f"{EDITED}{content.text}".rstrip()
        links = (attachment.url for attachment in content.attachments)
        at = delivery.at.isoformat() if delivery.at else ""
        key = fingerprint("edited", delivery.session, delivery.number, at, words, *links)
        may_be_note = not kind and isinstance(data.get("content"), str)
        if may_be_note and not self.settings.show_edited_text:
            return delivery.event(
                id=key, kind="activity", direction=direction, text="Edited a message in Crisp"
            )
        return delivery.event(
            id=key, direction=direction, text=words, attachments=content.attachments
        )


class Delivery:
    """One delivery, and what all of its events share.

    Attributes:
        data: What happened.
        at: When, by the delivery itself.
    """

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self.data = object_at(body, "data", "body")

    @property
    def at(self) -> datetime | None:
        return moment_at(self._body, "timestamp", "body")

    @property
    def session(self) -> str:
        return id_at(self.data, "session_id", "data", required=True)

    @property
    def number(self) -> str:
        """Crisp's id of the message within its session."""
        return id_at(self.data, "fingerprint", "data", required=True)

    @property
    def website(self) -> str:
        return id_at(self._body, "website_id", "body") or id_at(self.data, "website_id", "data")

    def kind(self, name: str) -> str:
        """Return *name*, with the type of what is private: ``message:received note``."""
        kind = self.data.get("type")
        return f"{name} {kind}" if kind in PRIVATE else name

    def event(self, **fields: Any) -> Event:
        """Return an event of the session, about its visitor."""
        session = self.session
        return Event(
            person=Person(id=session),
            occurred_at=self.at,
            thread=session,
            recipient=self.website,
            **fields,
        )


def _message(delivery: Delivery, direction: Direction) -> Event | None:
    data = delivery.data
    kind = text_at(data, "type", "data")
    if kind in PRIVATE:
        return None
    text, attachments = read_content(data, kind)
    if not text and not attachments:
        return None
    session = delivery.session
    person = Person(id=session)
    if direction == "inbound" and (user := object_at(data, "user", "data")):
        name = text_at(user, "nickname", "data.user")
        if text_at(user, "type", "data.user") == "participant":
            # Somebody else whom the visitor brought in: name and picture are not the visitor's.
            text = ": ".join(part for part in (name, text) if part)
        else:
            person = Person(id=session, name=name, picture_url=web_link(user.get("avatar")))
    return Event(
        id=event_id(session, delivery.number),
        direction=direction,
        person=person,
        text=text,
        occurred_at=moment_at(data, "timestamp", "data"),
        thread=session,
        attachments=attachments,
        recipient=delivery.website,
    )


def _removed(delivery: Delivery) -> Event:
    return delivery.event(
        id=event_id("removed", delivery.session, delivery.number),
        kind="activity",
        direction="outbound",
        text=DELETED,
    )


def _rating(delivery: Delivery) -> Event | None:
    rating = object_at(delivery.data, "rating", "data")
    stars, comment = scalar(rating.get("stars")), scalar(rating.get("comment"))
    if not stars:
        return None
    at = delivery.at.isoformat() if delivery.at else ""
    return delivery.event(
        id=fingerprint("rating", delivery.session, stars, comment, at),
        kind="activity",
        text=rated(stars, comment),
    )


def _subscription(delivery: Delivery) -> Event | None:
    """Read that somebody wants the business's emails, or no longer wants them."""
    email = one_line(text_at(delivery.data, "email", "data"))
    subscribed = delivery.data.get("subscribed")
    if not email or not isinstance(subscribed, bool):
        return None
    at = delivery.at
    return Event(
        id=fingerprint("subscription", email, str(subscribed), at.isoformat() if at else ""),
        kind="activity",
        person=Person(email=email),
        text="Subscribed to emails" if subscribed else "Unsubscribed from emails",
        occurred_at=at,
        recipient=delivery.website,
    )


def _identity(delivery: Delivery, key: Literal["email", "phone"], name: str) -> Event | None:
    """Tell that a visitor's address is known now, which joins what they wrote before to it."""
    detail = one_line(text_at(delivery.data, key, "data"))
    if not detail:
        return None
    session, at = delivery.session, delivery.at
    return Event(
        id=fingerprint(key, session, detail, at.isoformat() if at else ""),
        kind="activity",
        person=Person(
            id=session,
            email=detail if key == "email" else None,
            phone=detail if key == "phone" else None,
        ),
        text=f"{name}: {detail}",
        occurred_at=at,
        thread=session,
        recipient=delivery.website,
    )
