"""Resend's inbound mail, whose deliveries carry only ids and addresses.

Sources: https://resend.com/docs/webhooks/emails/received,
https://resend.com/docs/api-reference/emails/retrieve-received-email
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote

from inboxbridge import (
    Attachment,
    Connector,
    Download,
    Event,
    IgnoredPart,
    InboxbridgeError,
    MalformedBody,
    Part,
    Person,
    Secret,
    Secrets,
    Signature,
    StandardWebhooks,
    WebAddress,
    WebhookRequest,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import (
    identifier,
    iso_moment,
    items,
    mapping,
    object_at,
    scalar,
    text_at,
    web_link,
    whole_seconds,
)

from inboxbridge_email.events import EMPTY, MAX_RECIPIENTS, attachments_of, key_of, text_of
from inboxbridge_email.kinds import left_out
from inboxbridge_email.mail import Mail, MailFile, MailHeaders, addresses
from inboxbridge_email.people import addressee_of, sender_of
from inboxbridge_email.settings import AddressOrDomain, MailSettings, matches

if TYPE_CHECKING:
    import httpx

RECEIVED: Final = "email.received"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class ResendSettings(MailSettings):
    """Settings of a Resend connection.

    Attributes:
        signing_secret: The webhook's (``whsec_…``); a list while it is being changed.
        api_key: Reads the mails and their files; one with full access, as sending access reads
            nothing.
        received_at: The addresses, or ``@`` and a domain, at which Resend receives for you: which
            of the addresses a mail is to, it came to. Without them it is the first.
        base_url: Of Resend's API.
    """

    signing_secret: Secrets
    api_key: Secret
    received_at: tuple[AddressOrDomain, ...] = ()
    base_url: WebAddress = "https://api.resend.com"


class Resend(Connector[ResendSettings]):
    """Mails that Resend receives, read from its API when their turn comes."""

    label: ClassVar[str] = "Email"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        body = request.json_object()
        kind = text_at(body, "type", required=True)
        if kind != RECEIVED:
            return [IgnoredPart(kind=kind[:80])] if kind.isprintable() and kind.strip() else []
        data = object_at(body, "data", required=True)
        email_id = identifier(data.get("email_id"), "data.email_id")
        if _ID.fullmatch(email_id) is None:
            raise MalformedBody("data.email_id is not an id of Resend's")
        told = _addressees(data)
        received_at = tuple(one for one in told if matches(one, self.settings.received_at))
        mail = _mail(data, received_at)
        sender = sender_of(mail, self.settings)
        if sender.address is None:
            raise MalformedBody("data.from has no address")
        if matches(sender.email, self.settings.never_shown):
            return [IgnoredPart(kind="never_shown")]
        person = addressee_of(mail, self.settings) if sender.is_own else sender.address
        event = Event(
            id=key_of(mail) if "message-id" in mail.headers else email_id,
            direction="outbound" if sender.is_own else "inbound",
            person=Person(email=person.email, name=person.name or None) if person else Person(),
            text=clean_text(mail.headers.text("subject")) or EMPTY,
            occurred_at=iso_moment(data.get("created_at")) or iso_moment(body.get("created_at")),
            data={"email_id": email_id, "recipients": [*mail.recipients]},
        )
        if not self.settings.received_at and not sender.is_own:
            received_at = told[:1]
        recipients = dict.fromkeys(received_at[:MAX_RECIPIENTS]) or (None,)
        return [event.model_copy(update={"recipient": recipient}) for recipient in recipients]

    @hookimpl
    def signature(self) -> Signature:
        return StandardWebhooks(self.settings.signing_secret)

    @hookimpl
    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Read the mail: what it says, and whether a person wrote it."""
        email_id = str(event.data["email_id"])
        found = await self._asked(http, f"emails/receiving/{quote(email_id, safe='')}")
        if found is None:
            text = "\n\n".join(filter(None, (event.text, "Resend no longer has this email's text")))
            return event.model_copy(update={"text": text})
        recipients = tuple(scalar(one) for one in items(event.data.get("recipients")))
        return self._read(event, _mail(found, recipients, email_id))

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Ask for the address of a file, which is good for an hour."""
        email_id, _, file_id = (attachment.source or "").partition("/")
        if not (_ID.fullmatch(email_id) and _ID.fullmatch(file_id)):
            return None
        found = await self._asked(http, f"emails/receiving/{email_id}/attachments/{file_id}")
        url = web_link((found or {}).get("download_url"))
        return Download(url=url) if url else None

    def _read(self, event: Event, mail: Mail) -> Event:
        sender = sender_of(mail, self.settings)
        person = addressee_of(mail, self.settings) if sender.is_own else sender.address
        person = person or sender.address
        if person is None:
            return event
        changed: dict[str, Any] = {
            "person": Person(email=person.email, name=person.name or None),
            "direction": "outbound" if sender.is_own else "inbound",
        }
        kind = left_out(mail, sender, self.settings)
        if kind is not None:
            # It is stored already: what parse_event leaves out elsewhere is a quiet line here.
            subject = mail.headers.text("subject")
            line = f"Not from a person ({kind})" + (f": {subject}" if subject else "")
            return event.model_copy(
                update={**changed, "kind": "activity", "silent": True, "text": line}
            )
        text = text_of(mail, sender, self.settings)
        files = attachments_of(mail)
        return event.model_copy(update={**changed, "text": text, "attachments": files})

    async def _asked(self, http: httpx.AsyncClient, path: str) -> dict[str, Any] | None:
        """Return what Resend's API answers; None where it has the thing no more."""
        response = await http.get(
            f"{self.settings.base_url.rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {self.settings.api_key.get_secret_value()}"},
        )
        if response.status_code in (404, 410):
            return None
        if response.status_code in (401, 403):
            raise InboxbridgeError(
                f"Resend refused the API key (HTTP {response.status_code}): check api_key of this "
                "connection; it needs full access"
            )
        if response.status_code != 200:
            raise InboxbridgeError(
                f"Resend answered HTTP {response.status_code} when asked for an email"
            )
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InboxbridgeError("Resend's answer for an email is not a JSON object")
        return found


