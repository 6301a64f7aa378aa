"""What Messenger deliveries become."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import (
    Attachment,
    BasicMessage,
    Event,
    MalformedBody,
    MinimalMessage,
)
from inboxbridge import WebhookRequest as Request
from inboxbridge.testing import badge_of, load_samples, message_of
from inboxbridge_facebook.messenger import FACEBOOK_ICON, Messenger

PAGE, PSID = "104200000000001", "7450000000000011"
DANA = f"{PAGE}:{PSID}"

Sample = Callable[[str], Request]
Delivery = Callable[[Any], Request]
Kinds = Callable[[Any, Request], list[str]]
Reasons = Callable[[Any, Request], str]


def connect(**changes: Any) -> Messenger:
    return Messenger(
        Messenger.Settings(**{"app_secret": "app-secret-demo", "verify_token": "v", **changes})
    )


def page(*items: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": list(items)}]}


def item(**what: Any) -> dict[str, Any]:
    sides = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": 1794000000301}
    return {**sides, **what}


def read(connector: Messenger, request: Request) -> list[Event]:
    return [part for part in connector.parse_event(request) if isinstance(part, Event)]


def test_a_conversation_keeps_its_order_and_its_directions(sample: Sample) -> None:
    question, picture, reply = read(connect(), sample("messenger-conversation"))

    assert _said(question) == ("m_AbCdEf-001", "inbound", "Do you do gel nails?")
    assert datetime(2026, 11, 6, 21, 20, 0, 301000, UTC) == question.occurred_at
    assert (Attachment(kind="image", url="https://scontent.example/p.jpg"),) == picture.attachments
    assert _said(reply) == ("m_AbCdEf-003", "outbound", "Yes we do!")
    assert [event.person.id for event in (question, picture, reply)] == [DANA] * 3
    assert [event.thread for event in (question, picture, reply)] == [DANA] * 3


def test_a_tapped_button_says_its_title(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-postback"))

    assert _said(event) == ("m_AbCdEf-004", "inbound", "Get Started")
    assert event.kind == "message"


def test_a_tapped_button_in_standby_says_its_title_too(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-standby-postback"))

    assert _said(event) == ("m_sbp-1", "inbound", "Prices")


def test_a_button_without_a_title_still_shows(delivery: Delivery) -> None:
    (event,) = read(connect(), delivery(page(item(postback={"mid": "m_1"}))))

    assert event.text == "[tapped a button]"


def test_standby_messages_count_like_the_others(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-standby"))

    assert _said(event) == ("m_AbCdEf-005", "inbound", "hello?")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("messenger-referral-ad", "Opened the chat from an ad: Spring sale"),
        ("messenger-referral-link", "Opened the chat from a link: spring"),
    ],
)
def test_a_referral_is_an_activity(sample: Sample, name: str, text: str) -> None:
    connector = connect()
    (event,) = read(connector, sample(name))

    assert ("activity", "inbound", text) == (event.kind, event.direction, event.text)
    assert MinimalMessage(text=text, icon_url=FACEBOOK_ICON) == message_of(connector, event)


def test_two_referrals_by_the_same_link_are_two_events(delivery: Delivery) -> None:
    referral = {"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"}
    first, second = read(
        connect(),
        delivery(page(item(referral=referral), item(referral=referral, timestamp=1794000000302))),
    )

    assert first.id != second.id


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("read-and-delivery", ["read", "delivery"]),
        ("empty-message", ["message", "message.empty"]),
    ],
)
def test_reads_deliveries_and_empty_messages_are_left_out_by_their_kind(
    kinds: Kinds, sample: Sample, name: str, ignored: list[str]
) -> None:
    request = sample(f"messenger-{name}")

    assert read(connect(), request) == []
    assert kinds(connect(), request) == ignored


def test_pictures_are_shown_and_other_files_offered(sample: Sample) -> None:
    connector = connect()
    (event,) = read(connector, sample("messenger-attachments"))

    expected = (
        Attachment(kind="image", url="https://scontent.example/p.jpg"),
        Attachment(url="https://cdn.example/audioclip.mp4?oh=1", filename="audioclip.mp4"),
        Attachment(url="https://cdn.example/v/12345", filename="video"),
        Attachment(url="https://cdn.example/f/price%20list.pdf?oh=2", filename="price list.pdf"),
    )
    assert expected == event.attachments
    assert BasicMessage(text="The bill and a song", attachments=expected) == message_of(
        connector, event
    )


def test_a_sticker_sent_as_image_and_as_sticker_shows_once(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-sticker-in-transition"))

    assert (
        Attachment(kind="image", url="https://scontent.example/sticker.png"),
    ) == event.attachments


def test_a_sticker_sent_as_sticker_alone_is_a_picture(delivery: Delivery) -> None:
    sticker = {"type": "sticker", "payload": {"url": "https://scontent.example/s.png"}}
    (event,) = read(
        connect(), delivery(page(item(message={"mid": "m_1", "attachments": [sticker]})))
    )

    picture = Attachment(kind="image", url="https://scontent.example/s.png")
    assert (event.text, event.attachments) == ("", (picture,))


def test_an_id_of_invisible_characters_is_still_one(delivery: Delivery) -> None:
    first, second = read(
        connect(),
        delivery(
            page(
                item(message={"mid": "\x01", "text": "one"}),
                item(message={"mid": "\x02", "text": "two"}),
            )
        ),
    )

    assert first.id != second.id


def test_what_cannot_be_shown_becomes_a_line_with_its_link(sample: Sample) -> None:
    found = read(connect(), sample("messenger-shared-things"))

    assert [event.text for event in found] == [
        "look https://salon.example/spring",
        "[attachment]",
        "[reel] Gel nails in 5 steps https://lookaside.example/reel",
        "[appointment]",
        "[hologram] https://cdn.example/holo",
        "[template] Choose a day",
    ]
    assert [event.attachments for event in found] == [()] * 6


def test_a_link_that_is_no_web_address_is_not_offered(delivery: Delivery) -> None:
    attachment = {"type": "file", "payload": {"url": "javascript:alert(1)"}}
    (event,) = read(
        connect(), delivery(page(item(message={"mid": "m_1", "attachments": [attachment]})))
    )

    assert (event.text, event.attachments) == ("[file]", ())


@pytest.mark.parametrize(
    ("name", "email", "phone"),
    [
        ("messenger-quick-reply-email", "dana@example.com", None),
        ("messenger-quick-reply-phone", None, "+14155550132"),
        ("messenger-quick-reply-choice", None, None),
    ],
)
def test_a_tapped_address_or_number_identifies_the_person(
    sample: Sample, name: str, email: str | None, phone: str | None
) -> None:
    (event,) = read(connect(), sample(name))

    assert (DANA, email, phone) == (event.person.id, event.person.email, event.person.phone)
    assert event.thread_key == DANA


def test_an_address_in_the_text_alone_of_a_quick_reply_identifies_too(delivery: Delivery) -> None:
    message = {"mid": "m_1", "text": "Dana@Example.com", "quick_reply": {"payload": "EMAIL"}}
    (event,) = read(connect(), delivery(page(item(message=message))))

    assert event.person.email == "dana@example.com"


def test_an_address_that_is_merely_written_identifies_nobody(delivery: Delivery) -> None:
    """It may be anybody's."""
    (event,) = read(
        connect(), delivery(page(item(message={"mid": "m_1", "text": "dana@example.com"})))
    )

    assert event.person.email is None


