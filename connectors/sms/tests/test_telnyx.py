from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import (
    Attachment,
    Badge,
    BasicMessage,
    Ed25519Signature,
    Event,
    IgnoredPart,
    MalformedBody,
    Part,
    Person,
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_sms.telnyx import TelnyxSms
from pydantic import ValidationError

KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
OTHER_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
URL = "https://hooks.example.com/hooks/sms"
PAIR = "+15005550009/+15005550006"
DANA = Person(phone="+15005550006")
BODY = b'{"data":{"event_type":"message.received"}}'
SIGNATURE = (
    "NMQOthHKj00VoDxQbYGerZjOOFli2xhAkPDkJFo6ejSVzSWldlkGjrXx4fd+FqAwHXxSF3mTDGg9fXZ65b/+Cg=="
)
NOW = 1700000000.0

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> TelnyxSms:
    return TelnyxSms(TelnyxSms.Settings.model_validate({"public_key": KEY, **more}))


def posted(body: Any) -> WebhookRequest:
    return WebhookRequest(url=URL, body=json.dumps(body).encode())


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


def test_an_inbound_text_becomes_one_inbound_message(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("telnyx-received-sms.json")))

    assert event == Event(
        id="7ee4241c-f127-47e5-9c34-000000000001",
        person=DANA,
        text="Is Saturday free?",
        occurred_at=datetime(2026, 11, 6, 21, 20, tzinfo=UTC),
        thread=PAIR,
        recipient="+15005550009",
    )
    assert badge_of(connector(), event) == Badge(text="SMS")
    named = connector(label="Salon", icon_url="https://example.com/icon.png")
    assert badge_of(named, event) == Badge(text="Salon", icon_url="https://example.com/icon.png")


def test_a_picture_arrives_with_its_text(sample: Deliver) -> None:
    telnyx = connector()

    assert message_of(
        telnyx, only(telnyx.parse_event(sample("telnyx-received-mms.json")))
    ) == BasicMessage(
        text="see photo",
        attachments=(
            Attachment(
                kind="image", url="https://media.telnyx.example/p.jpg", mime_type="image/jpeg"
            ),
        ),
    )


@pytest.mark.parametrize(
    ("name", "person", "text", "thread", "badge"),
    [
        ("stop", DANA, "STOP", PAIR, "SMS"),
        ("group", DANA, "Us two?", PAIR, "SMS"),
        ("rcs", DANA, "Hi by RCS", f"rcs:{PAIR}", "RCS"),
        (
            "short-code",
            Person(id="72975", name="72975"),
            "Your code is 4711",
            "+15005550009/72975",
            "SMS",
        ),
        (
            "whatsapp",
            Person(id="US.1234567890", name="US.1234567890"),
            "Hola!",
            "whatsapp:+15005550009/us.1234567890",
            "WhatsApp",
        ),
    ],
)
def test_every_kind_of_inbound_message_is_read(
    sample: Deliver, name: str, person: Person, text: str, thread: str, badge: str
) -> None:
    event = only(connector().parse_event(sample(f"telnyx-received-{name}.json")))

    assert (event.person, event.text, event.thread) == (person, text, thread)
    assert badge_of(connector(), event) == Badge(text=badge)


def test_sent_and_finalized_are_one_outbound_message(sample: Deliver) -> None:
    sent = only(connector().parse_event(sample("telnyx-sent.json")))
    finalized = only(connector().parse_event(sample("telnyx-finalized.json")))

    assert sent == finalized
    assert (sent.direction, sent.person, sent.thread) == ("outbound", DANA, PAIR)
    assert sent.id == "40385f64-5717-4562-b3fc-2c963f66afa6"
    assert sent.text == "Yes, 10:00 works"


