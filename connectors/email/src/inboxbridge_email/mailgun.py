"""Mailgun's routes: parsed messages, whole ones (``…/mime``), and stored ones.

Source: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from inboxbridge import (
    Attachment,
    Connector,
    Download,
    Part,
    Person,
    Secret,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import items, mapping, scalar, whole_seconds

from inboxbridge_email.events import parts_of
from inboxbridge_email.forms import MailForm, pairs
from inboxbridge_email.mail import Mail, MailFile, MailHeaders
from inboxbridge_email.mime import content_of, read_mail
from inboxbridge_email.settings import MailSettings
from inboxbridge_email.signatures import MAILGUN_TOLERANCE_SECONDS, MailgunSignature

if TYPE_CHECKING:
    import httpx

HOSTS: Final = (".mailgun.net", ".mailgun.org")
"""Where stored files are; the API key goes nowhere else."""

_RAW = "body-mime"
_FIELD = "field:"


class MailgunSettings(MailSettings):
    """Settings of a Mailgun connection.

    Attributes:
        signing_key: The account's HTTP webhook signing key; a list while it is being changed.
        api_key: Fetches the files of messages that a route stores. Without it they are named in
            words. Files of messages that a route forwards need none.
        tolerance_seconds: How far the time of a delivery may be off, both ways.
    """

    signing_key: Secrets
    api_key: Secret | None = None
    tolerance_seconds: float = MAILGUN_TOLERANCE_SECONDS


class Mailgun(Connector[MailgunSettings]):
    """Mails that a route forwards or stores."""

    label: ClassVar[str] = "Email"
    max_body_bytes: ClassVar[int] = 40 * 1024 * 1024

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        form = MailForm(request)
        mail = _raw(form) if _RAW in form else self._parsed(form)
        return parts_of(mail, self.settings, request.received_at)

    @hookimpl
    def signature(self) -> Signature:
        return MailgunSignature(
            self.settings.signing_key, tolerance_seconds=self.settings.tolerance_seconds
        )

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, delivery: WebhookRequest | None, http: httpx.AsyncClient
    ) -> Download | None:
        """Take a file from the form that it came in, or from where the route stored it."""
        source = attachment.source or ""
        if source.startswith("https://"):
            return self._stored(source)
        if delivery is None:
            return None
        form = MailForm(delivery)
        if _RAW in form:
            content = content_of(form.raw(_RAW), source)
        else:
            name = source.removeprefix(_FIELD)
            content = next((file.content for file in form.files if file.name == name), None)
        return Download(content=content) if content else None

    def _stored(self, url: str) -> Download | None:
        if self.settings.api_key is None or not _is_mailguns(url):
            return None
        login = f"api:{self.settings.api_key.get_secret_value()}".encode()
        basic = base64.b64encode(login).decode()
        return Download(url=url, headers={"Authorization": f"Basic {basic}"})

    def _parsed(self, form: MailForm) -> Mail:
        told = pairs(form.json("message-headers"))
        names = {name.lower() for name, _ in told}
        told += [
            (name, form.text(field))
            for name, field in _FIELDS.items()
            if name not in names and field in form
        ]
        return Mail(
            MailHeaders(told),
            form.text("body-plain") or form.text("stripped-text"),
            form.text("body-html") or form.text("stripped-html"),
            (*_form_files(form), *self._stored_files(form)),
            recipients=_recipients(form),
            envelope_sender=_sender(form),
        )

    def _stored_files(self, form: MailForm) -> list[MailFile]:
        files = []
        for item in map(mapping, items(form.json("attachments"))):
            url = scalar(item.get("url"))
            can_fetch = self.settings.api_key is not None and _is_mailguns(url)
            files.append(
                MailFile(
                    scalar(item.get("name")),
                    scalar(item.get("content-type")).lower(),
                    whole_seconds(item.get("size")),
                    url if can_fetch else None,
                    bool(item.get("content-id")),
                )
            )
        return files


_FIELDS = {
    "from": "from",
    "subject": "subject",
    "message-id": "Message-Id",
    "date": "Date",
    "reply-to": "Reply-To",
    "to": "To",
    "cc": "Cc",
    "in-reply-to": "In-Reply-To",
    "references": "References",
    "auto-submitted": "Auto-Submitted",
    "precedence": "Precedence",
    "list-id": "List-Id",
    "return-path": "Return-Path",
    "content-type": "Content-Type",
}
"""Headers that are fields of the form, too; Mailgun's ``message-headers`` come first."""


def _raw(form: MailForm) -> Mail:
    return read_mail(form.raw(_RAW), recipients=_recipients(form), envelope_sender=_sender(form))


def _form_files(form: MailForm) -> list[MailFile]:
    inline = {scalar(name) for name in mapping(form.json("content-id-map")).values()}
    return [
        MailFile(
            part.filename or "",
            part.content_type.lower(),
            len(part.content),
            f"{_FIELD}{part.name}",
            part.name in inline,
        )
        for part in form.files
    ]


def _recipients(form: MailForm) -> tuple[str, ...]:
    spellings = form.text("recipient").split(",")
    return tuple(filter(None, (Person(email=spelling).email for spelling in spellings)))


def _sender(form: MailForm) -> str | None:
    if "sender" not in form:
        return None
    sender = form.text("sender").strip("<> \t\r\n")
    return (Person(email=sender).email or None) if sender else ""


def _is_mailguns(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and host.endswith(HOSTS)
