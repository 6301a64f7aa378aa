"""What WhatsApp deliveries become."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import (
    Badge,
    Event,
    MalformedBody,
    MinimalMessage,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, load_samples, message_of
from inboxbridge_facebook.whatsapp import WhatsApp

BUSINESS, NUMBER, USER = "106540352242922", "15005550006", "US.13491208655302741918"
DANA = Person(id=USER, phone=f"+{NUMBER}", name="Dana Reyes")

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]
Kinds = Callable[[Any, WebhookRequest], list[str]]
Reasons = Callable[[Any, WebhookRequest], str]


def connect(**changes: Any) -> WhatsApp:
    return WhatsApp(WhatsApp.Settings(**{"app_secret": "s", "verify_token": "v", **changes}))


def batch(*messages: Any, **value: Any) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": BUSINESS}, "messages": list(messages), **value}
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def text(body: Any = "hi", **changes: Any) -> dict[str, Any]:
    return {"from": NUMBER, "id": "wamid.1", "type": "text", "text": {"body": body}, **changes}


def read(connector: WhatsApp, request: WebhookRequest) -> list[Event]:
    return [part for part in connector.parse_event(request) if isinstance(part, Event)]


def test_messages_name_their_person_by_user_id_number_and_name(sample: Sample) -> None:
    words, photo = read(connect(), sample("whatsapp-text-and-photo"))

    assert words.id == "wamid.HBgLMTUwMDU1NTAwMDY="
    assert (words.kind, words.direction, words.text) == ("message", "inbound", "Is Saturday free?")
    assert words.occurred_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)
    assert words.person == photo.person == DANA
    assert words.thread_key == photo.thread_key == f"{BUSINESS}:{USER}"


def test_a_photo_is_a_line_with_its_caption_not_a_dead_link(sample: Sample) -> None:
    """Its address needs our token and lives for minutes."""
    _, photo = read(connect(), sample("whatsapp-text-and-photo"))

    assert (photo.text, photo.attachments) == ("[photo] this style", ())


def test_a_person_who_hides_the_number_is_known_by_the_user_id(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-username-without-number"))

    assert event.person == Person(id=USER, name="Dana")


def test_a_person_without_a_user_id_is_known_by_the_number(delivery: Delivery) -> None:
    (event,) = read(connect(), delivery(batch(text())))

    assert event.person == Person(id=NUMBER, phone=f"+{NUMBER}")


def test_each_of_several_people_in_a_change_keeps_their_own_name(delivery: Delivery) -> None:
    contacts = [
        {"profile": {"name": "Dana"}, "wa_id": NUMBER, "user_id": USER},
        {"profile": {"name": "Sam"}, "wa_id": "15005550007", "user_id": "US.2"},
    ]
    first, second = read(
        connect(),
        delivery(batch(text(**{"from": "15005550007"}), text(id="wamid.2"), contacts=contacts)),
    )

    assert first.person == Person(id="US.2", phone="+15005550007", name="Sam")
    assert second.person == Person(id=USER, phone=f"+{NUMBER}", name="Dana")


def test_an_echo_from_the_phone_is_outbound_to_the_customer(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-echo"))

    assert (event.id, event.direction, event.text) == (
        "wamid.ECHO1",
        "outbound",
        "See you Saturday",
    )
    assert event.person == Person(id=USER, phone=f"+{NUMBER}")
    assert event.thread_key == f"{BUSINESS}:{USER}"


def test_an_echo_of_a_photo_is_a_line_too(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-echo-media"))

    assert (event.direction, event.text) == ("outbound", "[photo] our salon")


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("status", ["statuses.failed"]),
        ("reaction", ["messages.reaction", "messages.reaction"]),
        ("account-update", ["message_template_status_update", "calls"]),
    ],
)
def test_statuses_reactions_and_account_news_are_left_out_by_their_kind(
    kinds: Kinds, sample: Sample, name: str, ignored: list[str]
) -> None:
    request = sample(f"whatsapp-{name}")

    assert read(connect(), request) == []
    assert kinds(connect(), request) == ignored


def test_media_are_named(sample: Sample) -> None:
    found = read(connect(), sample("whatsapp-media"))

    assert [event.text for event in found] == [
        "[video] watch",
        "[voice message]",
        "[audio]",
        "[file] list.pdf\nour prices",
        "[sticker]",
    ]


def test_other_kinds_say_what_they_are(sample: Sample) -> None:
    found = read(connect(), sample("whatsapp-things"))

    assert [event.text for event in found] == [
        "[location] Union Station, 1701 Wynkoop St "
        "https://www.google.com/maps/search/?api=1&query=39.7392,-104.9903",
        "[contact] Dana Reyes +1 415-555-0132",
        "Confirm",
        "Saturday",
        "Gel nails",
        "[order: 2 items] please deliver\na\nb",
        "[a message that WhatsApp does not pass on: see it in the WhatsApp app]",
        "[hologram]",
    ]


def test_an_edit_is_a_message_of_its_own_and_a_revoke_an_activity(sample: Sample) -> None:
    connector = connect()
    edit, revoke = read(connector, sample("whatsapp-edit-and-revoke"))

    assert (edit.id, edit.kind, edit.text) == ("wamid.E", "message", "[edited] Is Sunday free?")
    assert (revoke.id, revoke.kind) == ("wamid.R", "activity")
    assert message_of(connector, revoke) == MinimalMessage(text="Deleted a message")


def test_a_changed_number_is_an_activity(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-number-changed"))

    assert event.kind == "activity"
    assert event.text == "Changed their WhatsApp number to +15005550007"
    assert event.person == DANA


def test_standby_messages_count_like_the_others(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-standby"))

    assert event.text == "while the bot answers"


def test_the_dashboards_test_button_shows_its_sample(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-dashboard-test"))

    assert event.text == "this is a text message"
    assert event.person == Person(id="16315551181", phone="+16315551181", name="test user name")


def test_one_customer_at_two_numbers_of_the_business_is_two_threads(delivery: Delivery) -> None:
    (here,) = read(connect(), delivery(batch(text())))
    (there,) = read(
        connect(), delivery(batch(text(), metadata={"phone_number_id": "200000000000002"}))
    )

    assert here.thread_key != there.thread_key
    assert here.person == there.person


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (batch(text(id=None)), "value.messages[0].id is missing"),
        (batch(text(**{"from": None})), "value.messages[0].from is missing"),
        (batch(text(text={"body": ["secret words"]})), "messages[0].text.body is not text"),
        (batch(text(), "x"), "value.messages[1] is not an object"),
        (
            batch(text(type="location", location={"latitude": "north"})),
            "location.latitude is not a number",
        ),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    reasons: Reasons, delivery: Delivery, body: Any, path: str
) -> None:
    said = reasons(connect(), delivery(body))

    assert path in said
    assert "secret" not in said


def test_a_delivery_for_a_page_names_the_connection_it_needs(delivery: Delivery) -> None:
    with pytest.raises(MalformedBody, match="provider = 'messenger'"):
        read(connect(), delivery({"object": "page", "entry": []}))


def test_a_message_without_a_type_is_read_by_what_it_holds(delivery: Delivery) -> None:
    (event,) = read(connect(), delivery(batch(text(type=None))))

    assert event.text == "hi"


def test_the_badge_is_whatsapps() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="WhatsApp")


def test_no_token_protected_address_is_ever_shown() -> None:
    connector = connect()
    for sample in load_samples(Path(__file__).parent.parent / "samples", only="whatsapp-*"):
        for event in read(connector, sample.request()):
            assert event.attachments == ()
            assert "lookaside" not in json.dumps(event.model_dump(mode="json"))
