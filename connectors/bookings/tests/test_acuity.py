from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Event,
    IgnoredPart,
    InboxbridgeError,
    MalformedBody,
    MinimalMessage,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import message_of
from inboxbridge_bookings import connector
from inboxbridge_bookings.acuity import REPEAT_SECONDS, AcuityBookings
from pydantic import ValidationError

SAMPLES = Path(__file__).parent.parent / "samples"
APPOINTMENT = {
    "id": 123456789,
    "firstName": "Dana",
    "lastName": "Reyes",
    "email": "Dana@Example.com",
    "phone": "(415) 555-0132",
    "date": "November 7, 2026",
    "time": "10:00am",
    "datetime": "2026-11-07T10:00:00-0700",
    "endTime": "11:00am",
    "duration": "60",
    "type": "Deep tissue 60",
    "calendar": "Spa",
    "canceled": False,
    "notes": "",
    "forms": [],
}


def acuity(**settings: Any) -> AcuityBookings:
    return AcuityBookings(
        AcuityBookings.Settings(**{"user_id": 17, "api_key": "acuity-api-key", **settings})
    )


def form(name: str) -> bytes:
    return (SAMPLES / f"acuity-{name}.form").read_bytes()


@pytest.fixture
def parse(request_with):
    """Parse one form body."""
    return lambda body, **when: acuity().parse_event(request_with(body, **when))


@pytest.fixture
def enriched(parse):
    """Enrich the event of a sample with what Acuity's API answers."""

    async def run(name: str, answer: Any = APPOINTMENT, status: int = 200, **settings: Any):
        asked: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            if isinstance(answer, bytes):
                return httpx.Response(status, content=answer)
            return httpx.Response(status, json=answer)

        [event] = parse(form(name))
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
            found = await acuity(**settings).enrich(event, http)
        return found, asked

    return run


def test_acuity_is_a_provider_of_bookings():
    assert connector.load("acuity") is AcuityBookings


def test_a_delivery_names_an_appointment_and_nobody(parse):
    [event] = parse(form("scheduled"))

    assert event.id == "scheduled:123456789"
    assert event.about == "appointment:123456789"
    assert not event.person.is_known
    assert (event.kind, event.direction) == ("activity", "inbound")
    assert event.text == "Booked an appointment"


def test_what_repeats_another_action_is_ignored_by_its_name(parse):
    assert parse(form("changed")) == [IgnoredPart(kind="changed")]


def test_a_delivery_names_the_calendar_that_it_came_to(parse):
    [event] = parse(form("scheduled"))
    [blank] = parse(form("edge-blank-values"))

    assert (event.recipient, blank.recipient) == ("42", None)


ORDER = {
    "id": 5001,
    "total": "49.50",
    "status": "delivered",
    "title": "5 massages",
    "notes": "A gift,\nplease wrap",
    "firstName": "Dana",
    "lastName": "Reyes",
    "email": "dana@example.com",
    "phone": "+14155550132",
}


async def test_an_order_is_fetched_and_told(enriched):
    event, [request] = await enriched("order-completed", ORDER)

    assert str(request.url) == "https://acuityscheduling.com/api/v1/orders/5001"
    assert (event.id, event.kind, event.direction) == ("order:5001", "activity", "inbound")
    assert event.text == "Ordered 5 massages, 49.50: A gift, please wrap"
    assert event.person == Person(email="dana@example.com", phone="+14155550132", name="Dana Reyes")


async def test_an_order_that_tells_little_is_told_all_the_same(enriched):
    event, _ = await enriched("order-completed", {"email": "dana@example.com", "total": "0.00"})

    assert event.text == "Ordered something"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [({}, 401, "check user_id"), ({}, 404, "asked for an order"), ([], 200, "for an order is not")],
)
async def test_an_answer_without_an_order_is_a_failed_try(enriched, answer, status, reason):
    with pytest.raises(InboxbridgeError, match=reason):
        await enriched("order-completed", answer, status)


