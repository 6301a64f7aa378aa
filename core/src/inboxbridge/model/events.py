"""Events, persons and messages, as frozen models that the core and a connector share.

A connector turns a `WebhookRequest` into `Event` objects, and each `Event` into a `BasicMessage`
(something said) or a `MinimalMessage` (something done) under a `Badge`. All of them are immutable;
change one with ``model_copy(update=...)``.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from inboxbridge.model.emails import normalize_email
from inboxbridge.model.phone import normalize_phone
from inboxbridge.model.request import utc
from inboxbridge.model.text import clean_key, clean_text, storable, web_link

Kind = Literal["message", "activity"]
"""``message`` for something said (BASIC), ``activity`` for something done (MINIMAL)."""

Direction = Literal["inbound", "outbound"]
"""``inbound`` from the person to the business, ``outbound`` from the business to the person."""


Visibility = Literal["business", "everyone"]
"""Who sees a message: the business alone, or the person too, in the site's chat."""


def _email(text: object) -> object:
    return normalize_email(text) if isinstance(text, str) else text


def _phone(text: object) -> object:
    return normalize_phone(text) if isinstance(text, str) else text


def _blank_is_none(text: object) -> object:
    return (clean_text(text) or None) if isinstance(text, str) else text


def _clean(text: object) -> object:
    return clean_text(text) if isinstance(text, str) else text


def _key(text: object) -> object:
    return clean_key(text) if isinstance(text, str) else text


def _key_or_none(text: object) -> object:
    return (clean_key(text) or None) if isinstance(text, str) else text


