"""Telnyx Messaging: SMS, MMS, RCS and WhatsApp.

Sources: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks and
https://developers.telnyx.com/api-reference/callbacks/inbound-message
"""

from __future__ import annotations

from typing import Annotated, Any

from inboxbridge import (
    Attachment,
    Badge,
    Connector,
    ConnectorSettings,
    Ed25519Signature,
    Event,
    Label,
    MalformedBody,
    OneOrMore,
    Signature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import identifier, iso_moment, items, mapping, scalar
from inboxbridge.signing import decode_base64
from pydantic import AfterValidator, Field

from inboxbridge_sms.addresses import (
    NO_TEXT,
    channel_badge,
    person_at,
    thread_between,
)

_SENT = frozenset({"message.sent", "message.finalized"})
_NEVER_ARRIVED = frozenset({"sending_failed", "delivery_failed"})
_TEXT_TYPES = frozenset({"", "sms", "mms"})


def _ed25519(key: str) -> str:
    if len(decode_base64(key) or b"") != 32:
        raise ValueError("must be the base64 of 32 bytes, as the portal shows it under API keys")
    return key


PublicKey = Annotated[str, AfterValidator(_ed25519)]
PublicKeys = Annotated[OneOrMore[PublicKey], Field(min_length=1)]


class TelnyxSmsSettings(ConnectorSettings):
    """Settings of an ``sms`` connection with ``provider = "telnyx"``.

    Attributes:
        public_key: The account's public key (base64); several while one is being rotated.
        label: The badge of text messages; RCS and WhatsApp carry their own names.
        icon_url: A picture for the badge, or None.
    """

    public_key: PublicKeys
    label: Label = "SMS"
    icon_url: str | None = None


class TelnyxSms(Connector[TelnyxSmsSettings]):
    """Each text that a customer sent, and each that was sent to one, becomes a message.

    ``message.sent`` and ``message.finalized`` tell of the same outbound message under the same id.
    """

    label = "SMS"

    @hookimpl
    def signature(self) -> Signature:
        return Ed25519Signature(
            public_keys=self.settings.public_key,
            header="telnyx-signature-ed25519",
            timestamp_header="telnyx-timestamp",
        )

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        data = request.json_object().get("data")
        if not isinstance(data, dict):
            raise MalformedBody("data is missing")
        kind = scalar(data.get("event_type"))
        if kind == "message.received":
            return [_received(data, _payload(data))]
        if kind in _SENT:
            return _sent(data, _payload(data))
        return []

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)


def _payload(data: dict[str, Any]) -> dict[str, Any]:
    payload = data.get("payload")
    if not isinstance(payload, dict):
        raise MalformedBody("data.payload is missing")
    return payload


def _received(data: dict[str, Any], payload: dict[str, Any]) -> Event:
    body = mapping(payload.get("body"))
    candidates = (_number(payload.get("from")), body.get("from"), body.get("from_user_id"))
    sender = next((found for one in candidates if (found := clean_text(scalar(one)))), "")
    if not sender:
        raise MalformedBody("data.payload.from.phone_number is missing")
    receivers = _receivers(payload)
    channel = _channel(payload)
    files = _files(payload)
    return Event(
        id=identifier(payload.get("id"), "data.payload.id"),
        person=person_at(sender),
        text=_words(payload) or ("" if files else NO_TEXT),
        occurred_at=iso_moment(payload.get("received_at")) or iso_moment(data.get("occurred_at")),
        thread=thread_between(receivers[0][0] if receivers else "", sender, channel),
        attachments=files,
        data={"channel": channel} if channel else {},
    )


def _sent(data: dict[str, Any], payload: dict[str, Any]) -> list[Event]:
    """Return one event for each receiver whom the message may have reached."""
    text, files = _words(payload), _files(payload)
    receivers = _receivers(payload)
    if not (text or files):
        return []
    message_id = identifier(payload.get("id"), "data.payload.id")
    if not receivers:
        raise MalformedBody("data.payload.to is missing")
    sender = _number(payload.get("from"))
    channel = _channel(payload)
    return [
        Event(
            id=message_id if len(receivers) == 1 else f"{message_id}:{number}",
            direction="outbound",
            person=person_at(number),
            text=text,
            occurred_at=iso_moment(data.get("occurred_at")),
            thread=thread_between(sender, number, channel),
            attachments=files,
            data={"channel": channel} if channel else {},
        )
        for number, status in receivers
        if status not in _NEVER_ARRIVED
    ]


def _number(party: object) -> str:
    """Return the address of a party, which is an object or, for WhatsApp, a plain text."""
    return scalar(party.get("phone_number") if isinstance(party, dict) else party)


def _receivers(payload: dict[str, Any]) -> list[tuple[str, str]]:
    to = payload.get("to")
    parties = to if isinstance(to, list) else [to]
    return [
        (identifier(number, f"data.payload.to[{place}]"), scalar(mapping(party).get("status")))
        for place, party in enumerate(parties)
        if (number := _number(party))
    ]


def _channel(payload: dict[str, Any]) -> str:
    channel = scalar(payload.get("type")).lower()
    return "" if channel in _TEXT_TYPES else channel


def _words(payload: dict[str, Any]) -> str:
    """Return the text, which RCS and WhatsApp keep in ``body`` as text or as an object of it."""
    if text := clean_text(scalar(payload.get("text"))):
        return text
    inner = mapping(payload.get("body")).get("text")
    return clean_text(scalar(inner.get("body") if isinstance(inner, dict) else inner))


def _files(payload: dict[str, Any]) -> tuple[Attachment, ...]:
    entries = (mapping(entry) for entry in items(payload.get("media")))
    found = (
        Attachment.from_link(entry.get("url"), mime_type=entry.get("content_type"))
        for entry in entries
    )
    return tuple(file for file in found if file)