@pytest.mark.parametrize("own", ["1517776481860111", 1517776481860111])
def test_echoes_of_our_own_app_are_dropped(kinds: Kinds, sample: Sample, own: str | int) -> None:
    request = sample("messenger-conversation")
    connector = connect(app_id=own)

    assert kinds(connector, request) == ["message_echoes.own_app"]
    assert [event.id for event in read(connector, request)] == ["m_AbCdEf-001", "m_AbCdEf-002"]


def test_echoes_of_other_apps_stay(sample: Sample) -> None:
    found = read(connect(app_id="26390203743090"), sample("messenger-conversation"))

    assert "m_AbCdEf-003" in [event.id for event in found]


def test_a_message_by_the_page_itself_is_outbound_without_the_echo_mark(
    delivery: Delivery,
) -> None:
    sides = {"sender": {"id": PAGE}, "recipient": {"id": PSID}}
    (event,) = read(connect(), delivery(page(item(**sides, message={"mid": "m_1", "text": "Hi"}))))

    assert (event.direction, event.person.id) == ("outbound", DANA)


def test_the_dashboards_test_button_shows_its_sample(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-dashboard-test"))

    assert _said(event) == ("test_message_id", "inbound", "test_message")
    assert event.person.id == "23245:12334"
    assert datetime(2018, 5, 27, 22, 23, 44, tzinfo=UTC) == event.occurred_at


def test_mixed_entries_keep_the_order_of_the_body(sample: Sample) -> None:
    found = read(connect(), sample("messenger-mixed-entry"))

    assert [event.id for event in found] == ["m_mix-1", "m_mix-2", "m_mix-3", "m_mix-4"]


def test_one_number_at_two_pages_is_two_people(sample: Sample) -> None:
    *_, here, there = read(connect(), sample("messenger-mixed-entry"))

    assert DANA == here.person.id == here.thread_key
    assert f"104200000000002:{PSID}" == there.person.id == there.thread_key


def test_a_plugin_user_without_an_id_is_known_by_the_reference(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-plugin-user"))

    assert f"{PAGE}:user_ref:checkbox-77" == event.person.id


def test_escaped_letters_and_joined_emoji_arrive_whole(sample: Sample) -> None:
    (event,) = read(connect(), sample("messenger-emoji"))

    assert event.text == "café \U0001f469‍\U0001f9b0"


def test_a_batch_of_a_thousand_gives_a_thousand_in_order(delivery: Delivery) -> None:
    items = [item(message={"mid": f"m_{n}", "text": str(n)}) for n in range(1000)]
    found = read(connect(), delivery(page(*items)))

    assert [f"m_{n}" for n in range(1000)] == [event.id for event in found]


def test_a_message_without_an_id_has_one_that_a_redelivery_repeats(delivery: Delivery) -> None:
    body = page(item(message={"text": "hello"}), item(message={"text": "other"}))
    first, other = read(connect(), delivery(body))
    again, _ = read(connect(), delivery(body))

    assert first.id == again.id != other.id
    assert "hello" not in first.id


@pytest.mark.parametrize("body", [{"object": "page", "entry": []}, {"object": "user"}])
def test_nothing_comes_of_empty_batches_and_other_objects(delivery: Delivery, body: Any) -> None:
    assert read(connect(), delivery(body)) == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "object is missing"),
        ({"object": "page", "entry": {}}, "body.entry"),
        ({"object": "page", "entry": ["x"]}, "entry[0] "),
        (page(item(), "x"), "entry[0].messaging[1]"),
        (page(item(message=[1])), "entry[0].messaging[0].message"),
        (page(item(message={"text": 5})), "entry[0].messaging[0].message.text"),
        (page(item(sender={}, message={"text": "hi"})), "entry[0].messaging[0].sender.id"),
        (page(item(timestamp="soon", message={"text": "hi"})), "entry[0].messaging[0].timestamp"),
        (page(item(timestamp=1e300, message={"text": "hi"})), "entry[0].messaging[0].timestamp"),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    reasons: Reasons, delivery: Delivery, body: Any, path: str
) -> None:
    said = reasons(connect(), delivery(body))

    assert path in said
    assert "hi" not in said.split()