def _storable_json(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Keep what survives storage: finite numbers, text without NUL and lone surrogates."""
    if not data:
        return data
    try:
        written = json.dumps(data, ensure_ascii=False, allow_nan=False)
        written.encode()
    except UnicodeEncodeError:
        unstorable = True
    else:
        unstorable = "\\u0000" in written
    return cast("dict[str, JsonValue]", storable(data)) if unstorable else data


Moment = Annotated[datetime, AfterValidator(utc)]
Text = Annotated[str, BeforeValidator(_clean)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_none)]
Key = Annotated[str, BeforeValidator(_key)]
OptionalKey = Annotated[str | None, BeforeValidator(_key_or_none)]
Data = Annotated[dict[str, JsonValue], AfterValidator(_storable_json)]


class Model(BaseModel):
    """Base of the contract's models: frozen, unknown fields refused.

    Errors name the field and what was expected, never the value, which may be a person's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Person(Model):
    """Who an event is about. Any of `email`, `phone` and `id` finds the contact.

    Attributes:
        email: Trimmed, lower-cased and composed (NFC); what cannot be an address (no ``@``, white
            space, above 254 characters) becomes None.
        phone: E.164 (``+14155550132``). Any usual spelling is taken; what is not a phone number
            (``anonymous``, a short code) becomes None.
        id: The source's own id of the person, opaque, unique within the connection (a
            page-scoped Messenger id, a chat user). Found in Wix only through an identity link.
        name: How to call a contact that has to be created.
        picture_url: An ``https`` address of a picture of the person, for a contact that has none.
    """

    email: Annotated[str | None, BeforeValidator(_email)] = None
    phone: Annotated[str | None, BeforeValidator(_phone)] = None
    id: OptionalKey = None
    name: OptionalText = None
    picture_url: OptionalText = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to find a contact by."""
        return bool(self.email or self.phone or self.id)


class Attachment(Model):
    """A file or picture that came with a message.

    Attributes:
        kind: ``image`` is shown in the conversation, ``file`` is offered as a link.
        url: Where it can be fetched by anybody. Wix accepts external addresses of ``http`` and
            ``https`` and up to 2,000 characters; another is shown as text. Empty where only
            `source` says where it is.
        source: The provider's id or address of a file that only the connector's hook
            ``fetch_attachment`` can fetch; None where `url` is enough. While it has not been
            fetched, `url` is shown, or without one the kind of file in words.
        not_fetched: Why it could not be fetched, once that is known; shown with the kind of file.
        filename: How to call it.
        mime_type: Such as ``audio/ogg``.
        width: In pixels, of an image, when known.
        height: In pixels, of an image, when known.
    """

    kind: Literal["image", "file"] = "file"
    url: Text = ""
    source: OptionalKey = None
    not_fetched: OptionalText = None
    filename: OptionalText = None
    mime_type: OptionalText = None
    width: int | None = None
    height: int | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Attachment:
        if not self.url and self.source is None:
            raise ValueError("an attachment needs a url or a source")
        return self

    @classmethod
    def from_link(
        cls,
        url: object,
        *,
        mime_type: object = None,
        filename: object = None,
        is_image: bool = False,
    ) -> Attachment | None:
        """Return what is at *url*, or None where that is no ``http`` or ``https`` address.

        Args:
            url: As the source gives it.
            mime_type: As the source gives it; ``image/…`` makes it an image.
            filename: How to call it.
            is_image: Whether it is an image whatever the type says.
        """
        link = web_link(url)
        if link is None:
            return None
        mime = mime_type.strip().lower() if isinstance(mime_type, str) else ""
        if not (mime.isascii() and mime.isprintable()):
            mime = ""
        return cls(
            kind="image" if is_image or mime.startswith("image/") else "file",
            url=link,
            filename=filename if isinstance(filename, str) else None,
            mime_type=mime or None,
        )


class Event(Model):
    """One thing that the source told us. Survives storage as JSON.

    Attributes:
        id: The source's id of this event, unique within the connection and the same each time the
            source repeats the delivery. A repeated id is stored once. Of an id above 512
            characters the beginning and a digest are kept; so it is with `thread`, `about` and the
            person's id.
        kind: ``message`` (something said) or ``activity`` (something done).
        direction: Who spoke or acted: ``inbound`` the person, ``outbound`` the business.
        person: Who it is about.
        text: What was said, or one line that says what was done. Plain text.
        occurred_at: When it happened by the source's clock (UTC); None where it does not say.
        thread: The unit of ordering. None means the person.
        about: The id of a thing at the source that several events speak of (a call, a booking).
            An event whose person is not known takes the person of an earlier or later event of the
            same connection about the same thing, and is delivered after it.
        attachments: Files and pictures, in order.
        url: Where to see more; opened on a click where the message form has a link.
        icon_url: An icon for this one event, instead of the connector's.
        recipient: Which of the business's own accounts or numbers it came to, as the source names
            it (a Page, an account, a phone number); None where the source has only one. A
            connection with ``recipients`` takes only the events for those.
        silent: Do not raise the unread count: for history, not for news.
        history: It is from before the connection was made, as a source sends once. It leaves room
            for what happens now, raises no unread count, and its text begins with its time.
        data: Whatever else `to_wix_message` needs, as JSON values. The key ``inboxbridge`` is the
            core's own.
    """

    id: Annotated[Key, Field(min_length=1)]
    kind: Kind = "message"
    direction: Direction = "inbound"
    person: Person = Person()
    text: Text = ""
    occurred_at: Moment | None = None
    thread: OptionalKey = None
    about: OptionalKey = None
    attachments: tuple[Attachment, ...] = ()
    url: OptionalText = None
    icon_url: OptionalText = None
    recipient: OptionalKey = None
    silent: bool = False
    history: bool = False
    data: Data = Field(default_factory=dict)

    @property
    def thread_key(self) -> str:
        """The ordering key: the named thread, else the person, else the thing it is about."""
        person = self.person
        return self.thread or person.id or person.phone or person.email or self.about or self.id


class Badge(Model):
    """The name and icon of the source on a BASIC message.

    Attributes:
        text: Short: ``Facebook``.
        icon_url: An address of a small square picture, or None.
    """

    text: Annotated[Text, Field(min_length=1, max_length=50)]
    icon_url: OptionalText = None


class BasicMessage(Model):
    """Something said: text, pictures and files, each a bubble in the conversation.

    Attributes:
        text: Plain text; may be empty if there is an attachment. Texts above 16,384 characters
            are sent as several bubbles of one message.
        attachments: In order, after the text.
    """

    text: Text = ""
    attachments: tuple[Attachment, ...] = ()


class MinimalMessage(Model):
    """Something done: one line with an icon.

    Attributes:
        text: One line: ``Booked Spa Treatment``.
        icon_url: An address of a small square picture, or None.
        url: Where a click on the line leads, or None. Wix takes ``http`` and ``https`` and up to
            2,000 characters; what is not such an address is left out, as it is of `icon_url`.
    """

    text: Annotated[Text, Field(min_length=1)]
    icon_url: OptionalText = None
    url: OptionalText = None


class Answer(Model):
    """What to answer the source with, where a bare 200 is not enough.

    Attributes:
        status: A 2xx status. The core never sends 403, 404, 406 or 410 to a source.
        headers: Further response headers.
        body: The response's body.
        content_type: Of the body.
    """

    status: int = Field(default=200, ge=200, le=299)
    headers: dict[str, str] = {}
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
