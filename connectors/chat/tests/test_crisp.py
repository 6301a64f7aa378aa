"""What Crisp deliveries become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import (
    Attachment,
    Badge,
    BasicMessage,
    Event,
    IgnoredPart,
    MalformedBody,
    MinimalMessage,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_chat.crisp import Crisp

SESSION = "session_36ba3566-9651-4790-afc8-ffedbccc317f"
BODY = b'{"event":"message:send"}'
STAMP = "1700000000000"
SIGNED = "c9e50d6f174c35785fe2903608e9e8c4a7e37dec55c8f20d70913d2ec33191ff"
IN_SECONDS = "717a7bf8efe1d4370d36ebee358ced74f4aaa8c80ba2a1d67a6fee702545c72e"
NOW = 1_700_000_000.0

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]


def connect(**changes: Any) -> Crisp:
    return Crisp(Crisp.Settings(**(changes or {"signing_secret": "crisp-signing-secret"})))


def message(**data: Any) -> dict[str, Any]:
    defaults = {"session_id": SESSION, "fingerprint": 1, "type": "text", "content": "hi"}
    return {"event": "message:send", "data": {**defaults, **data}, "timestamp": 1794000000000}


def test_what_a_visitor_sends_is_inbound(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-message"))

    assert event.id == f"{SESSION}:179400000049423"
    assert (event.kind, event.direction, event.text) == ("message", "inbound", "Hey, open Sunday?")
    assert event.person == Person(id=SESSION, name="visitor49")
    assert event.thread_key == SESSION
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 0, 616000, UTC)


@pytest.mark.parametrize(
    ("name", "text"),
    [("crisp-reply", "Yes, from 10:00"), ("crisp-bot-reply", "We will be right with you")],
)
def test_what_a_visitor_receives_is_outbound_and_about_the_visitor(
    sample: Sample, name: str, text: str
) -> None:
    """The nickname beside it is the operator's."""
    (event,) = connect().parse_event(sample(name))

    assert (event.direction, event.text) == ("outbound", text)
    assert event.person == Person(id=SESSION)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("private-note", "message:received note"),
        ("edited-note", "message:updated note"),
        ("event", "message:received event"),
        ("set-nickname", "session:set_nickname"),
    ],
)
def test_private_notes_internal_events_and_nicknames_are_ignored_by_kind(
    sample: Sample, name: str, kind: str
) -> None:
    assert connect().parse_event(sample(f"crisp-{name}")) == [IgnoredPart(kind=kind)]


