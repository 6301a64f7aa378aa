"""What Instagram deliveries become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import (
    Attachment,
    Badge,
    Event,
    MalformedBody,
    MinimalMessage,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_facebook.instagram import Instagram

ACCOUNT, IGSID = "17841400000000001", "5560000000000077"
DANA = f"{ACCOUNT}:{IGSID}"

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]
Kinds = Callable[[Any, WebhookRequest], list[str]]
Reasons = Callable[[Any, WebhookRequest], str]


def connect(**changes: Any) -> Instagram:
    return Instagram(Instagram.Settings(**{"app_secret": "s", "verify_token": "v", **changes}))


def batch(*items: Any) -> dict[str, Any]:
    return {"object": "instagram", "entry": [{"id": ACCOUNT, "messaging": list(items)}]}


def item(**what: Any) -> dict[str, Any]:
    return {"sender": {"id": IGSID}, "recipient": {"id": ACCOUNT}, "timestamp": 1, **what}


def read(connector: Instagram, request: WebhookRequest) -> list[Event]:
    return [part for part in connector.parse_event(request) if isinstance(part, Event)]


def test_a_shared_post_is_named_below_the_words(sample: Sample) -> None:
    (event,) = read(connect(), sample("instagram-shared-post"))

    assert event.id == "aWdfZAG1faXRlbToxOkl..."
    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.text == "love this!\n[post] New colours https://lookaside.example/x"
    assert (event.person.id, event.thread_key) == (DANA, DANA)
    assert event.occurred_at == datetime(2026, 11, 6, 21, 28, 19, 321000, UTC)


@pytest.mark.parametrize(
    ("name", "text"),
    [("instagram-echo", "Thank you!"), ("instagram-own-sender", "from the app itself")],
)
def test_an_echo_is_outbound_whether_marked_or_sent_by_the_account(
    sample: Sample, name: str, text: str
) -> None:
    (event,) = read(connect(), sample(name))

    assert (event.direction, event.person.id, event.text) == ("outbound", DANA, text)


def test_echoes_of_our_own_app_are_dropped(delivery: Delivery) -> None:
    echo = {"mid": "1", "text": "x", "is_echo": True, "app_id": 99}
    body = delivery(batch(item(sender={"id": ACCOUNT}, recipient={"id": IGSID}, message=echo)))

    assert read(connect(app_id="99"), body) == []
    assert len(read(connect(), body)) == 1


def test_an_unsent_message_is_an_activity_beside_the_message(
    sample: Sample, delivery: Delivery
) -> None:
    connector = connect()
    (event,) = read(connector, sample("instagram-unsent"))
    (message,) = read(connector, delivery(batch(item(message={"mid": "aWd_uns", "text": "?"}))))

    assert (event.kind, event.text, event.person.id) == ("activity", "Unsent a message", DANA)
    assert message_of(connector, event) == MinimalMessage(text="Unsent a message")
    assert event.id != message.id
    assert event.thread_key == message.thread_key


def test_answers_to_a_story_and_mentions_in_one_say_so(sample: Sample) -> None:
    answer, mention = read(connect(), sample("instagram-story"))

    assert answer.text == "[reply to a story] so pretty!"
    assert mention.text == "[mentioned you in a story] https://lookaside.example/mention"


def test_a_picture_is_shown_and_a_reel_named(sample: Sample) -> None:
    (event,) = read(connect(), sample("instagram-reel-and-photo"))

    assert event.text == "[reel] Balayage https://lookaside.example/reel"
    assert event.attachments == (Attachment(kind="image", url="https://lookaside.example/p.jpg"),)


def test_seen_marks_and_reactions_give_nothing(kinds: Kinds, sample: Sample) -> None:
    request = sample("instagram-seen-and-reaction")

    assert read(connect(), request) == []
    assert kinds(connect(), request) == ["read", "reaction"]


@pytest.mark.parametrize("name", ["instagram-comment", "instagram-comment-in-changes"])
def test_a_comment_is_an_activity_in_either_shape(sample: Sample, name: str) -> None:
    """The account's own comments are left out."""
    (event,) = read(connect(), sample(name))

    assert (event.id, event.kind) == ("comment:17900000000000042", "activity")
    assert event.text == "Commented: How much is this?"
    assert (event.person.id, event.person.name) == (DANA, "dana.r")


def test_a_person_stays_the_same_when_the_entry_names_the_page(sample: Sample) -> None:
    """With Facebook Login an entry's id may be the Page's."""
    found = read(connect(), sample("instagram-page-as-tenant"))

    assert [(event.direction, event.person.id) for event in found] == [
        ("inbound", DANA),
        ("outbound", DANA),
    ]


def test_the_dashboards_test_button_shows_its_sample(sample: Sample) -> None:
    (event,) = read(connect(), sample("instagram-dashboard-test"))

    assert (event.id, event.text) == ("random_mid", "random_text")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (batch(item(message={"is_deleted": True})), "entry[0].messaging[0].message.mid"),
        (
            {"object": "instagram", "entry": [{"id": "1", "field": "comments", "value": {}}]},
            "entry[0].value.from.id",
        ),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    reasons: Reasons, delivery: Delivery, body: Any, path: str
) -> None:
    assert path in reasons(connect(), delivery(body))


def test_a_delivery_for_a_page_names_the_connection_it_needs(delivery: Delivery) -> None:
    with pytest.raises(MalformedBody, match="provider = 'messenger'"):
        read(connect(), delivery({"object": "page", "entry": []}))


def test_the_badge_is_instagrams() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="Instagram")


def test_reactions_are_shown_where_that_is_set(sample: Sample) -> None:
    (event,) = read(connect(reactions=True), sample("instagram-seen-and-reaction"))

    assert (event.kind, event.text) == ("activity", "Reacted to a message: ❤")


def test_an_event_names_the_account(sample: Sample) -> None:
    events = [
        *read(connect(), sample("instagram-echo")),
        *read(connect(), sample("instagram-page-as-tenant")),
        *read(connect(), sample("instagram-comment")),
    ]

    assert {event.recipient for event in events} == {ACCOUNT}


def test_words_beside_an_odd_reply_are_kept(delivery: Delivery) -> None:
    (event,) = read(connect(), delivery(batch(item(message={"text": "hi", "reply_to": 1}))))

    assert event.text == "hi"
