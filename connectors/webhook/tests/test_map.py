"""A source's own JSON, brought to the Inbox by a map."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import Event, IgnoredPart, MalformedBody, Person

ORDER = {
    "type": "order.paid",
    "message": "ignored",
    "order": {
        "number": 1001,
        "customer": {"email": "dana@example.com", "first": "Dana", "last": "Reyes"},
        "lines": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 1}],
        "at": 1794000000,
    },
}
MAP = {
    "id": "order.number",
    "email": "order.customer.email",
    "text": "join(' ', ['Order', to_string(order.number), 'paid'])",
}


def test_expressions_find_the_fields(parse):
    [event] = parse(ORDER, map=MAP)

    assert event.id == "1001"
    assert event.person.email == "dana@example.com"
    assert event.text == "Order 1001 paid"
    assert (event.kind, event.direction) == ("message", "inbound")


def test_nothing_is_taken_from_the_sources_own_keys_unasked(parse):
    """`type` means something else there, and is not a reason to refuse the delivery."""
    [event] = parse({**ORDER, "phone": "+14155550132", "direction": "north"}, map=MAP)

    assert event.kind == "message"
    assert event.person.phone is None


def test_kind_and_direction_may_be_written_as_such(parse):
    [event] = parse(ORDER, map={**MAP, "type": "activity", "direction": "outbound"})

    assert (event.kind, event.direction) == ("activity", "outbound")


def test_kind_and_direction_may_be_found(parse):
    table = {**MAP, "type": "order.number && 'activity'", "direction": "order.way"}
    body = {"order": {**ORDER["order"], "way": "outbound"}}

    [event] = parse(body, map=table)

    assert (event.kind, event.direction) == ("activity", "outbound")


@pytest.mark.parametrize(("sender", "direction"), [("agent", "outbound"), ("visitor", "inbound")])
def test_outbound_when_tells_the_direction(parse, sender, direction):
    table = {**MAP, "outbound_when": "sender == 'agent'"}

    [event] = parse({**ORDER, "sender": sender}, map=table)

    assert event.direction == direction


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1794000000, None),
        ("1794000000", None),
        (1794000000000, None),
        ("1794000000000", None),
        (1794000000.0, "s"),
        (1794000000000, "ms"),
        ("2026-11-06T21:20:00Z", None),
        ("2026-11-06T21:20:00", None),
        ("2026-11-06 14:20:00.000-07:00", None),
        ("20261106T212000Z", None),
    ],
)
def test_moments_are_read_however_they_are_written(parse, value, unit):
    table = {**MAP, "occurred_at": "at"} | ({"occurred_at_unit": unit} if unit else {})

    [event] = parse({**ORDER, "at": value}, map=table)

    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)


def test_a_unit_overrules_the_size_of_the_number(parse):
    [event] = parse(
        {**ORDER, "at": 5000}, map={**MAP, "occurred_at": "at", "occurred_at_unit": "ms"}
    )

    assert event.occurred_at == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_a_date_without_a_time_is_no_unix_number(parse):
    [event] = parse({**ORDER, "at": "20261106"}, map={**MAP, "occurred_at": "at"})

    assert event.occurred_at == datetime(2026, 11, 6, tzinfo=UTC)


def test_templates_put_expressions_into_text(parse):
    table = {
        "id_template": "{type}/{order.number}",
        "email": "order.customer.email",
        "name_template": "{order.customer.first} {order.customer.last}",
        "text_template": "Paid {{{order.number}}}: {order.lines[].sku}{order.nothing}",
        "url_template": "https://shop.example.com/orders/{order.number}",
    }

    [event] = parse(ORDER, map=table)

    assert event.id == "order.paid/1001"
    assert event.person.name == "Dana Reyes"
    assert event.text == "Paid {1001}: A, B"
    assert event.url == "https://shop.example.com/orders/1001"


def test_an_id_template_must_not_find_nothing(parse):
    """An id with a hole would be the same for different events, and the second would vanish."""
    table = {"id_template": "order-{order.nr}", "text": "type", "email": "order.customer.email"}

    with pytest.raises(MalformedBody, match=r"^map\.id: a placeholder found nothing"):
        parse(ORDER, map=table)


def test_deliveries_for_which_when_is_not_true_are_ignored(parse):
    table = {**MAP, "when": "type == 'order.paid'"}

    assert len(parse(ORDER, map=table)) == 1
    assert parse({**ORDER, "type": "order.viewed"}, map=table) == []
    assert parse({"something": "else"}, map=table) == []


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_nothing_and_empty_is_not_true(parse, value):
    assert parse({**ORDER, "flag": value}, map={**MAP, "when": "flag"}) == []


@pytest.mark.parametrize("value", [0, True, "no", [0], {"a": 1}])
def test_anything_else_is_true(parse, value):
    assert len(parse({**ORDER, "flag": value}, map={**MAP, "when": "flag"})) == 1


def test_the_first_map_that_applies_is_used(parse):
    maps = [
        {**MAP, "when": "type == 'order.paid'", "text": "'paid'"},
        {**MAP, "when": "starts_with(type, 'order.')", "text": "'changed'"},
    ]

    texts = [
        [event.text for event in parse({**ORDER, "type": kind}, maps=maps)]
        for kind in ("order.paid", "order.sent", "stock.low")
    ]

    assert texts == [["paid"], ["changed"], []]


def test_items_make_many_events_of_one_delivery(parse):
    table = {
        "items": "order.lines",
        "id_template": "{root().order.number}-{index()}",
        "email": "root().order.customer.email",
        "text_template": "{qty} x {sku}",
    }

    events = parse(ORDER, map=table)

    assert [event.id for event in events] == ["1001-0", "1001-1"]
    assert [event.text for event in events] == ["2 x A", "1 x B"]
    assert {event.person.email for event in events} == {"dana@example.com"}


def test_an_item_may_be_text_itself(parse):
    table = {"items": "words", "id": "@", "text": "@", "external_id": "root().who"}

    events = parse({"words": ["a", "b"], "who": 7}, map=table)

    assert [(event.id, event.text, event.person.id) for event in events] == [
        ("a", "a", "7"),
        ("b", "b", "7"),
    ]


def test_no_items_is_no_event_but_a_missing_array_is_malformed(parse):
    """A misspelt path would otherwise ignore every delivery in silence."""
    table = {"items": "lines", "id": "id", "text": "text", "email": "email"}

    assert parse({"lines": []}, map=table) == []
    with pytest.raises(MalformedBody, match=r"^map\.items found no array"):
        parse({"line": []}, map=table)


def test_an_array_is_a_batch_of_deliveries(parse):
    table = {**MAP, "when": "type == 'order.paid'"}
    second = {**ORDER, "order": {**ORDER["order"], "number": 1002}}

    events = parse([ORDER, {"type": "stock.low"}, second], map=table)

    assert [event.id for event in events] == ["1001", "1002"]


def test_index_counts_through_a_whole_batch(parse):
    table = {
        "items": "words",
        "id_template": "{root().n}-{index()}",
        "text": "@",
        "external_id": "root().n",
    }

    events = parse([{"n": 1, "words": ["a", "b"]}, {"n": 2, "words": ["c"]}], map=table)

    assert [event.id for event in events] == ["1-0", "1-1", "2-2"]


def test_a_header_can_carry_the_id(connector, request_with):
    table = {**MAP, "id": "header('X-Event-Id')"}
    shop = connector(map=table)

    [event] = shop.parse_event(request_with(ORDER, x_event_id="e-5"))

    assert event.id == "e-5"
    with pytest.raises(MalformedBody, match=r"^map\.id is missing"):
        shop.parse_event(request_with(ORDER))


def test_thread_about_and_attachments_can_be_mapped(parse):
    table = {
        **MAP,
        "thread": "order.number",
        "about": "order.number",
        "attachments": "files[].link",
        "icon_url": "icon",
    }
    body = {
        **ORDER,
        "files": [{"link": "https://files.example.com/a.png"}],
        "icon": "https://shop.example.com/i.png",
    }

    [event] = parse(body, map=table)

    assert (event.thread, event.about) == ("1001", "1001")
    assert [a.url for a in event.attachments] == ["https://files.example.com/a.png"]
    assert event.icon_url == "https://shop.example.com/i.png"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": "order.missing"}, r"map\.id is missing"),
    ({"id": "order"}, r"map\.id must be text, found an object"),
    ({"text": "order.number"}, r"map\.text must be text, found a number"),
    ({"text": "order.missing"}, r"map\.text is missing"),
    ({"text": "&order"}, r"map\.text must be text"),
    ({"email": "order.lines"}, r"map\.email must be text, found an array"),
    ({"type": "type"}, r"map\.type must be message or activity"),
    ({"text": "join(' ', order.lines)"}, r"map\.text: the function join\(\) takes array-string"),
    ({"text": "join(' ', order.missing)"}, r"map\.text: the function join\(\) takes array-string"),
    ({"text": "contains(type, order.number)"}, r"map\.text: the expression fails on this body"),
    ({"when": "length(order.number) > `1`"}, r"map\.when: the function length\(\)"),
    ({"items": "keys(type)"}, r"map\.items: the function keys\(\) takes object, found string"),
    ({"outbound_when": "abs(type)"}, r"map\.outbound_when: the function abs\(\)"),
    ({"name_template": "{order}"}, r"map\.name: a placeholder found an object"),
    ({"phone": "order.missing", "email": "order.missing"}, r"map\.email, phone and external_id"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG)
def test_what_an_expression_cannot_find_is_named(parse, change, reason):
    with pytest.raises(MalformedBody, match=f"^{reason}"):
        parse(ORDER, map={**MAP, **change})


def test_a_fault_in_a_batch_names_the_object_the_table_and_the_item(parse):
    maps = [{**MAP, "when": "`false`"}, {**MAP, "items": "lines"}]
    good = {"order": {"number": 1, "customer": {"email": "dana@example.com"}}}

    first, second, wrong = parse([{"lines": [good]}, {"lines": [good, {}]}], maps=maps)

    assert (first.id, second.id) == ("1", "1")
    assert wrong.reason == "[1]: item 1: maps[1].id is missing or empty"


def test_an_item_that_cannot_be_read_leaves_the_others_with_their_numbers(parse):
    table = {
        "items": "lines",
        "id_template": "{root().n}-{index()}",
        "text": "text",
        "external_id": "root().n",
    }

    first, wrong, third = parse({"n": 7, "lines": [{"text": "a"}, {}, {"text": "c"}]}, map=table)

    assert (first.id, third.id) == ("7-0", "7-2")
    assert wrong.reason == "item 1: map.text is missing or empty"


@pytest.mark.parametrize(
    "key", [{"region": "billing.country"}, {"region_template": "{billing.country}"}]
)
@pytest.mark.parametrize(
    ("country", "phone"), [("NL", "+31612345678"), ("", None), (None, None), ("Nederland", None)]
)
def test_the_country_of_a_number_can_be_mapped(parse, key, country, phone):
    """A shop of the US sells to the Netherlands: 06 12345678 is no American number."""
    table = {"id": "id", "email": "billing.email", "phone": "billing.phone", "text": "'Ordered'"}
    billing = {"email": "jan@example.nl", "phone": "06 12345678", "country": country}

    [event] = parse({"id": 727, "billing": billing}, map={**table, **key}, region="US")

    assert event.person.phone == phone
    assert event.person.email == "jan@example.nl"


def test_without_a_country_of_its_own_a_foreign_number_is_left_out(connector, request_with):
    woo = connector(
        label="Woo",
        region="US",
        maps=[
            {
                "when": "header('X-WC-Webhook-Topic')=='order.created'",
                "id_template": "order-{id}",
                "type": "activity",
                "email": "billing.email",
                "phone": "billing.phone",
                "name_template": "{billing.first_name} {billing.last_name}",
                "text_template": (
                    "Ordered {join(', ', line_items[].name)}: {total} {currency} "
                    "{plain(customer_note)}"
                ),
            }
        ],
    )
    order = {
        "id": 727,
        "currency": "EUR",
        "total": "29.35",
        "customer_note": "<p>Ring twice</p>",
        "billing": {
            "first_name": "Jan",
            "last_name": "Kok",
            "email": "jan@example.nl",
            "phone": "06 12345678",
            "country": "NL",
        },
        "line_items": [{"name": "Mug", "quantity": 2}],
    }

    [event] = woo.parse_event(request_with(order, X_WC_Webhook_Topic="order.created"))

    assert event.person == Person(email="jan@example.nl", name="Jan Kok")
    assert event.text == "Ordered Mug: 29.35 EUR Ring twice"


def test_the_recipient_can_be_mapped(parse):
    [event] = parse({**ORDER, "branch": 4}, map={**MAP, "recipient": "branch"})

    assert event.recipient == "4"


@pytest.mark.parametrize("kind", ["type", "header('X-Topic')"])
def test_what_no_map_takes_is_named_by_its_kind(connector, request_with, kind):
    shop = connector(map={**MAP, "when": "type == 'order.paid'"}, kind=kind)

    parts = shop.parse_event(request_with({"type": "stock.low"}, X_Topic="stock.low"))

    assert parts == [IgnoredPart(kind="stock.low")]


@pytest.mark.parametrize("kind", ["missing", "order", "abs(type)", "' '"])
def test_a_kind_that_is_no_name_is_left_out(parse, kind):
    body = {"type": "stock.low", "order": {"a": 1}}

    assert parse(body, map={**MAP, "when": "type == 'order.paid'"}, kind=kind) == []


def test_an_error_quotes_nothing_of_the_body(parse):
    with pytest.raises(MalformedBody) as caught:
        parse({**ORDER, "secret": "words"}, map={**MAP, "text": "join(' ', [secret, order])"})

    assert "words" not in str(caught.value)
    assert "dana" not in str(caught.value)


def test_mapped_events_survive_storage(parse):
    events = parse(ORDER, map={**MAP, "occurred_at": "order.at"})

    assert [Event.model_validate_json(event.model_dump_json()) for event in events] == events
