"""The generic JSON: what a source sends that was made for inboxbridge."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import BasicMessage, MalformedBody, MinimalMessage, UnreadablePart
from inboxbridge.testing import badge_of, message_of

MINIMAL = {"id": "m-1", "email": "dana@example.com", "text": "Hi"}


def test_a_full_message_keeps_every_field(parse, sample):
    [event] = parse(sample("samples/message.json"))

    assert event.id == "order-1001"
    assert event.kind == "message"
    assert event.direction == "inbound"
    assert event.person.email == "dana@example.com"
    assert event.person.phone == "+14155550132"
    assert event.person.id == "u-77"
    assert event.person.name == "Dana Reyes"
    assert event.text == "Is Saturday free?"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC)
    assert event.thread == "room-7"
    assert event.url == "https://shop.example.com/messages/1001"
    assert event.icon_url == "https://shop.example.com/icon.png"
    assert event.attachments == ()


def test_id_text_and_one_identity_are_enough(parse, sample):
    [event] = parse(sample("samples/minimal.json"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.occurred_at is None
    assert event.thread is None
    assert event.thread_key == "dana@example.com"


def test_an_activity_becomes_one_line_with_icon_and_link(connector, parse, sample):
    [event] = parse(sample("samples/activity.json"))

    message = message_of(connector(), event)

    assert message == MinimalMessage(
        text="Paid order 1002, 45.00 USD",
        icon_url="https://shop.example.com/paid.png",
        url="https://shop.example.com/orders/1002",
    )
    assert event.person.email == "dana@example.com"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 31, 250_000, tzinfo=UTC)


def test_an_activity_of_several_lines_is_put_on_one(connector, parse):
    [event] = parse({**MINIMAL, "type": "activity", "text": "Paid\nin cash"})

    assert message_of(connector(), event).text == "Paid in cash"


def test_an_activity_without_its_own_icon_has_the_connections(connector, parse):
    [event] = parse({**MINIMAL, "type": "activity"})
    icon = "https://shop.example.com/shop.png"

    assert message_of(connector(icon_url=icon), event).icon_url == icon
    assert message_of(connector(), event).icon_url is None


def test_an_outbound_message_is_the_businesss(connector, parse, sample):
    [event] = parse(sample("samples/outbound.json"))

    assert event.direction == "outbound"
    assert event.person.phone == "+14155550132"
    assert event.person.name is None
    assert message_of(connector(), event) == BasicMessage(text="Yes, 10:00 is free.")


def test_an_array_is_many_events_in_its_order(parse, sample):
    events = parse(sample("samples/batch.json"))

    assert [event.id for event in events] == ["1", "2", "3"]
    assert [event.person.id for event in events] == ["77", "77", "78"]
    assert [event.text for event in events] == ["First", "Second", "Left a review"]
    assert [event.kind for event in events] == ["message", "message", "activity"]
    assert events[0].occurred_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)
    assert events[1].occurred_at == datetime(2026, 11, 6, 21, 20, 1, 500_000, tzinfo=UTC)


def test_an_id_that_comes_twice_in_one_array_is_left_to_the_journal(parse):
    events = parse([MINIMAL, MINIMAL])

    assert [event.id for event in events] == ["m-1", "m-1"]


def test_an_empty_array_has_nothing_for_the_inbox(parse, sample):
    assert parse(sample("samples/empty-batch.json")) == []


def test_attachments_are_pictures_where_anything_says_so_and_files_otherwise(
    connector, parse, sample
):
    [event] = parse(sample("samples/attachments.json"))

    assert [(a.kind, a.filename, a.mime_type) for a in event.attachments] == [
        ("image", None, None),
        ("file", "voice.ogg", "audio/ogg"),
        ("image", None, "image/webp"),
        ("file", None, None),
    ]
    assert event.attachments[0].url == "https://files.example.com/nails.jpg?size=full"
    assert event.text == ""
    assert message_of(connector(), event).attachments == event.attachments


def test_the_badge_is_the_label_with_the_events_icon_or_the_connections(connector, parse):
    [plain] = parse(MINIMAL)
    [special] = parse({**MINIMAL, "icon_url": "https://shop.example.com/special.png"})
    shop = connector(label="Shop", icon_url="https://shop.example.com/shop.png")

    assert badge_of(shop, plain).text == "Shop"
    assert badge_of(shop, plain).icon_url == "https://shop.example.com/shop.png"
    assert badge_of(shop, special).icon_url == "https://shop.example.com/special.png"
    assert badge_of(connector(), plain).text == "Webhook"


def test_phones_without_a_country_take_the_connections_region(parse):
    body = {"id": "1", "phone": "(415) 555-0132", "text": "Hi"}

    [event] = parse(body, region="US")

    assert event.person.phone == "+14155550132"


def test_a_phone_may_be_a_number(parse):
    [event] = parse({"id": "1", "phone": 14155550132, "text": "Hi"})

    assert event.person.phone == "+14155550132"


def test_an_unusable_email_is_left_out_where_the_phone_is_good(parse):
    [event] = parse({"id": "1", "email": "n/a", "phone": "+14155550132", "text": "Hi"})

    assert event.person.email is None
    assert event.person.phone == "+14155550132"


def test_an_event_about_a_thing_needs_no_person_of_its_own(parse):
    [event] = parse({"id": "1", "about": "order-7", "text": "Shipped", "type": "activity"})

    assert event.about == "order-7"
    assert not event.person.is_known
    assert event.thread_key == "order-7"


def test_unknown_keys_are_tolerated(parse):
    [event] = parse({**MINIMAL, "staff": {"id": 1}, "tags": ["a"], "": None})

    assert event.id == "m-1"


def test_control_characters_are_taken_out_of_text(parse):
    [event] = parse({**MINIMAL, "id": "a\u0000b", "text": "Hi\u0007 \ud800there"})

    assert event.text == "Hi there"
    assert event.id == "ab"


def test_a_redelivery_has_the_same_ids(parse, sample):
    body = sample("samples/batch.json")

    assert [e.id for e in parse(body)] == [e.id for e in parse(body)]


WRONG: list[tuple[Any, str]] = [
    ({"email": "a@b.c", "text": "Hi"}, "id is missing"),
    ({"id": "", "email": "a@b.c", "text": "Hi"}, "id is missing"),
    ({"id": None, "email": "a@b.c", "text": "Hi"}, "id is missing"),
    ({"id": True, "email": "a@b.c", "text": "Hi"}, "id must be text, found true or false"),
    ({"id": 1.5, "email": "a@b.c", "text": "Hi"}, "id must be text, found a number"),
    ({"id": "1", "email": "a@b.c"}, "text is missing"),
    ({"id": "1", "email": "a@b.c", "text": " \n"}, "text is missing"),
    ({"id": "1", "email": "a@b.c", "text": 5}, "text must be text, found a number"),
    ({"id": "1", "email": "a@b.c", "text": ["Hi"]}, "text must be text, found an array"),
    ({"id": "1", "text": "Hi"}, "email, phone and external_id are all missing"),
    ({"id": "1", "text": "Hi", "email": "", "phone": None}, "email, phone and external_id are all"),
    ({"id": "1", "text": "Hi", "email": "nobody"}, "email and phone name nobody"),
    ({"id": "1", "text": "Hi", "phone": "anonymous"}, "email and phone name nobody"),
    ({"id": "1", "text": "Hi", "email": {"a": 1}}, "email must be text, found an object"),
    ({**MINIMAL, "type": "call"}, "type must be message or activity"),
    ({**MINIMAL, "type": 1}, "type must be message or activity"),
    ({**MINIMAL, "direction": "in"}, "direction must be inbound or outbound"),
    ({**MINIMAL, "direction": []}, "direction must be inbound or outbound"),
    ({**MINIMAL, "occurred_at": "yesterday"}, "occurred_at is neither ISO 8601 nor Unix time"),
    ({**MINIMAL, "occurred_at": 1e300}, "occurred_at is neither ISO 8601 nor Unix time"),
    ({**MINIMAL, "occurred_at": False}, "occurred_at must be ISO 8601 or Unix time"),
    ({**MINIMAL, "name": {}}, "name must be text, found an object"),
    ({**MINIMAL, "thread": 1.5}, "thread must be text, found a number"),
    ({**MINIMAL, "url": "javascript:alert(1)"}, "url must be an https:// or http:// address"),
    ({**MINIMAL, "icon_url": 7}, "icon_url must be text"),
    ({**MINIMAL, "attachments": {}}, "attachments must be an array, found an object"),
]


@pytest.mark.parametrize(("body", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_field_is_named(parse, body, reason):
    with pytest.raises(MalformedBody, match=f"^{reason}"):
        parse(body)


@pytest.mark.parametrize(("body", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_wrong_item_of_an_array_leaves_the_others_and_is_named_by_its_index(parse, body, reason):
    before, wrong, after = parse([MINIMAL, body, {**MINIMAL, "id": "m-2"}])

    assert (before.id, after.id) == ("m-1", "m-2")
    assert isinstance(wrong, UnreadablePart)
    assert re.match(rf"\[1\]\.{reason}", wrong.reason)


@pytest.mark.parametrize(
    "odd",
    [
        1,
        {},
        [],
        "",
        "ftp://files.example.com/a",
        {"url": 7},
        {"url": "https://a.example", "filename": 1},
    ],
)
def test_an_odd_attachment_is_named_in_the_message_and_never_takes_it_along(parse, odd):
    [event] = parse({**MINIMAL, "attachments": [odd, "https://files.example.com/a.png"]})

    assert event.text == "Hi\n(a file that cannot be shown)"
    assert [file.url for file in event.attachments] == ["https://files.example.com/a.png"]


def test_a_message_of_nothing_but_an_odd_attachment_says_so(parse):
    [event] = parse({"id": "1", "email": "dana@example.com", "attachments": [{}]})

    assert event.text == "(a file that cannot be shown)"


@pytest.mark.parametrize(
    ("region", "phone"),
    [
        ("NL", "+31612345678"),
        ("nl", "+31612345678"),
        ("US", None),
        ("Netherlands", None),
        (None, None),
    ],
)
def test_the_country_of_a_number_is_the_events_own_where_it_names_one(parse, region, phone):
    body = {**MINIMAL, "phone": "06 12345678", "region": region}

    [event] = parse(body, region="US")

    assert event.person.phone == phone
    assert event.person.email == "dana@example.com"


def test_a_country_that_is_written_out_is_not_the_connections_either(parse):
    """A number that is valid in the connection's country is still not taken for one of it."""
    body = {**MINIMAL, "phone": "(415) 555-0132"}

    [abroad] = parse({**body, "region": "Netherlands"}, region="US")
    [at_home] = parse(body, region="US")

    assert (abroad.person.phone, at_home.person.phone) == (None, "+14155550132")


