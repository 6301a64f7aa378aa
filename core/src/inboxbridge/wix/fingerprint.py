"""Recognises a message of ours in a conversation, where Wix keeps no id that we could give it.

Source: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/send-message.md
(no idempotency key, no external id).
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from inboxbridge.wix.outgoing import Outgoing
from inboxbridge.wix.wire import current
from inboxbridge.wix.wire._text import one_line

MAX_LINE_CHARACTERS: Final = 4000
"""How much of a MINIMAL text counts: what was sent of it up to version 0.1, and is in the journal
and the Inbox."""


def fingerprint(message: Outgoing | Mapping[str, Any]) -> str:
    """Return a digest that a message keeps on its way through Wix: 32 hexadecimal digits.

    It covers the direction, the kind of payload, the texts, the addresses of attachments and the
    badge's text. White space, HTML entities, Unicode's composed and decomposed letters and the cut
    into bubbles make no difference, for Wix may change them. What Wix may rewrite, add or drop
    (``previewText``, ``iconUrl``, ``contentType``, sizes, names of files) and what tells no two
    messages apart (``visibility``) is left out.

    Args:
        message: An `Outgoing`, a body of Send Message in any wire form, or a message as List
            Messages returns it.
    """
    body = current.body(message) if isinstance(message, Outgoing) else message
    parts = "\x1f".join(_parts(body))
    return blake2b(parts.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _parts(body: Mapping[str, Any]) -> Iterator[str]:
    message = _object(body.get("message")) or body
    yield str(message.get("direction") or body.get("direction") or "")
    content = _object(message.get("content")) or _object(message.get("payload"))
    basic, minimal = _object(content.get("basic")), _object(content.get("minimal"))
    if basic:
        yield "basic"
        yield from _basic(basic)
    elif minimal:
        yield "minimal"
        yield _plain(minimal.get("text"), MAX_LINE_CHARACTERS)
    else:
        yield from sorted(str(key) for key in content if key not in ("previewText", "contentType"))
    for badge in _list(message.get("badges")):
        yield f"badge {_plain(badge.get('text'))}"


def _basic(basic: Mapping[str, Any]) -> Iterator[str]:
    items = _list(basic.get("items"))
    yield _plain(" ".join(text for item in items if isinstance(text := item.get("text"), str)))
    for item in items:
        for kind in ("image", "file"):
            if url := _object(item.get(kind)).get("url"):
                yield f"{kind} {url}"


def _plain(text: object, most: int | None = None) -> str:
    if not isinstance(text, str):
        return ""
    if "&" in text:
        text = html.unescape(text)
    text = unicodedata.normalize("NFC", text)
    if most is not None and len(text) > most:
        text = one_line(text, most)
    return "".join(text.split())


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
