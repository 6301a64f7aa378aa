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
    WebhookRequest,
)
from inboxbridge.testing import message_of
from inboxbridge_bookings import connector
from inboxbridge_bookings.calendly import CalendlyBookings
from pydantic import ValidationError

ICON = (
    "https://static.wixstatic.com/media/bd4a2aff643141cb8cbacde1a4007a2f.png"
    "/v1/fill/w_43,h_50,al_c,lg_1,q_85/bd4a2aff643141cb8cbacde1a4007a2f.webp"
)
EVENTS = (
    "booked",
    "booked-group",
    "rescheduled",
    "cancelled-by-invitee",
    "cancelled-by-host",
    "no-show",
    "no-show-taken-back",
)


def calendly(**settings: Any) -> CalendlyBookings:
    return CalendlyBookings(
        CalendlyBookings.Settings(**{"signing_key": "calendly-signing-key", **settings})
    )


@pytest.fixture
def parse(request_with):
    """Parse one body on a connection with the given settings."""
    return lambda body, **settings: calendly(**settings).parse_event(request_with(body))


@pytest.fixture
def text(parse, sample):
    """Return the text of the booking in a sample."""

    def of(name: str, **settings: Any) -> str:
        event, *_ = parse(sample(f"calendly-{name}"), **settings)
        return event.text

    return of


def test_calendly_is_the_default_provider():
    assert connector.default == "calendly"
    assert connector.load("calendly") is CalendlyBookings


def test_a_booking_is_an_activity_of_the_invitee(parse, sample):
    [event] = parse(sample("calendly-booked"))

    assert event.text == "Booked Deep tissue 60, Sat 7 Nov 2026 09:00 (America/Denver)"
    assert (event.kind, event.direction) == ("activity", "inbound")
    assert event.person.email == "dana@example.com"
    assert event.person.phone == "+15005550006"
    assert event.person.name == "Dana Reyes"
    assert event.occurred_at == datetime(2026, 11, 5, 10, 0, 0, 123456, tzinfo=UTC)
    assert event.thread == "dana@example.com"
    assert event.about == "https://api.calendly.com/scheduled_events/EEEE/invitees/IIII1"


def test_the_message_has_wixs_booking_icon_and_no_link(parse, sample):
    """Calendly's own links would cancel or move the booking on the customer's behalf."""
    [event] = parse(sample("calendly-booked"))

    message = message_of(calendly(), event)

    assert message == MinimalMessage(text=event.text, icon_url=ICON)
    assert event.url is None


def test_the_icon_is_a_setting(parse, sample):
    [event] = parse(sample("calendly-booked"))
    other = calendly(icon_url="https://spa.example.com/icon.png")

    assert message_of(other, event).icon_url == "https://spa.example.com/icon.png"


def test_a_reschedule_is_one_activity_though_calendly_sends_two(parse, sample, text):
    assert parse(sample("calendly-rescheduled-old-half")) == [IgnoredPart(kind="invitee.canceled")]
    assert text("rescheduled") == (
        "Rescheduled Deep tissue 60 to Sat 7 Nov 2026 10:00 (America/Denver)"
    )


def test_a_cancellation_by_the_invitee_names_who_and_why(parse, sample):
    [event] = parse(sample("calendly-cancelled-by-invitee"))

    assert event.text == (
        "Cancelled Deep tissue 60, Sat 7 Nov 2026 10:00 (America/Denver), by Dana Reyes: Sick"
    )
    assert event.direction == "inbound"
    assert event.occurred_at == datetime(2026, 11, 6, 22, 0, tzinfo=UTC)


def test_a_cancellation_by_the_host_is_outbound_and_on_one_line(parse, sample):
    [event] = parse(sample("calendly-cancelled-by-host"))

    assert event.direction == "outbound"
    assert event.text.endswith("(America/Denver), by Host: The heating is broken")


@pytest.mark.parametrize(
    ("cancellation", "ending"),
    [
        ({"canceler_type": "host"}, "(America/Denver), by the business"),
        ({"canceler_type": "invitee", "reason": ""}, "(America/Denver), by the customer"),
        ({"reason": "Sick"}, "(America/Denver): Sick"),
        ({}, "(America/Denver)"),
        (None, "(America/Denver)"),
        ({"canceled_by": "Host", "reason": "x" * 9000}, f"by Host: {'x' * 499}…"),
    ],
)
def test_a_cancellation_says_what_is_known_of_it(parse, sample, cancellation, ending):
    body = sample("calendly-cancelled-by-invitee")
    body["payload"]["cancellation"] = cancellation

    [event] = parse(body)

    assert event.text.endswith(ending)