def test_the_recipient_tells_which_of_the_businesss_accounts_it_came_to(parse):
    [event] = parse({**MINIMAL, "recipient": 12})

    assert event.recipient == "12"


@pytest.mark.parametrize("body", [5, "text", None, True, 1.5])
def test_a_body_that_is_no_object_is_malformed(parse, body):
    with pytest.raises(MalformedBody, match="expected a JSON object or an array of them"):
        parse(body)


@pytest.mark.parametrize("item", [5, "text", None, [MINIMAL]])
def test_an_item_that_is_no_object_is_named_by_its_index(parse, item):
    good, wrong = parse([MINIMAL, item])

    assert good.id == "m-1"
    assert wrong.reason.startswith("[1] must be an object")


def test_an_activity_needs_text_even_with_attachments(parse):
    with pytest.raises(MalformedBody, match="text is missing"):
        parse(
            {
                "id": "1",
                "email": "dana@example.com",
                "type": "activity",
                "attachments": ["https://files.example.com/a.png"],
            }
        )


def test_an_error_quotes_nothing_of_the_body(parse):
    with pytest.raises(MalformedBody) as caught:
        parse({"id": "1", "text": "Secret words", "email": "dana-at-example.com"})

    assert "Secret" not in str(caught.value)
    assert "dana" not in str(caught.value)
