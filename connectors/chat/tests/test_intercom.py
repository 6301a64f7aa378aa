"""What Intercom deliveries become."""

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
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_chat.intercom import Intercom

PING = b'{"topic":"ping"}'
PING_SIGNED = "sha1=657c4b2773e904ea1f60c47d29b0f4cb53b118ce"
NOW = 1_794_000_000.0
DANA = Person(id="5310", email="dana@example.com", name="Dana Reyes")
LEAD = Person(id="5320")

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]


def connect(**changes: Any) -> Intercom:
    return Intercom(Intercom.Settings(**{"client_secret": "intercom-client-secret", **changes}))


@pytest.fixture
def reply(sample: Sample) -> dict[str, Any]:
    """A customer's reply, to change."""
    return sample("intercom-user-replied").json_object()


def first_part(body: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = body["data"]["item"]["conversation_parts"]["conversation_parts"][0]
    return part


def test_a_reply_is_the_new_part_alone(sample: Sample) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample("intercom-user-replied"))

    assert event.id == "abc123:147:900"
    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.text == "Is Saturday free?"
    assert event.person == DANA
    assert event.thread_key == "147"
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)
    assert message_of(connector, event) == BasicMessage(text="Is Saturday free?")


def test_a_new_conversation_is_its_first_message(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-user-created"))

    assert (event.id, event.direction, event.text) == ("abc123:147:source", "inbound", "Hello")
    assert event.person == DANA
    assert event.occurred_at == datetime(2026, 11, 6, 21, 3, 20, tzinfo=UTC)


def test_the_subject_of_an_email_stands_above_its_body(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-user-created-email"))

    assert event.text == "Saturday & Sunday\n\nAre you open?"


def test_a_lead_without_an_address_is_known_by_id(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-lead-created"))

    assert (event.direction, event.person) == ("inbound", LEAD)


def test_a_teammates_reply_is_outbound_and_about_the_customer(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-admin-replied"))

    assert (event.id, event.direction) == ("abc123:147:901", "outbound")
    assert event.person == DANA
    assert (
        event.text == "Yes, 10:00 is free.\nSee our calendar (https://salon.example/book?d=1&t=10)"
    )


def test_a_reply_to_a_lead_is_about_the_lead(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-admin-replied-to-lead"))

    assert (event.direction, event.person) == ("outbound", LEAD)


def test_a_conversation_begun_by_a_teammate_is_about_its_contact(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-admin-started"))

    assert (event.id, event.direction) == ("abc123:150:source", "outbound")
    assert event.person == Person(id="5310")
    assert event.text == "Your parcel is here"


def test_what_a_bot_wrote_is_the_businesss_unless_switched_off(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-bot-replied"))

    assert (event.direction, event.person) == ("outbound", DANA)
    assert connect(show_bots=False).parse_event(sample("intercom-bot-replied")) == [
        IgnoredPart(kind="conversation.operator.replied comment")
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ping", "ping"),
        ("private-note", "conversation.admin.noted"),
        ("closed", "conversation.admin.closed close"),
        ("ticket", "ticket.created"),
        ("ticket-internal", "ticket.created"),
    ],
)
def test_pings_private_notes_bare_closings_and_internal_tickets_are_ignored_by_kind(
    sample: Sample, name: str, kind: str
) -> None:
    assert connect().parse_event(sample(f"intercom-{name}")) == [IgnoredPart(kind=kind)]


@pytest.mark.parametrize(
    ("name", "id", "text"),
    [
        ("first-answer-assigns", "abc:2154:28243", "Hey! How can I help?"),
        ("closed-with-words", "abc123:147:931", "Done, see you soon!"),
    ],
)
def test_an_answer_that_also_assigns_or_closes_is_shown(
    sample: Sample, name: str, id: str, text: str
) -> None:
    (event,) = connect().parse_event(sample(f"intercom-{name}"))

    assert (event.id, event.direction, event.text) == (id, "outbound", text)


@pytest.mark.parametrize("part_type", ["open", "assign_and_reopen", "quick_reply"])
def test_words_beside_another_step_are_words(
    reply: dict[str, Any], delivery: Delivery, part_type: str
) -> None:
    first_part(reply)["part_type"] = part_type
    (event,) = connect().parse_event(delivery(reply))

    assert event.text == "Is Saturday free?"


def test_a_part_told_by_two_topics_has_one_id(sample: Sample, delivery: Delivery) -> None:
    body = sample("intercom-first-answer-assigns").json_object()
    (first,) = connect().parse_event(delivery(body))
    body["topic"] = "conversation.admin.assigned"
    (second,) = connect().parse_event(delivery(body))

    assert first.id == second.id


def test_the_opening_message_of_api_1_is_read(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-first-message-api-1"))

    assert (event.id, event.direction) == ("i6:2132:source", "inbound")
    assert event.text == "Hello all of you!"
    assert event.person == Person(id="5c95aa", name="Rose Poodle")


def test_api_1_names_a_user_once_beside_the_conversation(
    reply: dict[str, Any], delivery: Delivery
) -> None:
    """Its authors have ids only; another user's id takes nothing of it."""
    item = reply["data"]["item"]
    item["user"] = {"type": "user", "id": "5310", "name": "Dana Reyes", "email": "dana@example.com"}
    del item["source"], item["contacts"]
    first_part(reply)["author"] = {"type": "user", "id": "5310"}
    (hers,) = connect().parse_event(delivery(reply))
    first_part(reply)["author"]["id"] = "9999"
    (others,) = connect().parse_event(delivery(reply))

    assert hers.person == DANA
    assert others.person == Person(id="9999")


def test_a_rating_and_its_remark_are_told(sample: Sample) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample("intercom-rating"))

    assert event.direction == "inbound"
    assert event.person == Person(id="55", name="Ivo", email="ivo@example.net")
    assert message_of(connector, event) == MinimalMessage(
        text="Rated the conversation 5 of 5: great"
    )


def test_a_rating_is_of_the_contact_that_it_names(sample: Sample, delivery: Delivery) -> None:
    body = sample("intercom-rating").json_object()
    rating = body["data"]["item"]["conversation_rating"]
    rating["contact"]["id"] = "56"
    rating["remark"] = None
    (event,) = connect().parse_event(delivery(body))

    assert event.person == Person(id="56")
    assert event.text == "Rated the conversation 5 of 5"


def test_a_remark_that_follows_a_rating_is_another_event(
    sample: Sample, delivery: Delivery
) -> None:
    body = sample("intercom-rating").json_object()
    (with_remark,) = connect().parse_event(delivery(body))
    body["data"]["item"]["conversation_rating"]["remark"] = ""
    (without,) = connect().parse_event(delivery(body))
    body["id"] = "n2"
    (again,) = connect().parse_event(delivery(body))

    assert with_remark.id != without.id == again.id


def test_a_redacted_message_is_told(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-redacted"))

    assert (event.kind, event.direction, event.text) == (
        "activity",
        "outbound",
        "Deleted a message",
    )
    assert event.person == DANA


def test_a_ticket_of_a_customer_is_the_customers_words(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-ticket-by-customer"))

    assert (event.kind, event.direction) == ("message", "inbound")
    assert event.text == "Gift card\n\nDo you sell them online?\n\nAmount: 50\nWrapped: yes"
    assert event.person == DANA
    assert event.thread == "ticket:601"


def test_a_ticket_that_a_teammate_opened_is_not_the_customers_words(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-ticket-by-teammate"))

    assert (event.kind, event.direction) == ("message", "outbound")
    assert event.person == Person(id="5310")


def test_a_ticket_that_nobody_is_named_for_is_an_activity(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-ticket-by-nobody-named"))

    assert event.kind == "activity"
    assert event.text == (
        "Ticket opened: Gift card; Do you sell them online?; Amount: 50; Wrapped: yes"
    )


def test_who_takes_a_ticket_is_not_taken_for_who_opened_it(
    sample: Sample, delivery: Delivery
) -> None:
    body = sample("intercom-ticket-by-teammate").json_object()
    body["data"]["item"]["ticket_parts"]["ticket_parts"][0]["part_type"] = "assignment"
    (event,) = connect().parse_event(delivery(body))

    assert event.kind == "activity"


def test_an_answer_on_a_ticket_is_a_message_and_a_note_is_none(sample: Sample) -> None:
    event, note = connect().parse_event(sample("intercom-ticket-answered"))

    assert (event.direction, event.text) == ("outbound", "Yes, online too.")
    assert event.person == Person(id="5310")
    assert note == IgnoredPart(kind="ticket.admin.replied note")


def test_quick_replies_show_as_they_were_offered(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-quick-replies"))

    assert event.text == "Which day?\n- Saturday\n- Sunday"


def test_an_odd_attachment_becomes_a_placeholder(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-edge-odd-attachments"))

    assert event.text == "here\n[file]\n[file] lost.pdf\n[file] 7"
    assert event.attachments == ()


def test_every_event_names_the_workspace_that_it_came_to(sample: Sample) -> None:
    for name in ("user-replied", "lead-added-email", "redacted", "ticket-by-customer"):
        (event,) = connect().parse_event(sample(f"intercom-{name}"))
        assert event.recipient == "abc123"


def test_several_parts_are_several_messages_without_the_private_ones(sample: Sample) -> None:
    parts = connect().parse_event(sample("intercom-several-parts"))
    events = [part for part in parts if isinstance(part, Event)]

    assert [(event.id, event.direction, event.text) for event in events] == [
        ("abc123:147:910", "inbound", "One"),
        ("abc123:147:913", "inbound", "- cut\n- colour"),
        ("abc123:147:914", "outbound", "Both?"),
    ]


@pytest.mark.parametrize("topic", ["conversation.user.replied", "conversation.admin.replied"])
def test_a_private_note_stays_private_under_any_topic(
    reply: dict[str, Any], delivery: Delivery, topic: str
) -> None:
    reply["topic"] = topic
    first_part(reply)["part_type"] = "note"

    assert connect().parse_event(delivery(reply)) == [IgnoredPart(kind=f"{topic} note")]


@pytest.mark.parametrize("role", ["user", "lead", "contact"])
def test_direction_follows_the_author_not_the_topic(
    reply: dict[str, Any], delivery: Delivery, role: str
) -> None:
    reply["topic"] = "conversation.admin.replied"
    first_part(reply)["author"]["type"] = role
    (event,) = connect().parse_event(delivery(reply))

    assert event.direction == "inbound"


def test_pictures_and_files_come_along_each_once(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("intercom-attachments"))

    assert event.text == "like this"
    assert event.attachments == (
        Attachment(kind="image", url="https://downloads.example/i/1.png"),
        Attachment(
            url="https://downloads.example/f/list.pdf",
            filename="list.pdf",
            mime_type="application/pdf",
        ),
    )


def test_a_picture_alone_is_a_message(reply: dict[str, Any], delivery: Delivery) -> None:
    first_part(reply)["body"] = '<img src="https://i.example/1.png">'
    (event,) = connect().parse_event(delivery(reply))

    assert (event.text, len(event.attachments)) == ("", 1)


def test_an_empty_body_gives_nothing(reply: dict[str, Any], delivery: Delivery) -> None:
    first_part(reply)["body"] = "<p><br></p>"

    assert connect().parse_event(delivery(reply)) == [
        IgnoredPart(kind="conversation.user.replied comment")
    ]


def test_a_given_address_joins_the_lead_to_it(sample: Sample) -> None:
    connector = connect(icon_url="https://salon.example/i.png")
    (event,) = connector.parse_event(sample("intercom-lead-added-email"))

    assert (event.id, event.kind, event.direction) == ("notif_eml", "activity", "inbound")
    assert event.person == Person(id="5320", email="dana@example.com")
    assert message_of(connector, event) == MinimalMessage(
        text="Email address: dana@example.com", icon_url="https://salon.example/i.png"
    )


def test_a_conversation_with_nobody_named_takes_its_person_from_its_other_messages(
    reply: dict[str, Any], delivery: Delivery
) -> None:
    (customers,) = connect().parse_event(delivery(reply))
    item = reply["data"]["item"]
    item["source"]["author"] = first_part(reply)["author"] = {"type": "admin", "id": "77"}
    item["contacts"]["contacts"] = []
    (teammates,) = connect().parse_event(delivery(reply))

    assert not teammates.person.is_known
    assert teammates.about == customers.about == "abc123:147"


def test_the_same_conversation_number_in_two_workspaces_is_two_messages(
    reply: dict[str, Any], delivery: Delivery
) -> None:
    (here,) = connect().parse_event(delivery(reply))
    reply["app_id"] = "other"
    (there,) = connect().parse_event(delivery(reply))

    assert here.id != there.id
    assert here.about != there.about


def test_a_message_told_by_two_notifications_has_one_id(
    reply: dict[str, Any], delivery: Delivery
) -> None:
    first = connect().parse_event(delivery(reply))
    reply["id"] = "notif_other"

    assert connect().parse_event(delivery(reply)) == first


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda body: body.pop("topic"), "topic is missing"),
        (lambda body: body.update(data=[]), "body.data"),
        (lambda body: body["data"]["item"].pop("id"), "data.item.id is missing"),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    reply: dict[str, Any], delivery: Delivery, change: Callable[[Any], Any], path: str
) -> None:
    change(reply)
    with pytest.raises(MalformedBody) as caught:
        connect().parse_event(delivery(reply))

    assert path in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda part: part.pop("id"), "conversation_parts[0].id is missing"),
        (lambda part: part.pop("author"), "author.type is missing"),
        (lambda part: part.update(body=["secret words"]), "body is not text"),
        (lambda part: part.update(created_at="now"), "created_at is not a time"),
    ],
)
def test_a_part_that_cannot_be_read_is_kept_as_such_and_leaves_the_others(
    reply: dict[str, Any], delivery: Delivery, change: Callable[[Any], Any], path: str
) -> None:
    parts = reply["data"]["item"]["conversation_parts"]["conversation_parts"]
    parts.append({**parts[0], "id": "901"})
    change(parts[0])
    odd, other = connect().parse_event(delivery(reply))

    assert isinstance(odd, UnreadablePart)
    assert path in odd.reason
    assert "secret" not in odd.reason
    assert isinstance(other, Event)
    assert other.id == "abc123:147:901"


@pytest.mark.parametrize(
    ("signature", "passes"),
    [
        (PING_SIGNED, True),
        (PING_SIGNED.upper().replace("SHA1", "sha1"), True),
        (None, False),
        ("", False),
        (PING_SIGNED.removeprefix("sha1="), False),
        (PING_SIGNED[:-1] + "f", False),
        ("sha256=" + "0" * 64, False),
    ],
)
def test_the_signature_is_a_sha1_of_the_raw_body(signature: str | None, passes: bool) -> None:
    headers = {} if signature is None else {"X-Hub-Signature": signature}
    request = WebhookRequest(headers=headers, body=PING)

    assert (connect().signature().verify(request, NOW) is None) is passes


def test_both_secrets_pass_while_one_replaces_the_other() -> None:
    request = WebhookRequest(headers={"X-Hub-Signature": PING_SIGNED}, body=PING)
    rotating = connect(client_secret=["new", "intercom-client-secret"]).signature()

    assert rotating.verify(request, NOW) is None
    assert rotating.verify(rotating.sign(request, NOW), NOW) is None
    assert connect(client_secret="new").signature().verify(request, NOW)


@pytest.mark.parametrize("values", [{}, {"client_secret": ""}, {"client_secret": "s", "typo": 1}])
def test_settings_that_are_missing_empty_or_misspelt_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Intercom.Settings(**values)


def test_the_badge_is_intercoms() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="Intercom")