def test_a_no_show_is_the_businesss_mark(parse, sample):
    [marked] = parse(sample("calendly-no-show"))
    [taken_back] = parse(sample("calendly-no-show-taken-back"))

    when = "Deep tissue 60, Sat 7 Nov 2026 10:00 (America/Denver)"
    assert marked.text == f"Marked as a no-show: {when}"
    assert taken_back.text == f"No longer marked as a no-show: {when}"
    assert marked.direction == taken_back.direction == "outbound"
    assert marked.occurred_at == datetime(2026, 11, 7, 17, 20, tzinfo=UTC)
    assert taken_back.occurred_at == datetime(2026, 11, 7, 17, 25, tzinfo=UTC)


def test_a_no_show_without_an_address_belongs_to_the_bookings_person(parse, sample):
    body = sample("calendly-no-show")
    body["payload"]["email"] = body["payload"]["text_reminder_number"] = None
    [no_show] = parse(body)
    [booked] = parse(sample("calendly-rescheduled"))

    assert not no_show.person.is_known
    assert no_show.about == booked.about


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("routing-form", "routing_form_submission.created"),
        ("event-type", "event_type.updated"),
        ("rescheduled-old-half", "invitee.canceled"),
    ],
)
def test_what_is_left_out_is_told_by_its_kind(parse, sample, name, kind):
    assert parse(sample(f"calendly-{name}")) == [IgnoredPart(kind=kind)]


def test_what_was_answered_on_the_way_is_a_message_after_the_booking(parse, sample):
    booked, said = parse(sample("calendly-answers"))

    assert booked.text == "Booked Massage, Fri 27 Nov 2026 10:30 (America/New_York), paid 50 USD"
    assert (said.kind, said.direction) == ("message", "inbound")
    assert (said.person, said.thread, said.about) == (booked.person, booked.thread, booked.about)
    assert message_of(calendly(), said) == BasicMessage(
        text="Phone number: +1 415 555 0132\nAllergies? nuts"
    )


def test_the_number_for_reminders_is_not_repeated_as_an_answer(parse, sample):
    body = sample("calendly-booked")
    body["payload"]["questions_and_answers"].append({"question": "Floor", "answer": "2"})

    _, said = parse(body)

    assert said.text == "Floor: 2"


def test_the_number_typed_as_the_place_is_the_invitees_and_no_other_one(parse, sample):
    booked, said = parse(sample("calendly-booked-by-call"))

    assert booked.person.phone == "+14155550132"
    assert said.text == (
        "Emergency contact: +1 415 555 0199\nPlace: +1 415 555 0132\nGuests: tobias@example.org"
    )


@pytest.mark.parametrize(
    "question", ["Emergency contact", "Your partner's phone?", "Who referred you (phone)?"]
)
def test_a_number_that_is_asked_for_somebody_else_is_not_the_invitees(parse, sample, question):
    body = sample("calendly-booked-by-call")
    body["payload"]["scheduled_event"]["location"] = None
    body["payload"]["questions_and_answers"][0]["question"] = question

    assert parse(body, region="US")[0].person.phone is None


def test_place_and_guests_of_a_group_event_may_be_anothers(parse, sample):
    body = sample("calendly-booked-by-call")
    body["payload"]["scheduled_event"]["invitees_counter"]["limit"] = 8
    body["payload"]["questions_and_answers"] = []

    [booked] = parse(body)

    assert booked.person.phone is None


def test_a_booking_that_the_host_makes_is_the_businesss(parse, sample):
    [event] = parse(sample("calendly-booked-by-host"))

    assert event.direction == "outbound"
    assert event.text.endswith("(America/Denver), payment of 12.50 EUR failed")


@pytest.mark.parametrize(
    ("payment", "ending"),
    [
        ({"amount": 1234.5, "currency": "JPY", "successful": True}, ", paid 1234.50 JPY"),
        ({"amount": 10, "currency": None}, ", paid 10"),
        ({"amount": 0, "currency": "USD"}, "(America/Denver)"),
        ({"amount": "much", "currency": "USD"}, "(America/Denver)"),
        ({"amount": True, "currency": "USD"}, "(America/Denver)"),
        ([], "(America/Denver)"),
    ],
)
def test_an_amount_is_told_where_it_is_one(parse, sample, payment, ending):
    body = sample("calendly-booked")
    body["payload"]["payment"] = payment

    assert parse(body)[0].text.endswith(ending)


