"""Vonage: texts by the SMS API, and texts, WhatsApp and more by the Messages API.

An account's switch chooses which of the two delivers; both are understood, told apart by the body.

Sources: https://developer.vonage.com/messaging/sms/guides/inbound-sms,
https://developer.vonage.com/messages/code-snippets/inbound-message,
https://developer.vonage.com/en/messages/concepts/messages-status-callbacks (failures),
https://developer.vonage.com/messages/concepts/working-with-whatsapp-interactive-messages (choices),
https://developer.vonage.com/en/messages/guides/handling-whatsapp-usernames-and-bsuids (user ids)
and https://developer.vonage.com/en/messages/concepts/secure-inbound-media (media).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from inboxbridge import (
    AnyOf,
    Attachment,
    Badge,
    Connector,
    Download,
    Event,
    MalformedBody,
    NoSignature,
    Part,
    Person,
    Secret,
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
    items,
    mapping,
    scalar,
)
from inboxbridge.signing import DEFAULT_TOLERANCE_SECONDS
from pydantic import model_validator

from inboxbridge_sms.addresses import channel_badge, person_at, recipient, thread_between
from inboxbridge_sms.content import (
    NO_TEXT,
    UNSHOWN,
    UNUSABLE_FILE,
    advert,
    choice,
    contact_cards,
    form_answers,
    once,
    order,
    place,
    product,
    text_of,
)
from inboxbridge_sms.failures import VONAGE_REASONS, not_delivered
from inboxbridge_sms.settings import TextSettings, ignored
from inboxbridge_sms.vonage_media import checked_key, is_vonages, media_token
from inboxbridge_sms.vonage_signatures import (
    Method,
    VonageJwt,
    VonageParameters,
)

if TYPE_CHECKING:
    import httpx

_PLAIN_TYPES = frozenset({"", "text", "unicode"})
_TEXT_CHANNELS = frozenset({"", "sms", "mms"})
_CHANNELS_WITHOUT_NUMBERS = frozenset({"messenger", "instagram"})
_FILES = ("image", "audio", "video", "file", "vcard", "sticker")
_PICTURES = frozenset({"image", "sticker"})
_NAMES = {
    "image": "(picture)",
    "audio": "(audio)",
    "video": "(video)",
    "file": "(file)",
    "vcard": "(contact card)",
    "sticker": "(sticker)",
    "location": "(location)",
    "order": "(order)",
    "contact": "(contact card)",
    "contacts": "(contact card)",
}
_FAILED = frozenset({"failed", "rejected", "expired", "undeliverable"})
_STATUSES = _FAILED | {
    "accepted", "buffered", "delivered", "read", "submitted", "unknown",
}  # fmt: skip


class VonageSmsSettings(TextSettings):
    """Settings of an ``sms`` connection with ``provider = "vonage"``.

    Attributes:
        signature_secret: The account's signature secret; several while one is being rotated.
        signature_method: The account's method for the SMS API's ``sig``. The Messages API always
            signs by JWT. ``none`` takes unsigned deliveries: Vonage signs the SMS API's only after
            it was asked to.
        tolerance_seconds: How far a signed time may be off, both ways.
        reactions: Whether an emoji on a message is an activity.
        application_id: The Vonage application whose media are fetched: Vonage keeps them for 48
            hours, and *Secure Inbound Media* asks for a token. Without it their addresses are
            shown as they are.
        private_key: The application's private key (PEM), which belongs to `application_id`.
    """

    signature_secret: Secrets | None = None
    signature_method: Method | Literal["none"] = "sha256"
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    reactions: bool = True
    application_id: str | None = None
    private_key: Secret | None = None

    @model_validator(mode="after")
    def _media_have_both(self) -> VonageSmsSettings:
        if (self.application_id is None) != (self.private_key is None):
            raise ValueError("give both application_id and private_key, or neither")
        if self.private_key is not None:
            checked_key(self.private_key)
        return self

    @model_validator(mode="after")
    def _signed_unless_said_otherwise(self) -> VonageSmsSettings:
        if self.signature_secret is None and self.signature_method != "none":
            raise ValueError('signature_secret is required unless signature_method = "none"')
        return self


class VonageSms(Connector[VonageSmsSettings]):
    """Each text that a customer sent becomes a message.

    A long text comes in parts, as deliveries of their own and in any order; each part becomes a
    message that says which one it is. Of delivery receipts and statuses only a failure is shown.
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
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        if request.method != "GET" and is_json(request):
            body = request.json_object()
            if "message_uuid" in body or "channel" in body:
                return self._from_messages_api(body)
        return self._from_sms_api(form_fields(request))

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Name the file's address, with a token of the application."""
        application, key = self.settings.application_id, self.settings.private_key
        url = attachment.source or ""
        if application is None or key is None or not is_vonages(url):
            return None
        token = media_token(application, key)
        return Download(url=url, headers={"Authorization": f"Bearer {token}"})

    def _from_sms_api(self, fields: dict[str, str]) -> list[Part]:
        if "text" not in fields and "status" in fields:
            return self._receipt(fields)
        message_id = identifier(fields.get("messageId"), "messageId")
        sender = _sender(fields.get("msisdn"), "msisdn")
        if "text" not in fields and fields.get("type", "") in _PLAIN_TYPES:
            raise MalformedBody("text is missing")
        text = clean_text(fields.get("text", "")) or NO_TEXT
        receiver = _international(fields.get("to", ""))
        return [
            Event(
                id=message_id,
                person=person_at(_international(sender)),
                text=text + _part(fields),
                occurred_at=iso_moment(fields.get("message-timestamp")),
                thread=thread_between(receiver, _international(sender)),
                recipient=recipient(receiver),
            )
        ]

    def _receipt(self, fields: dict[str, str]) -> list[Part]:
        """Read a delivery receipt, in which ``msisdn`` is who the text was for."""
        status = fields["status"].lower()
        if status not in _FAILED or not self.settings.failures:
            return _left_out("receipt", status)
        return self._failure(
            identifier(fields.get("messageId"), "messageId"),
            ours=_international(fields.get("to", "")),
            theirs=_international(_sender(fields.get("msisdn"), "msisdn")),
            channel="",
            reason=VONAGE_REASONS.get(fields.get("err-code", "").strip(), ""),
            at=fields.get("message-timestamp"),
        )

    def _from_messages_api(self, body: dict[str, Any]) -> list[Part]:
        kind = scalar(body.get("message_type"))
        channel = scalar(body.get("channel")).lower()
        if not kind:
            if "status" in body:
                return self._status(body, channel)
            raise MalformedBody("message_type is missing")
        user = mapping(mapping(body.get("whatsapp")).get("sender"))
        sender, user_id = _user(body.get("from"), user)
        sender, receiver = _sender(sender, "from"), scalar(body.get("to"))
        if channel not in _CHANNELS_WITHOUT_NUMBERS:
            sender, receiver = _international(sender), _international(receiver)
        shown = "" if channel in _TEXT_CHANNELS else channel
        emoji = clean_text(scalar(mapping(body.get("reaction")).get("emoji")))
        if kind == "reaction" and not (emoji and self.settings.reactions):
            return ignored("reaction")
        files, words = _content(body, kind)
        if self.settings.application_id is not None:
            files = tuple(_behind_token(file) for file in files)
        if kind == "reaction":
            words = f"Reacted with {emoji}"
        return [
            Event(
                id=identifier(body.get("message_uuid"), "message_uuid"),
                kind="activity" if kind == "reaction" else "message",
                person=_person(sender, channel, _name(body), user_id),
                text=words or ("" if files else _placeholder(kind)),
                occurred_at=iso_moment(body.get("timestamp")),
                thread=thread_between(receiver, sender, shown),
                recipient=recipient(receiver),
                attachments=files,
                data={"channel": shown} if shown else {},
            )
        ]

    def _status(self, body: dict[str, Any], channel: str) -> list[Part]:
        """Read a status of a message that the business sent."""
        status = scalar(body.get("status")).lower()
        if status not in _FAILED or not self.settings.failures:
            return _left_out("message", status)
        user = mapping(mapping(body.get("whatsapp")).get("recipient"))
        receiver, user_id = _user(body.get("to"), user)
        receiver, sender = _sender(receiver, "to"), scalar(body.get("from"))
        if channel not in _CHANNELS_WITHOUT_NUMBERS:
            receiver, sender = _international(receiver), _international(sender)
        error = mapping(body.get("error"))
        reasons = (text_of(error.get(name)) for name in ("detail", "title"))
        return self._failure(
            identifier(body.get("message_uuid"), "message_uuid"),
            ours=sender,
            theirs=receiver,
            name=_name(body),
            user_id=user_id,
            channel="" if channel in _TEXT_CHANNELS else channel,
            reason=next((text for text in reasons if text and not text.isdigit()), ""),
            at=body.get("timestamp"),
        )

    def _failure(
        self,
        message_id: str,
        *,
        ours: str,
        theirs: str,
        name: str = "",
        user_id: str = "",
        channel: str,
        reason: str,
        at: object,
    ) -> list[Part]:
        return [
            Event(
                id=f"undelivered:{message_id}",
                kind="activity",
                direction="outbound",
                person=_person(theirs, channel, name, user_id),
                text=not_delivered(channel, reason),
                occurred_at=iso_moment(at),
                thread=thread_between(ours, theirs, channel),
                recipient=recipient(ours),
                data={"channel": channel} if channel else {},
            )
        ]


