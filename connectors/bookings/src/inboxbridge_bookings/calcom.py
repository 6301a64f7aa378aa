"""Cal.com, with its default payload.

Source: https://cal.com/docs/developing/guides/automation/webhooks
"""

from __future__ import annotations

from typing import Any, ClassVar

from inboxbridge import (
    Connector,
    Direction,
    Event,
    HmacSignature,
    MalformedBody,
    Person,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
    normalize_phone,
)
from inboxbridge.reading import local_time_text

from inboxbridge_bookings.reading import (
    Object,
    inner,
    moment,
    needed_moment,
    needed_object,
    needed_text,
    objects,
    text,
)
from inboxbridge_bookings.settings import BookingSettings
from inboxbridge_bookings.wording import cancelled_text, one_line

_CANCELLED = "BOOKING_CANCELLED"
_TEXTS = {
    "BOOKING_CREATED": "Booked {what}, {when}",
    "BOOKING_REQUESTED": "Asked for {what}, {when}",
    "BOOKING_REJECTED": "Declined {what}, {when}",
    "BOOKING_PAID": "Paid for {what}, {when}",
    "BOOKING_RESCHEDULED": "Rescheduled {what} to {when}",
}
_ACTOR = {_CANCELLED: "cancelledBy", "BOOKING_RESCHEDULED": "rescheduledBy"}

_SYNTHETIC = "@sms.cal.com"
"""The domain of the address that Cal.com makes up for a person who books by phone."""

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
    """Bookings as activities: asked for, booked, declined, paid, rescheduled, cancelled."""

    label: ClassVar[str] = "Cal.com"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = _body(request)
        kind = needed_text(body, "triggerEvent", f"{_CUSTOM_TEMPLATE}: ")
        if kind != _CANCELLED and kind not in _TEXTS:
            return []
        return [self._event(kind, body, needed_object(body, "payload", ""))]

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.secret, header="X-Cal-Signature-256")

    def _event(self, kind: str, body: Object, booking: Object) -> Event:
        uid = needed_text(booking, "uid", "payload.")
        attendee = next(iter(objects(booking, "attendees")), {})
        person = self._person(booking, attendee)
        if not person.is_known:
            raise MalformedBody("payload.attendees[0].email is missing, or is not an email address")
        return Event(
            id=f"{kind}:{uid}:{text(body, 'createdAt') or ''}",
            kind="activity",
            direction=_direction(kind, booking),
            person=person,
            text=self._text(kind, booking, attendee),
            occurred_at=moment(body, "createdAt"),
            thread=person.email or person.phone,
            about=uid,
        )

    def _person(self, booking: Object, attendee: Object) -> Person:
        responses = inner(booking, "responses")
        email = text(attendee, "email") or _answer(responses, "email")
        synthetic = email is not None and email.lower().endswith(_SYNTHETIC)
        spellings = (
            text(attendee, "phoneNumber"),
            _answer(responses, "attendeePhoneNumber"),
            _answer(responses, "smsReminderNumber"),
            text(booking, "smsReminderNumber"),
            email[: -len(_SYNTHETIC)] if email and synthetic else None,
        )
        phones = (normalize_phone(spelling, self.settings.region) for spelling in spellings)
        return Person(
            email=None if synthetic else email,
            phone=next(filter(None, phones), None),
            name=text(attendee, "name") or _answer(responses, "name"),
        )

    def _text(self, kind: str, booking: Object, attendee: Object) -> str:
        title = text(booking, "eventTitle") or text(booking, "title") or text(booking, "type")
        what = one_line(title or "an appointment")
        start = needed_moment(booking, "startTime", "payload.")
        when = local_time_text(start, self.settings.timezone or text(attendee, "timeZone"))
        if kind == _CANCELLED:
            who = _who(text(booking, "cancelledBy"), attendee, inner(booking, "organizer"))
            return cancelled_text(f"{what}, {when}", who, text(booking, "cancellationReason"))
        return _TEXTS[kind].replace("{when}", when).replace("{what}", what)


def _body(request: WebhookRequest) -> dict[str, Any]:
    try:
        return request.json_object()
    except MalformedBody as error:
        raise MalformedBody(f"{_CUSTOM_TEMPLATE}: {error}") from None


def _answer(responses: Object, name: str) -> str | None:
    return text(inner(responses, name), "value")


def _direction(kind: str, booking: Object) -> Direction:
    if kind == "BOOKING_REJECTED":
        return "outbound"
    actor = text(booking, _ACTOR.get(kind, ""))
    return "outbound" if _is(actor, inner(booking, "organizer")) else "inbound"


def _who(actor: str | None, attendee: Object, organizer: Object) -> str | None:
    """Return who acted, by name: Cal.com says it by email address."""
    if _is(actor, organizer):
        return text(organizer, "name") or "the business"
    if _is(actor, attendee):
        return text(attendee, "name") or "the customer"
    return None if actor is None or "@" in actor else actor


def _is(actor: str | None, somebody: Object) -> bool:
    email = text(somebody, "email")
    return actor is not None and email is not None and actor.lower() == email.lower()