def test_a_routing_form_is_a_message_of_whoever_it_names(parse, sample):
    [event] = parse(sample("calendly-routing-form-lead"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.person == Person(email="dana@example.com")
    assert event.text == "Filled in a routing form\nEmail: dana@example.com\nNeed: cut"


def test_a_routing_form_of_somebody_who_books_belongs_to_the_booking(parse, sample):
    body = sample("calendly-routing-form-lead")
    body["payload"]["questions_and_answers"].pop(0)
    [booked] = parse(sample("calendly-booked"))
    body["payload"]["submitter"] = booked.about

    [event] = parse(body)

    assert not event.person.is_known
    assert event.about == booked.about


def test_of_several_addresses_in_a_form_the_one_that_is_asked_for_counts(parse, sample):
    body = sample("calendly-routing-form-lead")
    questions = body["payload"]["questions_and_answers"]
    questions[:0] = [
        {"question": "Friend's email", "answer": "ana@example.org"},
        {"question": "Booking link", "answer": "rosa@example.net"},
        {"question": "First name", "answer": "Dana"},
        {"question": "Last name", "answer": "Reyes"},
    ]
    [asked] = parse(body)
    questions[4]["question"] = "Reach us at"
    [unclear] = parse({**body, "payload": {**body["payload"], "submitter": "u"}})

    assert asked.person == Person(email="dana@example.com", name="Dana Reyes")
    assert unclear.person == Person(name="Dana Reyes")


def test_every_event_names_the_host_that_it_came_to(parse, sample):
    for event in parse(sample("calendly-booked-by-call")):
        assert event.recipient == "https://api.calendly.com/users/AAAA"


def test_an_unknown_time_zone_gives_utc_and_says_so(text):
    assert text("booked-group") == "Booked Deep tissue 60, Sat 7 Nov 2026 16:00 (UTC)"


@pytest.mark.parametrize("zone", [None, "", "../../etc/passwd", "America", "x" * 999, 5, "\0"])
def test_any_time_zone_that_is_none_gives_utc(parse, sample, zone):
    body = sample("calendly-booked")
    body["payload"]["timezone"] = zone

    [event] = parse(body)

    assert event.text.endswith("16:00 (UTC)")


@pytest.mark.parametrize(
    ("start", "zone", "ending"),
    [
        ("0001-01-01T00:00:00Z", "America/Denver", "Mon 1 Jan 1 00:00 (UTC)"),
        ("9999-12-31T23:00:00Z", "Asia/Tokyo", "Fri 31 Dec 9999 23:00 (UTC)"),
    ],
)
def test_a_moment_at_the_end_of_time_is_written_in_utc(parse, sample, start, zone, ending):
    body = sample("calendly-booked")
    body["payload"]["timezone"] = zone
    body["payload"]["scheduled_event"]["start_time"] = start

    assert parse(body)[0].text.endswith(ending)


def test_a_moment_beyond_the_end_of_time_is_malformed(parse, sample):
    body = sample("calendly-booked")
    body["payload"]["scheduled_event"]["start_time"] = "9999-12-31T23:59:59-12:00"

    with pytest.raises(MalformedBody, match=r"^payload\.scheduled_event\.start_time"):
        parse(body)


def test_summer_time_is_kept(parse, sample):
    body = sample("calendly-booked")
    body["payload"]["scheduled_event"]["start_time"] = "2026-07-07T16:00:00.000000Z"

    [event] = parse(body)

    assert event.text.endswith("Tue 7 Jul 2026 10:00 (America/Denver)")


def test_the_connections_time_zone_goes_before_the_invitees(text):
    assert text("booked", timezone="Europe/Berlin").endswith("17:00 (Europe/Berlin)")


def test_a_name_in_two_parts_is_put_together(parse, sample):
    event, _ = parse(sample("calendly-booked-group"))

    assert event.person.name == "Guest Two"
    assert event.person.email == "guest@example.com"


def test_invitees_of_one_group_event_are_kept_apart(parse, sample):
    """They share the scheduled event; each is a person of their own."""
    [first] = parse(sample("calendly-booked"))
    second, _ = parse(sample("calendly-booked-group"))

    assert first.id != second.id
    assert first.about != second.about


def test_a_phone_number_may_be_the_answer_to_a_question(parse, sample):
    """The order number asked for before it has as many digits."""
    body = sample("calendly-booked-group")
    local, _ = parse(body, region="US")
    unplaced, _ = parse(body)
    body["payload"]["questions_and_answers"][0]["answer"] = "+44 20 7946 0958"
    international, _ = parse(body)

    assert local.person.phone == "+14155550132"
    assert unplaced.person.phone is None
    assert international.person.phone == "+442079460958"


def test_an_answer_in_words_is_no_phone_number(parse, sample):
    body = sample("calendly-booked-group")
    body["payload"]["questions_and_answers"][2]["answer"] = "None, room 2125550100"

    event, _ = parse(body, region="US")

    assert event.person.phone is None


def test_ids_are_the_same_on_redelivery_and_differ_between_events(parse, sample):
    bodies = [sample(f"calendly-{name}") for name in EVENTS if name != "cancelled-by-host"]
    ids = [parse(body)[0].id for body in bodies]

    assert ids == [parse(body)[0].id for body in bodies]
    assert len(set(ids)) == len(ids)


def test_a_booking_has_the_same_id_when_calendly_writes_its_state_anew(parse, sample):
    body = sample("calendly-booked")
    [first] = parse(body)
    body["payload"].update(updated_at="2026-11-06T00:00:00.000000Z", status="canceled")
    [again] = parse(body)

    assert again.id == first.id


def test_a_second_no_show_mark_is_another_event(parse, sample):
    body = sample("calendly-no-show")
    [first] = parse(body)
    body["payload"]["no_show"]["uri"] += "2"
    [second] = parse(body)

    assert second.id != first.id


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("event", "event is missing"),
        ("payload", "payload is missing"),
        ("payload.uri", "payload.uri is missing"),
        ("payload.scheduled_event", "payload.scheduled_event is missing"),
        ("payload.scheduled_event.start_time", "payload.scheduled_event.start_time is missing"),
    ],
)
@pytest.mark.parametrize("value", [None, 5, "", []])
def test_a_missing_field_is_named_by_its_path(parse, sample, path, reason, value):
    body = sample("calendly-booked")
    *parents, last = path.split(".")
    target = body
    for key in parents:
        target = target[key]
    target[last] = value

    with pytest.raises(MalformedBody, match=f"^{reason}"):
        parse(body)