def _left_out(what: str, status: str) -> list[Part]:
    return ignored(f"{what} {status}" if status in _STATUSES else f"{what} status")


def _part(fields: dict[str, str]) -> str:
    """Say which part of a long text this is: `` (2/3)``."""
    number, total = fields.get("concat-part", ""), fields.get("concat-total", "")
    if fields.get("concat", "").lower() != "true" or not (_small(number) and _small(total)):
        return ""
    return f" ({int(number)}/{int(total)})"


def _small(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= 3


def _person(sender: str, channel: str, name: str, user_id: str) -> Person:
    if channel in _CHANNELS_WITHOUT_NUMBERS:
        return Person(id=f"{channel}:{sender}", name=name)
    return person_at(sender, name or None, user_id)


def _name(body: dict[str, Any]) -> str:
    profile = mapping(body.get("profile"))
    return text_of(profile.get("name")) or text_of(profile.get("username"))


def _user(told_address: object, user: dict[str, Any]) -> tuple[str, str]:
    """Return the address of somebody on WhatsApp, a number if one is told, and the user id.

    Args:
        told_address: ``from`` or ``to``: a number or, where it is hidden, the user id.
        user: ``whatsapp.sender`` or ``whatsapp.recipient``; empty on other channels.
    """
    address, user_id = text_of(told_address), text_of(user.get("user_id"))
    number = text_of(user.get("wa_id"))
    return (number if number and not address.isdigit() else address or user_id), user_id


def _behind_token(file: Attachment) -> Attachment:
    return file.model_copy(update={"source": file.url}) if is_vonages(file.url) else file


def _content(body: dict[str, Any], kind: str) -> tuple[tuple[Attachment, ...], str]:
    """Return the files of a message, and everything else that it says."""
    files: list[Attachment] = []
    words = [clean_text(scalar(body.get("text"))) if kind in ("text", "content") else ""]
    for what, piece in _pieces(body):
        file = _file(what, piece) if what in _FILES else None
        words += [text_of(piece.get("text")), text_of(piece.get("caption"))]
        if file:
            files.append(file)
        elif what in _FILES and piece.get("url"):
            words.append(UNUSABLE_FILE)
    words += _picked(body, kind)
    return tuple(files), once(words)


def _pieces(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return files and texts with their kinds; ``content`` holds several at once."""
    single = [(kind, mapping(body.get(kind))) for kind in _FILES if body.get(kind)]
    several = (mapping(piece) for piece in items(body.get("content")))
    return single + [(scalar(piece.get("type")), piece) for piece in several]


def _file(kind: str, piece: dict[str, Any]) -> Attachment | None:
    filename = piece.get("name") or ("contact.vcf" if kind == "vcard" else None)
    return Attachment.from_link(piece.get("url"), filename=filename, is_image=kind in _PICTURES)


def _picked(body: dict[str, Any], kind: str) -> list[str]:
    """Return what was picked, shared, ordered or clicked before."""
    words: list[str] = []
    if kind in ("reply", "button"):
        picked = mapping(body.get(kind))
        title = picked.get("title") or picked.get("text")
        words.append(choice(title, picked.get("description")))
        words.append(form_answers(picked.get("response_json")))
    elif kind == "location":
        where = mapping(body.get("location"))
        words.append(
            place(
                where.get("lat", where.get("latitude")),
                where.get("long", where.get("longitude")),
                where.get("name"),
                where.get("address"),
            )
        )
    elif kind == "order":
        words.append(order(body.get("order")))
    elif kind in ("contact", "contacts"):
        card = body.get(kind)
        words.append(contact_cards(card if isinstance(card, list) else [card]))
    words.append(product(mapping(body.get("context")).get("whatsapp_referred_product")))
    referral = mapping(mapping(body.get("whatsapp")).get("referral"))
    words.append(advert(*(referral.get(name) for name in ("headline", "body", "source_url"))))
    return words


def _placeholder(kind: str) -> str:
    """Name what cannot be shown: ``(video)``."""
    return NO_TEXT if kind in ("text", "content") else _NAMES.get(kind, UNSHOWN)


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
