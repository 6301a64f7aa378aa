"""What tawk.to deliveries become."""

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
    Person,
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_chat.tawkto import TawkTo

CHAT = "70fe3290-99ad-11e9-a30a-51567162179f"
DANA = Person(id="58ca8453-v1", email="dana@example.com", name="Dana")
BODY = b'{"event":"chat:start"}'
SIGNED = "9cd4336770f7f74d075e7f19b9b82a82b1ad1c72"
NOW = 1_794_000_000.0

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]


def connect(**changes: Any) -> TawkTo:
    return TawkTo(TawkTo.Settings(**{"secret": "tawk-secret", **changes}))


@pytest.fixture
def transcript(sample: Sample) -> dict[str, Any]:
    """A whole chat, to change."""
    return sample("tawkto-transcript").json_object()


def test_a_started_chat_is_its_first_message(sample: Sample) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample("tawkto-start"))

    assert (event.kind, event.direction, event.text) == ("message", "inbound", "Is Saturday free?")
    assert event.person == Person(email="dana@example.com", name="Dana")
    assert event.thread_key == CHAT
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 0, 201000, UTC)
    assert message_of(connector, event) == BasicMessage(text="Is Saturday free?")


def test_a_chat_that_an_agent_started_is_outbound_and_about_the_visitor(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("tawkto-start-by-agent"))

    assert (event.direction, event.person.email) == ("outbound", "dana@example.com")


def test_a_transcript_is_its_messages_without_the_systems(sample: Sample) -> None:
    events = connect().parse_event(sample("tawkto-transcript"))

    assert [(event.direction, event.text) for event in events] == [
        ("inbound", "Is Saturday free?"),
        ("outbound", "Yes, at 10:00 or 12:00"),
        ("inbound", "ok"),
        ("outbound", "Which?"),
        ("inbound", "ok"),
        ("inbound", "[file] lost.pdf"),
    ]
    assert {event.person for event in events} == {DANA}
    assert {event.thread_key for event in events} == {CHAT}
    assert events[1].occurred_at == datetime(2026, 11, 6, 21, 20, 20, tzinfo=UTC)


def test_files_of_a_transcript_come_along(sample: Sample) -> None:
    *_, event = connect().parse_event(sample("tawkto-transcript"))

    assert event.attachments == (
        Attachment(
            kind="image",
            url="https://files.example/hair.jpg",
            filename="hair.jpg",
            mime_type="image/jpeg",
        ),
    )


def test_words_said_twice_are_two_messages(sample: Sample) -> None:
    events = connect().parse_event(sample("tawkto-transcript"))

    assert len({event.id for event in events}) == len(events) == 6


def test_the_first_message_has_one_id_in_start_and_transcript(sample: Sample) -> None:
    """It is stored once."""
    (start,) = connect().parse_event(sample("tawkto-start"))
    first, *_ = connect().parse_event(sample("tawkto-transcript"))

    assert start.id == first.id


def test_a_longer_transcript_repeats_the_ids_and_adds_one(
    transcript: dict[str, Any], delivery: Delivery
) -> None:
    before = connect().parse_event(delivery(transcript))
    more = {"sender": {"t": "v"}, "type": "msg", "msg": "ok", "time": "2026-11-06T21:30:00Z"}
    transcript["chat"]["messages"].append(more)
    after = connect().parse_event(delivery(transcript))

    assert [event.id for event in before] == [event.id for event in after[:-1]]
    assert after[-1].id not in {event.id for event in before}


def test_the_same_words_in_another_chat_are_another_message(
    transcript: dict[str, Any], delivery: Delivery
) -> None:
    here = connect().parse_event(delivery(transcript))
    transcript["chat"]["id"] = "other"
    there = connect().parse_event(delivery(transcript))

    assert not {event.id for event in here} & {event.id for event in there}


def test_words_do_not_show_in_ids(sample: Sample) -> None:
    for event in connect().parse_event(sample("tawkto-transcript")):
        assert "Saturday" not in event.id


def test_a_visitor_without_an_address_is_known_by_id(sample: Sample) -> None:
    events = connect().parse_event(sample("tawkto-transcript-anonymous"))

    assert [event.person for event in events] == [Person(id="58ca8453-v1", name="V1794000000")] * 2


def test_a_start_that_names_nobody_is_left_to_the_transcript(sample: Sample) -> None:
    assert connect().parse_event(sample("tawkto-start-anonymous")) == [
        IgnoredPart(kind="chat:start")
    ]


def test_a_transcript_that_names_nobody_is_known_by_its_chat(
    transcript: dict[str, Any], delivery: Delivery
) -> None:
    del transcript["chat"]["visitor"]
    events = connect().parse_event(delivery(transcript))

    assert {event.person for event in events} == {Person(id=f"chat:{CHAT}")}


def test_the_end_of_a_chat_gives_nothing(sample: Sample) -> None:
    assert connect().parse_event(sample("tawkto-end")) == [IgnoredPart(kind="chat:end")]


