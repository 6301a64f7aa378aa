from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import (
    BasicMessage,
    IgnoredPart,
    MalformedBody,
    MinimalMessage,
    Person,
    UnreadablePart,
    WebhookRequest,
)
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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("meeting-started", "MEETING_STARTED"),
        ("ping", "PING"),
        ("edge-form-without-anybody", "FORM_SUBMITTED"),
    ],
)
def test_what_is_left_out_is_told_by_its_trigger(parse, sample, name, kind):
    assert parse(sample(f"calcom-{name}")) == [IgnoredPart(kind=kind)]


MARA = Person(email="mara@example.com", name="Mara Voss")
TOBIAS = Person(email="tobias@example.org", name="Tobias Renk", phone="+436641234567")


def test_who_books_a_seat_in_a_class_is_who_answered_and_not_who_is_listed_first(parse, sample):
    [event] = parse(sample("calcom-second-seat"))

    assert event.person == TOBIAS
    assert event.thread == "tobias@example.org"
    assert event.text == "Booked Yoga, Mon 12 Oct 2026 18:00 (Europe/Vienna)"


def test_the_number_for_reminders_beside_a_class_is_another_bookers(parse, sample):
    body = sample("calcom-second-seat")
    booking = body["payload"]
    booking["smsReminderNumber"] = "+4915112345678"
    del booking["responses"]["attendeePhoneNumber"]
    booking["attendees"][1]["phoneNumber"] = None

    [event] = parse(body)

    assert event.person == TOBIAS.model_copy(update={"phone": None})


@pytest.mark.parametrize("seat_is_named", [True, False])
def test_a_seat_without_answers_is_the_one_that_is_named_else_the_last(
    parse, sample, seat_is_named
):
    body = sample("calcom-second-seat")
    booking = body["payload"]
    booking["responses"] = {}
    if seat_is_named:
        booking["attendees"].reverse()
        booking["attendees"][0]["bookingSeat"] = {"referenceUid": "seat-2"}

    [event] = parse(body)

    assert event.person == TOBIAS


def test_answers_of_somebody_who_is_no_attendee_are_not_mixed_with_one_who_is(parse, sample):
    body = sample("calcom-second-seat")
    body["payload"]["attendees"].pop()

    [event] = parse(body)

    assert event.person == TOBIAS


def test_guests_of_a_booking_are_not_taken_for_who_booked(parse, sample):
    body = sample("calcom-booked")
    booking = body["payload"]
    booking["attendees"].insert(0, {"email": "guest@example.org", "phoneNumber": "+436641234567"})

    [event] = parse(body)

    assert event.person == Person(email="dana@example.com", name="Dana Reyes")


def test_a_class_that_the_business_cancels_is_cancelled_for_everybody_in_it(parse, sample):
    maras, tobiass = parse(sample("calcom-class-cancelled-by-organizer"))

    assert (maras.person, tobiass.person) == (MARA, TOBIAS)
    assert maras.direction == tobiass.direction == "outbound"
    assert maras.text == (
        "Cancelled Yoga, Mon 12 Oct 2026 18:00 (Europe/Berlin), by Studio Lin: The hall is closed"
    )
    assert maras.id != tobiass.id
    assert "mara" not in maras.id


def test_somebody_in_a_class_who_cannot_be_read_leaves_the_others(parse, sample):
    body = sample("calcom-class-cancelled-by-organizer")
    body["payload"]["attendees"].insert(0, {"name": "Nobody"})

    odd, maras, tobiass = parse(body)

    assert isinstance(odd, UnreadablePart)
    assert [maras, tobiass] == parse(sample("calcom-class-cancelled-by-organizer"))


def test_who_gives_a_seat_back_is_the_only_attendee_told_whoever_answered(parse, sample):
    [event] = parse(sample("calcom-seat-given-back"))

    assert event.person == TOBIAS.model_copy(update={"phone": None})
    assert event.direction == "inbound"
    assert event.text == (
        "Cancelled Yoga, Mon 12 Oct 2026 18:00 (Europe/Vienna), by Tobias Renk: Ill"
    )


@pytest.mark.parametrize(
    ("rescheduled_by", "people"),
    [
        ("tobias@example.org", [TOBIAS]),
        ("lin@studio.example", [MARA, TOBIAS]),
        (None, [MARA]),
    ],
)
def test_a_seat_is_moved_for_whoever_moved_it_and_a_class_for_everybody(
    parse, sample, rescheduled_by, people
):
    body = sample("calcom-class-cancelled-by-organizer")
    body["triggerEvent"] = "BOOKING_RESCHEDULED"
    body["payload"]["rescheduledBy"] = rescheduled_by

    assert [event.person for event in parse(body)] == people


def test_a_host_of_the_team_acts_for_the_business(parse, sample):
    body = sample("calcom-cancelled-by-attendee")
    body["payload"]["team"] = {"name": "Spa", "members": [{"email": "Kim@spa.example"}]}
    body["payload"]["cancelledBy"] = "kim@spa.example"

    [event] = parse(body)

    assert event.direction == "outbound"


