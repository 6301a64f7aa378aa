"""The words that the core and a connector share, as frozen models.

A connector turns a `WebhookRequest` into `Event` objects, and each `Event` into a `BasicMessage`
(something said) or a `MinimalMessage` (something done) under a `Badge`. All of them are immutable;
change one with ``model_copy(update=...)``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from inboxbridge.errors import MalformedBody
from inboxbridge.phone import normalize_phone
from inboxbridge.text import clean_text

MAX_NESTING = 100
"""How deep a JSON body may nest before it counts as malformed."""

Kind = Literal["message", "activity"]
"""``message`` for something said (BASIC), ``activity`` for something done (MINIMAL)."""

Direction = Literal["inbound", "outbound"]
"""``inbound`` from the person to the business, ``outbound`` from the business to the person."""


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _email(text: object) -> object:
    """Lower-case and trim; what has no ``@`` is no address and becomes None."""
    if not isinstance(text, str):
        return text
    text = text.strip().lower()
    return text if "@" in text[1:-1] and not any(c.isspace() for c in text) else None


def _phone(text: object) -> object:
    return normalize_phone(text) if isinstance(text, str) else text


def _blank_is_none(text: object) -> object:
    return (clean_text(text) or None) if isinstance(text, str) else text


def _clean(text: object) -> object:
    return clean_text(text) if isinstance(text, str) else text


Moment = Annotated[datetime, AfterValidator(_utc)]
Text = Annotated[str, BeforeValidator(_clean)]
OptionalText = Annotated[str | None, BeforeValidator(_blank_is_none)]


class Model(BaseModel):
    """Base of the contract's models: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Headers(Mapping[str, str]):
    """A request's headers: names in lower case, several values of one name kept.

    ``headers["x-name"]`` is the first value; `get_all` gives every one.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Mapping[str, str] | list[tuple[str, str]] | None = None) -> None:
        items = pairs.items() if isinstance(pairs, Mapping) else pairs or ()
        values: dict[str, list[str]] = {}
        for name, value in items:
            values.setdefault(name.lower(), []).append(value)
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][0]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_all(self, name: str) -> list[str]:
        """Return every value of the header *name*, in the order of arrival; empty if absent."""
        return list(self._values.get(name.lower(), ()))

    def pairs(self) -> list[tuple[str, str]]:
        """Return all headers as pairs, several values of a name one after the other."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def __repr__(self) -> str:
        return f"Headers({sorted(self._values)})"


