"""Whom a Cal.com booking is about, where its payload may name several people.

In a class with seats Cal.com lists the earlier bookers first and the new one last; ``responses``
are the new one's. The number for reminders beside them is the first booker's. Somebody who gives a
seat back is the only attendee of that delivery, and ``responses`` may then be another person's.

Source: https://github.com/calcom/cal.com/tree/main/packages/features/bookings/lib/handleSeats
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from inboxbridge import Person, normalize_phone

from inboxbridge_bookings._calcom_responses import PHONE_PLACE, answer
from inboxbridge_bookings.reading import Object, inner, objects, text

_SYNTHETIC = "@sms.cal.com"
"""The domain of the address that Cal.com makes up for a person who books by phone."""

_NOBODY: Object = {}


class Party(NamedTuple):
    """One person of a booking.

    Attributes:
        attendee: The person's entry in ``attendees``; empty where there is none.
        is_booker: Whether ``responses`` are this person's.
    """

    attendee: Object
    is_booker: bool


def parties(booking: Object, actor: str | None, *, by_business: bool) -> list[Party]:
    """Return whom a cancellation, a move or a refusal concerns.

    Args:
        booking: The payload.
        actor: The address of whoever did it, where Cal.com says.
        by_business: Whether it was done by the business, to everybody who has a seat.

    Returns:
        In a class everybody whom the business does it to; else one person.
    """
    attendees = objects(booking, "attendees")
    if len(attendees) == 1 and _are_two(booking, attendees[0]):
        return [Party(attendees[0], False)]
    if not is_class(booking) or len(attendees) < 2:
        return [booker(booking)]
    own = [attendee for attendee in attendees if same_address(actor, text(attendee, "email"))]
    if not own and not by_business:
        return [booker(booking)]
    return [Party(attendee, _is_booker(booking, attendee)) for attendee in own or attendees]


def booker(booking: Object) -> Party:
    """Return who booked: whose ``responses`` they are, wherever that is told."""
    attendees = objects(booking, "attendees")
    for attendee in attendees:
        if _is_booker(booking, attendee):
            return Party(attendee, True)
    if len(attendees) == 1 and not _are_two(booking, attendees[0]):
        return Party(attendees[0], True)
    if answer(booking, "email") or not attendees:
        return Party(_NOBODY, True)
    if not is_class(booking):
        return Party(attendees[0], True)
    seat = text(booking, "attendeeSeatId")
    seated = (person for person in attendees if seat and _seat(person) == seat)
    return Party(next(seated, attendees[-1]), True)


def is_class(booking: Object) -> bool:
    """Whether the booking has seats, each for a person of its own."""
    return bool(
        text(booking, "attendeeSeatId")
        or text(booking, "seatsPerTimeSlot")
        or any(_seat(attendee) for attendee in objects(booking, "attendees"))
    )


def person_of(party: Party, booking: Object, region: str | None) -> Person:
    """Return the person, put together from that person's own fields alone."""
    attendee = party.attendee
    own_answers = booking if party.is_booker else _NOBODY
    email = text(attendee, "email") or answer(own_answers, "email")
    made_up = email if email and is_synthetic(email) else None
    return Person(
        email=None if made_up else email,
        phone=next(_phones(attendee, own_answers, made_up, region), None),
        name=text(attendee, "name") or answer(own_answers, "name"),
    )


def person_at(email: str | None, region: str | None) -> Person:
    """Return who has the address *email*, which Cal.com makes up of a number for some."""
    if email and is_synthetic(email):
        return Person(phone=normalize_phone(email[: -len(_SYNTHETIC)], region))
    return Person(email=email)


def is_synthetic(email: str) -> bool:
    """Whether Cal.com made the address up for somebody who books by phone."""
    return email.lower().endswith(_SYNTHETIC)


def phone_place(booking: Object) -> str | None:
    """Return the number that the booker typed in as the place to be called at."""
    place = inner(inner(inner(booking, "responses"), "location"), "value")
    return text(place, "optionValue") if text(place, "value") == PHONE_PLACE else None


def same_address(address: str | None, other: str | None) -> bool:
    """Whether both are addresses, and the same."""
    return address is not None and other is not None and address.lower() == other.lower()


def _is_booker(booking: Object, attendee: Object) -> bool:
    email = answer(booking, "email")
    if email:
        return same_address(email, text(attendee, "email"))
    phone = answer(booking, "attendeePhoneNumber")
    return phone is not None and phone == text(attendee, "phoneNumber")


def _are_two(booking: Object, attendee: Object) -> bool:
    """Whether the only attendee and the person of ``responses`` are two people."""
    named, listed = answer(booking, "email"), text(attendee, "email")
    if not named or not listed or same_address(named, listed):
        return False
    return is_class(booking) or not (is_synthetic(named) or is_synthetic(listed))


def _phones(
    attendee: Object, own_answers: Object, made_up: str | None, region: str | None
) -> Iterator[str]:
    """Walk through the numbers of one person, wherever Cal.com has them."""
    spellings = (
        text(attendee, "phoneNumber"),
        answer(own_answers, "attendeePhoneNumber"),
        answer(own_answers, "smsReminderNumber"),
        _reminder_number(own_answers),
        phone_place(own_answers),
        made_up and made_up[: -len(_SYNTHETIC)],
    )
    for spelling in spellings:
        if spelling and (phone := normalize_phone(spelling, region)):
            yield phone


def _reminder_number(booking: Object) -> str | None:
    """Return the number beside ``responses``, which in a class is the first booker's."""
    number = text(booking, "smsReminderNumber")
    return None if number is None or is_class(booking) else number


def _seat(attendee: Object) -> str | None:
    return text(inner(attendee, "bookingSeat"), "referenceUid")
