"""Calls on WhatsApp: one line when a call has ended.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/user-initiated-calls
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Direction, Part
from inboxbridge.reading import event_id, id_at, moment_at, scalar, text_at, whole_seconds

from inboxbridge_facebook._meta import ignored
from inboxbridge_facebook._whatsapp_change import Change


def read_call(change: Change, call: dict[str, Any], where: str) -> Part:
    """Return the line about a call that ended; of others only the kind.

    A call without a duration is taken for one that nobody picked up; Meta's page does not say so.

    Raises:
        MalformedBody: A value has the wrong type, or it is not said who called.
    """
    if text_at(call, "event", where) != "terminate":
        return ignored("calls", scalar(call.get("event")))
    by_business = call.get("direction") == "BUSINESS_INITIATED"
    direction: Direction = "outbound" if by_business else "inbound"
    side = "to" if by_business else "from"
    person = change.contacts.person(
        id_at(call, f"{side}_user_id", where), id_at(call, side, where), f"{where}.{side}"
    )
    seconds = whole_seconds(call.get("duration"))
    return change.event(
        person,
        id=event_id("call", id_at(call, "id", where, required=True)),
        kind="activity",
        direction=direction,
        text=call_line(direction, seconds),
        occurred_at=moment_at(call, "start_time", where) or moment_at(call, "timestamp", where),
    )


def call_line(direction: Direction, seconds: int | None) -> str:
    """Return ``WhatsApp call, 2 min``, or that nobody picked up.

    Args:
        direction: Who called.
        seconds: How long they spoke; None or 0 where nobody picked up.
    """
    if not seconds:
        missed = direction == "inbound"
        return "Missed WhatsApp call" if missed else "Called on WhatsApp, not answered"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    length = " ".join(f"{number} {unit}" for number, unit in parts if number)
    name = "WhatsApp call" if direction == "inbound" else "Called on WhatsApp"
    return f"{name}, {length}"