@pytest.mark.parametrize("email", [None, "nobody", 7])
def test_a_booking_without_any_identity_is_malformed(parse, sample, email):
    body = sample("calendly-booked")
    body["payload"].update(email=email, text_reminder_number=None)

    with pytest.raises(MalformedBody, match=r"^payload\.email is missing"):
        parse(body)


def test_optional_fields_may_be_missing(parse):
    start = "2026-11-07T17:00:00Z"
    payload = {"uri": "u-1", "email": "a@b.example", "scheduled_event": {"start_time": start}}

    [event] = parse({"event": "invitee.created", "payload": payload})

    assert event.text == "Booked an appointment, Sat 7 Nov 2026 17:00 (UTC)"
    assert event.occurred_at is None
    assert event.person.name is None


NOW = 1_700_000_000.0
BODY = b'{"event":"invitee.created"}'
DIGEST = "81a9bfd092b45e5532457d73f595f87d45462d421449a6bae3fa0fa5ec207239"


def reason(header: str | None, *, now: float = NOW, body: bytes = BODY, **settings: Any) -> Any:
    headers = {} if header is None else {"Calendly-Webhook-Signature": header}
    return calendly(**settings).signature().verify(WebhookRequest(headers=headers, body=body), now)


def test_calendlys_signature_verifies():
    assert reason(f"t=1700000000,v1={DIGEST}") is None
    assert reason(f"t=1700000000,v1={DIGEST}", signing_key=["new", "calendly-signing-key"]) is None


@pytest.mark.parametrize(
    "header", [None, "", DIGEST, f"v1={DIGEST}", "t=1700000000", f"t=1700000001,v1={DIGEST}"]
)
def test_a_missing_or_wrong_signature_is_refused(header):
    assert reason(header) is not None


def test_a_stale_signature_an_altered_body_or_another_key_is_refused():
    header = f"t=1700000000,v1={DIGEST}"

    assert reason(header, now=NOW + 301) is not None
    assert reason(header, now=NOW - 301) is not None
    assert reason(header, body=BODY + b" ") is not None
    assert reason(header, signing_key="other") is not None


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"signing_key": ""}, "signing_key.0"),
        ({"signing_key": []}, "signing_key"),
        ({"timezone": "Denver"}, "timezone"),
        ({"region": "usa"}, "region"),
        ({"icon_url": "icon.png"}, "icon_url"),
        ({"signing_keys": "x"}, "signing_keys"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_quoted(settings, place):
    with pytest.raises(ValidationError) as caught:
        calendly(**settings)

    [error] = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == place
    assert "calendly-signing-key" not in str(caught.value)


def test_the_signing_key_is_required():
    with pytest.raises(ValidationError, match="signing_key"):
        CalendlyBookings.Settings()