def test_what_never_arrived_is_an_activity_with_the_reason(sample: Deliver) -> None:
    telnyx = connector()
    event = only(telnyx.parse_event(sample("telnyx-finalized-landline.json")))

    assert (event.id, event.kind, event.direction, event.person) == (
        "undelivered:40385f64-5717-4562-b3fc-2c963f66afa6",
        "activity",
        "outbound",
        DANA,
    )
    assert event.text == (
        "Your SMS was not delivered: The destination number is either a landline or a "
        "non-routable wireless number. (“Yes, 10:00 works”)"
    )


@pytest.mark.parametrize("status", ["failed", "sending_failed", "delivery_failed"])
def test_each_way_of_not_arriving_is_one(sample: Deliver, status: str) -> None:
    body = sample("telnyx-finalized.json").json()
    body["data"]["payload"]["to"][0]["status"] = status

    assert only(connector().parse_event(posted(body))).kind == "activity"


def test_failures_can_be_left_out(sample: Deliver) -> None:
    telnyx = connector(failures=False)

    assert telnyx.parse_event(sample("telnyx-finalized-failed.json")) == [
        IgnoredPart(kind="message.finalized")
    ]
    assert [
        only_person(one) for one in telnyx.parse_event(sample("telnyx-finalized-two.json"))
    ] == [
        "+15005550006",
        "+15005550008",
    ]


def only_person(part: Part) -> str | None:
    assert isinstance(part, Event)
    return part.person.phone


def test_a_message_to_several_people_reaches_each_of_them(sample: Deliver) -> None:
    events = connector().parse_event(sample("telnyx-finalized-two.json"))

    sid = "40385f64-5717-4562-b3fc-2c963f66afa6"
    assert [(event.id, event.person.phone) for event in events if isinstance(event, Event)] == [
        (f"{sid}:+15005550006", "+15005550006"),
        (f"undelivered:{sid}:+15005550007", "+15005550007"),
        (f"{sid}:+15005550008", "+15005550008"),
    ]


def test_a_receiver_that_cannot_be_read_leaves_the_others(sample: Deliver) -> None:
    body = sample("telnyx-finalized-two.json").json()
    body["data"]["payload"]["to"][1]["phone_number"] = "+1500555\x000007"
    first, odd, third = connector().parse_event(posted(body))

    assert [only_person(first), only_person(third)] == ["+15005550006", "+15005550008"]
    assert isinstance(odd, UnreadablePart)
    assert odd.reason.startswith("data.payload.to[1] is not a plain id")


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("number_order.complete", [IgnoredPart(kind="number_order.complete")]),
        ("message.read", [IgnoredPart(kind="message.read")]),
        (None, []),
    ],
)
def test_other_kinds_of_event_are_left_out_by_their_name(kind: object, parts: list[Part]) -> None:
    assert connector().parse_event(posted({"data": {"event_type": kind}})) == parts


def received(sample: Deliver, **changes: Any) -> Event:
    body = sample("telnyx-received-sms.json").json()
    body["data"]["payload"].update(changes)
    return only(connector().parse_event(posted(body)))


