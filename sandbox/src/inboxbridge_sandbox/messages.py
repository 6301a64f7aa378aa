"""Send Message and List Messages.

Sources: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/send-message.md,
https://dev.wix.com/docs/rest/crm/communication/inbox/messages/list-messages
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from typing import Any

from inboxbridge_sandbox.clock import iso_millis
from inboxbridge_sandbox.conversations import Conversation, StoredMessage
from inboxbridge_sandbox.errors import validation_error, violation, wrong_format
from inboxbridge_sandbox.message_form import PAYLOADS
from inboxbridge_sandbox.options import Limits
from inboxbridge_sandbox.shapes import Enum, Guid, Number, Object, Text

Json = dict[str, Any]


def list_request(limits: Limits) -> Object:
    """The parameters of List Messages, with the limits of one sandbox."""
    return Object(
        {
            "conversationId": Guid(),
            "visibility": Enum("BUSINESS", "BUSINESS_AND_PARTICIPANT", zero="UNKNOWN_VISIBILITY"),
            "paging.limit": Number(whole=True, most=limits.list_page_most),
            "paging.cursor": Text(),
            "sorting.fieldName": Enum("sequence"),
            "sorting.order": Enum("ASC", "DESC"),
        },
        need=("conversationId", "visibility"),
    )


def store(
    conversation: Conversation,
    message: Json,
    sender: Json,
    app_id: str | None,
    now_micros: int,
    arrival: int,
    *,
    silent: bool = False,
) -> StoredMessage:
    """Append a checked message, stamped by the server; what the client says of its id or date
    does not count.

    `id` equals `sequence`: microseconds since the epoch, strictly rising in a conversation;
    `createdDate` is the same instant cut to milliseconds.
    """
    sequence = conversation.next_sequence(now_micros)
    number = str(sequence)
    content = message["content"]
    kind = next(name for name in PAYLOADS if name in content)
    if kind == "template":
        content = _completed_template(content, app_id)
    message_json: Json = {
        "id": number,
        "content": {**content, "contentType": kind.upper()},
        "sender": sender,
        "badges": message.get("badges", []),
        "targetChannels": message.get("targetChannels", []),
        "sourceChannel": message.get("sourceChannel", "UNKNOWN_CHANNEL_TYPE"),
    }
    for name in ("targetChannelIds", "sourceChannelId", "silent"):
        if name in message:
            message_json[name] = message[name]
    if app_id:
        message_json["appId"] = app_id
    message_json["visibility"] = message["visibility"]
    message_json["sequence"] = number
    message_json["direction"] = message["direction"]
    message_json["createdDate"] = iso_millis(sequence)
    stored = StoredMessage(
        conversation, message_json, sequence, arrival, silent or message.get("silent", False)
    )
    conversation.messages.append(stored)
    return stored


def _completed_template(content: Json, app_id: str | None) -> Json:
    template = {"orientation": "PORTRAIT", **content["template"]}
    if app_id and "buttons" in template:
        template["buttons"] = [
            {**button, "postbackProperties": {**button["postbackProperties"], "appId": app_id}}
            if "postbackProperties" in button
            else button
            for button in template["buttons"]
        ]
    return {**content, "template": template}


def page_of(conversation: Conversation, request: Json, page_size: int) -> Json:
    """One page of messages, newest first unless asked otherwise.

    `visibility=BUSINESS` shows all messages, `BUSINESS_AND_PARTICIPANT` only those both sides see.
    `pagingMetadata` is absent when one page holds everything, has `cursors` while there are more
    pages, and says only `tooManyToCount` on the last one. A cursor holds for the visibility and
    order it was made with; anything else is a `400`.
    """
    visibility = request["visibility"]
    order = request.get("sorting.order", "DESC")
    limit = request.get("paging.limit") or page_size
    cursor = request.get("paging.cursor")
    anchor, backwards = _open(cursor, visibility, order) if cursor else (None, False)
    ascending = (order == "ASC") is not backwards
    reached = _walk(conversation.messages, anchor, visibility, limit + 1, ascending=ascending)
    more = len(reached) > limit
    page = reached[:limit]
    if backwards:
        page.reverse()
    answer: Json = {"messages": [stored.message for stored in page]}
    if not page:
        return answer
    has_next, has_previous = (True, more) if backwards else (more, anchor is not None)
    cursors = {}
    if has_next:
        cursors["next"] = _seal(page[-1], visibility, order, backwards=False)
    if has_previous:
        cursors["prev"] = _seal(page[0], visibility, order, backwards=True)
    if has_next:
        answer["pagingMetadata"] = {"count": len(page), "cursors": cursors}
    elif has_previous:
        answer["pagingMetadata"] = {"tooManyToCount": True}
    return answer


def _walk(
    messages: list[StoredMessage],
    anchor: tuple[int, int] | None,
    visibility: str,
    wanted: int,
    *,
    ascending: bool,
) -> list[StoredMessage]:
    if ascending:
        start = bisect_right(messages, anchor, key=lambda each: each.place) if anchor else 0
        positions = range(start, len(messages))
    else:
        end = bisect_left(messages, anchor, key=lambda each: each.place) if anchor else None
        positions = range((len(messages) if end is None else end) - 1, -1, -1)
    reached: list[StoredMessage] = []
    for position in positions:
        stored = messages[position]
        if visibility == "BUSINESS" or stored.message["visibility"] == visibility:
            reached.append(stored)
            if len(reached) == wanted:
                break
    return reached


def _seal(edge: StoredMessage, visibility: str, order: str, *, backwards: bool) -> str:
    content = {"s": edge.sequence, "a": edge.arrival, "v": visibility, "o": order, "b": backwards}
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _open(cursor: str, visibility: str, order: str) -> tuple[tuple[int, int], bool]:
    try:
        padding = "=" * (-len(cursor) % 4)
        content = json.loads(base64.urlsafe_b64decode(cursor + padding))
        place = (int(content["s"]), int(content["a"]))
        made_for = (content["v"], content["o"])
        backwards = bool(content["b"])
    except (ValueError, TypeError, KeyError, binascii.Error):
        fault = wrong_format("paging.cursor", "a cursor from pagingMetadata")
        raise validation_error("request", [fault]) from None
    if made_for != (visibility, order):
        text = "must be used with the visibility and sorting it was made with"
        raise validation_error("request", [violation("paging.cursor", text, "CUSTOM")])
    return place, backwards