class WebhookRequest:
    """One HTTP request from a source, as it came: a *delivery*.

    Attributes:
        method: ``GET`` or ``POST``.
        url: The URL *as the source calls it*: the connection's public URL, then ``?`` and the raw
            query if there was one. Schemes that sign the URL sign exactly this string.
        headers: The `Headers`; look them up in any case.
        body: The raw bytes. Signatures cover these, never a re-encoding of them.
        received_at: When the request arrived (UTC). A connector uses it where the source names no
            time of its own.
    """

    __slots__ = ("_json", "body", "headers", "method", "received_at", "url")

    def __init__(
        self,
        *,
        method: str = "POST",
        url: str = "",
        headers: Headers | Mapping[str, str] | None = None,
        body: bytes = b"",
        received_at: datetime | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.received_at = received_at or datetime.now(UTC)
        self._json: Any = _UNREAD

    def __repr__(self) -> str:
        return f"WebhookRequest({self.method}, {len(self.body)} bytes)"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query string's pairs in order, decoded, blank values kept."""
        _, _, query = self.url.partition("?")
        return parse_qsl(query, keep_blank_values=True)

    def text(self) -> str:
        """Return the body as UTF-8 text. Raises `MalformedBody` where it is not."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise MalformedBody(f"the body is not UTF-8 (byte {error.start})") from None

    def json(self) -> Any:
        """Return the body as JSON, read once.

        Raises:
            MalformedBody: The body is not UTF-8, not JSON, or nests deeper than `MAX_NESTING`.
        """
        if self._json is _UNREAD:
            self._json = _read_json(self.text())
        return self._json

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises `MalformedBody` where it is something else."""
        value = self.json()
        if not isinstance(value, dict):
            raise MalformedBody(f"expected a JSON object, found {_json_type(value)}")
        return value

    def form(self) -> list[tuple[str, str]]:
        """Return a form body's pairs in order: repeated names and blank values kept.

        Raises:
            MalformedBody: The body is not UTF-8 text of ``name=value`` pairs.
        """
        try:
            return parse_qsl(
                self.text(), keep_blank_values=True, errors="strict", max_num_fields=1000
            )
        except ValueError as error:
            raise MalformedBody(f"the form body cannot be read: {error}") from None


_UNREAD: Any = object()


def _read_json(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedBody(f"the JSON nests deeper than {MAX_NESTING} levels") from None
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {_position(error)}") from None
    if _too_deep(text) and _depth(value) > MAX_NESTING:
        raise MalformedBody(f"the JSON nests deeper than {MAX_NESTING} levels")
    return value


def _position(error: ValueError) -> str:
    """Say where it went wrong without quoting the body, which may hold a person's words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    return "a number or constant that JSON does not have"


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _too_deep(text: str) -> bool:
    """Cheap bound: fewer brackets than the limit cannot nest beyond it."""
    return text.count("[") + text.count("{") > MAX_NESTING


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        if depth > MAX_NESTING:
            break
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(v for v in item.values() if isinstance(v, (dict, list)))
            elif isinstance(item, list):
                below.extend(v for v in item if isinstance(v, (dict, list)))
        level = below
    return depth


def _json_type(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class Person(Model):
    """Who an event is about. Any of `email`, `phone` and `id` finds the contact.

    Attributes:
        email: Trimmed and lower-cased; text without an ``@`` becomes None.
        phone: E.164 (``+14155550132``). Any usual spelling is taken; what is no phone number
            (``anonymous``, a short code) becomes None.
        id: The source's own id of the person, opaque, unique within the connection (a
            page-scoped Messenger id, a chat user). Found in Wix only through an identity link.
        name: How to call a contact that has to be created.
    """

    email: Annotated[str | None, BeforeValidator(_email)] = None
    phone: Annotated[str | None, BeforeValidator(_phone)] = None
    id: OptionalText = None
    name: OptionalText = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to find a contact by."""
        return bool(self.email or self.phone or self.id)


class Attachment(Model):
    """A file or picture that came with a message.

    Attributes:
        kind: ``image`` is shown in the conversation, ``file`` is offered as a link.
        url: Where it can be fetched. Wix accepts external addresses.
        filename: How to call it.
        mime_type: Such as ``audio/ogg``.
        width: In pixels, of an image, when known.
        height: In pixels, of an image, when known.
    """

    kind: Literal["image", "file"] = "file"
    url: str = Field(min_length=1)
    filename: OptionalText = None
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None


class Event(Model):
    """One thing that the source told us. Survives storage as JSON.

    Attributes:
        id: The source's id of this event, unique within the connection and the same each time the
            source repeats the delivery. A repeated id is stored once.
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
        silent: Do not raise the unread count: for history, not for news.
        data: Whatever else `to_wix_message` needs, as JSON values.
    """

    id: str = Field(min_length=1, max_length=512)
    kind: Kind = "message"
    direction: Direction = "inbound"
    person: Person = Person()
    text: Text = ""
    occurred_at: Moment | None = None
    thread: OptionalText = None
    about: OptionalText = None
    attachments: tuple[Attachment, ...] = ()
    url: str | None = None
    icon_url: str | None = None
    silent: bool = False
    data: dict[str, JsonValue] = {}

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
    icon_url: str | None = None


class BasicMessage(Model):
    """Something said: text, pictures and files, each a bubble in the conversation.

    Attributes:
        text: Plain text; may be empty if there is an attachment. Texts above 4,000 characters are
            sent as several bubbles of one message.
        attachments: In order, after the text.
    """

    text: Text = ""
    attachments: tuple[Attachment, ...] = ()


class MinimalMessage(Model):
    """Something done: one line with an icon.

    Attributes:
        text: One line: ``Booked Spa Treatment``.
        icon_url: An address of a small square picture, or None.
        url: Opened on a click, or None.
    """

    text: Annotated[Text, Field(min_length=1)]
    icon_url: str | None = None
    url: str | None = None


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