async def test_what_was_answered_and_paid_is_told_with_the_booking(enriched):
    forms = [
        {"name": "Intake", "values": [{"name": "Allergies?", "value": "nuts"}, None]},
        {"values": [{"name": "Hair", "value": "red,\nlong"}, {"name": "Left", "value": ""}]},
    ]
    change = {"forms": forms, "amountPaid": "20.00", "notes": "difficult"}
    event, _ = await enriched("scheduled", {**APPOINTMENT, **change})
    moved, _ = await enriched("rescheduled", {**APPOINTMENT, **change})

    assert event.text == (
        "Booked Deep tissue 60, Sat 7 Nov 2026 10:00 (UTC-07:00), paid 20. "
        "Allergies? nuts; Hair: red, long"
    )
    assert moved.text == "Rescheduled Deep tissue 60 to Sat 7 Nov 2026 10:00 (UTC-07:00)"


async def test_times_are_in_the_customers_time_zone_where_acuity_names_it(enriched):
    theirs, _ = await enriched("scheduled", {**APPOINTMENT, "timezone": "America/New_York"})
    odd, _ = await enriched("scheduled", {**APPOINTMENT, "timezone": "Mars/Olympus"})

    assert theirs.text.endswith("12:00 (America/New_York)")
    assert odd.text.endswith("10:00 (UTC-07:00)")


async def test_what_the_business_books_is_the_businesss(enriched):
    event, _ = await enriched("scheduled", {**APPOINTMENT, "scheduledBy": "sam@spa.example"})

    assert event.direction == "outbound"


async def test_a_no_show_is_not_a_cancellation(enriched):
    event, _ = await enriched("canceled-dynamic", {**APPOINTMENT, "noShow": True})

    assert event.direction == "outbound"
    assert event.text == "Marked as a no-show: Deep tissue 60, Sat 7 Nov 2026 10:00 (UTC-07:00)"


def test_the_action_of_a_dynamic_webhook_has_a_prefix(parse):
    [event] = parse(form("canceled-dynamic"))

    assert event.id == "canceled:123456789"


@pytest.mark.parametrize("settings", [{}, {"region": "US"}])
async def test_enrichment_fetches_who_what_and_when(enriched, settings):
    event, asked = await enriched("scheduled", **settings)

    assert event.person.email == "dana@example.com"
    assert event.person.phone == ("+14155550132" if settings else None)
    assert event.person.name == "Dana Reyes"
    assert event.text == "Booked Deep tissue 60, Sat 7 Nov 2026 10:00 (UTC-07:00)"
    [request] = asked
    assert str(request.url) == "https://acuityscheduling.com/api/v1/appointments/123456789"
    credentials = base64.b64encode(b"17:acuity-api-key").decode()
    assert request.headers["authorization"] == f"Basic {credentials}"


async def test_enrichment_keeps_id_and_thread(enriched, parse):
    [before] = parse(form("scheduled"))

    after, _ = await enriched("scheduled")

    assert (after.id, after.thread, after.about) == (before.id, before.thread, before.about)
    assert after.thread_key == before.thread_key
    assert Event.model_validate_json(after.model_dump_json()) == after


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rescheduled", "Rescheduled Deep tissue 60 to Sat 7 Nov 2026 18:00 (Europe/Berlin)"),
        ("canceled-dynamic", "Cancelled Deep tissue 60, Sat 7 Nov 2026 18:00 (Europe/Berlin)"),
    ],
)
async def test_times_are_written_in_the_connections_time_zone(enriched, name, text):
    event, _ = await enriched(name, timezone="Europe/Berlin")

    assert event.text == text
    assert message_of(acuity(), event) == MinimalMessage(
        text=text, icon_url=acuity().settings.icon_url
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"datetime": None}, "Booked Deep tissue 60, November 7, 2026 10:00am"),
        ({"datetime": "soon", "date": None, "time": None}, "Booked Deep tissue 60"),
        ({"datetime": "2026-11-07T10:00:00"}, "Booked Deep tissue 60, Sat 7 Nov 2026 10:00"),
        ({"type": None}, "Booked an appointment, Sat 7 Nov 2026 10:00 (UTC-07:00)"),
        ({"firstName": 5, "email": []}, "Booked Deep tissue 60, Sat 7 Nov 2026 10:00 (UTC-07:00)"),
    ],
)
async def test_fields_that_acuity_leaves_out_are_left_out(enriched, change, text):
    event, _ = await enriched("scheduled", {**APPOINTMENT, **change})

    assert event.text == text