def test_the_option_that_a_visitor_picks_is_what_the_visitor_says(sample: Sample) -> None:
    """No message follows it in Crisp: the question's own message is updated."""
    connector = connect()
    (event,) = connector.parse_event(sample("crisp-choice"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.text == "What about?\nRepairs"
    assert message_of(connector, event) == BasicMessage(text="What about?\nRepairs")


def test_an_option_told_twice_shows_once_and_another_one_anew(
    sample: Sample, delivery: Delivery
) -> None:
    body = sample("crisp-choice").json_object()
    (first,) = connect().parse_event(delivery(body))
    body["timestamp"] += 5000
    (again,) = connect().parse_event(delivery(body))
    for choice in body["data"]["content"]["choices"]:
        choice["selected"] = not choice["selected"]
    (other,) = connect().parse_event(delivery(body))

    assert again.id == first.id
    assert other.id != first.id
    assert other.text == "What about?\nSales"


def test_what_a_visitor_fills_in_is_what_the_visitor_says(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-answered-field"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.text == "Your first name\nDana"


def test_an_edited_message_shows_what_it_says_now(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-updated"))

    assert (event.kind, event.direction, event.text) == ("message", "inbound", "[edited] edited")


def test_an_edited_text_that_may_be_a_private_note_is_told_without_its_words(
    sample: Sample,
) -> None:
    (event,) = connect().parse_event(sample("crisp-edited-text"))
    (with_words,) = connect(url_token="t0ken", show_edited_text=True).parse_event(
        sample("crisp-edited-text")
    )

    assert (event.kind, event.direction) == ("activity", "outbound")
    assert event.text == "Edited a message in Crisp"
    assert (with_words.kind, with_words.text) == ("message", "[edited] Saturday")


def test_an_edited_carousel_shows_as_the_businesss(sample: Sample, delivery: Delivery) -> None:
    body = sample("crisp-carousel").json_object()
    body["event"] = "message:updated"
    del body["data"]["type"], body["data"]["from"]
    (event,) = connect().parse_event(delivery(body))

    assert event.direction == "outbound"
    assert event.text.startswith("[edited] Look\n\nRose cream")


def test_a_removed_message_is_told(sample: Sample) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample("crisp-removed"))

    assert event.direction == "outbound"
    assert event.person == Person(id=SESSION)
    assert message_of(connector, event) == MinimalMessage(text="Deleted a message")


def test_a_rating_and_its_comment_are_told(sample: Sample) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample("crisp-rating"))

    assert event.direction == "inbound"
    assert message_of(connector, event) == MinimalMessage(
        text="Rated the conversation 4 of 5: Quick answer"
    )


@pytest.mark.parametrize(
    ("subscribed", "text"),
    [(False, "Unsubscribed from emails"), (True, "Subscribed to emails")],
)
def test_who_stops_or_resumes_emails_is_told(
    sample: Sample, delivery: Delivery, subscribed: bool, text: str
) -> None:
    body = sample("crisp-unsubscribed").json_object()
    body["data"]["subscribed"] = subscribed
    (event,) = connect().parse_event(delivery(body))

    assert (event.kind, event.direction, event.text) == ("activity", "inbound", text)
    assert event.person == Person(email="dana@example.com")


def test_a_carousel_shows_its_cards_with_their_links_and_pictures(
    sample: Sample, delivery: Delivery
) -> None:
    body = sample("crisp-carousel").json_object()
    body["data"]["content"]["targets"] += [
        {"title": "Soap", "image": "https://shop.example.com/soap.png", "actions": None},
        "odd",
    ]
    (event,) = connect().parse_event(delivery(body))

    assert event.direction == "outbound"
    assert event.text == ("Look\n\nRose cream\nd\nBuy: https://shop.example.com/rose\n\nSoap")
    assert event.attachments == (Attachment(kind="image", url="https://shop.example.com/soap.png"),)


def test_options_show_where_they_lead_and_which_was_chosen(delivery: Delivery) -> None:
    choices = [
        {"value": "sat", "label": "Saturday", "selected": True},
        {"value": "sun"},
        {"label": "Prices", "action": {"type": "link", "target": "https://spa.example.com/p"}},
    ]
    body = message(type="picker", content={"text": "Which day?", "choices": choices})
    (event,) = connect().parse_event(delivery(body))

    assert event.text == (
        "Which day?\n- Saturday (chosen)\n- sun\n- Prices (https://spa.example.com/p)"
    )


def test_a_file_without_an_address_is_named(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-edge-file-without-address"))

    assert (event.text, event.attachments) == ("[file] hair.jpg", ())
    assert event.person.picture_url == "https://storage.example/dana.png"


def test_somebody_else_in_the_conversation_is_not_taken_for_the_visitor(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-participant"))

    assert event.person == Person(id=SESSION)
    assert event.text == "Tobias: I come along"


def test_the_sources_of_an_answer_are_linked_below_it(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-answer-with-sources"))

    assert event.text == "We open at 9:00.\nOpening hours: https://help.example/hours"


def test_every_event_names_the_website_that_it_came_to(sample: Sample) -> None:
    for name in ("message", "removed", "rating", "unsubscribed", "set-email"):
        (event,) = connect().parse_event(sample(f"crisp-{name}"))
        assert event.recipient == "42286ab3-b29a-4fde-8538-da0ae501d825"


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        (
            "crisp-file-image",
            Attachment(
                kind="image",
                url="https://storage.example/hair.jpg",
                filename="hair.jpg",
                mime_type="image/jpeg",
            ),
        ),
        (
            "crisp-file-pdf",
            Attachment(
                url="https://storage.example/list.pdf",
                filename="list.pdf",
                mime_type="application/pdf",
            ),
        ),
        ("crisp-audio", Attachment(url="https://storage.example/a.ogg", mime_type="audio/ogg")),
        (
            "crisp-animation",
            Attachment(kind="image", url="https://storage.example/a.gif", mime_type="image/gif"),
        ),
    ],
)
def test_pictures_are_shown_and_other_files_offered(
    sample: Sample, name: str, attachment: Attachment
) -> None:
    (event,) = connect().parse_event(sample(name))

    assert event.attachments == (attachment,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crisp-picker", "Which day?\n- Saturday"),
        ("crisp-field", "Your first name\nDana"),
        ("crisp-unknown-type", "[carousel]"),
    ],
)
def test_forms_say_what_they_ask_and_what_was_answered(
    sample: Sample, name: str, text: str
) -> None:
    (event,) = connect().parse_event(sample(name))

    assert event.text == text


@pytest.mark.parametrize(
    ("name", "person", "text"),
    [
        (
            "crisp-set-email",
            Person(id=SESSION, email="dana@example.com"),
            "Email address: dana@example.com",
        ),
        (
            "crisp-set-phone",
            Person(id=SESSION, phone="+14155550132"),
            "Phone number: +1 415-555-0132",
        ),
    ],
)
def test_a_given_address_joins_the_session_to_it(
    sample: Sample, name: str, person: Person, text: str
) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample(name))

    assert (event.kind, event.person) == ("activity", person)
    assert message_of(connector, event) == MinimalMessage(text=text)
    assert event.thread_key == SESSION
    assert "dana" not in event.id


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "event is missing"),
        (message(session_id=None), "data.session_id is missing"),
        (message(fingerprint=None), "data.fingerprint is missing"),
        (message(content=["secret words"]), "data.content is neither"),
        (message(timestamp={}), "data.timestamp is not a time"),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    delivery: Delivery, body: Any, path: str
) -> None:
    with pytest.raises(MalformedBody) as caught:
        connect().parse_event(delivery(body))

    assert path in str(caught.value)
    assert "secret" not in str(caught.value)


