"""What is in the ``body`` of Telnyx's RCS and WhatsApp messages.

That of RCS is described in
https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks; that of WhatsApp is
Meta's own message object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge import Attachment
from inboxbridge.reading import mapping, scalar

from inboxbridge_sms.content import (
    NO_TEXT,
    UNSHOWN,
    advert,
    choice,
    contact_cards,
    form_answers,
    order,
    place,
    product,
    text_of,
)

_NAMES = {
    "image": "(picture)",
    "audio": "(voice message)",
    "video": "(video)",
    "document": "(file)",
    "sticker": "(sticker)",
}
_PICTURES = frozenset({"image", "sticker"})


def rich_words(body: dict[str, Any]) -> Iterator[str]:
    """Yield what a message says, beside its files."""
    text = body.get("text")
    yield text_of(text.get("body") if isinstance(text, dict) else text)
    yield text_of(mapping(body.get("suggestion_response")).get("text"))
    yield from _picked(mapping(body.get("interactive")))
    yield text_of(mapping(body.get("button")).get("text"))
    where = mapping(body.get("location"))
    yield place(*(where.get(key) for key in ("latitude", "longitude", "name", "address")))
    yield contact_cards(body.get("contacts"))
    if scalar(body.get("type")) == "order":
        yield order(body.get("order"))
    for kind in _NAMES:
        yield from _of_a_file(kind, mapping(body.get(kind)))
    yield product(mapping(body.get("context")).get("referred_product"))
    referral = mapping(body.get("referral"))
    yield advert(*(referral.get(key) for key in ("headline", "body", "source_url")))


def rich_files(body: dict[str, Any]) -> Iterator[Attachment]:
    """Yield the files that have an address."""
    sent = mapping(mapping(body.get("user_file")).get("payload"))
    file = Attachment.from_link(
        sent.get("file_uri"), mime_type=sent.get("mime_type"), filename=sent.get("file_name")
    )
    if file:
        yield file
    for kind in _NAMES:
        file = _file(kind, mapping(body.get(kind)))
        if file:
            yield file


def placeholder(body: dict[str, Any]) -> str:
    """Return what stands for a message of which nothing can be shown."""
    kind = scalar(body.get("type"))
    return NO_TEXT if kind in ("", "text") and "user_file" not in body else UNSHOWN


def _picked(interactive: dict[str, Any]) -> Iterator[str]:
    for kind in ("button_reply", "list_reply"):
        picked = mapping(interactive.get(kind))
        yield choice(picked.get("title"), picked.get("description"))
    yield form_answers(mapping(interactive.get("nfm_reply")).get("response_json"))


def _of_a_file(kind: str, content: dict[str, Any]) -> Iterator[str]:
    """Yield the caption, and the kind and name of a file that has no address."""
    yield text_of(content.get("caption"))
    if content and _file(kind, content) is None:
        yield " ".join(filter(None, (_NAMES[kind], text_of(content.get("filename")))))


def _file(kind: str, content: dict[str, Any]) -> Attachment | None:
    return Attachment.from_link(
        content.get("link") or content.get("url"),
        mime_type=content.get("mime_type"),
        filename=content.get("filename"),
        is_image=kind in _PICTURES,
    )
