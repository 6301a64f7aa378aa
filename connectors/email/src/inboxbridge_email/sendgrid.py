"""SendGrid's Inbound Parse: parsed messages, and whole ones ("Send Raw").

Source: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
"""

from __future__ import annotations

from collections.abc import Iterator
from email.parser import HeaderParser
from email.policy import compat32
from typing import TYPE_CHECKING, Any, ClassVar, Final

from inboxbridge import (
    AnyOf,
    Attachment,
    Connector,
    Download,
    OneOrMore,
    Part,
    Person,
    Secrets,
    SharedToken,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import items, mapping, scalar
from pydantic import field_validator

from inboxbridge_email.events import parts_of
from inboxbridge_email.forms import MailForm
from inboxbridge_email.mail import Mail, MailFile, MailHeaders
from inboxbridge_email.mime import content_of, read_mail
from inboxbridge_email.proof import is_forged_by
from inboxbridge_email.settings import MailSettings
from inboxbridge_email.signatures import EcdsaSignature

if TYPE_CHECKING:
    import httpx

MAX_BLOCK_CHARACTERS: Final = 1_000_000
"""The most of a mail's headers that is read."""

_RAW = "email"
_FIELD = "field:"


class SendGridSettings(MailSettings):
    """Settings of a SendGrid connection. At least one of the first two is needed.

    Attributes:
        public_key: Of the security policy of the parse setting, as SendGrid shows it; a list while
            it is being changed.
        url_token: Text of your choice that ends the Destination URL as ``?token=…``, for a setting
            without a policy.
        signature_header: The header with the signature.
        timestamp_header: The header with the time that is signed.
    """

    public_key: OneOrMore[str] = ()
    url_token: Secrets | None = None
    signature_header: str = "X-Twilio-Email-Event-Webhook-Signature"
    timestamp_header: str = "X-Twilio-Email-Event-Webhook-Timestamp"

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            EcdsaSignature((key or "an empty one",), "", "")
        return keys

    def model_post_init(self, context: Any) -> None:
        """Refuse a connection that would prove nothing."""
        if not self.public_key and self.url_token is None:
            raise ValueError(
                "set public_key (a security policy's) or url_token (the Destination URL then ends"
                " with ?token=…)"
            )


class SendGrid(Connector[SendGridSettings]):
    """Mails that Inbound Parse takes."""

    label: ClassVar[str] = "Email"
    max_body_bytes: ClassVar[int] = 40 * 1024 * 1024

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        form = MailForm(request)
        mail = _raw(form) if _RAW in form else _parsed(form)
        return parts_of(mail, self.settings, request.received_at)

    @hookimpl
    def signature(self) -> Signature:
        schemes: list[Signature] = []
        if self.settings.public_key:
            schemes.append(
                EcdsaSignature(
                    self.settings.public_key,
                    self.settings.signature_header,
                    self.settings.timestamp_header,
                )
            )
        if self.settings.url_token:
            schemes.append(SharedToken(self.settings.url_token, query_parameter="token"))
        return schemes[0] if len(schemes) == 1 else AnyOf(tuple(schemes))

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, delivery: WebhookRequest | None, http: httpx.AsyncClient
    ) -> Download | None:
        """Take a file from the form that it came in."""
        if delivery is None:
            return None
        form, source = MailForm(delivery), attachment.source or ""
        if _RAW in form:
            content = content_of(form.raw(_RAW), source)
        else:
            name = source.removeprefix(_FIELD)
            content = next((file.content for file in form.files if file.name == name), None)
        return Download(content=content) if content else None


def _raw(form: MailForm) -> Mail:
    return read_mail(
        form.raw(_RAW),
        recipients=_recipients(form),
        envelope_sender=_sender(form),
        is_proven=_is_proven(form),
    )


def _parsed(form: MailForm) -> Mail:
    charsets = mapping(form.json("charsets"))

    def text(name: str) -> str:
        return form.text(name, scalar(charsets.get(name)) or "utf-8")

    told = list(_header_pairs(form.text("headers")))
    names = {name.lower() for name, _ in told}
    told += [
        (name, text(name))
        for name in ("from", "to", "cc", "subject")
        if name not in names and name in form
    ]
    return Mail(
        MailHeaders(told),
        text("text"),
        text("html"),
        tuple(_files(form)),
        recipients=_recipients(form),
        envelope_sender=_sender(form),
        is_proven=_is_proven(form),
    )


def _header_pairs(block: str) -> Iterator[tuple[str, str]]:
    message = HeaderParser(policy=compat32).parsestr(block.lstrip("\r\n")[:MAX_BLOCK_CHARACTERS])
    for name, value in message.raw_items():
        yield name, str(value)


def _files(form: MailForm) -> Iterator[MailFile]:
    inline = {scalar(name) for name in mapping(form.json("content-ids")).values()}
    about = mapping(form.json("attachment-info"))
    for part in form.files:
        info = mapping(about.get(part.name))
        yield MailFile(
            scalar(info.get("filename") or info.get("name")) or part.filename or "",
            (part.content_type or scalar(info.get("type"))).lower(),
            len(part.content),
            f"{_FIELD}{part.name}",
            part.name in inline,
        )


def _recipients(form: MailForm) -> tuple[str, ...]:
    told = items(mapping(form.json("envelope")).get("to"))
    return tuple(filter(None, (Person(email=scalar(email)).email for email in told[:1000])))


def _sender(form: MailForm) -> str | None:
    envelope = mapping(form.json("envelope"))
    if not isinstance(envelope.get("from"), str):
        return None
    sender = envelope["from"].strip("<> ")
    return (Person(email=sender).email or None) if sender else ""


def _is_proven(form: MailForm) -> bool | None:
    """SendGrid's own checks: ``SPF`` is ``pass``, ``dkim`` is ``{@example.com : pass}``."""
    spf = {form.text("SPF").strip().lower()} - {""}
    dkim = {
        word.strip("{} \t").lower()
        for result in form.text("dkim").split(",")
        if (word := result.rpartition(":")[2])
    } - {""}
    if not spf | dkim:
        return None
    return not is_forged_by(spf, dkim)
