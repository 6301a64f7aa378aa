"""Calendly, version 2 of its webhooks.

Source: https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from inboxbridge import (
    Connector,
    Direction,
    Event,
    MalformedBody,
    Person,
    Secrets,
    Signature,
    TimestampedHmac,
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

_BOOKED = "invitee.created"
_CANCELLED = "invitee.canceled"
_NO_SHOW = "invitee_no_show.created"
_NO_SHOW_TAKEN_BACK = "invitee_no_show.deleted"
_KINDS = (_BOOKED, _CANCELLED, _NO_SHOW, _NO_SHOW_TAKEN_BACK)

_PHONE = re.compile(r"\+?[0-9 ().\-/]{7,25}")
_ASKS_FOR_PHONE = re.compile("phone|mobile|cell|tel|tél|handy|whatsapp|sms", re.IGNORECASE)


class CalendlySettings(BookingSettings):
    """Settings of a Calendly connection.

    Attributes:
        signing_key: The key given when the webhook subscription was made; a list while it is being
            rotated.
    """

    signing_key: Secrets


class CalendlyBookings(Connector[CalendlySettings]):
    """Bookings as activities: booked, rescheduled, cancelled, no-show."""

    label: ClassVar[str] = "Calendly"

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = request.json_object()
        kind = needed_text(body, "event", "")
        if kind not in _KINDS:
            return []
        invitee = needed_object(body, "payload", "")
        if kind == _CANCELLED and invitee.get("rescheduled") is True:
            # The other half, the booking of the new time, tells the whole story.
            return []
        return [self._event(kind, body, invitee)]

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
        )

    def _person(self, invitee: Object) -> Person:
        first, last = text(invitee, "first_name"), text(invitee, "last_name")
        return Person(
            email=text(invitee, "email"),
            phone=self._phone(invitee),
            name=text(invitee, "name") or " ".join(filter(None, (first, last))),
        )

    def _phone(self, invitee: Object) -> str | None:
        """Return the number for reminders, else the first answer that is a phone number.

        An order number has as many digits as a phone number. So an answer must start with a plus,
        or be asked for as a phone number on a connection that has a region.
        """
        region = self.settings.region
        phone = normalize_phone(text(invitee, "text_reminder_number"), region)
        if phone is not None:
            return phone
        for answer in objects(invitee, "questions_and_answers"):
            given = text(answer, "answer")
            if given is None or _PHONE.fullmatch(given) is None:
                continue
            asked = region and _ASKS_FOR_PHONE.search(text(answer, "question") or "")
            if asked or given.startswith("+"):
                phone = normalize_phone(given, region)
                if phone is not None:
                    return phone
        return None

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


def _direction(kind: str, invitee: Object) -> Direction:
    if kind in (_NO_SHOW, _NO_SHOW_TAKEN_BACK):
        return "outbound"
    by_host = text(inner(invitee, "cancellation"), "canceler_type") == "host"
    return "outbound" if kind == _CANCELLED and by_host else "inbound"


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
    return f"Booked {what}, {when}"


def _occurred_at(kind: str, body: Object, invitee: Object) -> datetime | None:
    source = {
        _BOOKED: invitee,
        _CANCELLED: inner(invitee, "cancellation"),
        _NO_SHOW: inner(invitee, "no_show"),
    }.get(kind, body)
    return moment(source, "created_at") or moment(body, "created_at")