@pytest.mark.parametrize(
    ("subject", "text", "shown"),
    [
        ("Leak under the sink", "", "Leak under the sink"),
        ("Leak", "Under the sink", "Leak\nUnder the sink"),
        ("Leak", "Leak", "Leak"),
    ],
)
def test_the_subject_of_an_mms_is_shown_before_its_text(
    sample: Deliver, subject: str, text: str, shown: str
) -> None:
    assert received(sample, subject=subject, text=text).text == shown


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"suggestion_response": {"text": "Visit us", "postback_data": "x"}}, "Visit us"),
        (
            {"location": {"latitude": 47.3769, "longitude": 8.5417}},
            "[location] https://www.google.com/maps/search/?api=1&query=47.3769,8.5417",
        ),
        (
            {"type": "interactive", "interactive": {"button_reply": {"id": "1", "title": "Yes"}}},
            "Yes",
        ),
        (
            {"type": "button", "button": {"payload": "X", "text": "No more offers"}},
            "No more offers",
        ),
        (
            {
                "type": "interactive",
                "interactive": {"nfm_reply": {"response_json": '{"flow_token":"t","day":"Mon"}'}},
            },
            "[answered a form]\nDay: Mon",
        ),
        (
            {"type": "order", "order": {"text": "Please", "product_items": [{"quantity": 2}]}},
            "[order]\n2 × item\nPlease",
        ),
        (
            {"type": "text", "text": {"body": "Hi"}, "referral": {"headline": "Sale"}},
            "Hi\n[from an ad] Sale",
        ),
        (
            {"type": "document", "document": {"id": "m1", "filename": "quote.pdf"}},
            "(file) quote.pdf",
        ),
        ({"type": "unsupported"}, "(a message that cannot be shown here)"),
        ({"type": "text", "text": 7}, "7"),
        ({"user_file": {"payload": "odd"}}, "(a message that cannot be shown here)"),
    ],
)
def test_what_rcs_and_whatsapp_say_is_kept(
    sample: Deliver, body: dict[str, Any], text: str
) -> None:
    assert received(sample, text=None, body=body).text == text


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({"suggestion_response": {"text": "Visit us"}}, "Visit us"),
        (
            {"location": {"latitude": 47.5, "longitude": 8.5}},
            "[location] https://www.google.com/maps/search/?api=1&query=47.5,8.5",
        ),
    ],
)
def test_what_is_beside_the_text_may_stand_in_the_payload_itself(
    sample: Deliver, beside: dict[str, Any], text: str
) -> None:
    event = received(sample, text=None, to={"agent_id": "agent-1"}, type="RCS", **beside)

    assert (event.text, event.recipient) == (text, "agent-1")


def test_what_an_agent_of_rcs_said_is_told_with_cards_and_buttons(sample: Deliver) -> None:
    body = sample("telnyx-sent.json").json()
    card = {
        "title": "Spring sale",
        "description": "20 % off",
        "media": {"content_info": {"file_url": "https://f.example/1.jpg"}},
        "suggestions": [{"action": {"text": "Book now"}}, "odd"],
    }
    said = {
        "rich_card": {"standalone_card": {"card_content": card}},
        "suggestions": [{"reply": {"text": "Not now", "postback_data": "no"}}],
    }
    agent = {"agent_id": "agent-1", "agent_name": "Salon Mara"}
    body["data"]["payload"].update(
        {"type": "RCS", "text": None, "body": {"content_message": said}, "from": agent}
    )
    event = only(connector().parse_event(posted(body)))

    assert event.text.splitlines() == [
        "Spring sale",
        "20 % off",
        "[button] Book now",
        "[button] Not now",
    ]
    assert [file.url for file in event.attachments] == ["https://f.example/1.jpg"]
    assert (event.direction, event.recipient) == ("outbound", "agent-1")


def test_a_carousel_of_rcs_is_told_card_by_card(sample: Deliver) -> None:
    body = sample("telnyx-sent.json").json()
    cards = [{"title": "Cut"}, {"title": "Colour"}, 7]
    said = {"text": "Our offers", "rich_card": {"carousel_card": {"card_contents": cards}}}
    body["data"]["payload"].update({"text": None, "body": {"content_message": said}})

    event = only(connector().parse_event(posted(body)))

    assert event.text.splitlines() == ["Our offers", "Cut", "Colour"]


def test_the_business_may_be_an_agent_of_rcs(sample: Deliver) -> None:
    agent = {"agent_id": "e4448a5c0670c2a9", "agent_name": "Salon Mara"}
    event = received(sample, type="RCS", to=[agent])

    assert event.recipient == "e4448a5c0670c2a9"
    assert event.thread == "rcs:e4448a5c0670c2a9/+15005550006"


def test_a_file_of_whatsapp_that_has_an_address_is_kept(sample: Deliver) -> None:
    image = {"link": "https://files.example.com/1.jpg", "caption": "Before"}
    event = received(sample, text=None, body={"type": "image", "image": image})

    assert event.text == "Before"
    assert [(file.kind, file.url) for file in event.attachments] == [("image", image["link"])]