def test_what_the_site_says_in_somebodys_name_is_the_businesss(sample: Sample) -> None:
    greeting, answer = connect().parse_event(sample("tawkto-greeting-in-an-agents-name"))

    assert (greeting.direction, greeting.text) == ("outbound", "Hi! Shall I book you in?")
    assert (answer.direction, answer.text) == ("inbound", "Yes please")
    assert greeting.person == answer.person == Person(email="ines@example.com", name="Ines")


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ({"t": "s"}, "msg"),
        ({"t": "s", "n": " "}, "msg"),
        ({"t": "s", "n": "System"}, "msg"),
        ({"t": "s", "n": "Marta"}, "event"),
    ],
)
def test_a_notice_of_the_system_is_no_part_of_the_talk(
    transcript: dict[str, Any], delivery: Delivery, sender: dict[str, str], kind: str
) -> None:
    notice = {"sender": sender, "type": kind, "msg": "Marta has joined"}
    transcript["chat"]["messages"] = [notice]

    assert connect().parse_event(delivery(transcript)) == []


def test_every_event_names_the_site_that_it_came_to(sample: Sample) -> None:
    for name in ("start", "transcript", "ticket"):
        for event in connect().parse_event(sample(f"tawkto-{name}")):
            assert event.recipient == "58ca8453"


def test_a_ticket_is_a_message(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("tawkto-ticket"))

    assert (event.id, event.direction) == ("ticket:6e5c", "inbound")
    assert event.text == "Gift card\n\nDo you sell them?"
    assert event.person == Person(email="dana@example.com", name="Dana")


def test_a_ticket_that_an_agent_opened_is_not_the_customers_words(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("tawkto-ticket-by-agent"))

    assert (event.direction, event.text) == ("outbound", "Your lost scarf\n\nWe found it.")


def test_a_ticket_in_html_shows_as_plain_text_with_its_pictures(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("tawkto-ticket-html"))

    assert event.text == "Export broken\n\nCannot export the list."


def test_a_plain_ticket_keeps_its_lines_and_signs(sample: Sample, delivery: Delivery) -> None:
    body = sample("tawkto-ticket").json_object()
    body["ticket"]["message"] = "a < b\n<dana@example.com> & co\n\n<3"
    (event,) = connect().parse_event(delivery(body))

    assert event.text == "Gift card\n\na < b\n<dana@example.com> & co\n\n<3"


def test_a_picture_in_a_ticket_comes_along(sample: Sample, delivery: Delivery) -> None:
    body = sample("tawkto-ticket").json_object()
    body["ticket"].update(subject="", message='<p><img src="https://files.example/1.png"></p>')
    (event,) = connect().parse_event(delivery(body))

    assert event.text == ""
    assert event.attachments == (Attachment(kind="image", url="https://files.example/1.png"),)


@pytest.mark.parametrize("odd", ["lost", None, {"content": "lost"}, {"content": {"file": 3}}])
def test_an_odd_attachment_becomes_a_placeholder(
    transcript: dict[str, Any], delivery: Delivery, odd: Any
) -> None:
    transcript["chat"]["messages"][1]["attchs"] = [odd]
    first, *_ = connect().parse_event(delivery(transcript))

    assert first.text == "Is Saturday free?\n[file]"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda messages: messages.append("secret"),
            "chat.messages[7] is not an object",
        ),
        (
            lambda messages: messages.append({"sender": {"t": "v"}, "msg": "hi", "time": "soon"}),
            "chat.messages[7].time is not a time",
        ),
    ],
)
def test_a_message_that_cannot_be_read_leaves_the_others_as_they_are(
    transcript: dict[str, Any], delivery: Delivery, change: Callable[[Any], Any], reason: str
) -> None:
    before = connect().parse_event(delivery(transcript))
    change(transcript["chat"]["messages"])
    *others, odd = connect().parse_event(delivery(transcript))

    assert others == before
    assert isinstance(odd, UnreadablePart)
    assert odd.reason == reason


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda body: body.pop("event"), "event is missing"),
        (lambda body: body["chat"].pop("id"), "chat.id is missing"),
        (lambda body: body["chat"].update(messages={}), "chat.messages is not an array"),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    transcript: dict[str, Any], delivery: Delivery, change: Callable[[Any], Any], path: str
) -> None:
    change(transcript)
    with pytest.raises(MalformedBody) as caught:
        connect().parse_event(delivery(transcript))

    assert path in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("signature", "passes"),
    [(SIGNED, True), (None, False), ("", False), (SIGNED[:-1], False), ("0" * 40, False)],
)
def test_the_signature_is_a_sha1_of_the_raw_body(signature: str | None, passes: bool) -> None:
    headers = {} if signature is None else {"X-Tawk-Signature": signature}
    request = WebhookRequest(headers=headers, body=BODY)

    assert (connect().signature().verify(request, NOW) is None) is passes


def test_both_secrets_pass_while_one_replaces_the_other() -> None:
    request = WebhookRequest(headers={"X-Tawk-Signature": SIGNED}, body=BODY)

    assert connect(secret=["new", "tawk-secret"]).signature().verify(request, NOW) is None
    assert connect(secret="new").signature().verify(request, NOW)


@pytest.mark.parametrize("values", [{}, {"secret": ""}, {"secret": "s", "typo": 1}])
def test_settings_that_are_missing_empty_or_misspelt_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TawkTo.Settings(**values)


def test_the_badge_is_tawktos() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="tawk.to")