def test_a_request_for_another_time_is_not_a_cancellation(parse, sample):
    body = sample("calcom-request-reschedule")
    [event] = parse(body)
    body["payload"]["organizer"] = None
    [unsigned] = parse(body)

    when = "Mon 12 Oct 2026 18:00 (Europe/Berlin)"
    assert event.direction == unsigned.direction == "outbound"
    assert event.text == (
        f"Studio Lin asked for another time for Yoga, {when}: Please choose a time after 17:00"
    )
    assert unsigned.text.startswith("The business asked for another time for Yoga")


def test_reasons_for_a_move_and_a_refusal_are_told(parse, sample):
    moved, declined = sample("calcom-rescheduled"), sample("calcom-rejected")
    moved["payload"]["responses"]["rescheduleReason"] = {"value": "The train is late"}
    declined["payload"]["rejectionReason"] = "We are away"

    assert parse(moved)[0].text.endswith("12:00 (America/Denver): The train is late")
    assert parse(declined)[0].text == f"Declined 60min, {WHEN}: We are away"


def test_the_number_typed_as_the_place_is_the_bookers(parse, sample):
    [event] = parse(sample("calcom-phone-as-place"))

    assert event.person == MARA.model_copy(update={"phone": "+4915112345678"})


def test_the_number_at_which_the_business_is_called_is_nobodys(parse, sample):
    body = sample("calcom-phone-as-place")
    body["payload"]["responses"]["location"]["value"]["value"] = "userPhone"

    assert parse(body)[0].person == MARA


def test_what_was_answered_on_the_way_is_a_message_after_the_booking(parse, sample):
    booked, said = parse(sample("calcom-booked-with-answers"))

    assert booked.text == f"Booked 60min, {WHEN}"
    assert (said.kind, said.direction) == ("message", "inbound")
    assert (said.person, said.thread, said.about) == (booked.person, booked.thread, booked.about)
    assert message_of(calcom(), said) == BasicMessage(
        text=(
            "Notes: Please knock\n"
            "Guests: tobias@example.org\n"
            "Allergies? nuts\n"
            "Oils: rose, mint\n"
            "First visit: yes\n"
            "Place: 5 Hill Rd"
        )
    )


def test_what_was_answered_shows_once_when_a_request_is_accepted(parse, sample):
    body = sample("calcom-booked-with-answers")
    _, said = parse(body)
    body.update(triggerEvent="BOOKING_REQUESTED", createdAt="2026-11-06T21:00:00.000Z")
    _, said_before = parse(body)

    assert said.id == said_before.id


def test_answers_in_the_older_form_and_notes_alone_are_shown(parse, sample):
    body = sample("calcom-booked")
    body["payload"].update(customInputs={"Hair colour": "red"}, additionalNotes="Ring twice")

    _, said = parse(body)

    assert said.text == "Hair colour: red\nNotes: Ring twice"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("paid-amount", f"Paid 45.50 USD for 60min, {WHEN}"),
        ("payment-initiated", f"Has yet to pay 50 USD for 60min, {WHEN}"),
    ],
)
def test_an_amount_is_told_where_it_is_known(parse, sample, name, text):
    assert parse(sample(f"calcom-{name}"))[0].text == text


def test_the_price_counts_where_the_payment_does_not_tell_an_amount(parse, sample):
    body = sample("calcom-paid-amount")
    body["payload"].update(paymentData=None, price=500, currency="jpy")

    assert parse(body)[0].text == f"Paid 500 JPY for 60min, {WHEN}"


def test_a_no_show_is_the_businesss_mark(parse, sample):
    [event] = parse(sample("calcom-no-show"))

    assert (event.kind, event.direction) == ("activity", "outbound")
    assert event.person == Person(email="dana@example.com")
    assert event.text == "Marked as a no-show"
    assert event.about == "uid1"


def test_every_attendees_no_show_is_told_and_an_odd_one_leaves_the_others(parse, sample):
    body = sample("calcom-no-show-several")
    before = parse(body)
    body["payload"]["attendees"].insert(1, {"noShow": True})
    first, odd, second = parse(body)

    assert [event.text for event in before] == [
        "Marked as a no-show",
        "No longer marked as a no-show",
    ]
    assert before[1].person == Person(phone="+14155550132")
    assert [first, second] == before
    assert isinstance(odd, UnreadablePart)


def test_a_form_is_a_message_of_whoever_it_names(parse, sample):
    [event] = parse(sample("calcom-form"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.person == Person(email="dana@example.com", name="Dana Reyes", phone="+14155550132")
    assert event.text.startswith("Filled in the form Which treatment?\nYour name: Dana Reyes\n")
    assert "\nNeed: Deep tissue\n" in event.text


def test_a_form_without_a_booking_says_so_and_is_another_event(parse, sample):
    [form] = parse(sample("calcom-form"))
    [alone] = parse(sample("calcom-form-without-booking"))

    assert alone.id != form.id
    assert alone.text.startswith("Filled in the form Which treatment? and did not book\n")


def test_every_event_names_the_organizer_that_it_came_to(parse, sample):
    for name in ("booked", "cancelled-by-attendee", "booked-with-answers"):
        for event in parse(sample(f"calcom-{name}")):
            assert event.recipient == "owner@example.com"


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
