"""Calendly, version 2 of its webhooks.

Source: https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from inboxbridge import (
    Connector,
    Direction,
    Event,
    MalformedBody,
    Part,
    Person,
    Secrets,
    Signature,
    TimestampedHmac,
    WebhookRequest,
    hookimpl,
    normalize_phone,
)
from inboxbridge.reading import local_time_text

from inboxbridge_bookings.answers import Answer, as_text, person_in, phone_in, typed_phone
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
from inboxbridge_bookings.wording import cancelled_text, money, one_line

_BOOKED = "invitee.created"
_CANCELLED = "invitee.canceled"
_NO_SHOW = "invitee_no_show.created"
_NO_SHOW_TAKEN_BACK = "invitee_no_show.deleted"
_KINDS = (_BOOKED, _CANCELLED, _NO_SHOW, _NO_SHOW_TAKEN_BACK)
_ROUTING_FORM = "routing_form_submission.created"

_NOTED = {_CANCELLED: "cancellation", _NO_SHOW: "no_show"}
"""Where an invitee tells when that happened."""

_TYPED_PLACES = ("outbound_call", "ask_invitee")
"""Kinds of place that the invitee types in: the number to be called at, or anything."""


class CalendlySettings(BookingSettings):
    """Settings of a Calendly connection.

    Attributes:
        signing_key: The key given when the webhook subscription was made; a list while it is being
            rotated.
    """

    signing_key: Secrets


class CalendlyBookings(Connector[CalendlySettings]):
    """Bookings as activities: booked, rescheduled, cancelled, no-show.

    What an invitee answers on the way is a message of theirs, and so is a routing form.
    """

    label: ClassVar[str] = "Calendly"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        body = request.json_object()
        kind = needed_text(body, "event", "")
        if kind == _ROUTING_FORM:
            return [self._form(body, needed_object(body, "payload", "")) or ignored(kind)]
        if kind not in _KINDS:
            return [ignored(kind)]
        invitee = needed_object(body, "payload", "")
        if kind == _CANCELLED and invitee.get("rescheduled") is True:
            # The other half, the booking of the new time, tells the whole story.
            return [ignored(kind)]
        event = self._event(kind, body, invitee)
        answers = _said(invitee) if kind == _BOOKED else ""
        return [event, _answers(event, answers)] if answers else [event]

    @hookimpl
    def signature(self) -> Signature:
        return TimestampedHmac(self.settings.signing_key, header="Calendly-Webhook-Signature")

    def _event(self, kind: str, body: Object, invitee: Object) -> Event:
        uri = needed_text(invitee, "uri", "payload.")
        person = self._person(invitee)
        if not person.is_known and kind in (_BOOKED, _CANCELLED):
            raise MalformedBody("payload.email is missing, or is not an email address")
        return Event(
            id=_event_id(kind, uri, body, invitee),
            kind="activity",
            direction=_direction(kind, invitee),
            person=person,
            text=_activity(kind, invitee, self._what(invitee), self._when(invitee)),
            occurred_at=_occurred_at(kind, body, invitee),
            thread=person.email,
            about=uri,
            recipient=_host(invitee),
        )

    def _form(self, body: Object, submission: Object) -> Event | None:
        """Read a routing form; None where it names nobody.

        Who went on to book is named by the submission, too: as the invitee whom the booking is
        about.
        """
        answers = _questions(submission)
        person = person_in(answers, self.settings.region)
        invitee = text(submission, "submitter")
        if not answers or not (person.is_known or invitee):
            return None
        return Event(
            id=f"{_ROUTING_FORM}:{needed_text(submission, 'uri', 'payload.')}",
            person=person,
            text=f"Filled in a routing form\n{as_text(answers)}",
            occurred_at=moment(submission, "created_at") or moment(body, "created_at"),
            thread=person.email,
            about=invitee,
        )

    def _person(self, invitee: Object) -> Person:
        return Person(
            email=text(invitee, "email"),
            phone=self._phone(invitee),
            name=text(invitee, "name") or _name_in_parts(invitee),
        )

    def _phone(self, invitee: Object) -> str | None:
        """Return the number for reminders, else to be called at, else given as an answer."""
        region = self.settings.region
        return (
            normalize_phone(text(invitee, "text_reminder_number"), region)
            or typed_phone(_typed_place(_own(invitee)), region)
            or phone_in(_questions(invitee), region)
        )

    def _what(self, invitee: Object) -> str:
        return one_line(text(inner(invitee, "scheduled_event"), "name") or "an appointment")

    def _when(self, invitee: Object) -> str:
        booking = needed_object(invitee, "scheduled_event", "payload.")
        start = needed_moment(booking, "start_time", "payload.scheduled_event.")
        return local_time_text(start, self.settings.timezone or text(invitee, "timezone"))


def _event_id(kind: str, uri: str, body: Object, invitee: Object) -> str:
    """Return an id that a redelivery repeats: Calendly's deliveries have none of their own.

    An invitee is booked once and cancelled once, but may be marked as a no-show several times.
    """
    if kind in (_BOOKED, _CANCELLED):
        return f"{kind}:{uri}"
    mark = (
        text(inner(invitee, "no_show"), "uri")
        or text(invitee, "updated_at")
        or text(body, "created_at")
    )
    return f"{kind}:{uri}:{mark or ''}"


def _name_in_parts(invitee: Object) -> str:
    return " ".join(filter(None, (text(invitee, "first_name"), text(invitee, "last_name"))))


def _direction(kind: str, invitee: Object) -> Direction:
    if kind == _BOOKED:
        by_host = text(invitee, "invitee_scheduled_by") is not None
    elif kind == _CANCELLED:
        by_host = text(inner(invitee, "cancellation"), "canceler_type") == "host"
    else:
        by_host = True
    return "outbound" if by_host else "inbound"


def _activity(kind: str, invitee: Object, what: str, when: str) -> str:
    if kind == _CANCELLED:
        cancellation = inner(invitee, "cancellation")
        who = text(cancellation, "canceled_by") or {
            "invitee": "the customer",
            "host": "the business",
        }.get(text(cancellation, "canceler_type") or "")
        return cancelled_text(f"{what}, {when}", who, text(cancellation, "reason"))
    if kind == _NO_SHOW:
        return f"Marked as a no-show: {what}, {when}"
    if kind == _NO_SHOW_TAKEN_BACK:
        return f"No longer marked as a no-show: {what}, {when}"
    if text(invitee, "old_invitee"):
        return f"Rescheduled {what} to {when}"
    return f"Booked {what}, {when}{_paid(invitee)}"


def _occurred_at(kind: str, body: Object, invitee: Object) -> datetime | None:
    source = body
    if kind == _BOOKED:
        source = invitee
    elif kind in _NOTED:
        source = inner(invitee, _NOTED[kind])
    return moment(source, "created_at") or moment(body, "created_at")


def _paid(invitee: Object) -> str:
    payment = inner(invitee, "payment")
    amount = money(payment.get("amount"), text(payment, "currency"))
    if not amount:
        return ""
    return (
        f", payment of {amount} failed"
        if payment.get("successful") is False
        else f", paid {amount}"
    )


def _answers(booking: Event, answers: str) -> Event:
    """Return what the invitee wrote on the way to *booking*, as a message of theirs."""
    return Event(
        id=f"answers:{booking.about}",
        direction=booking.direction,
        person=booking.person,
        text=answers,
        occurred_at=booking.occurred_at,
        thread=booking.thread,
        about=booking.about,
        recipient=booking.recipient,
    )


def _said(invitee: Object) -> str:
    """Return the answers, the place and the guests that an invitee wrote, one a line.

    The number for reminders, given once more as an answer, is not repeated: it is the person's.
    """
    answers = _questions(invitee)
    if answers and (reminder := text(invitee, "text_reminder_number")):
        answers = [answer for answer in answers if not answer.repeats(reminder)]
    own = _own(invitee)
    if place := _typed_place(own):
        answers.append(Answer("Place", place))
    if guests := objects(own, "event_guests"):
        addresses = filter(None, (text(guest, "email") for guest in guests))
        answers.append(Answer("Guests", ", ".join(addresses)))
    return as_text(answer for answer in answers if answer.value)


def _questions(holder: Object) -> list[Answer]:
    return [
        Answer(text(entry, "question") or "", answer)
        for entry in objects(holder, "questions_and_answers")
        if (answer := text(entry, "answer"))
    ]


def _own(invitee: Object) -> Object:
    """Return the booking where it is the invitee's alone; of a group event, an empty one."""
    booking = inner(invitee, "scheduled_event")
    return booking if inner(booking, "invitees_counter").get("limit") in (None, 1) else {}


def _typed_place(booking: Object) -> str | None:
    place = inner(booking, "location")
    return text(place, "location") if place.get("type") in _TYPED_PLACES else None


def _host(invitee: Object) -> str | None:
    """Return the user whose calendar it is in; None where there are several."""
    hosts = objects(inner(invitee, "scheduled_event"), "event_memberships")
    return text(hosts[0], "user") if len(hosts) == 1 else None