def _addressees(data: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        address.email
        for name in ("to", "cc", "bcc")
        for address in addresses(_joined(data.get(name)))
    )


def _mail(data: dict[str, Any], recipients: tuple[str, ...], email_id: str = "") -> Mail:
    told = [
        (name, scalar(value))
        for name, values in mapping(data.get("headers")).items()
        for value in (values if isinstance(values, list) else [values])
    ]
    names = {name.lower() for name, _ in told}
    told += [
        (name, value)
        for name, value in (
            ("from", scalar(data.get("from"))),
            ("to", _joined(data.get("to"))),
            ("cc", _joined(data.get("cc"))),
            ("reply-to", _joined(data.get("reply_to"))),
            ("subject", scalar(data.get("subject"))),
            ("message-id", scalar(data.get("message_id"))),
        )
        if name not in names and value
    ]
    files = [_file(mapping(item), email_id) for item in items(data.get("attachments"))]
    return Mail(
        MailHeaders(told),
        scalar(data.get("text")),
        scalar(data.get("html")),
        tuple(files),
        recipients=recipients,
    )


def _joined(listed: object) -> str:
    if isinstance(listed, str):
        return listed
    return ", ".join(scalar(one) for one in items(listed)[:500])


def _file(item: dict[str, Any], email_id: str) -> MailFile:
    file_id = scalar(item.get("id"))
    return MailFile(
        scalar(item.get("filename")),
        scalar(item.get("content_type")).lower(),
        whole_seconds(item.get("size")),
        f"{email_id}/{file_id}" if email_id and _ID.fullmatch(file_id) else None,
        item.get("content_disposition") == "inline",
    )
