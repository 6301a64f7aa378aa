"""Twilio Programmable Messaging: SMS, MMS and WhatsApp through Twilio.

Sources: https://www.twilio.com/docs/messaging/guides/webhook-request (fields),
https://www.twilio.com/docs/usage/webhooks/webhooks-security (signature),
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks (statuses),
https://www.twilio.com/docs/messaging/api/media-resource (media behind credentials).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from inboxbridge import (
    Answer,
    Attachment,
    Badge,
    Connector,
    Download,
    Event,
    MalformedBody,
    OneOrMore,
    Part,
    Secret,
    Secrets,
    Signature,
    UrlFormSignature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import form_fields, identifier, is_json

from inboxbridge_sms.addresses import (
    all_canonical,
    canonical,
    channel_badge,
    person_at,
    recipient,
    split_channel,
    thread_between,
)
from inboxbridge_sms.content import (
    NO_TEXT,
    UNSHOWN,
    UNUSABLE_FILE,
    advert,
    interactive,
    lines,
    once,
    place,
)
from inboxbridge_sms.failures import TWILIO_REASONS, not_delivered
from inboxbridge_sms.settings import TextSettings, ignored

if TYPE_CHECKING:
    import httpx

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Tells Twilio to send nothing back. Any other text might reach the customer as a reply."""

MOST_MEDIA = 32

_ARRIVED = frozenset({"", "received", "receiving"})
_FAILED = frozenset({"failed", "undelivered"})
_NOT_SAID = frozenset({"canceled", "scheduled"})
_NOT_YET_SAID = frozenset({"accepted", "queued", "sending"})
_STATUSES = _ARRIVED | _FAILED | _NOT_SAID | _NOT_YET_SAID | {"sent", "delivered", "read"}
_PLAIN = frozenset({"", "text"})
_BESIDE_TEXT = frozenset(
    {
        "ButtonText", "ListTitle", "ListDescription", "Latitude", "InteractiveData", "FlowData",
        "ReferralHeadline", "ReferralBody", "ReferralSourceUrl",
    }
)  # fmt: skip
_WORDS = _BESIDE_TEXT | {"Body"}


class TwilioSmsSettings(TextSettings):
    """Settings of an ``sms`` connection with ``provider = "twilio"``.

    Attributes:
        auth_token: The account's primary Auth Token (a sub-account has its own); several while one
            is being rotated. A SharedKey secret goes here too.
        numbers: The business's own numbers. A message *from* one of them is the business's.
        account_sid: The Account SID (``AC…``) or an API key's SID (``SK…``), to fetch pictures and
            files of an account that protects them. Without it their addresses are shown as they
            are.
        media_auth_token: The Auth Token or the API key's secret that belongs to `account_sid`; the
            first `auth_token` where it is not given.
    """

    auth_token: Secrets
    numbers: OneOrMore[str] = ()
    account_sid: str | None = None
    media_auth_token: Secret | None = None


