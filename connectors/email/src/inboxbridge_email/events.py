"""From a mail to what is shown of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from inboxbridge import Attachment, Event, IgnoredPart, MalformedBody, Part, Person
from inboxbridge.reading import event_id, fingerprint, one_line, rfc2822

from inboxbridge_email.kinds import left_out
from inboxbridge_email.mail import Mail, MailFile
from inboxbridge_email.people import Sender, addressee_of, sender_of
from inboxbridge_email.plain import html_text, without_quotes, without_signature
from inboxbridge_email.proof import is_forged
from inboxbridge_email.settings import MailSettings, matches

MAX_FILES: Final = 20
"""The most files of a mail that are shown; how many more there are is said in words."""

MAX_RECIPIENTS: Final = 50
"""The most of the business's own addresses that one mail is taken for."""

MAX_TEXT_CHARACTERS: Final = 90_000
"""The most that is shown of what a mail says: some less than an event's text may have."""

SMALL_PICTURE_BYTES: Final = 10_000
"""A smaller picture within the text is a logo or an icon."""

FORGED: Final = "The sender is not verified: this address may be forged"
EMPTY: Final = "(an email without text)"

_FUTURE = timedelta(days=1)
_REPLY = re.compile(
    r"\s*(re|aw|sv|vs|antw|odp|ref|回复|答复|返信)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE
)
_FORWARD = re.compile(r"\s*(fwd?|wg|tr|rv|i|enc|doorst|转发)\s*[:：]", re.IGNORECASE)


def parts_of(mail: Mail, settings: MailSettings, received_at: datetime) -> list[Part]:
    """Return what a mail becomes: one event for each of its envelope's recipients.

    The events have one id, so that a connection which takes them all shows the mail once.

    Args:
        mail: The mail.
        settings: The connection's.
        received_at: When it was delivered.

    Raises:
        MalformedBody: It names no sender.
    """
    sender = sender_of(mail, settings)
    if sender.address is None:
        raise MalformedBody("the mail names no sender: From has no address")
    kind = left_out(mail, sender, settings)
    if kind is not None:
        return [IgnoredPart(kind=kind)]
    addressee = addressee_of(mail, settings) if sender.is_own else None
    if sender.is_own and addressee is None:
        return [IgnoredPart(kind="the business's own")]
    person = addressee or sender.address
    event = Event(
        id=key_of(mail),
        direction="outbound" if sender.is_own else "inbound",
        person=Person(email=person.email, name=person.name or None),
        text=text_of(mail, sender, settings),
        occurred_at=moment_of(mail, received_at),
        attachments=attachments_of(mail),
    )
    recipients = dict.fromkeys(mail.recipients[:MAX_RECIPIENTS]) or (None,)
    return [event.model_copy(update={"recipient": recipient}) for recipient in recipients]


def key_of(mail: Mail) -> str:
    """Return the mail's ``Message-ID``, or a digest of what tells it from others."""
    message_id = mail.headers.raw("message-id").strip("<> \t")
    if message_id:
        return event_id(message_id)
    said = (mail.headers.raw(name) for name in ("from", "date", "subject"))
    return fingerprint("mail", *said, mail.text or mail.html)


def moment_of(mail: Mail, received_at: datetime) -> datetime | None:
    """Return the time in ``Date``; None where there is none, or a clock runs far ahead."""
    written_at = rfc2822(mail.headers.raw("date"))
    return written_at if written_at and written_at < received_at + _FUTURE else None


def text_of(mail: Mail, sender: Sender, settings: MailSettings) -> str:
    """Return what is shown of a mail: its subject, what it says, and what must be known of it."""
    subject = one_line(mail.headers.text("subject"))
    body = _body(mail, subject, settings)
    shown = "\n\n".join(
        filter(None, (subject if subject not in body[: len(subject)] else "", body))
    )
    notes = [_files_in_words(mail.files), mail.note]
    if sender.is_of_form and sender.from_email is not None:
        notes.append(f"Sent by {sender.from_email}")
    if is_forged(mail, settings):
        notes.append(FORGED)
    notes = [note for note in notes if note]
    if not shown and not attachments_of(mail) and not notes:
        return EMPTY
    return "\n\n".join(filter(None, (_with_room(shown), "\n".join(notes))))


def _with_room(text: str) -> str:
    """Cut a text so long that the core would cut what must be known of the mail below it."""
    left = len(text) - MAX_TEXT_CHARACTERS
    return f"{text[:-left]}\n[cut here: {left} more characters]" if left > 0 else text


def attachments_of(mail: Mail) -> tuple[Attachment, ...]:
    """Return the files that can be fetched."""
    return tuple(
        Attachment(
            kind="image" if file.mime_type.startswith("image/") else "file",
            source=file.source,
            filename=file.name or None,
            mime_type=file.mime_type or None,
        )
        for file in _shown_files(mail.files)[:MAX_FILES]
        if file.source is not None
    )


def _shown_files(files: tuple[MailFile, ...]) -> list[MailFile]:
    return [file for file in files if not _is_decoration(file)]


def _is_decoration(file: MailFile) -> bool:
    is_small = file.size_bytes is not None and file.size_bytes < SMALL_PICTURE_BYTES
    return file.is_inline and is_small and file.mime_type.startswith("image/")


def _files_in_words(files: tuple[MailFile, ...]) -> str:
    """Name the files that nobody can fetch, and count those above `MAX_FILES`."""
    shown = _shown_files(files)
    lines = [f"Attached: {_in_words(file)}" for file in shown[:MAX_FILES] if file.source is None]
    if len(shown) > MAX_FILES:
        lines.append(f"Attached: {len(shown) - MAX_FILES} more files")
    return "\n".join(lines)


def _in_words(file: MailFile) -> str:
    name = one_line(file.name, 200) or file.mime_type or "a file"
    if file.size_bytes is None:
        return name
    if file.size_bytes < 1_000_000:
        return f"{name} ({max(1, round(file.size_bytes / 1000))} kB)"
    return f"{name} ({file.size_bytes / 1_000_000:.1f} MB)"


def _body(mail: Mail, subject: str, settings: MailSettings) -> str:
    is_whole = (
        settings.whole_text
        or _FORWARD.match(subject) is not None
        or any(matches(one.email, settings.always_shown) for one in mail.headers.addresses("from"))
    )
    is_reply = not is_whole and (
        "in-reply-to" in mail.headers
        or "references" in mail.headers
        or _REPLY.match(subject) is not None
    )
    text = mail.text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        text = html_text(mail.html, with_quotes=not is_reply) or html_text(mail.html)
    if is_reply:
        text = without_quotes(text)
    return (text if is_whole else without_signature(text)).strip()