def test_a_delivery_of_another_product_names_the_connection_it_needs(delivery: Delivery) -> None:
    with pytest.raises(MalformedBody, match="provider = 'instagram'"):
        read(connect(), delivery({"object": "instagram", "entry": []}))


def test_the_badge_is_facebooks_unless_another_icon_is_set() -> None:
    event = Event(id="1")
    badge = badge_of(connect(), event)
    other = badge_of(connect(icon_url="https://salon.example/f.png"), event)

    assert badge is not None
    assert (badge.text, badge.icon_url) == ("Facebook", FACEBOOK_ICON)
    assert other is not None
    assert other.icon_url == "https://salon.example/f.png"


def _said(event: Event) -> tuple[str, str, str]:
    return event.id, event.direction, event.text


def test_samples_hold_json_escapes_as_meta_sends_them() -> None:
    for sample in load_samples(Path(__file__).parent.parent / "samples", only="messenger-*"):
        assert sample.body.isascii()
        assert "page" in json.loads(sample.body).get("object", "page")


@pytest.mark.parametrize("sides", [{}, {"sender": {"id": PAGE}, "recipient": {"id": PSID}}])
def test_an_event_names_the_page_whoever_wrote(delivery: Delivery, sides: dict[str, Any]) -> None:
    (event,) = read(connect(), delivery(page(item(**sides, message={"mid": "m_1", "text": "x"}))))

    assert event.recipient == PAGE


