"""What is in the ``body`` of Telnyx's RCS and WhatsApp messages.

That of RCS is described in
https://developers.telnyx.com/docs/messaging/messages/receiving-rcs-webhooks, what the business's
agent says in https://developers.telnyx.com/api-reference/rcs/send-an-rcs-message; that of WhatsApp
is Meta's own message object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge import Attachment
from inboxbridge.reading import items, mapping, scalar

from inboxbridge_sms.content import (
    NO_TEXT,
    UNSHOWN,
    advert,
    contact_cards,
    interactive,
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
_RICH = ("suggestion_response", "location", "user_file", "content_message")
_MOST_CARDS = 20


def rich_body(payload: dict[str, Any]) -> dict[str, Any]:
    """Return where a message keeps what is beside its text: ``body``, or the payload itself."""
    body = payload.get("body")
    if isinstance(body, dict):
        return body
    return {name: payload[name] for name in _RICH if name in payload}


def rich_words(body: dict[str, Any]) -> Iterator[str]:
    """Yield what a message says, beside its files."""
    text = body.get("text")
    yield text_of(text.get("body") if isinstance(text, dict) else text)
    yield text_of(mapping(body.get("suggestion_response")).get("text"))
    yield from _of_the_agent(mapping(body.get("content_message")))
    yield interactive(body.get("interactive"))
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
    for url in _agents_files(mapping(body.get("content_message"))):
        file = Attachment.from_link(url)
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


def _of_the_agent(message: dict[str, Any]) -> Iterator[str]:
    """Yield what the business's RCS agent said: text, cards, and the labels of its buttons."""
    yield text_of(message.get("text"))
    for card in _cards(message):
        yield text_of(card.get("title"))
        yield text_of(card.get("description"))
        yield from _buttons(card)
    yield from _buttons(message)


def _cards(message: dict[str, Any]) -> list[dict[str, Any]]:
    rich = mapping(message.get("rich_card"))
    single = mapping(mapping(rich.get("standalone_card")).get("card_content"))
    several = items(mapping(rich.get("carousel_card")).get("card_contents"))
    return [*filter(None, [single]), *map(mapping, several[:_MOST_CARDS])]


def _buttons(holder: dict[str, Any]) -> Iterator[str]:
    for suggestion in map(mapping, items(holder.get("suggestions"))):
        label = text_of(mapping(suggestion.get("reply") or suggestion.get("action")).get("text"))
        yield f"[button] {label}" if label else ""


def _agents_files(message: dict[str, Any]) -> Iterator[object]:
    yield mapping(message.get("content_info")).get("file_url")
    for card in _cards(message):
        yield mapping(mapping(card.get("media")).get("content_info")).get("file_url")


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