def signed(stamp: str = STAMP, signature: str = SIGNED, body: bytes = BODY) -> WebhookRequest:
    headers = {"X-Crisp-Request-Timestamp": stamp, "X-Crisp-Signature": signature}
    return WebhookRequest(headers=headers, body=body)


def test_a_plugins_signature_covers_the_timestamp_and_the_body() -> None:
    assert connect().signature().verify(signed(), NOW) is None


@pytest.mark.parametrize(
    "request_",
    [
        WebhookRequest(body=BODY),
        signed(signature=""),
        signed(signature=SIGNED[:-1]),
        signed(stamp="1700000000001"),
        signed(stamp=""),
        signed(stamp="soon"),
        signed(body=BODY + b" "),
    ],
)
def test_a_missing_or_wrong_signature_is_refused(request_: WebhookRequest) -> None:
    assert connect().signature().verify(request_, NOW)


@pytest.mark.parametrize("seconds_off", [-301, 301])
def test_a_stale_or_early_delivery_is_refused(seconds_off: int) -> None:
    assert connect().signature().verify(signed(), NOW + seconds_off)


def test_the_timestamp_may_count_seconds() -> None:
    """Crisp does not say which; either must lie in the window."""
    request = signed("1700000000", IN_SECONDS)

    assert connect().signature().verify(request, NOW) is None
    assert connect().signature().verify(request, NOW + 301)


def test_both_secrets_pass_while_one_replaces_the_other() -> None:
    assert (
        connect(signing_secret=["new", "crisp-signing-secret"]).signature().verify(signed(), NOW)
        is None
    )
    assert connect(signing_secret="new").signature().verify(signed(), NOW)


def called(query: str) -> WebhookRequest:
    return WebhookRequest(url=f"https://hooks.example.com/hooks/chat{query}", body=BODY)


def test_a_website_hook_proves_itself_by_the_token_in_its_address() -> None:
    scheme = connect(url_token=["n/w", "t0ken+é"]).signature()

    assert scheme.verify(called("?token=t0ken%2B%C3%A9"), NOW) is None
    assert scheme.verify(scheme.sign(called("?a=1"), NOW), NOW) is None


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?token=other", "?Token=t0ken", "?token=t0ken&token=t0ken", "?x=t0ken"],
)
def test_a_missing_doubled_or_wrong_token_is_refused(query: str) -> None:
    assert connect(url_token="t0ken").signature().verify(called(query), NOW)


def test_either_proof_passes_where_both_are_set() -> None:
    scheme = connect(signing_secret="crisp-signing-secret", url_token="t0ken").signature()

    assert scheme.verify(signed(), NOW) is None
    assert scheme.verify(called("?token=t0ken"), NOW) is None
    assert scheme.verify(called(""), NOW)


@pytest.mark.parametrize(
    ("query", "kept"),
    [("?token=t0ken", ""), ("?a=%20&token=t0ken&b", "?a=%20&b"), ("?tok%65n=t", ""), ("", "")],
)
def test_the_token_is_taken_out_before_a_delivery_is_stored(query: str, kept: str) -> None:
    request = called(query)
    stored = connect(url_token="t0ken").signature().redact(request)

    assert stored.url == f"https://hooks.example.com/hooks/chat{kept}"
    assert (stored.body, stored.received_at) == (request.body, request.received_at)


@pytest.mark.parametrize(
    "values", [{}, {"signing_secret": ""}, {"url_token": []}, {"url_token": "t", "typo": 1}]
)
def test_settings_that_prove_nothing_or_are_misspelt_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Crisp.Settings(**values)


def test_settings_without_a_secret_say_which_two_there_are() -> None:
    with pytest.raises(ValueError, match=r"set signing_secret .* or url_token"):
        Crisp.Settings()


def test_secrets_do_not_show_when_printed() -> None:
    made = connect(signing_secret="s3cret", url_token="t0ken")
    shown = f"{made.settings!r} {made.signature()!r}"

    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_the_badge_is_crisps() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="Crisp")
