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


def field(name: str, **value: Any) -> dict[str, Any]:
    metadata = {"phone_number_id": BUSINESS, "display_phone_number": "15005550009"}
    change = {"field": name, "value": {"metadata": metadata, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def test_an_event_names_the_number_of_the_business_whoever_wrote(sample: Sample) -> None:
    events = [
        event
        for name in ("text-and-photo", "echo", "calls", "history", "preferences")
        for event in read(connect(), sample(f"whatsapp-{name}"))
    ]

    assert {event.direction for event in events} == {"inbound", "outbound"}
    assert {event.recipient for event in events} == {BUSINESS}


def test_reactions_are_shown_where_that_is_set(sample: Sample) -> None:
    found = read(connect(reactions=True), sample("whatsapp-reaction"))

    assert [(event.kind, event.text) for event in found] == [
        ("activity", "Reacted to a message: \U0001f44d"),
        ("activity", "Took back a reaction to a message"),
    ]


def test_messages_in_groups_are_left_out_where_that_is_set(kinds: Kinds, sample: Sample) -> None:
    assert kinds(connect(groups="ignore"), sample("whatsapp-group")) == ["messages.group"]


def test_a_file_in_a_group_is_marked_too(delivery: Delivery) -> None:
    photo = text(type="image", image={"id": "6"}, group_id="g")
    (event,) = read(connect(access_token="token-demo"), delivery(batch(photo)))

    assert event.text == "[in a WhatsApp group]"
    assert len(event.attachments) == 1


def test_a_message_that_did_not_arrive_is_shown_where_that_is_set(sample: Sample) -> None:
    (event,) = read(connect(failed_messages=True), sample("whatsapp-status"))

    assert (event.kind, event.direction) == ("activity", "outbound")
    assert event.text == "A WhatsApp message was not delivered: Re-engagement message"
    assert event.person == Person(id=NUMBER, phone=f"+{NUMBER}")


def test_a_sent_or_read_mark_is_not_shown_even_then(kinds: Kinds, delivery: Delivery) -> None:
    marks = [{"id": "wamid.1", "status": status} for status in ("sent", "read")]
    request = delivery(batch(statuses=marks))

    assert kinds(connect(failed_messages=True), request) == ["statuses.sent", "statuses.read"]


def test_a_person_is_never_put_together_from_two(delivery: Delivery) -> None:
    """The contact has the number but another user id: somebody else's name."""
    contacts = [{"profile": {"name": "Sam"}, "wa_id": NUMBER, "user_id": "US.2"}]
    request = delivery(batch(text(from_user_id="US.1"), contacts=contacts))
    (event,) = read(connect(), request)

    assert event.person == Person(id="US.1", phone=f"+{NUMBER}")


def test_an_odd_contact_costs_no_message(delivery: Delivery) -> None:
    contacts = ["odd", {"profile": "odd", "wa_id": ["odd"]}]
    (event,) = read(connect(), delivery(batch(text(), contacts=contacts)))

    assert event.person == Person(id=NUMBER, phone=f"+{NUMBER}")


def test_an_odd_message_is_kept_as_unreadable_between_its_neighbours(
    reasons: Reasons, delivery: Delivery
) -> None:
    body = delivery(batch(text("one"), text(7, id="wamid.2"), text("three", id="wamid.3")))

    assert [event.text for event in read(connect(), body)] == ["one", "three"]
    assert "messages[1].text.body is not text" in reasons(connect(), body)


def test_an_odd_list_leaves_the_other_lists_of_its_change(
    reasons: Reasons, delivery: Delivery
) -> None:
    body = delivery(batch(text("one"), statuses="odd"))

    assert [event.text for event in read(connect(), body)] == ["one"]
    assert "value.statuses is not an array" in reasons(connect(), body)


def test_a_name_or_else_the_username_is_the_contacts(delivery: Delivery) -> None:
    contacts = [{"profile": {"username": "dana.r"}, "user_id": USER}]
    message = {**text(from_user_id=USER), "from": None}
    (event,) = read(connect(), delivery(batch(message, contacts=contacts)))

    assert event.person == Person(id=USER, name="dana.r")


def test_history_comes_oldest_first_over_all_chats(delivery: Delivery) -> None:
    def said(name: str, at: int) -> dict[str, Any]:
        return {**text(name, id=f"wamid.{name}"), "timestamp": str(at)}

    chunks = [
        {"threads": [{"id": NUMBER, "messages": [said("c", 300), said("a", 100)]}]},
        {"threads": [{"id": "15005550007", "messages": [said("b", 200), "odd"]}]},
        "odd",
    ]
    body = delivery(field("history", history=chunks))
    found = read(connect(), body)

    assert [(event.text, event.history) for event in found] == [
        ("a", True),
        ("b", True),
        ("c", True),
    ]
    assert [event.person.phone for event in found] == [
        f"+{NUMBER}",
        "+15005550007",
        f"+{NUMBER}",
    ]


def test_what_is_said_now_is_no_history(sample: Sample) -> None:
    assert not any(event.history for event in read(connect(), sample("whatsapp-echo")))


def test_a_changed_number_is_tied_to_the_user_id_and_number_before(sample: Sample) -> None:
    change, joined, *_ = read(connect(), sample("whatsapp-number-and-user-id-changed"))

    assert change.person == Person(id=USER, phone=f"+{NUMBER}")
    assert joined.person == Person(id=USER, phone="+15005550008")
    assert change.thread_key == joined.thread_key


def test_without_the_user_id_before_the_old_number_ties_the_new_one(delivery: Delivery) -> None:
    system = {"type": "user_changed_number", "wa_id": "15005550008", "user_id": "US.9"}
    message = {**text(type="system", system=system), "from_user_id": "US.9"}
    change, joined = read(connect(), delivery(batch(message)))

    assert change.person == Person(id=NUMBER, phone=f"+{NUMBER}")
    assert joined.person == Person(id=NUMBER, phone="+15005550008")


def test_both_user_ids_of_an_update_are_tied_by_the_number(sample: Sample) -> None:
    before, after = read(connect(), sample("whatsapp-user-id-update"))

    assert (before.person.id, after.person.id) == ("US.1", USER)
    assert before.person.phone == after.person.phone == f"+{NUMBER}"


@pytest.mark.parametrize(
    ("goods", "lines"),
    [
        ([{"product_retailer_id": "A", "quantity": 3, "item_price": 0.1, "currency": "USD"}],
         ["3 × A, 0.10 USD each", "Total: 0.30 USD"]),
        ([{"product_retailer_id": "A", "quantity": 1, "item_price": 10000, "currency": "COP"}],
         ["1 × A, 10000 COP each", "Total: 10000 COP"]),
        ([{"product_retailer_id": "A", "quantity": 1, "item_price": 2, "currency": "USD"},
          {"product_retailer_id": "B", "quantity": 2}],
         ["1 × A, 2 USD each", "2 × B"]),
        ([{"product_retailer_id": "A", "quantity": "many", "item_price": "1e999"}], ["A"]),
        ([{"quantity": 2}, "odd"], ["2 × a product"]),
    ],
)  # fmt: skip
def test_an_orders_goods_are_lines_and_a_total_is_only_said_of_known_prices(
    delivery: Delivery, goods: list[Any], lines: list[str]
) -> None:
    message = text(type="order", order={"product_items": goods})
    (event,) = read(connect(), delivery(batch(message)))

    assert event.text.split("\n")[1:] == lines


@pytest.mark.parametrize(
    "answers",
    [
        "",
        "no json",
        "[1]",
        "7",
        '{"flow_token": "x"}',
        "[" * 100_000,
    ],
)
def test_a_form_without_readable_answers_is_still_shown(delivery: Delivery, answers: str) -> None:
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": answers, "body": "Sent"}}
    (event,) = read(connect(), delivery(batch(text(type="interactive", interactive=form))))

    assert event.text == "[answered a form]"


def test_an_address_that_only_the_body_tells_is_shown(delivery: Delivery) -> None:
    form = {"type": "nfm_reply", "nfm_reply": {"body": "12 Lake Road, Mumbai"}}
    (event,) = read(connect(), delivery(batch(text(type="interactive", interactive=form))))

    assert event.text == "[answered a form]\n12 Lake Road, Mumbai"


def test_a_call_of_the_business_is_the_customers_not_its_own(sample: Sample) -> None:
    *_, called, unanswered = read(connect(), sample("whatsapp-calls"))

    assert called.person == unanswered.person == DANA
    assert {called.direction, unanswered.direction} == {"outbound"}


def test_an_interactive_message_of_an_unknown_kind_is_no_form(delivery: Delivery) -> None:
    message = text(type="interactive", interactive={"type": "hologram_reply"})
    (event,) = read(connect(), delivery(batch(message)))

    assert event.text == "[a message with choices]"


def test_who_spoke_in_an_earlier_chat_is_told_by_the_mark_or_else_the_number(
    delivery: Delivery,
) -> None:
    def said(name: str, sender: str, **context: Any) -> dict[str, Any]:
        return {**text(name, id=f"wamid.{name}"), "from": sender, "history_context": context}

    messages = [
        said("a", NUMBER),
        said("b", "15005550009"),
        said("c", "15005550099", from_me=True),
        said("d", "15005550009", from_me=False),
    ]
    history = [{"threads": [{"id": NUMBER, "messages": messages}]}]
    found = read(connect(), delivery(field("history", history=history)))

    assert {event.text: event.direction for event in found} == {
        "a": "inbound",
        "b": "outbound",
        "c": "outbound",
        "d": "inbound",
    }
    assert {event.person.phone for event in found} == {f"+{NUMBER}"}


def test_echoes_of_earlier_chats_are_history_too(reasons: Reasons, delivery: Delivery) -> None:
    echo = {**text("See you"), "from": "15005550009", "to": NUMBER}
    body = delivery(field("history", history="odd", message_echoes=[echo]))
    (event,) = read(connect(), body)

    assert (event.id, event.direction, event.history) == ("wamid.1", "outbound", True)
    assert event.person.phone == f"+{NUMBER}"
    assert "value.history is not an array" in reasons(connect(), body)