class TwilioSms(Connector[TwilioSmsSettings]):
    """Each text that a customer sent becomes a message; so does each copy of one sent to them.

    Twilio puts no event name into a callback: what it is follows from its parameters. Of delivery
    statuses only a failure is shown.
    """

    label = "SMS"

    def __init__(self, settings: TwilioSmsSettings) -> None:
        super().__init__(settings)
        self._own = all_canonical(settings.numbers)

    @hookimpl
    def signature(self) -> Signature:
        return UrlFormSignature(self.settings.auth_token)

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        fields = form_fields(request)
        sid = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid")
        if not sid and is_json(request):
            return ignored(fields.get("EventType"))  # JSON tells of Twilio's other products
        sid = identifier(sid, "MessageSid")

        status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
        if status in _FAILED:
            return self._failure(sid, status, fields)
        files, unusable = self._media(fields)
        if not (files or unusable) and _WORDS.isdisjoint(fields):
            if status not in ("received", "receiving"):
                return _left_out(status)
            if _is_plain(fields):
                raise MalformedBody("Body is missing from a received message")
        return self._message(sid, status, files, unusable, fields)

    def _message(
        self,
        sid: str,
        status: str,
        files: tuple[Attachment, ...],
        unusable: int,
        fields: dict[str, str],
    ) -> list[Part]:
        sender = fields.get("From") or ""
        receiver = fields.get("To") or ""
        said_by_us = canonical(sender) in self._own or (
            fields.get("Direction", "").lower().startswith("outbound")
        )
        outbound = said_by_us or status not in _ARRIVED
        if status in _NOT_SAID or (status in _NOT_YET_SAID and not said_by_us):
            return _left_out(status)
        ours, theirs = (sender, receiver) if outbound else (receiver, sender)
        if not clean_text(theirs):
            raise MalformedBody(f"{'To' if outbound else 'From'} is missing")
        if canonical(theirs) in self._own:
            return ignored("message between own numbers")

        channel, _ = split_channel(theirs)
        name = None if outbound else fields.get("ProfileName")
        user_id = "" if outbound else _user_id(fields, channel)
        ours = ours or fields.get("MessagingServiceSid", "")
        text = _said(fields)
        if unusable:
            text = lines((text, *[UNUSABLE_FILE] * unusable))
        return [
            Event(
                id=sid,
                direction="outbound" if outbound else "inbound",
                person=person_at(theirs, name, user_id),
                text=text or ("" if files else _placeholder(fields)),
                thread=thread_between(ours, theirs, channel),
                recipient=recipient(ours),
                attachments=files,
                data={"channel": channel} if channel else {},
            )
        ]

    def _failure(self, sid: str, status: str, fields: dict[str, str]) -> list[Part]:
        """Tell of a message of the business's that did not arrive."""
        receiver, sender = fields.get("To") or "", fields.get("From") or ""
        if not self.settings.failures or canonical(receiver) in self._own:
            return _left_out(status)
        if not clean_text(receiver):
            raise MalformedBody("To is missing")
        channel, _ = split_channel(receiver)
        ours = sender or fields.get("MessagingServiceSid", "")
        code = fields.get("ErrorCode", "").strip()
        reason = TWILIO_REASONS.get(code) or fields.get("ChannelStatusMessage", "")
        if not reason and code.isascii() and code.isdigit() and code.strip("0"):
            reason = f"Twilio's error {code}"
        return [
            Event(
                id=f"undelivered:{sid}",
                kind="activity",
                direction="outbound",
                person=person_at(receiver),
                text=not_delivered(channel, reason, clean_text(fields.get("Body", ""))),
                thread=thread_between(ours, receiver, channel),
                recipient=recipient(ours),
                data={"channel": channel} if channel else {},
            )
        ]

    def _media(self, fields: dict[str, str]) -> tuple[tuple[Attachment, ...], int]:
        """Read ``MediaUrl0``, ``MediaUrl1``, …; ``NumMedia`` may be absent or wrong.

        Returns the files, and how many there are that nobody can fetch.
        """
        if fields.get("NumMedia", "0") == "0" and "MediaUrl0" not in fields:
            return (), 0
        files_or_none = [
            Attachment.from_link(url, mime_type=fields.get(f"MediaContentType{number}"))
            for number in range(MOST_MEDIA)
            if (url := fields.get(f"MediaUrl{number}"))
        ]
        files = [file for file in files_or_none if file]
        if self.settings.account_sid:
            files = [_behind_credentials(file) for file in files]
        return tuple(files), len(files_or_none) - len(files)

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Name the file's address, with the account's credentials."""
        chosen, url = self.settings, attachment.source or ""
        if not chosen.account_sid or not _is_twilios(url):
            return None
        token = chosen.media_auth_token or chosen.auth_token[0]
        pair = f"{chosen.account_sid}:{token.get_secret_value()}"
        basic = base64.b64encode(pair.encode()).decode()
        return Download(url=url, headers={"Authorization": f"Basic {basic}"})

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)

    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer | None:
        return Answer(body=EMPTY_TWIML, content_type="text/xml")


def _left_out(status: str) -> list[Part]:
    return ignored(f"message {status}" if status and status in _STATUSES else "message status")


def _said(fields: dict[str, str]) -> str:
    """Return what a message says: its text, what was picked, a place, the ad that it came from."""
    if _BESIDE_TEXT.isdisjoint(fields):
        return clean_text(fields.get("Body", ""))

    def field(name: str) -> str:
        return clean_text(fields.get(name, ""))

    where = place(*(field(name) for name in ("Latitude", "Longitude", "Label", "Address")))
    came_from = advert(field("ReferralHeadline"), field("ReferralBody"), field("ReferralSourceUrl"))
    picked = (field(name) for name in ("Body", "ButtonText", "ListTitle", "ListDescription"))
    filled_in = (interactive(fields.get(name, "")) for name in ("InteractiveData", "FlowData"))
    return once((*picked, where, *filled_in, came_from))


def _is_plain(fields: dict[str, str]) -> bool:
    return fields.get("MessageType", "").lower() in _PLAIN


def _placeholder(fields: dict[str, str]) -> str:
    return NO_TEXT if _is_plain(fields) else UNSHOWN


def _user_id(fields: dict[str, str], channel: str) -> str:
    """Return WhatsApp's own id of the sender, which stays when the number is hidden."""
    user_id = clean_text(fields.get("ExternalUserId", ""))
    return f"{channel}:{user_id}" if user_id and channel and ":" not in user_id else user_id


def _behind_credentials(file: Attachment) -> Attachment:
    if not _is_twilios(file.url):
        return file
    return file.model_copy(update={"source": file.url, "url": ""})


def _is_twilios(url: str) -> bool:
    """Whether *url* leads to Twilio's own API, which alone may see the credentials."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_host = host.startswith("api.") and host.endswith(".twilio.com")
    return parts.scheme == "https" and is_host and port in (None, 443)
