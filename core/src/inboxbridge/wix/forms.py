"""What a 2xx answer of each call must hold to be one. Anything else is not an answer at all.

Source: the type declarations of @wix/inbox and @wix/crm. What nothing depends on is left out, and
what may be missing in Wix's own answers is optional; what is there has its type.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeGuard, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

MAX_ID_CHARACTERS: Final = 100
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

_HALVES: Final = re.compile("[\ud800-\udfff]")
_MICROSECOND_DIGITS: Final = range(15, 18)


def _text_or_none(value: object) -> object:
    return value if isinstance(value, str) else None


Id = Annotated[
    str, StringConstraints(pattern=r"\A[^\p{C}\x{FFFD}]+\z", max_length=MAX_ID_CHARACTERS)
]
"""An id that goes into later requests and the journal: one short line that UTF-8 can hold."""

Address = Annotated[str, StringConstraints(pattern=r"\Ahttps?://[^\s\p{C}]+\z", max_length=2000)]
"""An address of the web."""

Loose = Annotated[str | None, BeforeValidator(_text_or_none)]
"""A text that is worth nothing, and does no harm, where it is something else."""


class Form(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(strict=True, alias_generator=to_camel)


class Email(Form):
    """An item of ``info.emails``."""

    email: Loose = None


class Phone(Form):
    """An item of ``info.phones``."""

    phone: Loose = None
    e164_phone: Loose = None
    country_code: Loose = None


class Emails(Form):
    """``info.emails``."""

    items: list[Email] = []


class Phones(Form):
    """``info.phones``."""

    items: list[Phone] = []


class Name(Form):
    """``info.name``."""

    first: str | None = None
    last: str | None = None


class Info(Form):
    """``info`` of a contact; Wix leaves out what is empty."""

    name: Name | None = None
    emails: Emails | None = None
    phones: Phones | None = None
    picture: Any = None


class Member(Form):
    """``memberInfo`` of a contact that is a site member."""

    member_id: Id | None = None


class Contact(Form):
    """A contact, as far as it was asked for."""

    id: Id
    revision: int | None = None
    created_date: Loose = None
    info: Info | None = None
    member_info: Member | None = None


class ContactPaging(Form):
    """Where a page of contacts stands among all."""

    total: int | None = None
    too_many_to_count: bool | None = None
    has_next: bool | None = None


class QueriedContacts(Form):
    """The answer of Query Contacts."""

    contacts: list[Contact]
    paging_metadata: ContactPaging | None = None


class GotContact(Form):
    """The answer of Get Contact."""

    contact: Contact
    response_type: str | None = None


class CreatedContact(Form):
    """The answer of Create Contact."""

    contact: Contact


class UploadUrl(Form):
    """The answer of Generate File Upload Url."""

    upload_url: Address


class UploadedPicture(Form):
    """How large an uploaded picture is."""

    width: int | None = None
    height: int | None = None


class UploadedFile(Form):
    """A file of the Media Manager."""

    url: Address
    media: Any = None

    @property
    def picture(self) -> UploadedPicture:
        """What is known of it as a picture."""
        found: Any = self.media
        for key in ("image", "image"):
            found = found.get(key) if isinstance(found, dict) else None
        try:
            return UploadedPicture.model_validate(found)
        except ValidationError:
            return UploadedPicture()


class Uploaded(Form):
    """The answer to an upload."""

    file: UploadedFile


class Participant(Form):
    """Who a conversation is with."""

    contact_id: str | None = None
    member_id: str | None = None


class Conversation(Form):
    """A conversation."""

    id: Id
    participant: Participant | None = None


class OpenedConversation(Form):
    """The answer of Get or Create Conversation."""

    conversation: Conversation


class StoredMessage(Form):
    """A message as Wix keeps it. Dates and sequences are read with care: see `message_moment`."""

    id: Annotated[str, StringConstraints(min_length=1)]
    created_date: Any = None
    sequence: Any = None


class SentMessage(Form):
    """The answer of Send Message."""

    message: StoredMessage


class ListedMessage(StoredMessage):
    """An item of List Messages. What was said is only compared, by `fingerprint`."""

    direction: Any = None
    content: Any = None
    badges: Any = None


class Cursors(Form):
    """Where the next page of messages begins; missing on the last."""

    next: str | None = None


class MessagePaging(Form):
    """Where a page of messages stands among all."""

    cursors: Cursors | None = None


class ListedMessages(Form):
    """The answer of List Messages, a page."""

    messages: list[ListedMessage]
    paging_metadata: MessagePaging | None = None


class GivenToken(BaseModel):
    """The answer of Create Access Token, in the words of OAuth."""

    model_config = ConfigDict(strict=True)

    access_token: Annotated[str, StringConstraints(pattern=r"\A[!-~]+\z", max_length=16_384)]
    expires_in: Any = None


F = TypeVar("F", bound=BaseModel)


def read(form: type[F], content: bytes) -> F | str:
    """Return what *content* says in that form, or in words what is wrong with it.

    Half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD: one in a message of somebody
    else must not make a whole conversation unreadable.
    """
    try:
        return form.model_validate_json(content)
    except ValidationError as error:
        if b"\\u" not in content or error.errors()[0]["type"] != "json_invalid":
            return _told(error)
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False)
        return form.model_validate_json(_HALVES.sub("\ufffd", text))
    except ValidationError as error:
        return _told(error)
    except (ValueError, RecursionError):
        return "its JSON is broken"


def _told(error: ValidationError) -> str:
    """Where the first fault is, and its kind; never the value, which may be somebody's."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "it is not JSON"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where[:80] or 'the whole'}: {first['type']}"


def is_id(value: object) -> TypeGuard[str]:
    """Whether *value* is an `Id`."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_CHARACTERS
        and value.isprintable()
        and "\ufffd" not in value
    )


def storable_id(told: str) -> str:
    """Return a message's id as it can be set down: a usual one unchanged, an odd one made fit.

    Equal ids stay equal and different ones different.
    """
    if is_id(told):
        return told
    digest = blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()
    kept = "".join(c if c.isascii() and c.isprintable() else "?" for c in told[:64])
    return f"{kept}~{digest}"


def moment(text: object) -> datetime | None:
    """Return an RFC 3339 time in UTC, or None where it is none, or of another age of the world."""
    if not isinstance(text, str) or len(text) > 64:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= LATEST else None


def sequence_of(message: StoredMessage) -> int | None:
    """Return the message's place among all of its conversation, or None where it tells none."""
    told = message.sequence
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 20:
        return int(told)
    return None


def message_moment(message: StoredMessage) -> datetime | None:
    """When Wix stored the message: its date, else its id, which counts microseconds."""
    told = moment(message.created_date)
    if told is not None:
        return told
    digits = message.id
    if len(digits) not in _MICROSECOND_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    found = datetime.fromtimestamp(int(digits) / 1e6, UTC)
    return found if EARLIEST <= found <= LATEST else None
