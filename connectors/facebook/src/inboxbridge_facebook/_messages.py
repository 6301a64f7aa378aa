"""Messages, echoes and tapped buttons, the same in Messenger and Instagram.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

import re
from typing import Any

from inboxbridge import Event, Part, Person, normalize_phone
from inboxbridge.reading import event_id, fingerprint, id_at, mapping, scalar, text_at

from inboxbridge_facebook._adverts import lines_of
from inboxbridge_facebook._attachments import read_attachments, with_lines
from inboxbridge_facebook._items import Item, read_item
from inboxbridge_facebook._meta import Update, ignored

EMAIL = re.compile(r"[^\s@<>,;:]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")


def read_message(
    update: Update, item: dict[str, Any], message: dict[str, Any], *, app_id: str | None, app: str
) -> Part:
    """Return the event of a message or an echo.

    Args:
        update: One item of a batch.
        item: Its value.
        message: The value's ``message``.
        app_id: Echoes of messages that this app sent are left out.
        app: Where a person sees what Meta does not pass on, such as ``Instagram``.
    """
    where = f"{update.where}.message"
    is_echo = message.get("is_echo") is True
    if message.get("is_deleted") is True:
        return _unsent(read_item(update, item, is_echo=is_echo), message)
    if is_echo and app_id and id_at(message, "app_id", where) == app_id:
        return ignored("message_echoes", "own_app")
    attachments, lines = read_attachments(message) if "attachments" in message else ([], [])
    if message.get("is_unsupported") is True:
        lines.append(f"[a message that {app} does not pass on: see it in the {app} app]")
    words = text_at(message, "text", where)
    if "referral" in message:
        lines += lines_of(mapping(message["referral"]))
    text = with_lines(words, lines) if lines else words
    if "reply_to" in message and mapping(mapping(message["reply_to"]).get("story")):
        text = f"[reply to a story] {text}".rstrip()
    if not text.strip() and not attachments:
        return ignored("message", "empty")
    found = read_item(update, item, is_echo=is_echo)
    person = found.person
    if "quick_reply" in message and found.direction == "inbound":
        payload = scalar(mapping(message["quick_reply"]).get("payload"))
        person = _with_contact_details(person, (payload, words))
    return found.event(
        id=found.id("message", id_at(message, "mid", where), text),
        person=person,
        text=text,
        attachments=tuple(attachments),
    )


def read_edit(item: Item, edit: dict[str, Any]) -> Event:
    """Return the event of a changed message: its new text, marked."""
    where = f"{item.where}.message_edit"
    text = text_at(edit, "text", where)
    mid = id_at(edit, "mid", where, required=True)
    number = scalar(edit.get("num_edit")) or fingerprint("text", text)
    return item.event(id=event_id("edit", mid, number), text=f"[edited] {text}".rstrip())


def read_postback(item: Item, postback: dict[str, Any]) -> Event:
    """Return the event of a tapped button: its title, and the advertisement behind it."""
    where = f"{item.where}.postback"
    title = text_at(postback, "title", where)
    lines = lines_of(mapping(postback.get("referral")))
    return item.event(
        id=item.id("postback", id_at(postback, "mid", where), title),
        text=with_lines(title.strip() or "[tapped a button]", lines),
    )


def _unsent(item: Item, message: dict[str, Any]) -> Event:
    mid = id_at(message, "mid", f"{item.where}.message", required=True)
    return item.event(id=event_id("unsent", mid), kind="activity", text="Unsent a message")


def _with_contact_details(person: Person, answers: tuple[str, ...]) -> Person:
    """Add the address or number that a tapped ``user_email`` or ``user_phone_number`` gave.

    Meta does not say which of payload and text carries it, so both are read. A number counts only
    with its ``+``: a payload of mere digits may be anything.
    """
    emails = [answer for answer in map(str.strip, answers) if EMAIL.fullmatch(answer)]
    numbers = [answer for answer in map(str.strip, answers) if answer.startswith("+")]
    phones = [phone for number in numbers if (phone := normalize_phone(number))]
    if not emails and not phones:
        return person
    return Person(
        id=person.id, email=emails[0] if emails else None, phone=phones[0] if phones else None
    )
