"""Who and when: what every item of ``messaging`` and ``standby`` says, in Messenger and Instagram.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from inboxbridge import Direction, Event, Person
from inboxbridge.reading import event_id, fingerprint, id_at, moment_at, object_at, required

from inboxbridge_facebook._meta import Update


class Item(NamedTuple):
    """What every kind of item says.

    Attributes:
        person: Whose conversation it is; `Person.id` is ``ACCOUNT:PERSON``, because an id of a
            person is only unique within one Page or Instagram account.
        direction: ``outbound`` for what the business said.
        at: When it happened.
        account: The Page or Instagram account.
        where: The path of the item in the body.
    """

    person: Person
    direction: Direction
    at: datetime | None
    account: str
    where: str

    def event(self, *, person: Person | None = None, **fields: Any) -> Event:
        """Return an event of this item.

        Args:
            person: The same person, where more is known of them.
            fields: The event's other fields.
        """
        return Event(
            direction=self.direction,
            person=person or self.person,
            thread=self.person.id,
            occurred_at=self.at,
            recipient=self.account,
            **fields,
        )

    def id(self, kind: str, mid: str, *parts: str) -> str:
        """Return the event's id: Meta's *mid*, else one made of what a redelivery repeats."""
        if mid:
            return event_id(mid)
        at = self.at.isoformat() if self.at else ""
        return fingerprint(kind, self.person.id or "", at, *parts)


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
        account=account,
        where=where,
    )


def _side(item: dict[str, Any], name: str, where: str) -> str:
    side = object_at(item, name, where)
    place = f"{where}.{name}"
    if identifier := id_at(side, "id", place):
        return identifier
    reference = id_at(side, "user_ref", place)
    return f"user_ref:{reference}" if reference else ""
