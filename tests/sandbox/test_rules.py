"""Scripted answers: what the sandbox says in Wix's place."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from .conftest import CONTACT, OTHER_CONTACT, Wix, contact, message

ODD = {"status": 418, "body": "odd"}


async def rules(wix: Wix, *each: dict[str, Any]) -> None:
    answer = await wix.control("/rules", list(each))
    assert answer.status_code == 200, answer.text


async def post_message(wix: Wix, conversation_id: str, text: str) -> httpx.Response:
    return await wix.post("/inbox/v2/messages", message(conversation_id, text))


async def test_a_rule_answers_so_many_calls_and_then_wix_does_again(wix: Wix) -> None:
    await wix.seed_dana()
    conversation_id = await wix.conversation()
    await rules(wix, {"call": "send", "times": 2, "answer": ODD})

    statuses = [(await post_message(wix, conversation_id, "Hello")).status_code for _ in range(3)]

    assert statuses == [418, 418, 200]
    assert len(await wix.kept()) == 1


async def test_after_commit_the_message_is_kept_and_the_odd_answer_given(wix: Wix) -> None:
    await wix.seed_dana()
    conversation_id = await wix.conversation()
    await rules(wix, {"call": "send", "after_commit": True, "answer": {"body": "<html>"}})

    answer = await post_message(wix, conversation_id, "Hello")

    assert (answer.status_code, answer.text) == (200, "<html>")
    assert len(await wix.kept()) == 1


@pytest.mark.parametrize("subject", ["contact", "conversation", "text"])
async def test_a_rule_holds_for_what_it_names_alone(wix: Wix, subject: str) -> None:
    await wix.seed(
        contact(CONTACT, email="dana@example.com"),
        contact(OTHER_CONTACT, "Tobias", "Ek", email="tobias@example.com"),
    )
    conversation_id = await wix.conversation()
    other_id = await wix.conversation(OTHER_CONTACT)
    named = {"contact": CONTACT, "conversation": conversation_id, "text": "from Dana"}
    await rules(wix, {"call": "send", subject: named[subject], "answer": ODD})

    hers = await post_message(wix, conversation_id, "Hello from Dana")
    his = await post_message(wix, other_id, "Hello")

    assert (hers.status_code, his.status_code) == (418, 200)


@pytest.mark.parametrize(
    ("call", "verb", "path", "body"),
    [
        ("query", "POST", "/contacts/v4/contacts/query", {"query": {}}),
        ("create", "POST", "/contacts/v4/contacts", {"info": {"name": {"first": "Dana"}}}),
        ("get", "GET", f"/contacts/v4/contacts/{CONTACT}", None),
        ("conversation", "POST", "/inbox/v2/conversations", {}),
        ("list", "GET", "/inbox/v2/messages?conversationId=x", None),
        ("token", "POST", "/oauth2/token", {}),
    ],
)
async def test_each_call_can_be_scripted(
    wix: Wix, call: str, verb: str, path: str, body: Any
) -> None:
    await rules(wix, {"call": call, "answer": ODD})

    assert (await wix.call(verb, path, body)).status_code == 418


async def test_headers_and_bytes_go_out_as_they_are_given(wix: Wix) -> None:
    raw = bytes(range(256))
    encoded = base64.b64encode(raw).decode()
    await rules(
        wix,
        {
            "call": "query",
            "answer": {
                "status": 302,
                "headers": {"Location": "https://example.com", "Retry-After": "0"},
                "body_base64": encoded,
            },
        },
    )

    answer = await wix.post("/contacts/v4/contacts/query", {})

    assert answer.content == raw
    assert answer.headers["location"] == "https://example.com"
    assert answer.headers["retry-after"] == "0"


async def test_a_reset_reaches_the_caller_as_a_broken_connection(wix: Wix) -> None:
    await rules(wix, {"call": "query", "answer": "reset"})

    with pytest.raises(httpx.ReadError):
        await wix.post("/contacts/v4/contacts/query", {})


async def test_an_empty_array_removes_the_rules(wix: Wix) -> None:
    await rules(wix, {"call": "query", "answer": ODD})
    await rules(wix)

    assert await wix.query() == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"call": "send"}, "answer"),
        ({"call": "fax", "answer": "reset"}, "call"),
        ({"call": "send", "answer": "later"}, "reset"),
        ({"call": "send", "often": 2, "answer": "reset"}, "often"),
        ({"call": "send", "answer": {"code": 200}}, "code"),
        ({"call": "send", "answer": {"body": "a", "json": {}}}, "one of"),
        ({"call": "send", "contact": "a", "text": "b", "answer": "reset"}, "one of"),
    ],
)
async def test_a_rule_that_cannot_be_followed_is_refused_in_words(
    wix: Wix, rule: dict[str, Any], said: str
) -> None:
    answer = await wix.control("/rules", [rule])

    assert answer.status_code == 400
    assert said in answer.json()["error"]


async def test_a_replaced_conversation_is_unknown_by_its_old_id(wix: Wix) -> None:
    await wix.seed_dana()
    old_id = await wix.conversation()
    await wix.send(old_id, "Hello")

    await wix.control(f"/conversations/{old_id}/replace", {})
    new_id = await wix.conversation()

    assert new_id != old_id
    assert (await post_message(wix, old_id, "again")).status_code == 404
    assert [kept["conversation_id"] for kept in await wix.kept()] == [new_id]
