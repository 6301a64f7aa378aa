"""Send Message: what is kept, who the sender is, and everything that is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge_sandbox import Limits
from inboxbridge_sandbox.conversations import Conversation

from .conftest import APP, CONTACT, SITE, Wix, code, message, violated

PATH = "/inbox/v2/messages"
OWNER = "0b5f2f0e-6f3a-4c58-9a37-51f5a3e0c001"
BASIC = {
    "previewText": "Hi! Do you have a slot on Friday?",
    "basic": {
        "items": [
            {"text": "Hi! Do you have a slot on Friday?"},
            {
                "image": {
                    "url": "https://cdn.example.net/u/8841/room.jpg",
                    "filename": "room.jpg",
                    "width": 1280,
                    "height": 960,
                }
            },
        ]
    },
}
BADGE = {
    "text": "Facebook",
    "iconUrl": "https://cdn.example.net/badges/facebook.png",
    "badgeVisibility": "BUSINESS",
}
MINIMAL = {
    "previewText": "Booked: Deep tissue massage, Fri 6 Mar 14:00",
    "minimal": {
        "text": "Booked: Deep tissue massage, Fri 6 Mar 14:00",
        "iconUrl": "https://cdn.example.net/icons/calendar.png",
        "url": "https://bookings.example.net/b/55120",
    },
}
FORM = {
    "previewText": "Missed call, 0:00",
    "form": {
        "title": "Phone call",
        "description": "Missed call from +1 415 555 0132",
        "fields": [
            {"name": "Started", "value": "2026-03-04 10:12 PST"},
            {"name": "Duration", "value": "0:00"},
        ],
    },
}
TEMPLATE = {
    "template": {
        "title": "Rate us",
        "textLines": ["How was it?"],
        "buttons": [
            {"label": "Good", "postbackProperties": {"interactionId": "good"}},
            {"label": "Open", "launchUrl": "https://example.com"},
        ],
    }
}


@pytest.fixture
async def dana(wix: Wix) -> Wix:
    await wix.seed_dana()
    await wix.conversation()
    return wix


@pytest.fixture
async def conversation(dana: Wix) -> str:
    return await dana.conversation()


async def as_app(wix: Wix) -> None:
    """From now on the calls are those of an app on the same site."""
    body = {
        "grant_type": "client_credentials",
        "client_id": APP,
        "client_secret": "secret",
        "instance_id": SITE,
    }
    token = await wix.client.post("/oauth2/token", json=body)
    wix.headers = {"authorization": token.json()["access_token"]}


async def test_the_documented_basic_example_round_trips(dana: Wix, conversation: str) -> None:
    await as_app(dana)
    body = {
        **message(conversation, content=BASIC, badges=[BADGE]),
        "sendAs": "PARTICIPANT",
        "sendNotifications": False,
        "silent": False,
    }

    answer = await dana.post(PATH, body)

    assert answer.status_code == 200
    assert answer.json() == {
        "message": {
            "id": "1772615727500000",
            "content": {**BASIC, "contentType": "BASIC"},
            "sender": {"contactId": CONTACT},
            "badges": [BADGE],
            "targetChannels": [],
            "sourceChannel": "UNKNOWN_CHANNEL_TYPE",
            "appId": APP,
            "visibility": "BUSINESS",
            "sequence": "1772615727500000",
            "direction": "PARTICIPANT_TO_BUSINESS",
            "createdDate": "2026-03-04T09:15:27.500Z",
        }
    }
    listed = await dana.get(PATH, conversationId=conversation, visibility="BUSINESS")
    assert listed.json() == {"messages": [answer.json()["message"]]}


@pytest.mark.parametrize(
    ("content", "kind"),
    [(BASIC, "BASIC"), (MINIMAL, "MINIMAL"), (FORM, "FORM"), (TEMPLATE, "TEMPLATE")],
    ids=["basic", "minimal", "form", "template"],
)
async def test_the_content_type_follows_the_payload(
    dana: Wix, conversation: str, content: Any, kind: str
) -> None:
    kept = await dana.send(conversation, content=content)

    assert kept["content"]["contentType"] == kind
    assert kept["badges"] == []


async def test_a_reply_of_the_business_has_the_app_as_sender(dana: Wix, conversation: str) -> None:
    await as_app(dana)

    kept = await dana.send(conversation, direction="BUSINESS_TO_PARTICIPANT")

    assert (kept["sender"], kept["appId"]) == ({"appId": APP}, APP)


async def test_an_api_key_sends_as_the_owner(dana: Wix, conversation: str) -> None:
    kept = await dana.send(conversation)

    assert kept["sender"] == {"wixUserId": OWNER}
    assert "appId" not in kept


async def test_a_template_is_completed(dana: Wix, conversation: str) -> None:
    await as_app(dana)

    kept = await dana.send(conversation, content=TEMPLATE)

    template = kept["content"]["template"]
    assert template["orientation"] == "PORTRAIT"
    assert template["buttons"][0]["postbackProperties"] == {"interactionId": "good", "appId": APP}
    assert template["buttons"][1] == {"label": "Open", "launchUrl": "https://example.com"}


async def test_preview_text_is_not_invented(dana: Wix, conversation: str) -> None:
    kept = await dana.send(conversation, content={"basic": {"items": [{"text": "Hello"}]}})

    assert "previewText" not in kept["content"]


async def test_channels_and_silence_are_kept(dana: Wix, conversation: str) -> None:
    kept = await dana.send(
        conversation,
        targetChannels=["SMS"],
        targetChannelIds=["sms-1"],
        sourceChannel="FACEBOOK",
        sourceChannelId="fb-1",
        silent=True,
    )

    assert kept["targetChannels"] == ["SMS"]
    assert kept["targetChannelIds"] == ["sms-1"]
    assert (kept["sourceChannel"], kept["sourceChannelId"]) == ("FACEBOOK", "fb-1")
    assert kept["silent"] is True


async def test_what_the_server_sets_cannot_be_sent(dana: Wix, conversation: str) -> None:
    """These keys are known, so they do not count as unknown either."""
    told = {
        "id": "1",
        "sequence": "1",
        "appId": APP,
        "sender": {"memberId": APP},
        "createdDate": "2020-01-01T00:00:00Z",
    }

    kept = await dana.send(conversation, **told)

    assert all(kept.get(key) != value for key, value in told.items())
    assert (await dana.stats())["unknown_keys"] == {}


async def test_snake_case_is_understood_and_camel_case_answered(
    dana: Wix, conversation: str
) -> None:
    body = {
        "conversation_id": conversation,
        "send_as": "PARTICIPANT",
        "message": {
            "direction": "PARTICIPANT_TO_BUSINESS",
            "visibility": "BUSINESS",
            "target_channels": ["CHAT"],
            "content": {
                "preview_text": "Hi",
                "minimal": {"text": "Hi", "icon_url": "https://example.com/i.png"},
            },
            "badges": [{"text": "SMS", "icon_url": "https://x", "badge_visibility": "BUSINESS"}],
        },
    }

    kept = (await dana.post(PATH, body)).json()["message"]

    assert kept["content"]["previewText"] == "Hi"
    assert kept["content"]["minimal"]["iconUrl"] == "https://example.com/i.png"
    assert kept["badges"] == [
        {"text": "SMS", "iconUrl": "https://x", "badgeVisibility": "BUSINESS"}
    ]
    assert kept["targetChannels"] == ["CHAT"]
    assert kept["sender"] == {"contactId": CONTACT}
    assert (await dana.stats())["unknown_keys"] == {}


async def test_null_is_the_same_as_absent(dana: Wix, conversation: str) -> None:
    kept = await dana.send(conversation, badges=None, sourceChannel=None)

    assert (kept["badges"], kept["sourceChannel"]) == ([], "UNKNOWN_CHANNEL_TYPE")


async def test_unknown_keys_are_dropped_and_counted_by_path(dana: Wix, conversation: str) -> None:
    items = [{"text": "a", "txt": 1}, {"text": "b", "txt": 2}]
    body = {
        **message(conversation, content={"basic": {"items": items}}, subject="x"),
        "direction": "PARTICIPANT_TO_BUSINESS",
    }

    answer = await dana.post(PATH, body)

    assert answer.json()["message"]["content"]["basic"] == {"items": [{"text": "a"}, {"text": "b"}]}
    assert (await dana.stats())["unknown_keys"] == {
        "message.content.basic.items[].txt": 2,
        "message.subject": 1,
        "direction": 1,
    }


async def test_unknown_keys_of_a_refused_call_count_too(dana: Wix, conversation: str) -> None:
    await dana.post(PATH, {**message(conversation), "message": {"conversationId": "x"}})

    assert (await dana.stats())["unknown_keys"] == {"message.conversationId": 1}


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return body


@pytest.mark.parametrize(
    "path",
    [
        ("conversationId",),
        ("message",),
        ("message", "direction"),
        ("message", "visibility"),
        ("message", "content"),
    ],
    ids=".".join,
)
async def test_each_required_field_is_missed_by_name(
    dana: Wix, conversation: str, path: tuple[str, ...]
) -> None:
    answer = await dana.post(PATH, without(message(conversation), *path))

    violations = answer.json()["details"]["validationError"]["fieldViolations"]
    assert answer.status_code == 400
    assert violations == [
        {
            "field": ".".join(path),
            "description": "must not be empty",
            "violatedRule": "REQUIRED_FIELD",
            "data": {},
        }
    ]


LONG_URL = "https://x/" + "x" * 1991
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"direction": "BUSINESS_TO_CUSTOMER"}, "message.direction"),
    ({"direction": "UNKNOWN_DIRECTION"}, "message.direction"),
    ({"visibility": "EVERYONE"}, "message.visibility"),
    ({"visibility": "UNKNOWN_VISIBILITY"}, "message.visibility"),
    ({"badges": [BADGE, BADGE]}, "message.badges"),
    ({"badges": BADGE}, "message.badges"),
    ({"badges": [{"text": "x" * 51}]}, "message.badges[0].text"),
    ({"badges": [{"badgeVisibility": "ALL"}]}, "message.badges[0].badgeVisibility"),
    ({"targetChannels": ["SMS", "EMAIL"]}, "message.targetChannels"),
    ({"targetChannels": ["PIGEON"]}, "message.targetChannels[0]"),
    ({"targetChannelIds": ["x" * 101]}, "message.targetChannelIds[0]"),
    ({"targetChannelIds": ["x"] * 101}, "message.targetChannelIds"),
    ({"sourceChannelId": "x" * 101}, "message.sourceChannelId"),
    ({"content": "Hello"}, "message.content"),
    ({"content": {"basic": {}}}, "message.content.basic.items"),
    ({"content": {"basic": {"items": []}}}, "message.content.basic.items"),
    ({"content": {"basic": [{"text": "x"}]}}, "message.content.basic"),
    ({"content": {"basic": {"items": [{}]}}}, "message.content.basic.items[0]"),
    ({"content": {"basic": {"items": [{"text": ""}]}}}, "message.content.basic.items[0]"),
    ({"content": {"basic": {"items": [{"text": 5}]}}}, "message.content.basic.items[0].text"),
    (
        {"content": {"basic": {"items": [{"text": "a", "file": {"url": "https://x"}}]}}},
        "message.content.basic.items[0]",
    ),
    (
        {"content": {"basic": {"items": [{"image": {"width": 3}}]}}},
        "message.content.basic.items[0].image.url",
    ),
    (
        {"content": {"basic": {"items": [{"text": "x" * 16_385}]}}},
        "message.content.basic.items[0].text",
    ),
    ({"content": {"minimal": {}}}, "message.content.minimal.text"),
    ({"content": {"minimal": {"text": ""}}}, "message.content.minimal.text"),
    ({"content": {"minimal": {"text": "x" * 16_385}}}, "message.content.minimal.text"),
    (
        {"content": {"minimal": {"text": "x", "iconUrl": LONG_URL}}},
        "message.content.minimal.iconUrl",
    ),
    ({"content": {"minimal": {"text": "x", "url": LONG_URL}}}, "message.content.minimal.url"),
    (
        {"content": {"basic": {"items": [{"image": {"url": LONG_URL}}]}}},
        "message.content.basic.items[0].image.url",
    ),
    (
        {"content": {"basic": {"items": [{"file": {"url": "https://x", "filename": "x" * 256}}]}}},
        "message.content.basic.items[0].file.filename",
    ),
    (
        {"content": {"basic": {"items": [{"file": {"url": "https://x", "mimeType": "x" * 101}}]}}},
        "message.content.basic.items[0].file.mimeType",
    ),
    ({"content": {"form": {"title": "x" * 257}}}, "message.content.form.title"),
    ({"content": {"form": {"title": ""}}}, "message.content.form.title"),
    ({"content": {"form": {"description": "x" * 16_385}}}, "message.content.form.description"),
    ({"content": {"form": {"fields": [{"name": "x"}] * 16}}}, "message.content.form.fields"),
    (
        {"content": {"form": {"fields": [{"value": "x" * 8193}]}}},
        "message.content.form.fields[0].value",
    ),
    (
        {"content": {"previewText": "x" * 257, "minimal": {"text": "x"}}},
        "message.content.previewText",
    ),
    (
        {"content": {"form": {"media": [{"video": {}}]}}},
        "message.content.form.media[0]",
    ),
    (
        {"content": {"template": {"textLines": ["x"] * 11}}},
        "message.content.template.textLines",
    ),
    (
        {"content": {"template": {"textLines": ["x" * 513]}}},
        "message.content.template.textLines[0]",
    ),
    (
        {"content": {"template": {"buttons": [{"label": "x", "launchUrl": "u"}] * 11}}},
        "message.content.template.buttons",
    ),
    (
        {"content": {"template": {"buttons": [{"label": "x"}]}}},
        "message.content.template.buttons[0]",
    ),
    (
        {"content": {"template": {"buttons": [{"launchUrl": "https://x"}]}}},
        "message.content.template.buttons[0].label",
    ),
    (
        {"content": {"template": {"orientation": "ROUND"}}},
        "message.content.template.orientation",
    ),
]


@pytest.mark.parametrize(("change", "field"), WRONG, ids=lambda value: ascii(value)[:60])
async def test_a_wrong_field_is_refused_by_name(
    dana: Wix, conversation: str, change: dict[str, Any], field: str
) -> None:
    answer = await dana.post(PATH, message(conversation, **change))

    assert violated(answer) == [field]
    assert await dana.kept() == []


async def test_the_zero_value_of_an_enum_counts_as_absent(dana: Wix, conversation: str) -> None:
    fine = await dana.send(conversation, sourceChannel="UNKNOWN_CHANNEL_TYPE")
    missed = await dana.post(PATH, message(conversation, direction="UNKNOWN_DIRECTION"))

    [violation] = missed.json()["details"]["validationError"]["fieldViolations"]
    assert fine["sourceChannel"] == "UNKNOWN_CHANNEL_TYPE"
    assert violation["violatedRule"] == "REQUIRED_FIELD"


async def test_a_limit_that_is_passed_is_named(dana: Wix, conversation: str) -> None:
    answer = await dana.post(PATH, message(conversation, badges=[BADGE, BADGE]))

    [violation] = answer.json()["details"]["validationError"]["fieldViolations"]
    assert (violation["violatedRule"], violation["data"]) == ("MAX", {"threshold": 1})


async def test_what_is_at_its_limit_is_kept(dana: Wix, conversation: str) -> None:
    url = LONG_URL[:-1]
    basic = {"previewText": "x" * 256, "basic": {"items": [{"text": "x" * 16_384}] * 60}}
    minimal = {"minimal": {"text": "x" * 16_384, "iconUrl": url, "url": url}}

    for content in (basic, minimal):
        kept = await dana.send(conversation, content=content)
        assert {**kept["content"], "contentType": ""} == {**content, "contentType": ""}


ODD_URL = "ftp://x/y"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"badges": [{"text": "x", "iconUrl": ODD_URL}]}, "message.badges[0].iconUrl"),
        (
            {"content": {"minimal": {"text": "x", "iconUrl": "https://"}}},
            "message.content.minimal.iconUrl",
        ),
        ({"content": {"minimal": {"text": "x", "url": "/b/1"}}}, "message.content.minimal.url"),
        ({"content": {"template": {"imageUrl": ODD_URL}}}, "message.content.template.imageUrl"),
        (
            {"content": {"template": {"buttons": [{"label": "x", "launchUrl": ODD_URL}]}}},
            "message.content.template.buttons[0].launchUrl",
        ),
        ({"content": {"basic": {"items": [{"image": {"url": ODD_URL}}]}}}, "INVALID_MEDIA_URL"),
        ({"content": {"form": {"media": [{"file": {"url": ODD_URL}}]}}}, "INVALID_MEDIA_URL"),
    ],
    ids=str,
)
async def test_what_is_not_on_the_web_is_refused_when_strict(
    make: Callable[..., Wix], change: dict[str, Any], field: str
) -> None:
    strict, usual = make(strict_urls=True), make()
    for wix in (strict, usual):
        await wix.seed_dana()
    body = message(await strict.conversation(), **change)
    await usual.conversation()

    refused = await strict.post(PATH, body)
    taken = await usual.post(PATH, body)

    named = code(refused) if field.isupper() else violated(refused)
    assert named == (field if field.isupper() else [field])
    assert taken.status_code == 200


@pytest.mark.parametrize("place", ["message", "beside"])
async def test_silence_is_understood_in_the_message_and_in_its_old_place(
    dana: Wix, conversation: str, place: str
) -> None:
    body = message(conversation)
    (body["message"] if place == "message" else body)["silent"] = True

    answer = await dana.post(PATH, body)
    listed = (await dana.control("/conversations")).json()["conversations"]

    assert answer.status_code == 200
    assert [each["unread"] for each in listed] == [0]
    assert (await dana.stats())["unknown_keys"] == {}


async def test_limits_can_be_chosen(make: Callable[..., Wix]) -> None:
    wix = make(limits=Limits(text=3, badge_text=2, preview_text=5))
    await wix.seed_dana()
    conversation = await wix.conversation()

    fine = await wix.post(PATH, message(conversation, "abc", badges=[{"text": "ab"}]))
    long = await wix.post(PATH, message(conversation, "abcdef", badges=[{"text": "abc"}]))

    assert fine.status_code == 200
    assert violated(long) == [
        "message.content.previewText",
        "message.content.basic.items[0].text",
        "message.badges[0].text",
    ]


@pytest.mark.parametrize(
    "content",
    [{}, {"previewText": "x"}, {"text": "x"}, {**MINIMAL, "basic": BASIC["basic"]}],
    ids=["empty", "preview only", "unknown payload", "two payloads"],
)
async def test_exactly_one_payload_is_needed(dana: Wix, conversation: str, content: Any) -> None:
    answer = await dana.post(PATH, message(conversation, content=content))

    assert (answer.status_code, code(answer)) == (400, "INVALID_MESSAGE_CONTENT")


async def test_what_only_wix_may_send_is_403(dana: Wix, conversation: str) -> None:
    system = await dana.post(PATH, message(conversation, content={"system": {"text": "x"}}))
    as_user = await dana.post(PATH, {**message(conversation), "sendAs": "BUSINESS_USER"})

    assert (system.status_code, code(system)) == (403, "NOT_PERMITTED_TO_SEND")
    assert (as_user.status_code, code(as_user)) == (403, "NOT_PERMITTED_TO_SEND")


@pytest.mark.parametrize("value", ["not-a-guid", 5, ""])
async def test_a_conversation_id_is_a_guid(dana: Wix, value: Any) -> None:
    assert violated(await dana.post(PATH, message(value))) == ["conversationId"]


async def test_an_unknown_conversation_is_404(dana: Wix) -> None:
    answer = await dana.post(PATH, message("7356b3ee-5f41-30aa-bdd8-070e50890228"))

    assert (answer.status_code, code(answer)) == (404, "CONVERSATION_NOT_FOUND")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000], ids=ascii)
async def test_a_body_that_is_no_json_is_400(dana: Wix, body: bytes) -> None:
    answer = await dana.client.post(PATH, content=body, headers=dana.headers)

    assert violated(answer) == ["body"]


@pytest.mark.parametrize("body", [[], "x", 3, None])
async def test_a_body_that_is_no_object_is_400(dana: Wix, body: Any) -> None:
    content = "null" if body is None else None
    answer = await dana.call("POST", PATH, body, **({"content": content} if content else {}))

    assert answer.status_code == 400


async def test_half_a_character_is_refused(dana: Wix, conversation: str) -> None:
    body = json.dumps(message(conversation, "\ud83d")).encode()

    answer = await dana.client.post(PATH, content=body, headers=dana.headers)

    field = "message.content.basic.items[0].text"
    assert violated(answer) == ["message.content.previewText", field]


async def test_two_identical_calls_make_two_messages(dana: Wix, conversation: str) -> None:
    first, second = await dana.send(conversation), await dana.send(conversation)

    assert first["id"] != second["id"]
    assert first["content"] == second["content"]


async def test_ids_are_the_clock_in_microseconds(dana: Wix, conversation: str) -> None:
    dana.clock.seconds = 1640849952.353627

    kept = await dana.send(conversation)

    assert (kept["id"], kept["sequence"]) == ("1640849952353627", "1640849952353627")
    assert kept["createdDate"] == "2021-12-30T07:39:12.353Z"


async def test_the_same_microsecond_in_another_conversation_is_the_same_id(wix: Wix) -> None:
    """Ids hold within a conversation only, so callers have to key by both."""
    await wix.seed_dana()
    visitor = {"participantId": {"anonymousVisitorId": APP}}
    other = (await wix.post("/inbox/v2/conversations", visitor)).json()["conversation"]["id"]

    assert (await wix.send(await wix.conversation()))["id"] == (await wix.send(other))["id"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**52), min_size=1, max_size=50))
def test_ids_rise_strictly_whatever_the_clock_does(times: list[int]) -> None:
    conversation = Conversation("c", SITE, {}, 0)

    given_out = [conversation.next_sequence(at) for at in times]

    assert all(one < other for one, other in pairwise(given_out))
    assert all(number >= at for number, at in zip(given_out, times, strict=True))


ARTICLE_BASIC = {
    "visibility": "BUSINESS",
    "content": {"basic": {"items": [{"text": "Hello"}]}},
    "badges": [{"text": "Facebook", "iconUrl": "https://static.example.com/f.png"}],
}
ARTICLE_MINIMAL = {
    "visibility": "BUSINESS",
    "payload": {
        "type": "MINIMAL",
        "minimal": {"text": "Booked Spa Treatment", "iconUrl": "https://static.example.com/b.png"},
    },
}


def article(conversation: str, inner: dict[str, Any]) -> dict[str, Any]:
    return {
        "conversationId": conversation,
        "message": inner,
        "direction": "PARTICIPANT_TO_BUSINESS",
    }


async def test_the_article_form_is_refused_when_strict(dana: Wix, conversation: str) -> None:
    basic = await dana.post(PATH, article(conversation, ARTICLE_BASIC))
    minimal = await dana.post(PATH, article(conversation, ARTICLE_MINIMAL))

    assert violated(basic) == ["message.direction"]
    assert violated(minimal) == ["message.direction", "message.content"]
    assert (await dana.stats())["unknown_keys"] == {"direction": 2, "message.payload": 1}


async def test_the_article_form_is_taken_when_lenient(make: Callable[..., Wix]) -> None:
    wix = make(lenient=True)
    await wix.seed_dana()
    conversation = await wix.conversation()

    basic = await wix.post(PATH, article(conversation, ARTICLE_BASIC))
    minimal = await wix.post(PATH, article(conversation, ARTICLE_MINIMAL))

    assert basic.json()["message"]["direction"] == "PARTICIPANT_TO_BUSINESS"
    assert minimal.json()["message"]["content"] == {
        "minimal": ARTICLE_MINIMAL["payload"]["minimal"],  # type: ignore[index]
        "contentType": "MINIMAL",
    }
    stats = await wix.stats()
    assert stats["unknown_keys"] == {}
    assert stats["warnings"] == {
        "article form: direction beside message": 2,
        "article form: message.payload": 1,
    }


async def test_the_current_form_passes_a_lenient_sandbox_unchanged(
    make: Callable[..., Wix],
) -> None:
    wix = make(lenient=True)
    await wix.seed_dana()
    body = message(await wix.conversation(), direction="BUSINESS_TO_PARTICIPANT")
    both = {**body, "direction": "PARTICIPANT_TO_BUSINESS"}

    plain = await wix.post(PATH, body)
    doubled = await wix.post(PATH, both)

    for answer in (plain, doubled):
        assert answer.json()["message"]["direction"] == "BUSINESS_TO_PARTICIPANT"


@pytest.mark.parametrize("body", [[], {"message": "x"}, {"message": {"payload": "x"}}], ids=str)
async def test_a_lenient_sandbox_still_refuses_nonsense(
    make: Callable[..., Wix], body: Any
) -> None:
    assert (await make(lenient=True).post(PATH, body)).status_code == 400