def test_media_without_a_web_address_are_told_in_words(sample: Deliver) -> None:
    event = received(sample, text="See", media=[{"url": "ftp://x"}, 7, {}])

    assert (event.text, event.attachments) == ("See\n(a file that cannot be shown)", ())


def test_a_reaction_is_an_activity_unless_left_out(sample: Deliver) -> None:
    body = {"type": "reaction", "reaction": {"emoji": "👍", "message_id": "m"}}
    event = received(sample, text=None, body=body)

    assert (event.kind, event.text) == ("activity", "Reacted with 👍")
    raw = sample("telnyx-received-sms.json").json()
    raw["data"]["payload"]["body"] = body
    assert connector(reactions=False).parse_event(posted(raw)) == [IgnoredPart(kind="reaction")]
    body["reaction"] = {"emoji": ""}
    assert connector().parse_event(posted(raw)) == [IgnoredPart(kind="reaction")]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("data",), "data is missing"),
        (("data", "payload"), "data.payload is missing"),
        (("data", "payload", "id"), "data.payload.id is missing"),
        (("data", "payload", "from"), "data.payload.from.phone_number is missing"),
    ],
)
def test_a_missing_field_is_named_by_its_path(
    sample: Deliver, path: tuple[str, ...], said: str
) -> None:
    body = sample("telnyx-received-sms.json").json()
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]

    with pytest.raises(MalformedBody, match=said):
        connector().parse_event(posted(body))


def test_a_message_with_neither_text_nor_media_says_so(sample: Deliver) -> None:
    body = sample("telnyx-received-sms.json").json()
    body["data"]["payload"].update(text="  ", media=None)

    assert only(connector().parse_event(posted(body))).text == "(message without text)"


# Signature


def signed(body: bytes = BODY, **changes: str) -> WebhookRequest:
    headers = {"telnyx-signature-ed25519": SIGNATURE, "telnyx-timestamp": "1700000000"} | changes
    return WebhookRequest(url=URL, headers=headers, body=body)


def test_the_published_signature_passes() -> None:
    assert connector().signature().verify(signed(), NOW) is None
    assert connector(public_key=[OTHER_KEY, KEY]).signature().verify(signed(), NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"telnyx-timestamp": "1700000001"},
        {"telnyx-timestamp": ""},
        {"telnyx-signature-ed25519": ""},
        {"telnyx-signature-ed25519": "not base64"},
        {"telnyx-signature-ed25519": "A" + SIGNATURE[1:]},
    ],
)
def test_a_wrong_signature_is_refused(changes: dict[str, str]) -> None:
    assert connector().signature().verify(signed(**changes), NOW)


def test_another_body_key_or_time_is_refused() -> None:
    assert connector().signature().verify(signed(body=BODY + b" "), NOW)
    assert connector(public_key=OTHER_KEY).signature().verify(signed(), NOW)
    assert connector().signature().verify(signed(), NOW + 301)
    assert connector().signature().verify(WebhookRequest(url=URL, body=BODY), NOW)


def test_the_pipe_between_time_and_body_is_signed() -> None:
    telnyx = Ed25519Signature(
        public_keys=KEY,
        header="telnyx-signature-ed25519",
        timestamp_header="telnyx-timestamp",
        private_key=bytes(range(32)),
    )
    made = telnyx.sign(WebhookRequest(url=URL, body=BODY), NOW)

    assert made.headers["telnyx-signature-ed25519"] == SIGNATURE
    assert connector().signature().verify(made, NOW) is None


@pytest.mark.parametrize("key", ["", "not base64", "AAAA", KEY[:-2]])
def test_a_public_key_that_is_none_is_refused_in_the_settings(key: str) -> None:
    with pytest.raises(ValidationError, match="base64 of 32 bytes") as refused:
        connector(public_key=key)

    assert refused.value.errors()[0]["loc"][0] == "public_key"
