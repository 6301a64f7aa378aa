"""Vonage: texts by the SMS API, and texts, WhatsApp and more by the Messages API.

An account's switch chooses which of the two delivers; both are understood, told apart by the body.

Sources: https://developer.vonage.com/messaging/sms/guides/inbound-sms and
https://developer.vonage.com/messages/code-snippets/inbound-message
"""

from __future__ import annotations

from typing import Any, Literal

from inboxbridge import (
    AnyOf,
    Attachment,
    Badge,
    Connector,
    ConnectorSettings,
    Event,
    Label,
    MalformedBody,
    NoSignature,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import (
    form_fields,
    identifier,
    is_json,
    iso_moment,
    mapping,
    scalar,
)
from inboxbridge.signing import DEFAULT_TOLERANCE_SECONDS
from pydantic import model_validator

from inboxbridge_sms.addresses import (
    NO_TEXT,
    channel_badge,
    person_at,
    thread_between,
)
from inboxbridge_sms.vonage_signatures import (
    Method,
    VonageJwt,
    VonageParameters,
)

_PLAIN_TYPES = frozenset({"", "text", "unicode"})
_TEXT_CHANNELS = frozenset({"", "sms", "mms"})
_CHANNELS_WITHOUT_NUMBERS = frozenset({"messenger", "instagram"})
_FILES = ("image", "audio", "video", "file")


class VonageSmsSettings(ConnectorSettings):
    """Settings of an ``sms`` connection with ``provider = "vonage"``.

    Attributes:
        signature_secret: The account's signature secret; several while one is being rotated.
        signature_method: The account's method for the SMS API's ``sig``. The Messages API always
            signs by JWT. ``none`` takes unsigned deliveries: Vonage signs the SMS API's only after
            it was asked to.
        tolerance_seconds: How far a signed time may be off, both ways.
        label: The badge of text messages; other channels carry their own names.
        icon_url: A picture for the badge, or None.
    """

    signature_secret: Secrets | None = None
    signature_method: Method | Literal["none"] = "sha256"
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    label: Label = "SMS"
    icon_url: str | None = None

    @model_validator(mode="after")
    def _signed_unless_said_otherwise(self) -> VonageSmsSettings:
        if self.signature_secret is None and self.signature_method != "none":
            raise ValueError('signature_secret is required unless signature_method = "none"')
        return self


class VonageSms(Connector[VonageSmsSettings]):
    """Each text that a customer sent becomes a message.

    A long text comes in parts, as deliveries of their own and in any order; each part becomes a
    message that says which one it is. Delivery receipts and statuses make no message.
    """

    label = "SMS"

    @hookimpl
    def signature(self) -> Signature:
        chosen = self.settings
        if chosen.signature_secret is None or chosen.signature_method == "none":
            return NoSignature()
        secrets, tolerance = chosen.signature_secret, chosen.tolerance_seconds
        return AnyOf(
            (
                VonageParameters(secrets, chosen.signature_method, tolerance),
                VonageJwt(secrets, tolerance),
            )
        )

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        if request.method != "GET" and is_json(request):
            body = request.json_object()
            if "message_uuid" in body or "channel" in body:
                return _from_messages_api(body)
        return _from_sms_api(form_fields(request))

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)


def _from_sms_api(fields: dict[str, str]) -> list[Event]:
    if "text" not in fields and "status" in fields:
        return []
    message_id = identifier(fields.get("messageId"), "messageId")
    sender = _sender(fields.get("msisdn"), "msisdn")
    if "text" not in fields and fields.get("type", "") in _PLAIN_TYPES:
        raise MalformedBody("text is missing")
    text = clean_text(fields.get("text", "")) or NO_TEXT
    return [
        Event(
            id=message_id,
            person=person_at(_international(sender)),
            text=text + _part(fields),
            occurred_at=iso_moment(fields.get("message-timestamp")),
            thread=thread_between(_international(fields.get("to", "")), _international(sender)),
        )
    ]


def _part(fields: dict[str, str]) -> str:
    """Say which part of a long text this is: `` (2/3)``."""
    number, total = fields.get("concat-part", ""), fields.get("concat-total", "")
    if fields.get("concat", "").lower() != "true" or not (_small(number) and _small(total)):
        return ""
    return f" ({int(number)}/{int(total)})"


def _small(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= 3


def _from_messages_api(body: dict[str, Any]) -> list[Event]:
    kind = scalar(body.get("message_type"))
    if not kind:
        if "status" in body:
            return []
        raise MalformedBody("message_type is missing")
    channel = scalar(body.get("channel")).lower()
    sender = _sender(body.get("from"), "from")
    receiver = scalar(body.get("to"))
    if channel not in _CHANNELS_WITHOUT_NUMBERS:
        sender, receiver = _international(sender), _international(receiver)
    shown = "" if channel in _TEXT_CHANNELS else channel
    files = _files(body)
    return [
        Event(
            id=identifier(body.get("message_uuid"), "message_uuid"),
            person=_person(sender, channel, scalar(mapping(body.get("profile")).get("name"))),
            text=_words(body, kind) or ("" if files else _placeholder(kind)),
            occurred_at=iso_moment(body.get("timestamp")),
            thread=thread_between(receiver, sender, shown),
            attachments=files,
            data={"channel": shown} if shown else {},
        )
    ]


def _person(sender: str, channel: str, name: str) -> Person:
    if channel in _CHANNELS_WITHOUT_NUMBERS:
        return Person(id=f"{channel}:{sender}", name=name)
    return person_at(sender, name or None)


def _words(body: dict[str, Any], kind: str) -> str:
    text = body.get("text") if kind == "text" else mapping(body.get(kind)).get("caption")
    return clean_text(scalar(text))


def _files(body: dict[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for kind in _FILES:
        file = mapping(body.get(kind))
        found.append(
            Attachment.from_link(
                file.get("url"), filename=file.get("name"), is_image=kind == "image"
            )
        )
    return tuple(file for file in found if file)


def _placeholder(kind: str) -> str:
    """Name what cannot be shown: ``(sticker)``."""
    return f"({kind})" if kind.isascii() and kind.isalpha() and kind != "text" else NO_TEXT


def _sender(value: object, path: str) -> str:
    """Return who sent a message. Raises `MalformedBody` where nobody is named."""
    sender = clean_text(scalar(value))
    if not sender:
        raise MalformedBody(f"{path} is missing")
    return sender


def _international(address: str) -> str:
    """Write a number as Vonage gives it (digits, country first) with its plus sign.

    A short code has fewer digits than any international number and stays as it is.
    """
    digits = address.strip()
    whole = digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15
    return f"+{digits}" if whole and not digits.startswith("0") else digits
