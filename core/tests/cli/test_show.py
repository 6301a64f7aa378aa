"""``inboxbridge show``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from inboxbridge.journal import purging, remembering
from inboxbridge.journal.rows import Link
from inboxbridge.model import Event, Person

MakeEvent = Callable[..., Event]


def test_the_story_goes_from_the_delivery_to_the_message(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)

    story = workspace.json("show", event_id)

    assert story["id"] == event_id
    assert story["state"] == "delivered"
    assert story["message_id"] == "m-1"
    assert story["delivery"] == {
        "received_at": story["received_at"],
        "method": "POST",
        "bytes": 24,
        "headers": ["content-type"],
    }
    assert story["signature"] == "NoSignature"
    assert story["contact"]["why"] == "found by email"
    assert story["tries"] == [
        {
            "started_at": "1970-01-01T00:16:40.000Z",
            "ended_at": "1970-01-01T00:16:40.250Z",
            "outcome": "delivered",
            "status": 200,
            "request_id": "req-1",
            "detail": "found by email",
        }
    ]
    assert story["request"]["method"] == "POST"
    assert story["request"]["path"] == "/inbox/v2/messages"
    assert story["request"]["body"]["conversationId"] == "conversation-1"


def test_texts_and_people_show_as_their_lengths_unless_revealed(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())

    story = workspace.json("show", event_id)
    hidden = [workspace.run("show", event_id, *as_json).output for as_json in ((), ("--json",))]
    revealed = workspace.json("show", event_id, "--reveal")

    assert story["event"]["text"] == "<17 characters>"
    message = story["request"]["body"]["message"]
    assert message["content"]["basic"]["items"] == [{"text": "<17 characters>"}]
    assert message["direction"] == "PARTICIPANT_TO_BUSINESS"
    assert message["badges"][0]["text"] == "Open"
    for private in ("Saturday", "dana@example.com", "Reyes"):
        assert all(private not in shown for shown in hidden)
    assert revealed["event"]["text"] == "Is Saturday free?"
    assert revealed["event"]["person"]["email"] == "dana@example.com"
    items = revealed["request"]["body"]["message"]["content"]["basic"]["items"]
    assert items == [{"text": "Is Saturday free?"}]


def test_remembered_identities_tell_why_it_is_that_contact(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    link = Link("default", "email:dana@example.com", "contact-7", "manual", 1000.0)
    workspace.in_journal(lambda journal: journal.write(remembering.remember, link))

    links = workspace.json("show", event_id)["contact"]["links"]

    assert links == [
        {
            "identity": "email",
            "contact_id": "contact-7",
            "origin": "manual",
            "at": "1970-01-01T00:16:40.000Z",
        }
    ]


def test_people_read_the_same_story(workspace: Any, an_event: MakeEvent) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)

    result = workspace.run("show", event_id)

    assert result.exit_code == 0
    for part in (
        "delivered", "found by email", "contact-1", "status 200", "req-1",
        "m-1 in conversation conversation-1", "POST /inbox/v2/messages", "24 bytes",
    ):  # fmt: skip
        assert part in result.stdout


def test_a_dead_letter_ends_with_1_after_its_story(workspace: Any, an_event: MakeEvent) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.settle(event_id, "dead", "given up after 24 h")

    result = workspace.run("show", event_id)

    assert result.exit_code == 1
    assert "given up after 24 h" in result.stdout
    assert result.stderr == ""


def test_an_unreadable_delivery_has_a_story_without_an_event(workspace: Any) -> None:
    event_id = workspace.store_unreadable(b"{")

    story = workspace.json("show", event_id, exit_code=1)

    assert story["state"] == "unreadable"
    assert story["reason"] == "it could not be read"
    assert story["event"] is None
    assert story["request"] is None
    assert story["delivery"]["bytes"] == 1


def test_an_erased_event_keeps_what_is_no_personal_data(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event())
    workspace.deliver(event_id)
    soon = time.time() + 60
    workspace.in_journal(
        lambda journal: journal.write(purging.purge, purging.Bounds(soon, 0.0, 0.0, 100))
    )

    story = workspace.json("show", event_id)

    assert story["event"] is None
    assert story["delivery"] is None
    assert story["request"] is None
    assert story["message_id"] == "m-1"
    assert len(story["tries"]) == 1
    assert workspace.run("show", event_id).exit_code == 0


def test_an_event_of_a_connection_that_is_gone_still_has_a_story(
    workspace: Any, an_event: MakeEvent
) -> None:
    (event_id,) = workspace.store(an_event(person=Person(id="u-1")), connection="gone")

    story = workspace.json("show", event_id)

    assert story["signature"] is None
    assert story["request"] is None
    assert story["event"]["text"] == "<17 characters>"


def test_an_unknown_event_ends_with_1_and_says_so(workspace: Any) -> None:
    workspace.store()

    result = workspace.run("show", "99")

    assert result.exit_code == 1
    assert "there is no event 99" in result.stderr
