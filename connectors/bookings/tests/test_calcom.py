from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import MalformedBody, MinimalMessage, WebhookRequest
from inboxbridge.testing import message_of
from inboxbridge_bookings import connector
from inboxbridge_bookings.calcom import CalComBookings
from pydantic import ValidationError

WHEN = "Sat 7 Nov 2026 10:00 (America/Denver)"
EVENTS = (
    "booked",
    "requested",
    "rejected",
    "paid",
    "rescheduled",
    "cancelled-by-attendee",
    "booked-by-phone",
)


def calcom(**settings: Any) -> CalComBookings:
    return CalComBookings(CalComBookings.Settings(**{"secret": "cal-secret", **settings}))


@pytest.fixture
def parse(request_with):
    """Parse one body on a connection with the given settings."""
    return lambda body, **settings: calcom(**settings).parse_event(request_with(body))


def test_calcom_is_a_provider_of_bookings():
    assert connector.load("calcom") is CalComBookings


def test_a_booking_is_an_activity_of_the_attendee(parse, sample):
    [event] = parse(sample("calcom-booked"))

    assert event.text == f"Booked 60min, {WHEN}"
    assert (event.kind, event.direction) == ("activity", "inbound")
    assert event.person.email == "dana@example.com"
    assert event.person.phone is None
    assert event.person.name == "Dana Reyes"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 0, 538_000, tzinfo=UTC)
    assert event.thread == "dana@example.com"
    assert event.about == "bFJeNb2uX8ANpT3JL5EfXw"


def test_the_message_is_one_line_with_an_icon(parse, sample):
    [event] = parse(sample("calcom-booked"))

    message = message_of(calcom(icon_url="https://spa.example.com/icon.png"), event)

    assert message == MinimalMessage(text=event.text, icon_url="https://spa.example.com/icon.png")


@pytest.mark.parametrize(
    ("name", "text", "direction"),
    [
        ("requested", f"Asked for 60min, {WHEN}", "inbound"),
        ("rejected", f"Declined 60min, {WHEN}", "outbound"),
        ("paid", f"Paid for 60min, {WHEN}", "inbound"),
        (
            "rescheduled",
            "Rescheduled 60min to Sat 7 Nov 2026 12:00 (America/Denver)",
            "inbound",
        ),
        ("cancelled-by-attendee", f"Cancelled 60min, {WHEN}, by Dana Reyes: Sick", "inbound"),
        (
            "cancelled-by-organizer",
            f"Cancelled 60min, {WHEN}, by Spa: The heating is broken",
            "outbound",
        ),
    ],
)
def test_each_trigger_says_what_happened_and_who_did_it(parse, sample, name, text, direction):
    [event] = parse(sample(f"calcom-{name}"))

    assert (event.text, event.direction) == (text, direction)


def test_a_reschedule_by_the_organizer_is_outbound(parse, sample):
    body = sample("calcom-rescheduled")
    body["payload"]["rescheduledBy"] = "owner@example.com"

    assert parse(body)[0].direction == "outbound"


@pytest.mark.parametrize(
    ("cancelled_by", "ending"),
    [
        (None, f"{WHEN}: Sick"),
        ("somebody@example.org", f"{WHEN}: Sick"),
        ("Front desk", f"{WHEN}, by Front desk: Sick"),
    ],
)
def test_a_stranger_who_cancels_is_not_shown_by_address(parse, sample, cancelled_by, ending):
    body = sample("calcom-cancelled-by-attendee")
    body["payload"]["cancelledBy"] = cancelled_by

    [event] = parse(body)

    assert event.text.endswith(ending)
    assert event.direction == "inbound"


def test_the_made_up_address_of_a_phone_booker_is_no_email(parse, sample):
    [event] = parse(sample("calcom-booked-by-phone"))

    assert event.person.email is None
    assert event.person.phone == "+14155550132"
    assert event.thread == "+14155550132"


@pytest.mark.parametrize("place", ["address", "responses", "sms", "smsReminderNumber"])
def test_the_phone_is_found_wherever_calcom_puts_it(parse, sample, place):
    body = sample("calcom-booked-by-phone")
    booking = body["payload"]
    del booking["attendees"][0]["phoneNumber"]
    if place != "responses":
        del booking["responses"]["attendeePhoneNumber"]
    if place != "address":
        booking["attendees"][0]["email"] = "dana@example.com"
    if place == "sms":
        booking["responses"]["smsReminderNumber"] = {"label": "sms", "value": "+14155550132"}
    if place == "smsReminderNumber":
        booking["smsReminderNumber"] = "+14155550132"

    [event] = parse(body)

    assert event.person.phone == "+14155550132"


@pytest.mark.parametrize("name", ["meeting-started", "ping"])
def test_other_triggers_are_ignored(parse, sample, name):
    assert parse(sample(f"calcom-{name}")) == []


@pytest.mark.parametrize(
    "body", [b"name=Dana+Reyes&when=Saturday", b"Booked by Dana", b"[]", b'{"who": "Dana"}']
)
def test_a_custom_payload_template_is_refused_with_the_way_out(parse, body):
    with pytest.raises(MalformedBody, match="take the custom payload template off the webhook"):
        parse(body)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"uid": None}, r"payload\.uid is missing"),
        ({"startTime": "soon"}, r"payload\.startTime is missing"),
        ({"attendees": [], "responses": {}}, r"payload\.attendees\[0\]\.email is missing"),
    ],
)
def test_a_missing_field_is_named_by_its_path(parse, sample, change, reason):
    body = sample("calcom-booked")
    body["payload"].update(change)

    with pytest.raises(MalformedBody, match=f"^{reason}"):
        parse(body)


def test_a_missing_payload_is_named(parse):
    with pytest.raises(MalformedBody, match=r"^payload is missing"):
        parse({"triggerEvent": "BOOKING_CREATED"})


def test_ids_are_the_same_on_redelivery_and_differ_between_events(parse, sample):
    bodies = [sample(f"calcom-{name}") for name in EVENTS]
    ids = [parse(body)[0].id for body in bodies]

    assert ids == [parse(body)[0].id for body in bodies]
    assert len(set(ids)) == len(ids)


BODY = b'{"triggerEvent":"BOOKING_CREATED"}'
DIGEST = "cf51df2893fd71b1980d99a59a5eee3d05546826f8dadd9e562d4cde9f50acf4"


def reason(header: str | None, body: bytes = BODY, **settings: Any) -> str | None:
    headers = {} if header is None else {"X-Cal-Signature-256": header}
    return calcom(**settings).signature().verify(WebhookRequest(headers=headers, body=body), 0)


def test_calcoms_signature_verifies():
    assert reason(DIGEST) is None
    assert reason(DIGEST, secret=["new", "cal-secret"]) is None


@pytest.mark.parametrize("header", [None, "", "no-secret-provided", DIGEST[:-1] + "5", "sha256="])
def test_a_missing_or_wrong_signature_is_refused(header):
    assert reason(header) is not None


def test_an_altered_body_or_another_secret_is_refused():
    assert reason(DIGEST, body=BODY + b" ") is not None
    assert reason(DIGEST, secret="other") is not None


def test_the_secret_is_required():
    with pytest.raises(ValidationError, match="secret"):
        CalComBookings.Settings()
