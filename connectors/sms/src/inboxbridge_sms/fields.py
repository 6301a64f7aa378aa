"""Reading untrusted fields: each either gives a usable value or says which field is not one."""

from __future__ import annotations

from typing import Any

from inboxbridge import Attachment, MalformedBody, WebhookRequest
from inboxbridge.reading import web_link

MAX_ID_CHARACTERS = 200


def form_fields(request: WebhookRequest) -> dict[str, str]:
    """Return a delivery's parameters by name, from wherever the source was told to put them.

    A GET has them in the query, a POST in its form body or in a JSON object. Of a repeated name
    the first value that is not blank counts.

    Raises:
        MalformedBody: The body is neither a form nor a JSON object.
    """
    if request.method == "GET":
        return first_values(request.query)
    if is_json(request):
        return {name: scalar(value) for name, value in request.json_object().items()}
    return first_values(request.form())


def first_values(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return *pairs* by name; of a repeated name the first value that is not blank."""
    fields: dict[str, str] = {}
    for name, value in pairs:
        if not fields.get(name):
            fields[name] = value
    return fields


def is_json(request: WebhookRequest) -> bool:
    """Tell a JSON body from a form, by its look: some sources declare no type or a wrong one."""
    return request.body.lstrip()[:1] in (b"{", b"[")


def scalar(value: object) -> str:
    """Return text or a whole number as text; anything else is blank."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else ""


def mapping(value: object) -> dict[str, Any]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return *value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def identifier(value: object, path: str) -> str:
    """Return the id at *path*. Raises `MalformedBody` where there is no plain short text."""
    text = scalar(value).strip()
    if not text:
        raise MalformedBody(f"{path} is missing")
    if len(text) > MAX_ID_CHARACTERS or not (text.isascii() and text.isprintable()):
        raise MalformedBody(f"{path} is not a plain id of at most {MAX_ID_CHARACTERS} characters")
    return text


def media(
    url: object, content_type: object, filename: object = None, *, image: bool = False
) -> Attachment | None:
    """Return one attachment, or None where there is no usable address.

    Args:
        url: Where it can be fetched.
        content_type: ``image/*`` is shown as a picture, the rest is offered as a file.
        filename: How to call it.
        image: That it is a picture, where the source says so without a content type.
    """
    address = web_link(url)
    if address is None:
        return None
    mime_type = scalar(content_type).strip().lower()
    if not (mime_type.isascii() and mime_type.isprintable()):
        mime_type = ""
    return Attachment(
        kind="image" if image or mime_type.startswith("image/") else "file",
        url=address,
        filename=scalar(filename),
        mime_type=mime_type or None,
    )
