"""The examples are real: their files are loaded, and the providers' bodies run through them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from inboxbridge import BasicMessage, MinimalMessage, WebhookRequest
from inboxbridge.testing import badge_of, message_of

NOW = 1_794_000_100.0
MADE_FOR = {
    "stripe": ["stripe-checkout", "stripe-invoice", "stripe-refund", "stripe-other"],
    "typeform": ["typeform-response", "typeform-every-answer"],
    "tawkto": ["tawkto-chat-start", "tawkto-transcript", "tawkto-ticket"],
}


@pytest.fixture
def deliver(example, sample):
    """Sign a sample as its provider does, verify it, and parse it."""

    def run(name: str, body: str, **headers: str):
        connector = example(name)
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        request = WebhookRequest(headers=names, body=sample(f"examples/{body}.json"))
        signed = connector.signature().sign(request, NOW)
        assert connector.signature().verify(signed, NOW) is None
        return connector.parse_event(signed)

    return run


@pytest.mark.parametrize("name", MADE_FOR)
def test_an_unsigned_delivery_is_refused(example, sample, name):
    for body in MADE_FOR[name]:
        request = WebhookRequest(body=sample(f"examples/{body}.json"))

        assert example(name).signature().verify(request, NOW) is not None


def test_a_stripe_checkout_is_an_activity_with_the_amount(deliver, example):
    [event] = deliver("stripe", "stripe-checkout")

    assert event.id == "evt_1P0"
    assert (event.kind, event.direction) == ("activity", "inbound")
    assert event.person.email == "dana@example.com"
    assert event.person.phone == "+15005550006"
    assert event.person.id == "cus_1"
    assert event.person.name == "Dana Reyes"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)
    assert message_of(example("stripe"), event) == MinimalMessage(text="Paid 45.00 USD")


def test_a_stripe_invoice_in_yen_has_no_cents(deliver):
    [event] = deliver("stripe", "stripe-invoice")

    assert event.text == "Paid invoice A-0007, 120,000 JPY"
    assert event.person.email == "dana@example.com"


def test_a_stripe_refund_is_the_businesss_doing(deliver):
    [event] = deliver("stripe", "stripe-refund")

    assert event.direction == "outbound"
    assert event.text == "Refunded a payment of 1,234.50 USD"
    assert event.url == "https://pay.stripe.com/receipts/ch_1"
    assert event.person.id is None


def test_other_stripe_events_would_show_a_payment_twice_and_are_ignored(deliver):
    assert deliver("stripe", "stripe-other") == []


def test_a_typeform_answer_is_a_message(deliver, example):
    [event] = deliver("typeform", "typeform-response")

    assert event.id == "LtWXD3crgy"
    assert event.person.email == "dana@example.com"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 2, tzinfo=UTC)
    connector = example("typeform")
    assert message_of(connector, event) == BasicMessage(text="Quote request\nA wedding cake")
    assert badge_of(connector, event).text == "Typeform"


def test_every_kind_of_typeform_answer_is_written_out(deliver):
    [event] = deliver("typeform", "typeform-every-answer")

    assert event.person.email == "dana@example.com"
    assert event.person.phone == "+14155550132"
    assert event.person.name == "Dana Reyes"
    assert event.text.split("\n") == [
        "Quote request",
        "Dana Reyes",
        "Chocolate",
        "Nuts, Cream",
        "no",
        "0",
        "2026-12-05",
        "https://example.com/idea",
    ]


def test_a_tawkto_chat_starts_with_an_activity(deliver, example):
    [event] = deliver("tawkto", "tawkto-chat-start", X_Hook_Event_Id="hook-1")

    assert event.id == "hook-1"
    assert event.person.email == "dana@example.com"
    assert event.person.name == "Dana"
    message = message_of(example("tawkto"), event)
    assert message == MinimalMessage(text="Started a chat on Spa site")


def test_a_tawkto_transcript_is_a_message_for_each_line_of_a_person(deliver):
    events = deliver("tawkto", "tawkto-transcript", X_Hook_Event_Id="hook-2")

    assert [(event.direction, event.text) for event in events] == [
        ("inbound", "Is Saturday free?"),
        ("outbound", "Yes, 10:00 is free."),
    ]
    assert len({event.id for event in events}) == 2
    assert {event.person.email for event in events} == {"dana@example.com"}
    assert {event.thread for event in events} == {"70fe3290-99ad-11e9-a30a-51567162179f"}
    assert events[1].occurred_at == datetime(2026, 11, 6, 21, 21, 10, tzinfo=UTC)


def test_a_tawkto_ticket_is_a_message(deliver):
    [event] = deliver("tawkto", "tawkto-ticket")

    assert event.id == "tk-1"
    assert event.text == "Gift card\nDo you sell gift cards?"


@pytest.mark.parametrize("name", MADE_FOR)
def test_a_redelivery_has_the_same_ids(deliver, name):
    for body in MADE_FOR[name]:
        first = deliver(name, body, X_Hook_Event_Id="hook-1")
        again = deliver(name, body, X_Hook_Event_Id="hook-1")

        assert [event.id for event in first] == [event.id for event in again]