async def test_another_api_address_may_be_given(enriched):
    _, [request] = await enriched("scheduled", base_url="http://127.0.0.1:9/api/")

    assert str(request.url) == "http://127.0.0.1:9/api/appointments/123456789"


async def test_the_first_of_several_keys_reads_the_appointment(enriched):
    _, [request] = await enriched("scheduled", api_key=["new", "acuity-api-key"])

    credentials = base64.b64encode(b"17:new").decode()
    assert request.headers["authorization"] == f"Basic {credentials}"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({}, 401, "check user_id and api_key"),
        ({}, 403, "check user_id and api_key"),
        ({}, 404, "HTTP 404"),
        ({}, 500, "HTTP 500"),
        (b"<html>", 200, "not a JSON object"),
        ([], 200, "not a JSON object"),
    ],
)
async def test_an_answer_without_an_appointment_is_a_failed_try(enriched, answer, status, reason):
    with pytest.raises(InboxbridgeError, match=reason) as caught:
        await enriched("scheduled", answer, status)

    assert "acuity-api-key" not in str(caught.value)


def test_a_redelivery_has_the_same_id(parse, request_with):
    for name in ("scheduled", "canceled-dynamic"):
        later = request_with(b"").received_at + timedelta(hours=20)

        assert parse(form(name))[0].id == parse(form(name), received_at=later)[0].id


def test_a_second_move_of_an_appointment_is_another_event(parse, request_with):
    """Its delivery is the same to the letter; only the time between them tells them apart."""
    start = request_with(b"").received_at
    first, soon, later = (
        parse(form("rescheduled"), received_at=start + timedelta(seconds=seconds))[0].id
        for seconds in (0, REPEAT_SECONDS - 1, REPEAT_SECONDS)
    )

    assert first == soon
    assert first != later


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "action is missing"),
        (b"id=1", "action is missing"),
        (b"action=scheduled", "id is missing"),
        (b"action=scheduled&id=", "id is missing"),
        (b"action=scheduled&id=../me", "id is missing, or is not a number"),
        (b"action=scheduled&id=%D9%A1", "id is missing, or is not a number"),
        (b"action=order.completed&id=../1", "id is missing, or is not an order number"),
        (b"action=scheduled&id=" + b"1" * 21, "id is missing, or is not a number"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_wrong_form_is_malformed(parse, body, reason):
    with pytest.raises(MalformedBody, match=reason):
        parse(body)


BODY = b"action=scheduled&id=123456789&calendarID=42&appointmentTypeID=7"
DIGEST = "exmaK8yyzn2SV433r5OrbcTiWQxxFgyIGMyCpipLUAI="


def reason(header: str | None, body: bytes = BODY, **settings: Any) -> str | None:
    headers = {} if header is None else {"X-Acuity-Signature": header}
    return acuity(**settings).signature().verify(WebhookRequest(headers=headers, body=body), 0)


def test_acuitys_signature_verifies():
    assert form("scheduled") == BODY
    assert reason(DIGEST) is None
    assert reason(DIGEST, api_key=["new", "acuity-api-key"]) is None


def test_a_missing_or_wrong_signature_is_refused():
    assert reason(None) is not None
    assert reason("") is not None
    assert reason(DIGEST.replace("e", "f", 1)) is not None
    assert reason(DIGEST, body=BODY + b"&x=1") is not None
    assert reason(DIGEST, api_key="other") is not None


@pytest.mark.parametrize(
    "settings",
    [{"user_id": ""}, {"api_key": " "}, {"base_url": "acuity"}, {"api_keys": "x"}],
)
def test_a_wrong_setting_is_refused_and_no_secret_quoted(settings):
    with pytest.raises(ValidationError) as caught:
        acuity(**settings)

    assert next(iter(settings)) in str(caught.value)
    assert "acuity-api-key" not in str(caught.value)


def test_a_missing_user_id_is_named_without_quoting_the_key_beside_it():
    with pytest.raises(ValidationError, match="user_id") as caught:
        AcuityBookings.Settings(api_key="acuity-api-key")

    assert "acuity-api-key" not in str(caught.value)
