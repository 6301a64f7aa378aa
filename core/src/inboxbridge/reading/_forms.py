"""Forms with files in them: ``multipart/form-data``, and plain forms in the same shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from urllib.parse import parse_qsl

from multipart import MultipartError, MultipartParser, parse_options_header

from inboxbridge.errors import MalformedBody
from inboxbridge.model.request import WebhookRequest

MAX_PARTS: Final = 1000
"""The most fields and files of a form, as for `WebhookRequest.form`."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One field or file of a form.

    Attributes:
        name: The field's name.
        content: Its raw bytes.
        filename: The file's name; None for a field that is no file.
        content_type: Its MIME type; empty where the form does not say.
    """

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str = ""

    def text(self, charset: str = "utf-8") -> str:
        """Return the content as text; bytes that *charset* does not have are replaced."""
        try:
            return self.content.decode(charset, "replace")
        except (LookupError, ValueError, UnicodeError):
            return self.content.decode("utf-8", "replace")


def form_parts(request: WebhookRequest) -> list[FormPart]:
    """Return the fields and files of a form in order, whichever of both encodings it has.

    Raises:
        MalformedBody: The body is no such form, or has more than `MAX_PARTS` parts.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type.strip().lower() == "multipart/form-data":
        return list(_multipart(request.body, options.get("boundary", "")))
    try:
        pairs = parse_qsl(
            request.body.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARTS,
        )
    except ValueError as error:
        raise MalformedBody(f"the form body cannot be read: {error}") from None
    return [
        FormPart(_utf8(name), value.encode("utf-8", "surrogateescape")) for name, value in pairs
    ]


def _multipart(body: bytes, boundary: str) -> Iterable[FormPart]:
    if not boundary or not boundary.isascii():
        raise MalformedBody("the form's content type names no boundary")
    room = len(body) + 1  # all of it is in memory already: nothing need go to temporary files
    try:
        parts = MultipartParser(
            BytesIO(body),
            boundary,
            charset="latin-1",  # takes any bytes; names are read as what they are below
            part_limit=MAX_PARTS,
            spool_limit=room,
            memory_limit=room,
        ).parts()
    except MultipartError as error:
        raise MalformedBody(f"the form body cannot be read: {error}") from None
    for part in parts:
        says_type = any(name.lower() == "content-type" for name, _ in part.headerlist)
        content_type = part.content_type if part.filename or says_type else ""
        filename = None if part.filename is None else _utf8(part.filename, "latin-1")
        yield FormPart(_utf8(part.name or "", "latin-1"), part.raw, filename, content_type)


def _utf8(text: str, read_as: str = "utf-8") -> str:
    return text.encode(read_as, "surrogateescape").decode("utf-8", "replace")
