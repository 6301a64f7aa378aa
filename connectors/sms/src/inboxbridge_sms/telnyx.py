"""Telnyx Messaging: SMS, MMS, RCS and WhatsApp.

Sources: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks,
https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks and
https://developers.telnyx.com/api-reference/callbacks/inbound-message
"""

from __future__ import annotations

from typing import Annotated, Any

from inboxbridge import (
    Attachment,
    Badge,
    Connector,
    Ed25519Signature,
    Event,
    MalformedBody,
    OneOrMore,
    Part,
    Signature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import identifier, iso_moment, items, mapping, read_each, scalar
from inboxbridge.signing import decode_base64
from pydantic import AfterValidator, Field

from inboxbridge_sms.addresses import channel_badge, person_at, recipient, thread_between
from inboxbridge_sms.content import UNUSABLE_FILE, lines, once, text_of
from inboxbridge_sms.failures import not_delivered
from inboxbridge_sms.settings import TextSettings, ignored
from inboxbridge_sms.telnyx_content import placeholder, rich_body, rich_files, rich_words

_SENT = frozenset({"message.sent", "message.finalized"})
_NEVER_ARRIVED = frozenset({"failed", "sending_failed", "delivery_failed"})
_TEXT_TYPES = frozenset({"", "sms", "mms"})


def _ed25519(key: str) -> str:
    if len(decode_base64(key) or b"") != 32:
        raise ValueError("must be the base64 of 32 bytes, as the portal shows it under API keys")
    return key


PublicKey = Annotated[str, AfterValidator(_ed25519)]
PublicKeys = Annotated[OneOrMore[PublicKey], Field(min_length=1)]


class TelnyxSmsSettings(TextSettings):
    """Settings of an ``sms`` connection with ``provider = "telnyx"``.

    Attributes:
        public_key: The account's public key (base64); several while one is being rotated.
        reactions: Whether an emoji on a message is an activity.
    """

    public_key: PublicKeys
    reactions: bool = True


class TelnyxSms(Connector[TelnyxSmsSettings]):
    """Each text that a customer sent, and each that was sent to one, becomes a message.

    ``message.sent`` and ``message.finalized`` tell of the same outbound message under the same id.
    One that did not arrive is an activity.
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
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        data = request.json_object().get("data")
        if not isinstance(data, dict):
            raise MalformedBody("data is missing")
        kind = scalar(data.get("event_type"))
        if kind == "message.received":
            return self._received(data, _payload(data))
        if kind in _SENT:
            return self._sent(kind, data, _payload(data))
        return ignored(kind)

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)

    def _received(self, data: dict[str, Any], payload: dict[str, Any]) -> list[Part]:
        body = rich_body(payload)
        user_id = text_of(body.get("from_user_id"))
        sender = clean_text(_address(payload.get("from"))) or text_of(body.get("from")) or user_id
        if not sender:
            raise MalformedBody("data.payload.from.phone_number is missing")
        emoji = text_of(mapping(body.get("reaction")).get("emoji"))
        is_reaction = scalar(body.get("type")) == "reaction"
        if is_reaction and not (emoji and self.settings.reactions):
            return ignored("reaction")
        ours, channel = _ours(payload.get("to")), _channel(payload)
        files, words = _content(payload)
        if is_reaction:
            words = f"Reacted with {emoji}"
        return [
            Event(
                id=identifier(payload.get("id"), "data.payload.id"),
                kind="activity" if is_reaction else "message",
                person=person_at(sender, user_id=user_id),
                text=words or ("" if files else placeholder(body)),
                occurred_at=iso_moment(payload.get("received_at"))
                or iso_moment(data.get("occurred_at")),
                thread=thread_between(ours, sender, channel),
                recipient=recipient(ours),
                attachments=files,
                data={"channel": channel} if channel else {},
            )
        ]

    def _sent(self, kind: str, data: dict[str, Any], payload: dict[str, Any]) -> list[Part]:
        """Return one event for each receiver: the message, or that it did not arrive."""
        files, words = _content(payload)
        message_id = identifier(payload.get("id"), "data.payload.id")
        receivers = _receivers(payload)
        if not receivers:
            raise MalformedBody("data.payload.to is missing")
        ours, channel = _address(payload.get("from")), _channel(payload)

        def read(receiver: tuple[int, str, str]) -> Event | None:
            place, number, status = receiver
            number = identifier(number, f"data.payload.to[{place}]")
            failed = status in _NEVER_ARRIVED
            if failed and not self.settings.failures:
                return None
            if not (failed or words or files):
                return None
            key = message_id if len(receivers) == 1 else f"{message_id}:{number}"
            return Event(
                id=f"undelivered:{key}" if failed else key,
                kind="activity" if failed else "message",
                direction="outbound",
                person=person_at(number),
                text=not_delivered(channel, _reason(payload), words) if failed else words,
                occurred_at=iso_moment(data.get("occurred_at")),
                thread=thread_between(ours, number, channel),
                recipient=recipient(ours),
                attachments=() if failed else files,
                data={"channel": channel} if channel else {},
            )

        return read_each(receivers, read) or ignored(kind)


def _payload(data: dict[str, Any]) -> dict[str, Any]:
    payload = data.get("payload")
    if not isinstance(payload, dict):
        raise MalformedBody("data.payload is missing")
    return payload


def _address(party: object) -> str:
    """Return the address of a party, which is an object or, for WhatsApp, a plain text.

    The business's end of an RCS message is an agent.
    """
    if isinstance(party, dict):
        return scalar(party.get("phone_number")) or scalar(party.get("agent_id"))
    return scalar(party)


def _ours(to: object) -> str:
    parties = to if isinstance(to, list) else [to]
    return next((address for party in parties if (address := clean_text(_address(party)))), "")


def _receivers(payload: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Return the place, the address and the status of each receiver."""
    to = payload.get("to")
    parties = to if isinstance(to, list) else [to]
    return [
        (place, address, scalar(mapping(party).get("status")))
        for place, party in enumerate(parties)
        if (address := _address(party))
    ]


def _reason(payload: dict[str, Any]) -> str:
    """Return what Telnyx tells of a failure: the first error's detail or title."""
    errors = (mapping(error) for error in items(payload.get("errors")))
    texts = (text_of(error.get(name)) for error in errors for name in ("detail", "title"))
    return next((text for text in texts if text), "")


def _channel(payload: dict[str, Any]) -> str:
    channel = scalar(payload.get("type")).lower()
    return "" if channel in _TEXT_TYPES else channel


def _content(payload: dict[str, Any]) -> tuple[tuple[Attachment, ...], str]:
    """Return the files, and everything else that a message says.

    An MMS has a subject, a text and media. RCS and WhatsApp keep what is said in ``body``.
    """
    body, media = rich_body(payload), items(payload.get("media"))
    text, subject = text_of(payload.get("text")), payload.get("subject")
    if not (body or media or subject):
        return (), text
    files_or_none = [
        Attachment.from_link(entry.get("url"), mime_type=entry.get("content_type"))
        for entry in map(mapping, media)
        if entry.get("url")
    ]
    files = [file for file in files_or_none if file]
    unusable = [UNUSABLE_FILE] * (len(files_or_none) - len(files))
    words = once((text_of(subject), text, *rich_words(body)))
    return (*files, *rich_files(body)), lines((words, *unusable))
