"""Items of ``messaging`` and ``standby``, the same in Messenger and Instagram.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

from inboxbridge import Direction, Event, Person, normalize_phone
from inboxbridge.reading import (
    as_object,
    event_id,
    fingerprint,
    id_at,
    moment_at,
    object_at,
    one_line,
    required,
    text_at,
)

from inboxbridge_facebook._attachments import read_attachments, with_lines
from inboxbridge_facebook._meta import Update

EMAIL = re.compile(r"[^\s@<>,;:]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")


class Item(NamedTuple):
    """What every kind of item says.

    Attributes:
        person: Whose conversation it is; `Person.id` is ``ACCOUNT:PERSON``, because an id of a
            person is only unique within one Page or Instagram account.
        direction: ``outbound`` for what the business said.
        at: When it happened.
        where: The path of the item in the body.
    """

    person: Person
    direction: Direction
    at: datetime | None
    where: str


def item_event(update: Update, app_id: str | None) -> Event | None:
    """Return what *update* tells, or None for what the Inbox does not show.

    Args:
        update: One item of a batch.
        app_id: Echoes of messages that this app sent are left out.

    Raises:
        MalformedBody: A value has the wrong type, or it is not said who the person is.
    """
    item = as_object(update.value, update.where)
    if message := object_at(item, "message", update.where):
        return _message(update, item, message, app_id)
    if postback := object_at(item, "postback", update.where):
        return _postback(read_item(update, item), postback)
    if referral := object_at(item, "referral", update.where):
        return _referral(read_item(update, item), referral)
    return None


def read_item(update: Update, item: dict[str, Any], *, is_echo: bool = False) -> Item:
    """Return who *item* is about. Raises `MalformedBody` where it does not say."""
    where = update.where
    sender = _side(item, "sender", where)
    recipient = _side(item, "recipient", where)
    outbound = is_echo or bool(sender and sender == update.account)
    person, business = (recipient, sender) if outbound else (sender, recipient)
    side = "recipient" if outbound else "sender"
    account = required(business or update.account, "entry[].id")
    person = required(person, f"{where}.{side}.id")
    return Item(
        person=Person(id=f"{account}:{person}"),
        direction="outbound" if outbound else "inbound",
        at=moment_at(item, "timestamp", where),
        where=where,
    )


def _side(item: dict[str, Any], name: str, where: str) -> str:
    side = object_at(item, name, where)
    place = f"{where}.{name}"
    if found := id_at(side, "id", place):
        return found
    reference = id_at(side, "user_ref", place)
    return f"user_ref:{reference}" if reference else ""


def _message(
    update: Update, item: dict[str, Any], message: dict[str, Any], app_id: str | None
) -> Event | None:
    where = f"{update.where}.message"
    is_echo = message.get("is_echo") is True
    if is_echo and app_id and id_at(message, "app_id", where) == app_id:
        return None
    attachments, lines = read_attachments(message, where)
    said = text_at(message, "text", where)
    text = with_lines(said, lines)
    if not text.strip() and not attachments:
        return None
    found = read_item(update, item, is_echo=is_echo)
    person = found.person
    if found.direction == "inbound" and (reply := object_at(message, "quick_reply", where)):
        payload = text_at(reply, "payload", f"{where}.quick_reply")
        person = _with_contact_details(person, (payload, said))
    mid = id_at(message, "mid", where)
    return _event(
        found,
        id=event_id(mid) if mid else _own_id("message", found, text),
        person=person,
        text=text,
        attachments=tuple(attachments),
    )


def _postback(item: Item, postback: dict[str, Any]) -> Event:
    where = f"{item.where}.postback"
    title = text_at(postback, "title", where)
    mid = id_at(postback, "mid", where)
    return _event(
        item,
        id=event_id(mid) if mid else _own_id("postback", item, title),
        text=title.strip() or "[tapped a button]",
    )


def _referral(item: Item, referral: dict[str, Any]) -> Event:
    where = f"{item.where}.referral"
    source = text_at(referral, "source", where)
    ref = text_at(referral, "ref", where)
    advert = object_at(referral, "ads_context_data", where)
    title = text_at(advert, "ad_title", f"{where}.ads_context_data")
    way = "an ad" if source == "ADS" else "a link"
    name = one_line(title or ref)
    return _event(
        item,
        id=_own_id("referral", item, source, ref, id_at(referral, "ad_id", where)),
        kind="activity",
        text=f"Opened the chat from {way}: {name}" if name else f"Opened the chat from {way}",
    )


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


def _own_id(kind: str, item: Item, *parts: str) -> str:
    """Make an id for an item that Meta gave none, from what a redelivery repeats."""
    at = item.at.isoformat() if item.at else ""
    return fingerprint(kind, item.person.id or "", at, *parts)


def _event(item: Item, *, person: Person | None = None, **fields: Any) -> Event:
    return Event(
        direction=item.direction,
        person=person or item.person,
        thread=item.person.id,
        occurred_at=item.at,
        **fields,
    )
