"""What Send Message takes: the shape of a message, and the older `article` form of it.

Sources: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/message-object.md,
https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/message-types.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from inboxbridge_sandbox.errors import (
    Violation,
    application_error,
    required,
    validation_error,
    violation,
)
from inboxbridge_sandbox.options import Limits
from inboxbridge_sandbox.shapes import (
    Enum,
    Flag,
    Guid,
    ListOf,
    Number,
    Object,
    Reading,
    Shape,
    Text,
    WebUrl,
    is_web_url,
    only_one,
)

Json = dict[str, Any]

PAYLOADS: Final = ("basic", "template", "minimal", "form", "system")
_ITEMS: Final = ("text", "image", "file")
_CHANNELS: Final = (
    "CHAT",
    "EMAIL",
    "SMS",
    "FACEBOOK",
    "INSTAGRAM",
    "WHATSAPP",
    "AI_ASSISTANT",
    "PHONE",
)
_VISIBILITY: Final = ("BUSINESS_AND_PARTICIPANT", "BUSINESS")


def request_shape(limits: Limits, *, strict_urls: bool = False) -> Object:
    """The body of Send Message, with the limits of one sandbox."""
    address = WebUrl if strict_urls else Text
    link = address(limits.web_url)
    media: dict[str, Shape] = {
        "id": Text(limits.media_id),
        "url": Text(limits.web_url),
        "filename": Text(limits.filename),
    }
    read_only = ("urlExpiration",)
    image = Object(
        {**media, "width": Number(), "height": Number()}, need=("url",), ignored=read_only
    )
    file = Object({**media, "mimeType": Text(limits.mime_type)}, need=("url",), ignored=read_only)
    item = Object({"text": Text(limits.text), "image": image, "file": file})
    basic = Object({"items": ListOf(item)}, need=("items",))
    minimal = Object(
        {"text": Text(limits.minimal_text), "iconUrl": link, "url": link}, need=("text",)
    )
    pair = Object({"name": Text(limits.form_value), "value": Text(limits.form_value)})
    form = Object(
        {
            "title": Text(limits.form_title, least=1),
            "description": Text(limits.text, least=1),
            "fields": ListOf(pair, limits.form_items),
            "media": ListOf(Object({"image": image, "file": file}), limits.form_items),
        }
    )
    postback = Object(
        {"interactionId": Text(limits.interaction_id)},
        need=("interactionId",),
        ignored=("appId",),
    )
    button = Object(
        {
            "label": Text(limits.button),
            "launchUrl": address(limits.button),
            "postbackProperties": postback,
        },
        need=("label",),
    )
    template = Object(
        {
            "title": Text(),
            "textLines": ListOf(Text(limits.template_line), limits.template_lines),
            "imageUrl": link,
            "orientation": Enum("PORTRAIT", "LANDSCAPE", zero="UNKNOWN_ORIENTATION"),
            "buttons": ListOf(button, limits.template_buttons),
        }
    )
    system = Object({"text": Text(), "imageUrl": Text(), "buttons": ListOf(button)})
    content = Object(
        {
            "previewText": Text(limits.preview_text),
            "title": Text(),
            "basic": basic,
            "template": template,
            "minimal": minimal,
            "form": form,
            "system": system,
        },
        ignored=("contentType",),
    )
    channel = Enum(*_CHANNELS, zero="UNKNOWN_CHANNEL_TYPE")
    badge = Object(
        {
            "text": Text(limits.badge_text),
            "iconUrl": address(),
            "badgeVisibility": Enum(*_VISIBILITY, zero="UNKNOWN_BADGE_VISIBILITY"),
        }
    )
    message = Object(
        {
            "content": content,
            "badges": ListOf(badge, 1),
            "targetChannels": ListOf(channel, 1),
            "targetChannelIds": ListOf(Text(100), 100),
            "sourceChannel": channel,
            "sourceChannelId": Text(100),
            "visibility": Enum(*_VISIBILITY, zero="UNKNOWN_VISIBILITY"),
            "direction": Enum(
                "BUSINESS_TO_PARTICIPANT", "PARTICIPANT_TO_BUSINESS", zero="UNKNOWN_DIRECTION"
            ),
            "silent": Flag(),
        },
        need=("direction", "visibility"),
        ignored=("id", "sender", "appId", "sequence", "createdDate"),
    )
    return Object(
        {
            "conversationId": Guid(),
            "message": message,
            "sendNotifications": Flag(),
            "silent": Flag(),
            "sendAs": Enum("CALLER", "PARTICIPANT", "BUSINESS_USER"),
        },
        need=("conversationId", "message"),
        ignored=("typingDelay", "businessUserId"),
    )


def checked(body: Any, reading: Reading, *, strict_urls: bool = False) -> Json:
    """A body that its shape has read, once all of its rules hold.

    Raises `400` with every field that is wrong; `400 INVALID_MESSAGE_CONTENT` for no payload or
    several, `INVALID_MEDIA_URL` for a picture or file that is not on the web (with `strict_urls`);
    `403 NOT_PERMITTED_TO_SEND` for what only Wix itself may send.
    """
    message = body.get("message") if isinstance(body, dict) else None
    if isinstance(message, dict) and "content" not in message:
        reading.refuse(required("message.content"))
    reading.finish("message")
    content = body["message"]["content"]
    kind = only_one(content, PAYLOADS)
    if kind is None:
        text = "message.content must hold exactly one of " + ", ".join(PAYLOADS)
        raise application_error(400, "INVALID_MESSAGE_CONTENT", text)
    if kind == "system" or body.get("sendAs") == "BUSINESS_USER":
        text = "System messages and sendAs BUSINESS_USER are reserved for Wix."
        raise application_error(403, "NOT_PERMITTED_TO_SEND", text)
    violations = _BROKEN_RULES[kind](content[kind]) if kind in _BROKEN_RULES else []
    if violations:
        raise validation_error("message", violations)
    for media in _media(content[kind]) if strict_urls else ():
        if not is_web_url(media["url"]):
            text = "The URL of an image or file must be a web address."
            raise application_error(400, "INVALID_MEDIA_URL", text)
    return cast(Json, body)


def _media(payload: Json) -> Iterator[Json]:
    """The images and files of a payload."""
    for item in (*payload.get("items", ()), *payload.get("media", ())):
        yield from (item[kind] for kind in ("image", "file") if kind in item)


def _broken_basic_rules(basic: Json) -> list[Violation]:
    return _not_one_of(basic["items"], "message.content.basic.items", _ITEMS)


def _broken_form_rules(form: Json) -> list[Violation]:
    return _not_one_of(form.get("media", []), "message.content.form.media", ("image", "file"))


def _broken_template_rules(template: Json) -> list[Violation]:
    actions = ("launchUrl", "postbackProperties")
    buttons = template.get("buttons", [])
    return _not_one_of(buttons, "message.content.template.buttons", actions)


_BROKEN_RULES: Final[dict[str, Callable[[Json], list[Violation]]]] = {
    "basic": _broken_basic_rules,
    "form": _broken_form_rules,
    "template": _broken_template_rules,
}


def _not_one_of(items: list[Json], path: str, names: tuple[str, ...]) -> list[Violation]:
    return [
        violation(
            f"{path}[{at}]",
            "must hold exactly one of " + ", ".join(names),
            "CUSTOM",
            ruleName="ONE_OF",
        )
        for at, item in enumerate(items)
        if not item.get(only_one(item, names) or "")
    ]


def from_article(body: Any, warn: Callable[[str], None]) -> Any:
    """The current form of a body in the `article` form, which is left as it is otherwise.

    The article puts `direction` beside `message`, and MINIMAL content into
    `message.payload {type, minimal}`. Source: "Example Flows" in Wix's inbox documentation.
    """
    if not isinstance(body, dict) or not isinstance(body.get("message"), dict):
        return body
    body, message = dict(body), dict(body["message"])
    body["message"] = message
    if "direction" in body:
        direction = body.pop("direction")
        message.setdefault("direction", direction)
        warn("article form: direction beside message")
    payload = message.get("payload")
    if isinstance(payload, dict) and "content" not in message:
        del message["payload"]
        message["content"] = {key: value for key, value in payload.items() if key != "type"}
        warn("article form: message.payload")
    return body
