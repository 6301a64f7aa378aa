"""Twilio Programmable Messaging: SMS, MMS and WhatsApp through Twilio.

Sources: https://www.twilio.com/docs/messaging/guides/webhook-request (fields),
https://www.twilio.com/docs/usage/webhooks/webhooks-security (signature),
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks (statuses).
"""

from __future__ import annotations

from inboxbridge import (
    Answer,
    Attachment,
    Badge,
    Connector,
    ConnectorSettings,
    Event,
    Label,
    MalformedBody,
    OneOrMore,
    Secrets,
    Signature,
    UrlFormSignature,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import form_fields, identifier, is_json

from inboxbridge_sms.addresses import (
    NO_TEXT,
    all_canonical,
    canonical,
    channel_badge,
    person_at,
    split_channel,
    thread_between,
)

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Tells Twilio to send nothing back. Any other text might reach the customer as a reply."""

MOST_MEDIA = 32

_ARRIVED = frozenset({"", "received", "receiving"})
_NEVER_SAID = frozenset({"failed", "undelivered", "canceled", "scheduled"})
_NOT_YET_SAID = frozenset({"accepted", "queued", "sending"})


class TwilioSmsSettings(ConnectorSettings):
    """Settings of an ``sms`` connection with ``provider = "twilio"``.

    Attributes:
        auth_token: The account's primary Auth Token (a sub-account has its own); several while one
            is being rotated. A SharedKey secret goes here too.
        numbers: The business's own numbers. A message *from* one of them is the business's.
        label: The badge of text messages; WhatsApp messages say WhatsApp.
        icon_url: A picture for the badge, or None.
    """

    auth_token: Secrets
    numbers: OneOrMore[str] = ()
    label: Label = "SMS"
    icon_url: str | None = None


class TwilioSms(Connector[TwilioSmsSettings]):
    """Each text that a customer sent becomes a message; so does each copy of one sent to them.

    Twilio puts no event name into a callback: what it is follows from its parameters. Delivery
    statuses carry no text and make no message.
    """

    label = "SMS"

    def __init__(self, settings: TwilioSmsSettings) -> None:
        super().__init__(settings)
        self._own = all_canonical(settings.numbers)

    @hookimpl
    def signature(self) -> Signature:
        return UrlFormSignature(self.settings.auth_token)

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        fields = form_fields(request)
        sid = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid")
        if not sid and is_json(request):
            return []  # JSON comes from Twilio's newer products and tells of other things
        sid = identifier(sid, "MessageSid")

        status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
        files = _media(fields)
        if "Body" not in fields and not files:
            if status in ("received", "receiving"):
                raise MalformedBody("Body is missing from a received message")
            return []
        return self._message(sid, status, files, fields)

    def _message(
        self, sid: str, status: str, files: tuple[Attachment, ...], fields: dict[str, str]
    ) -> list[Event]:
        sender = fields.get("From") or ""
        receiver = fields.get("To") or ""
        said_by_us = canonical(sender) in self._own or (
            fields.get("Direction", "").lower().startswith("outbound")
        )
        outbound = said_by_us or status not in _ARRIVED
        if status in _NEVER_SAID or (status in _NOT_YET_SAID and not said_by_us):
            return []
        ours, theirs = (sender, receiver) if outbound else (receiver, sender)
        if not clean_text(theirs):
            raise MalformedBody(f"{'To' if outbound else 'From'} is missing")
        if canonical(theirs) in self._own:
            return []

        channel, _ = split_channel(theirs)
        name = None if outbound else fields.get("ProfileName")
        text = clean_text(fields.get("Body", ""))
        return [
            Event(
                id=sid,
                direction="outbound" if outbound else "inbound",
                person=person_at(theirs, name),
                text=text if text or files else NO_TEXT,
                thread=thread_between(
                    ours or fields.get("MessagingServiceSid", ""), theirs, channel
                ),
                attachments=files,
                data={"channel": channel} if channel else {},
            )
        ]

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        chosen = self.settings
        return channel_badge(event.data.get("channel"), chosen.label, chosen.icon_url)

    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer | None:
        return Answer(body=EMPTY_TWIML, content_type="text/xml")


def _media(fields: dict[str, str]) -> tuple[Attachment, ...]:
    """Read ``MediaUrl0``, ``MediaUrl1``, …; ``NumMedia`` may be absent or wrong."""
    if fields.get("NumMedia", "0") == "0" and "MediaUrl0" not in fields:
        return ()
    found = (
        Attachment.from_link(
            fields.get(f"MediaUrl{number}"), mime_type=fields.get(f"MediaContentType{number}")
        )
        for number in range(MOST_MEDIA)
    )
    return tuple(file for file in found if file)
