"""Crisp conversations.

Source: https://docs.crisp.chat/references/web-hooks/v1
"""

from __future__ import annotations

from typing import Any, Literal

from inboxbridge import (
    AnyOf,
    Attachment,
    Connector,
    ConnectorSettings,
    Direction,
    Event,
    HmacSignature,
    MalformedBody,
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
    text_at,
)

DIRECTIONS: dict[str, Direction] = {
    "message:send": "inbound",
    "message:received": "outbound",
}
"""Crisp names its events from the visitor's side."""

IDENTITIES: dict[str, tuple[Literal["email", "phone"], str]] = {
    "session:set_email": ("email", "Email address"),
    "session:set_phone": ("phone", "Phone number"),
}
PRIVATE = frozenset({"note", "event"})
FILES = frozenset({"file", "animation", "audio", "video"})
MAX_NAME_CHARACTERS = 40


class CrispSettings(ConnectorSettings):
    """Settings of a Crisp connection. At least one of the two secrets is needed.

    Attributes:
        signing_secret: Of a plugin's hooks, which are signed.
        url_token: Of a website's hooks, which are not: text of your choice that ends the webhook's
            address as ``?token=…``.
        icon_url: The badge's picture.
    """

    signing_secret: Secrets | None = None
    url_token: Secrets | None = None
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
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        """Read a message, or the address that a visitor gave; private notes give nothing."""
        body = request.json_object()
        name = text_at(body, "event", required=True)
        if name in DIRECTIONS:
            event = _message(object_at(body, "data", "body"), DIRECTIONS[name])
        elif name in IDENTITIES:
            event = _identity(body, object_at(body, "data", "body"), *IDENTITIES[name])
        else:
            event = None
        return [event] if event else []

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


def _message(data: dict[str, Any], direction: Direction) -> Event | None:
    kind = text_at(data, "type", "data")
    if kind in PRIVATE:
        return None
    text, attachments = _content(data, kind)
    if not text.strip() and not attachments:
        return None
    session = id_at(data, "session_id", "data", required=True)
    number = id_at(data, "fingerprint", "data", required=True)
    visitor = object_at(data, "user", "data") if direction == "inbound" else {}
    return Event(
        id=event_id(session, number),
        direction=direction,
        person=Person(id=session, name=text_at(visitor, "nickname", "data.user")),
        text=text,
        occurred_at=moment_at(data, "timestamp", "data"),
        thread=session,
        attachments=attachments,
    )


def _content(data: dict[str, Any], kind: str) -> tuple[str, tuple[Attachment, ...]]:
    content = data.get("content")
    if content is None or isinstance(content, str):
        return content or "", ()
    if not isinstance(content, dict):
        raise MalformedBody("data.content is neither text nor an object")
    where = "data.content"
    file = Attachment.from_link(
        text_at(content, "url", where),
        mime_type=text_at(content, "type", where),
        filename=text_at(content, "name", where),
        is_image=kind == "animation",
    )
    if kind in FILES and file:
        return "", (file,)
    said = [text_at(content, key, where) for key in ("text", "value")]
    text = "\n".join(words for words in said if words)
    name = one_line(kind)[:MAX_NAME_CHARACTERS]
    return text or (f"[{name}]" if name else ""), ()


def _identity(
    body: dict[str, Any], data: dict[str, Any], key: Literal["email", "phone"], name: str
) -> Event | None:
    """Tell that a visitor's address is known now, which joins what they wrote before to it."""
    given = one_line(text_at(data, key, "data"))
    if not given:
        return None
    session = id_at(data, "session_id", "data", required=True)
    at = moment_at(body, "timestamp", "body")
    return Event(
        id=fingerprint(key, session, given, at.isoformat() if at else ""),
        kind="activity",
        person=Person(
            id=session,
            email=given if key == "email" else None,
            phone=given if key == "phone" else None,
        ),
        text=f"{name}: {given}",
        occurred_at=at,
        thread=session,
    )
