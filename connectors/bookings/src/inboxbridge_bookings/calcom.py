"""Cal.com, with its default payload.

Source: https://cal.com/docs/developing/guides/automation/webhooks
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from inboxbridge import (
    Connector,
    Direction,
    Event,
    HmacSignature,
    MalformedBody,
    Part,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import as_object, fingerprint, items, local_time_text, read_each

from inboxbridge_bookings._calcom_people import (
    Party,
    booker,
    is_class,
    parties,
    person_at,
    person_of,
    same_address,
)
from inboxbridge_bookings._calcom_responses import answer, form_answers, said
from inboxbridge_bookings.answers import as_text, person_in
from inboxbridge_bookings.reading import (
    Object,
    ignored,
    inner,
    moment,
    needed_moment,
    needed_object,
    needed_text,
    objects,
    text,
)
from inboxbridge_bookings.settings import BookingSettings
from inboxbridge_bookings.wording import cancelled_text, minor_money, one_line, with_reason

_BOOKED = "BOOKING_CREATED"
_REQUESTED = "BOOKING_REQUESTED"
_CANCELLED = "BOOKING_CANCELLED"
_MOVED = "BOOKING_RESCHEDULED"
_DECLINED = "BOOKING_REJECTED"
_PAID = "BOOKING_PAID"
_UNPAID = "BOOKING_PAYMENT_INITIATED"
_NO_SHOW = "BOOKING_NO_SHOW_UPDATED"
_FORM_ALONE = "FORM_SUBMITTED_NO_EVENT"
_FORMS = ("FORM_SUBMITTED", _FORM_ALONE)
_BOOKINGS = (_BOOKED, _REQUESTED, _CANCELLED, _MOVED, _DECLINED, _PAID, _UNPAID)

_ACTOR = {_CANCELLED: "cancelledBy", _MOVED: "rescheduledBy"}
_BEGINNINGS = (_BOOKED, _REQUESTED)
_FOR_EVERYBODY = (_CANCELLED, _MOVED, _DECLINED)
"""What the business may do to a whole class, for everybody in it."""

_CUSTOM_TEMPLATE = (
    "only Cal.com's default payload can be read: take the custom payload template off the webhook"
)


class CalComSettings(BookingSettings):
    """Settings of a Cal.com connection.

    Attributes:
        secret: The webhook's secret; a list while it is being rotated.
    """

    secret: Secrets


class CalComBookings(Connector[CalComSettings]):
    """Bookings as activities: asked for, booked, declined, paid, rescheduled, cancelled, no-show.

    What a booker answers on the way is a message of theirs, and so is a routing form.
    """

    label: ClassVar[str] = "Cal.com"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        body = _body(request)
        kind = needed_text(body, "triggerEvent", f"{_CUSTOM_TEMPLATE}: ")
        if kind in _BOOKINGS:
            return self._booking(kind, body, needed_object(body, "payload", ""))
        if kind == _NO_SHOW:
            return self._no_shows(body, needed_object(body, "payload", ""))
        if kind in _FORMS:
            return [self._form(kind, body, needed_object(body, "payload", "")) or ignored(kind)]
        return [ignored(kind)]

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.secret, header="X-Cal-Signature-256")

    def _booking(self, kind: str, body: Object, booking: Object) -> list[Part]:
        uid = needed_text(booking, "uid", "payload.")
        whom = _concerned(kind, booking)
        read = partial(self._events, kind, uid, body, booking)
        return read_each(whom, read) if len(whom) > 1 else [*read(whom[0])]

    def _events(
        self, kind: str, uid: str, body: Object, booking: Object, party: Party
    ) -> list[Event]:
        person = person_of(party, booking, self.settings.region)
        if not person.is_known:
            raise MalformedBody("payload.attendees[0].email is missing, or is not an email address")
        is_for_many = kind in _FOR_EVERYBODY and is_class(booking)
        told_apart = f":{_key(person)}" if is_for_many else ""
        event = Event(
            id=f"{kind}:{uid}:{text(body, 'createdAt') or ''}{told_apart}",
            kind="activity",
            direction=_direction(kind, booking),
            person=person,
            text=self._text(kind, booking, party),
            occurred_at=moment(body, "createdAt"),
            thread=person.email or person.phone,
            about=uid,
            recipient=text(inner(booking, "organizer"), "email"),
        )
        answers = said(booking) if kind in _BEGINNINGS and party.is_booker else []
        if not answers:
            return [event]
        return [event, _answers(event, text(booking, "attendeeSeatId") or "", as_text(answers))]

    def _text(self, kind: str, booking: Object, party: Party) -> str:
        title = text(booking, "eventTitle") or text(booking, "title") or text(booking, "type")
        what = one_line(title or "an appointment")
        start = needed_moment(booking, "startTime", "payload.")
        when = local_time_text(start, self.settings.timezone or text(party.attendee, "timeZone"))
        booked = f"{what}, {when}"
        if kind == _CANCELLED and booking.get("requestReschedule") is True:
            host = one_line(text(inner(booking, "organizer"), "name") or "The business", 100)
            line = f"{host} asked for another time for {booked}"
            return with_reason(line, text(booking, "cancellationReason"))
        if kind == _CANCELLED:
            who = _who(text(booking, "cancelledBy"), party, booking)
            return cancelled_text(booked, who, text(booking, "cancellationReason"))
        if kind == _MOVED:
            return with_reason(f"Rescheduled {what} to {when}", answer(booking, "rescheduleReason"))
        if kind == _DECLINED:
            return with_reason(f"Declined {booked}", text(booking, "rejectionReason"))
        if kind == _PAID:
            amount = _amount(booking)
            return f"Paid {f'{amount} ' if amount else ''}for {booked}"
        if kind == _UNPAID:
            amount = _amount(booking)
            return f"Has yet to pay {f'{amount} ' if amount else ''}for {booked}"
        return f"{'Booked' if kind == _BOOKED else 'Asked for'} {booked}"

    def _no_shows(self, body: Object, payload: Object) -> list[Part]:
        uid = needed_text(payload, "bookingUid", "payload.")
        created = text(body, "createdAt") or ""

        def read(attendee: Any) -> Event:
            entry = as_object(attendee, "an entry of payload.attendees")
            person = person_at(text(entry, "email"), self.settings.region)
            if not person.is_known:
                raise MalformedBody("an entry of payload.attendees has no email address")
            is_no_show = entry.get("noShow") is True
            return Event(
                id=f"{_NO_SHOW}:{uid}:{created}:{_key(person)}",
                kind="activity",
                direction="outbound",
                person=person,
                text="Marked as a no-show" if is_no_show else "No longer marked as a no-show",
                occurred_at=moment(body, "createdAt"),
                thread=person.email or person.phone,
                about=uid,
            )

        return read_each(items(payload.get("attendees")), read) or [ignored(_NO_SHOW)]

    def _form(self, kind: str, body: Object, form: Object) -> Event | None:
        """Read a routing form; None where it names nobody."""
        answers = form_answers(form)
        person = person_in(answers, self.settings.region)
        if not person.is_known:
            return None
        name = one_line(text(form, "formName") or "", 200)
        done = f"Filled in the form {name}" if name else "Filled in a form"
        if kind == _FORM_ALONE:
            done += " and did not book"
        written = as_text(answers)
        created = text(body, "createdAt") or ""
        return Event(
            id=fingerprint(kind, text(form, "formId") or "", created, written),
            person=person,
            text=f"{done}\n{written}",
            occurred_at=moment(body, "createdAt"),
            thread=person.email or person.phone,
        )


def _body(request: WebhookRequest) -> dict[str, Any]:
    try:
        return request.json_object()
    except MalformedBody as error:
        raise MalformedBody(f"{_CUSTOM_TEMPLATE}: {error}") from None


def _concerned(kind: str, booking: Object) -> list[Party]:
    if kind not in _FOR_EVERYBODY:
        return [booker(booking)]
    actor = text(booking, _ACTOR.get(kind, ""))
    by_business = kind != _MOVED or _direction(kind, booking) == "outbound"
    return parties(booking, actor, by_business=by_business)


def _answers(booking: Event, seat: str, written: str) -> Event:
    """Return what the booker wrote on the way to *booking*, as a message of theirs.

    A booking that was asked for and then accepted is told twice; what was written shows once.
    """
    return Event(
        id=f"answers:{booking.about}:{_key(booking.person)}{seat and f':{seat}'}",
        person=booking.person,
        text=written,
        occurred_at=booking.occurred_at,
        thread=booking.thread,
        about=booking.about,
        recipient=booking.recipient,
    )


def _key(person: Person) -> str:
    """Return what tells the people of one booking apart in ids, without showing who they are."""
    return fingerprint("person", person.email or person.phone or "").removeprefix("person:")[:16]


def _direction(kind: str, booking: Object) -> Direction:
    asks_to_move = kind == _CANCELLED and booking.get("requestReschedule") is True
    if kind == _DECLINED or asks_to_move:
        return "outbound"
    actor = text(booking, _ACTOR[kind]) if kind in _ACTOR else None
    if actor is None:
        return "inbound"
    hosts = [inner(booking, "organizer"), *objects(inner(booking, "team"), "members")]
    is_host = any(same_address(actor, text(host, "email")) for host in hosts)
    return "outbound" if is_host else "inbound"


def _who(actor: str | None, party: Party, booking: Object) -> str | None:
    """Return who acted, by name: Cal.com says it by email address."""
    organizer = inner(booking, "organizer")
    if same_address(actor, text(organizer, "email")):
        return text(organizer, "name") or "the business"
    own = text(party.attendee, "email") or (answer(booking, "email") if party.is_booker else None)
    if same_address(actor, own):
        return text(party.attendee, "name") or "the customer"
    return None if actor is None or "@" in actor else actor


def _amount(booking: Object) -> str:
    """Return what is paid: of the payment where it is told, else the price of what is booked."""
    payment = inner(booking, "paymentData")
    return minor_money(payment.get("amount"), text(payment, "currency")) or minor_money(
        booking.get("price"), text(booking, "currency")
    )
