"""Postmark's inbound webhook: parsed messages, and with them whole ones.

Source: https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from inboxbridge import (
    AnyOf,
    Attachment,
    Connector,
    Download,
    IgnoredPart,
    MalformedBody,
    Part,
    Person,
    Secrets,
    SharedToken,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import items, mapping, scalar, text_at, whole_seconds
from inboxbridge.signing import decode_base64

from inboxbridge_email.events import parts_of
from inboxbridge_email.mail import Mail, MailFile, MailHeaders
from inboxbridge_email.mime import content_of, read_mail
from inboxbridge_email.settings import MailSettings

if TYPE_CHECKING:
    import httpx

_ITEM = "item:"


class PostmarkSettings(MailSettings):
    """Settings of a Postmark connection. At least one of the first two is needed.

    Attributes:
        credentials: ``name:password``, as they stand in the webhook's address
            (``https://name:password@hooks.example.com/…``); a list while they are being changed.
        url_token: Text of your choice that ends the webhook's address as ``?token=…``.
    """

    credentials: Secrets | None = None
    url_token: Secrets | None = None

    def model_post_init(self, context: Any) -> None:
        """Refuse a connection that would prove nothing."""
        if self.credentials is None and self.url_token is None:
            raise ValueError(
                "set credentials (https://name:password@… in the webhook's address) or url_token"
                " (the address then ends with ?token=…)"
            )


class Postmark(Connector[PostmarkSettings]):
    """Mails that an inbound stream takes."""

    label: ClassVar[str] = "Email"
    max_body_bytes: ClassVar[int] = 100 * 1024 * 1024

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        body = request.json_object()
        record = text_at(body, "RecordType")
        if record and record != "Inbound":
            return [IgnoredPart(kind=record[:80])]
        if "FromFull" not in body and "From" not in body and "RawEmail" not in body:
            raise MalformedBody("From is missing: this is no delivery of an inbound stream")
        return parts_of(_mail(body), self.settings, request.received_at)

    @hookimpl
    def signature(self) -> Signature:
        schemes: list[Signature] = []
        if self.settings.credentials:
            logins = [
                base64.b64encode(secret.get_secret_value().encode()).decode()
                for secret in self.settings.credentials
            ]
            schemes.append(
                SharedToken([f"Basic {login}" for login in logins], header="Authorization")
            )
        if self.settings.url_token:
            schemes.append(SharedToken(self.settings.url_token, query_parameter="token"))
        return schemes[0] if len(schemes) == 1 else AnyOf(tuple(schemes))

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, delivery: WebhookRequest | None, http: httpx.AsyncClient
    ) -> Download | None:
        """Take a file from the delivery that it came in."""
        if delivery is None:
            return None
        body, source = delivery.json_object(), attachment.source or ""
        if raw := text_at(body, "RawEmail"):
            content = content_of(raw.encode("utf-8", "surrogatepass"), source)
        else:
            at = source.removeprefix(_ITEM)
            listed = items(body.get("Attachments"))
            known = at.isascii() and at.isdigit() and int(at) < len(listed)
            content = decode_base64(_content(mapping(listed[int(at)]))) if known else None
        return Download(content=content) if content else None


def _mail(body: dict[str, Any]) -> Mail:
    recipient = Person(email=text_at(body, "OriginalRecipient")).email
    recipients = (recipient,) if recipient else ()
    if raw := text_at(body, "RawEmail"):
        return read_mail(raw.encode("utf-8", "surrogatepass"), recipients=recipients)
    told = [
        (scalar(header.get("Name")), scalar(header.get("Value")))
        for header in map(mapping, items(body.get("Headers")))
    ]
    names = {name.lower() for name, _ in told}
    told += [
        (name, value)
        for name, value in (
            ("from", _spelled(mapping(body.get("FromFull"))) or text_at(body, "From")),
            ("to", _all_spelled(body.get("ToFull")) or text_at(body, "To")),
            ("cc", _all_spelled(body.get("CcFull")) or text_at(body, "Cc")),
            ("reply-to", text_at(body, "ReplyTo")),
            ("subject", text_at(body, "Subject")),
            ("date", text_at(body, "Date")),
            ("message-id", text_at(body, "MessageID")),
        )
        if name not in names and value
    ]
    return Mail(
        MailHeaders(told),
        text_at(body, "TextBody") or text_at(body, "StrippedTextReply"),
        text_at(body, "HtmlBody"),
        tuple(_file(at, mapping(item)) for at, item in enumerate(items(body.get("Attachments")))),
        recipients=recipients,
    )


def _spelled(full: dict[str, Any]) -> str:
    """Write an address as a header does: names may hold commas and quotes."""
    email, name = scalar(full.get("Email")), scalar(full.get("Name"))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{email}>' if email and name else email


def _all_spelled(listed: object) -> str:
    return ", ".join(filter(None, (_spelled(mapping(one)) for one in items(listed)[:500])))


def _file(at: int, item: dict[str, Any]) -> MailFile:
    content = _content(item)
    return MailFile(
        scalar(item.get("Name")),
        scalar(item.get("ContentType")).partition(";")[0].strip().lower(),
        whole_seconds(item.get("ContentLength")),
        f"{_ITEM}{at}" if content else None,
        bool(item.get("ContentID")),
    )


def _content(item: dict[str, Any]) -> str:
    """The base64 of a file; Postmark's own test calls it ``Data``."""
    return scalar(item.get("Content")) or scalar(item.get("Data"))