def test_an_odd_item_is_kept_as_unreadable_between_its_neighbours(
    reasons: Reasons, delivery: Delivery
) -> None:
    body = page(
        item(message={"mid": "m_1", "text": "one"}),
        item(sender={"id": {"odd": True}}, message={"mid": "m_2", "text": "two"}),
        item(message={"mid": "m_3", "text": "three"}),
    )

    assert [event.text for event in read(connect(), delivery(body))] == ["one", "three"]
    assert "messaging[1].sender.id" in reasons(connect(), delivery(body))


def test_an_odd_entry_and_an_odd_list_leave_the_others(
    reasons: Reasons, delivery: Delivery
) -> None:
    body = page(item(message={"mid": "m_1", "text": "one"}))
    body["entry"][0]["standby"] = "odd"
    body["entry"].append("odd")

    assert [event.text for event in read(connect(), delivery(body))] == ["one"]
    said = reasons(connect(), delivery(body))
    assert "entry[0].standby is not an array" in said
    assert "entry[1] is not an object" in said


@pytest.mark.parametrize(
    ("reaction", "text"),
    [
        ({"action": "react", "emoji": "❤", "reaction": "love"}, "Reacted to a message: ❤"),
        ({"action": "react", "reaction": "love"}, "Reacted to a message: love"),
        ({"action": "unreact"}, "Took back a reaction to a message"),
    ],
)
def test_reactions_are_shown_where_that_is_set(
    delivery: Delivery, reaction: dict[str, str], text: str
) -> None:
    request = delivery(page(item(reaction={"mid": "m_1", **reaction})))
    (event,) = read(connect(reactions=True), request)

    assert (event.kind, event.text, event.person.id) == ("activity", text, DANA)
    assert read(connect(), request) == []


def test_two_edits_of_a_message_are_two_events(delivery: Delivery) -> None:
    edits = [{"mid": "m_1", "text": text, "num_edit": n} for n, text in enumerate("ab")]
    unnumbered = [{"mid": "m_1", "text": text} for text in "ab"]
    items = [item(message_edit=edit) for edit in (*edits, *unnumbered)]

    assert len({event.id for event in read(connect(), delivery(page(*items)))}) == 4


@pytest.mark.parametrize(
    "attachments", ["odd", ["odd"], [{"type": 7}], [{"type": "image", "payload": "odd"}]]
)
def test_an_odd_attachment_does_not_cost_the_words_beside_it(
    delivery: Delivery, attachments: Any
) -> None:
    message = {"mid": "m_1", "text": "look", "attachments": attachments}
    (event,) = read(connect(), delivery(page(item(message=message))))

    assert event.text.startswith("look")


@pytest.mark.parametrize("where", [{"lat": "north", "long": 1}, {"lat": 1e9, "long": 1}, {}])
def test_a_place_without_usable_coordinates_is_still_named(
    delivery: Delivery, where: dict[str, Any]
) -> None:
    place = {"type": "location", "title": "The salon", "payload": {"coordinates": where}}
    message = {"mid": "m_1", "attachments": [place]}
    (event,) = read(connect(), delivery(page(item(message=message))))

    assert event.text == "[location] The salon"


