"""Scripted answers: which calls get them, how often, and what leaves the sandbox."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from simulation import simulate

from .conftest import APP, CONTACT, OTHER_CONTACT, SITE, Wix, contact, message

SEND = "/inbox/v2/messages"
QUERY = "/contacts/v4/contacts/query"
CONVERSATIONS = "/inbox/v2/conversations"
ODD = {"status": 418, "json": {"odd": True}}


async def rules(wix: Wix, *written: dict[str, Any]) -> None:
    answer = await wix.client.post("/_sandbox/rules", content=json.dumps(written))
    assert answer.status_code == 200, answer.text


async def hits(wix: Wix) -> list[int]:
    return [each["hits"] for each in (await wix.control("/rules")).json()["rules"]]


@pytest.fixture
async def conversation(wix: Wix) -> str:
    await wix.seed(
        contact(CONTACT, "Dana", "Reyes", email="Dana@example.com", phone="+14155550132"),
        contact(OTHER_CONTACT, "Noa", "Levin", email="noa@example.com"),
    )
    return await wix.conversation()


async def every_call(wix: Wix, conversation: str) -> dict[str, int]:
    """The status of each method by its word."""
    token = {"grant_type": "client_credentials", "client_id": APP, "client_secret": "s"}
    made = {"info": {"name": {"first": "New"}}}
    answers = {
        "send": await wix.post(SEND, message(conversation)),
        "list": await wix.get(SEND, conversationId=conversation, visibility="BUSINESS"),
        "query": await wix.post(QUERY, {"query": {}}),
        "create": await wix.post("/contacts/v4/contacts", made),
        "get": await wix.get(f"/contacts/v4/contacts/{CONTACT}"),
        "update": await wix.call(
            "PATCH",
            f"/contacts/v4/contacts/{CONTACT}",
            json={"revision": 1, "info": {"name": {"first": "Dana"}}},
        ),
        "conversation": await wix.post(CONVERSATIONS, {"participantId": {"contactId": CONTACT}}),
        "get_conversation": await wix.get(f"{CONVERSATIONS}/{conversation}"),
        "token": await wix.client.post("/oauth2/token", json={**token, "instance_id": SITE}),
    }
    return {call: answer.status_code for call, answer in answers.items()}


@pytest.mark.parametrize(
    "call",
    [
        "send",
        "list",
        "query",
        "create",
        "get",
        "update",
        "conversation",
        "get_conversation",
        "token",
    ],
)
async def test_a_rule_is_for_the_call_it_names_and_no_other(
    wix: Wix, conversation: str, call: str
) -> None:
    await rules(wix, {"call": call, "answer": ODD})

    found = await every_call(wix, conversation)

    assert {name for name, status in found.items() if status == 418} == {call}
    assert {status for name, status in found.items() if name != call} == {200}


async def test_a_rule_without_a_call_is_for_all_of_wix(wix: Wix, conversation: str) -> None:
    await rules(wix, {"answer": ODD})

    found = await every_call(wix, conversation)
    unknown = await wix.get("/nowhere")

    assert set(found.values()) == {418}
    assert unknown.status_code == 418
    assert (await wix.control("/stats")).status_code == 200


async def test_a_call_may_be_named_as_the_stats_name_it(wix: Wix) -> None:
    await rules(wix, {"call": "GET /contacts/v4/contacts/{id}", "answer": ODD})

    assert (await wix.get(f"/contacts/v4/contacts/{CONTACT}")).status_code == 418


async def test_a_rule_for_a_contact_hits_whatever_is_about_that_contact(
    wix: Wix, conversation: str
) -> None:
    other = await wix.conversation(OTHER_CONTACT)
    await rules(wix, {"contact": CONTACT.upper(), "answer": ODD})
    dana = {"filter": {"info.emails.email": {"$in": ["noa@example.com", "dana@example.com"]}}}
    noa = {"filter": {"info.emails.email": "noa@example.com"}}
    again = {"info": {"phones": {"items": [{"phone": "+14155550132", "countryCode": "US"}]}}}

    hit = [
        await wix.post(SEND, message(conversation)),
        await wix.get(SEND, conversationId=conversation, visibility="BUSINESS"),
        await wix.get(f"/contacts/v4/contacts/{CONTACT}"),
        await wix.post(CONVERSATIONS, {"participantId": {"contactId": CONTACT}}),
        await wix.post(QUERY, {"query": dana}),
        await wix.post("/contacts/v4/contacts", again),
    ]
    missed = [
        await wix.post(SEND, message(other)),
        await wix.get(SEND, conversationId=other, visibility="BUSINESS"),
        await wix.get(f"/contacts/v4/contacts/{OTHER_CONTACT}"),
        await wix.post(CONVERSATIONS, {"participantId": {"contactId": OTHER_CONTACT}}),
        await wix.post(QUERY, {"query": noa}),
    ]

    assert [each.status_code for each in hit] == [418] * len(hit)
    assert [each.status_code for each in missed] == [200] * len(missed)


async def test_a_rule_for_a_conversation_hits_its_calls_and_the_one_that_asks_for_it(
    wix: Wix, conversation: str
) -> None:
    other = await wix.conversation(OTHER_CONTACT)
    await rules(wix, {"conversation": conversation, "answer": ODD})

    hit = [
        await wix.post(SEND, message(conversation)),
        await wix.get(SEND, conversationId=conversation, visibility="BUSINESS"),
        await wix.get(f"{CONVERSATIONS}/{conversation}"),
        await wix.post(CONVERSATIONS, {"participantId": {"contactId": CONTACT}}),
    ]
    missed = [
        await wix.post(SEND, message(other)),
        await wix.get(f"/contacts/v4/contacts/{CONTACT}"),
        await wix.post(CONVERSATIONS, {"participantId": {"contactId": OTHER_CONTACT}}),
    ]

    assert [each.status_code for each in hit] == [418] * len(hit)
    assert [each.status_code for each in missed] == [200] * len(missed)


@pytest.mark.parametrize("text", ['Grüße, "Dana"', "Grüße"])
async def test_a_text_is_looked_for_in_what_the_request_says(
    wix: Wix, conversation: str, text: str
) -> None:
    """However JSON writes it."""
    await rules(wix, {"call": "send", "text": text, "answer": ODD})

    hit = await wix.post(SEND, message(conversation, 'Grüße, "Dana"!'))
    missed = await wix.post(SEND, message(conversation, "Gruesse"))

    assert (hit.status_code, missed.status_code) == (418, 200)


async def test_a_text_is_found_in_the_query_and_in_the_sdks_list(
    wix: Wix, conversation: str
) -> None:
    await rules(wix, {"call": "list", "text": "ASC", "answer": ODD})
    listed = {"conversationId": conversation, "visibility": "BUSINESS"}
    asked = json.dumps({**listed, "sorting": {"fieldName": "sequence", "order": "ASC"}})
    packed = base64.urlsafe_b64encode(asked.encode()).rstrip(b"=").decode()

    flat = await wix.get(SEND, **listed, **{"sorting.order": "ASC"})
    whole = await wix.get(SEND, **{".r": packed})
    other = await wix.get(SEND, **listed)

    assert [each.status_code for each in (flat, whole, other)] == [418, 418, 200]


async def test_a_rule_is_spent_after_its_times_and_the_next_one_counts(
    wix: Wix, conversation: str
) -> None:
    await rules(
        wix,
        {"call": "send", "times": 2, "answer": {"status": 500}},
        {"call": "send", "times": 1, "answer": {"status": 404}},
    )

    statuses = [(await wix.post(SEND, message(conversation))).status_code for _ in range(4)]

    assert statuses == [500, 500, 404, 200]
    assert await hits(wix) == [2, 1]


async def test_without_after_commit_nothing_is_done(wix: Wix, conversation: str) -> None:
    await rules(wix, {"call": "send", "answer": {"status": 200, "body": "{}"}})

    answer = await wix.post(SEND, message(conversation))

    assert answer.json() == {}
    assert await wix.kept() == []


async def test_after_commit_does_what_was_asked_and_then_answers_oddly(
    wix: Wix, conversation: str
) -> None:
    await rules(wix, {"call": "send", "after_commit": True, "answer": ODD})

    answer = await wix.post(SEND, message(conversation))

    assert answer.status_code == 418
    assert len(await wix.kept()) == 1


async def test_after_commit_is_for_calls_that_store_nothing_too(
    wix: Wix, conversation: str
) -> None:
    await rules(wix, {"after_commit": True, "answer": ODD})

    found = await every_call(wix, conversation)

    assert set(found.values()) == {418}


async def test_after_commit_leaves_a_refusal_alone_and_is_not_spent_by_it(
    wix: Wix, conversation: str
) -> None:
    await rules(wix, {"call": "send", "after_commit": True, "times": 1, "answer": ODD})

    refused = await wix.post(SEND, {})
    kept = await wix.post(SEND, message(conversation))

    assert (refused.status_code, kept.status_code) == (400, 418)
    assert await hits(wix) == [1]


async def test_an_answer_is_given_to_the_letter(wix: Wix, conversation: str) -> None:
    headers = {"Date": "Mon, 01 Jan 2001 00:00:00 GMT", "Retry-After": 0, "Location": "/else"}
    await rules(wix, {"call": "send", "answer": {"status": 307, "headers": headers, "body": "<p>"}})

    answer = await wix.post(SEND, message(conversation))

    assert answer.status_code == 307
    assert answer.content == b"<p>"
    assert answer.headers.multi_items() == [
        ("date", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ("retry-after", "0"),
        ("location", "/else"),
        ("content-length", "3"),
    ]


async def test_a_header_may_come_twice(wix: Wix) -> None:
    await rules(wix, {"answer": {"headers": [["x-a", "1"], ["x-a", "2"]]}})

    assert (await wix.get("/any")).headers.get_list("x-a") == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        ({"status": 200}, b""),
        ({"status": 204}, b""),
        ({"status": 200, "body": "<html>"}, b"<html>"),
        ({"status": 200, "body": '{"messages": ['}, b'{"messages": ['),
        ({"status": 200, "json": None}, b"null"),
        ({"status": 200, "json": {"id": "\ud800"}}, b'{"id": "\\ud800"}'),
        ({"status": 200, "body_base64": "/wA="}, b"\xff\x00"),
    ],
    ids=str,
)
async def test_a_body_may_be_anything(wix: Wix, answer: dict[str, Any], content: bytes) -> None:
    await rules(wix, {"answer": answer})

    given = await wix.get("/any")

    assert (given.status_code, given.content) == (answer["status"], content)
    is_json = "json" in answer
    assert given.headers.get("content-type") == ("application/json" if is_json else None)


async def test_a_small_answer_may_be_large_when_it_is_unpacked(wix: Wix) -> None:
    packed = base64.b64encode(gzip.compress(b"0" * 3_000_000)).decode()
    headers = {"content-encoding": "gzip"}
    await rules(wix, {"answer": {"headers": headers, "body_base64": packed}})

    given = await wix.get("/any")

    assert int(given.headers["content-length"]) < 10_000
    assert len(given.content) == 3_000_000


@pytest.mark.parametrize(("after_commit", "kept"), [(False, 0), (True, 1)])
async def test_a_reset_cuts_the_call_before_or_after_the_work(
    wix: Wix, conversation: str, after_commit: bool, kept: int
) -> None:
    await rules(wix, {"call": "send", "after_commit": after_commit, "answer": "reset"})

    with pytest.raises(httpx.ReadError):
        await wix.post(SEND, message(conversation))

    assert len(await wix.kept()) == kept
    assert (await wix.stats())["answers"]["dropped"] == 1


@pytest.mark.parametrize("after_commit", [False, True])
async def test_who_waits_for_a_slow_answer_gets_it(
    wix: Wix, conversation: str, after_commit: bool
) -> None:
    await rules(
        wix, {"call": "send", "after_commit": after_commit, "seconds": 0.01, "answer": "slow"}
    )

    answer = await wix.post(SEND, message(conversation))

    assert answer.json()["message"]["id"]
    assert len(await wix.kept()) == 1


@pytest.mark.parametrize(
    ("rule", "kept_at_once", "kept_in_the_end"),
    [
        ({"answer": "slow"}, 0, 0),
        ({"answer": "slow", "after_commit": True}, 1, 1),
        ({"answer": "late"}, 0, 1),
    ],
    ids=str,
)
def test_what_is_kept_of_a_caller_that_gives_up(
    make: Callable[..., Wix], rule: dict[str, Any], kept_at_once: int, kept_in_the_end: int
) -> None:
    """Nothing, at once, or later: as with a server that is still at work."""

    async def main() -> None:
        wix = make()
        await wix.seed_dana()
        conversation = await wix.conversation()
        await rules(wix, {"call": "send", "seconds": 60, **rule})

        await give_up(wix, conversation)
        at_once = len(await wix.kept())
        await asyncio.sleep(60)

        assert at_once == kept_at_once
        assert len(await wix.kept()) == kept_in_the_end

    simulate(main)


def test_a_reset_of_the_sandbox_ends_what_is_late(make: Callable[..., Wix]) -> None:
    async def main() -> None:
        wix = make()
        await wix.seed_dana()
        await rules(wix, {"call": "send", "answer": "late", "seconds": 60})
        await give_up(wix, await wix.conversation())

        await wix.control("/reset", {})
        await wix.seed_dana()
        await wix.conversation()
        await asyncio.sleep(120)

        assert await wix.kept() == []
        assert await hits(wix) == []

    simulate(main)


async def give_up(wix: Wix, conversation: str) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await wix.post(SEND, message(conversation))


def test_an_odd_answer_can_take_its_time(make: Callable[..., Wix]) -> None:
    async def main() -> None:
        wix = make()
        await rules(wix, {"seconds": 30, "answer": ODD})
        begun = asyncio.get_running_loop().time()

        answer = await wix.get("/any")

        assert answer.status_code == 418
        assert asyncio.get_running_loop().time() - begun == pytest.approx(30)

    simulate(main)


async def test_rules_take_the_place_of_those_before_and_none_removes_them(wix: Wix) -> None:
    await rules(wix, {"answer": {"status": 500}})
    await rules(wix, {"answer": ODD})
    first = await wix.get("/any")
    await rules(wix)

    assert first.status_code == 418
    assert (await wix.get("/any")).status_code == 404


async def test_calls_by_rule_are_counted(wix: Wix, conversation: str) -> None:
    await rules(wix, {"call": "send", "answer": ODD})

    await wix.post(SEND, message(conversation))

    stats = await wix.stats()
    assert stats["calls"]["POST /inbox/v2/messages"] == 1
    assert stats["answers"]["418"] == 1


GOOD = {"answer": "reset"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"rules": []}, "array"),
        (["x"], "rules[0]"),
        ([GOOD, {**GOOD, "conatct": CONTACT}], "rules[1]: unknown key 'conatct'"),
        ([{"answer": {"satus": 200}}], "rules[0].answer: unknown key 'satus'"),
        ([{}], "no answer"),
        ([{**GOOD, "call": "sned"}], "rules[0].call"),
        ([{**GOOD, "contact": "dana"}], "rules[0].contact"),
        ([{**GOOD, "text": ""}], "rules[0].text"),
        ([{**GOOD, "times": 0}], "rules[0].times"),
        ([{**GOOD, "times": True}], "rules[0].times"),
        ([{**GOOD, "after_commit": "yes"}], "rules[0].after_commit"),
        ([{**GOOD, "seconds": -1}], "rules[0].seconds"),
        ([{"answer": "late", "after_commit": True}], "rules[0]"),
        ([{"answer": "quick"}], "rules[0].answer"),
        ([{"answer": {"status": 99}}], "rules[0].answer.status"),
        ([{"answer": {"status": 204, "body": "x"}}], "204"),
        ([{"answer": {"body": "x", "json": {}}}], "body, json"),
        ([{"answer": {"body": {}}}], "rules[0].answer.body"),
        ([{"answer": {"body_base64": "?"}}], "rules[0].answer.body_base64"),
        ([{"answer": {"headers": {"a": "b\r\nc: d"}}}], "rules[0].answer.headers.a"),
        ([{"answer": {"headers": {"a b": "c"}}}], "'a b'"),
        ([{"answer": {"headers": ["a"]}}], "rules[0].answer.headers"),
    ],
    ids=str,
)
async def test_a_wrong_rule_is_refused_by_name_and_the_rules_stay_as_they_are(
    wix: Wix, written: Any, told: str
) -> None:
    await rules(wix, {"answer": ODD})

    refused = await wix.control("/rules", written)

    assert refused.status_code == 400
    assert told in refused.json()["error"]
    assert (await wix.get("/any")).status_code == 418


async def test_a_conversation_that_vanished_is_made_anew_under_another_id(
    wix: Wix, conversation: str
) -> None:
    await wix.send(conversation, "before")

    await wix.client.delete(f"/_sandbox/conversations/{conversation}")
    refused = await wix.post(SEND, message(conversation))
    new = await wix.conversation()
    listed = await wix.get(SEND, conversationId=new, visibility="BUSINESS")

    assert (refused.status_code, new == conversation) == (404, False)
    assert listed.json()["messages"] == []
    assert [each["conversation_id"] for each in await wix.kept()] == [conversation]


async def test_a_conversation_that_was_replaced_takes_its_messages_along(
    wix: Wix, conversation: str
) -> None:
    before = await wix.send(conversation, "before")

    answer = await wix.client.post(f"/_sandbox/conversations/{conversation}/replace")
    replaced = answer.json()["conversation"]["id"]
    refused = await wix.post(SEND, message(conversation))
    listed = await wix.get(SEND, conversationId=replaced, visibility="BUSINESS")

    assert replaced == await wix.conversation() != conversation
    assert refused.status_code == 404
    assert listed.json()["messages"] == [before]


async def test_a_conversation_can_vanish_again_and_again(wix: Wix, conversation: str) -> None:
    ids = [conversation]
    for _ in range(3):
        await wix.client.delete(f"/_sandbox/conversations/{ids[-1]}")
        ids.append(await wix.conversation())

    assert len(set(ids)) == 4


@pytest.mark.parametrize(("verb", "more"), [("DELETE", ""), ("POST", "/replace")])
async def test_a_conversation_that_is_not_there_cannot_go(wix: Wix, verb: str, more: str) -> None:
    answer = await wix.client.request(verb, f"/_sandbox/conversations/{CONTACT}{more}")

    assert answer.status_code == 404
    assert CONTACT in answer.json()["error"]