def test_a_link_that_a_message_names_is_not_repeated_but_a_button_is(delivery: Delivery) -> None:
    link = "https://salon.example/book"
    template = {
        "type": "template",
        "payload": {
            "template_type": "button",
            "text": f"Book: {link}",
            "buttons": [{"type": "web_url", "title": "Book now", "url": link}],
        },
    }
    message = {"mid": "m_1", "text": f"Book: {link}", "attachments": [template]}
    (event,) = read(connect(), delivery(page(item(message=message))))

    assert event.text == f"Book: {link}\n[button] Book now {link}"


def test_a_comment_and_a_message_of_one_person_reach_one_contact(delivery: Delivery) -> None:
    change = {
        "field": "feed",
        "value": {
            "from": {"id": PSID, "name": "Dana"},
            "item": "comment",
            "verb": "add",
            "comment_id": "1_2",
        },
    }
    body = page(item(message={"mid": "m_1", "text": "hi"}))
    body["entry"][0]["changes"] = [change]
    message, comment = read(connect(), delivery(body))

    assert message.person.id == comment.person.id == DANA
    assert message.thread_key == comment.thread_key
    assert (comment.text, comment.recipient) == ("Commented", PAGE)


@pytest.mark.parametrize(
    ("field", "value", "ignored"),
    [
        ("feed", {"from": {"id": PAGE}, "item": "comment", "verb": "add"}, "feed.comment.own"),
        ("feed", {"from": {"id": "5"}, "item": "like", "verb": "add"}, "feed.like.add"),
        ("feed", {"from": {"id": "5"}, "item": "comment", "verb": "hide"}, "feed.comment.hide"),
        ("feed", {"from": {"id": "5"}, "item": "What I said", "verb": ["x"]}, "feed"),
        ("ratings", {"sender_id": PAGE, "item": "comment", "verb": "add"}, "ratings.comment.own"),
        ("leadgen", {"leadgen_id": "55"}, "leadgen"),
    ],
)
def test_what_is_left_out_of_a_page_is_named_by_its_kind_and_never_by_words(
    kinds: Kinds, delivery: Delivery, field: str, value: Any, ignored: str
) -> None:
    change = {"field": field, "value": value}
    body = {"object": "page", "entry": [{"id": PAGE, "changes": [change]}]}

    assert kinds(connect(), delivery(body)) == [ignored]


def test_a_comment_by_nobody_is_kept_as_unreadable(reasons: Reasons, delivery: Delivery) -> None:
    value = {"item": "comment", "verb": "add", "comment_id": "1_2", "message": "hi"}
    body = {
        "object": "page",
        "entry": [{"id": PAGE, "changes": [{"field": "feed", "value": value}]}],
    }

    assert "value.from.id is missing" in reasons(connect(), delivery(body))


def test_an_edit_back_to_the_first_words_is_another_event(delivery: Delivery) -> None:
    changes = [
        {
            "field": "feed",
            "value": {
                "from": {"id": PSID},
                "item": "comment",
                "verb": "edited",
                "comment_id": "1_2",
                "message": words,
                "created_time": 1794000000 + n,
            },
        }
        for n, words in enumerate(("a", "b", "a"))
    ]
    body = {"object": "page", "entry": [{"id": PAGE, "changes": changes}]}

    assert len({event.id for event in read(connect(), delivery(body))}) == 3


def test_the_author_of_a_comment_is_never_put_together_from_two(delivery: Delivery) -> None:
    value = {
        "from": {"id": PSID},
        "sender_id": "5",
        "sender_name": "Sam Ortiz",
        "item": "comment",
        "verb": "add",
        "comment_id": "1_2",
    }
    body = {
        "object": "page",
        "entry": [{"id": PAGE, "changes": [{"field": "feed", "value": value}]}],
    }
    (event,) = read(connect(), delivery(body))

    assert (event.person.id, event.person.name) == (DANA, None)
