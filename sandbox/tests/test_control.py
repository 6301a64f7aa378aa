"""The paths below `/_sandbox`, and how the entrance answers what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import CONTACT, OTHER_CONTACT, SITE, Wix, code, contact, message

VISITOR = "5e6f7081-92a3-4b4c-8d5e-6f708192a3b4"
OTHER_SITE = "6f0c9a54-0f2c-4a38-9a2e-1f9b7a6d2c11"


def at(wix: Wix, site: str) -> None:
    wix.headers["wix-site-id"] = site


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/v2/conversations/getOrCreate",
        "/inbox/v2/conversations/7356b3ee-5f41-30aa-bdd8-070e50890228/messages/send",
        "/inbox/v1/messages",
        "/contacts/v5/contacts/query",
        "/oauth2/token-info",
        "/inbox/v2/messages/",
        "/favicon.ico",
    ],
)
async def test_an_unknown_path_is_404(wix: Wix, path: str) -> None:
    answer = await wix.post(path, {})

    assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert (await wix.stats())["calls"] == {f"POST {path}": 1}


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", "/oauth2/token", "POST"),
        ("GET", "/contacts/v4/contacts/query", "POST"),
        ("PUT", "/inbox/v2/messages", "POST, GET"),
        ("POST", f"/contacts/v4/contacts/{CONTACT}", "GET, PATCH"),
        ("DELETE", "/inbox/v2/conversations", "POST"),
    ],
)
async def test_a_wrong_verb_is_405(wix: Wix, verb: str, path: str, allowed: str) -> None:
    answer = await wix.call(verb, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_every_answer_of_wix_has_a_request_id_of_its_own(wix: Wix) -> None:
    await wix.seed_dana()
    conversation = await wix.conversation()
    answers = [
        await wix.post("/inbox/v2/messages", message(conversation)),
        await wix.post("/inbox/v2/messages", {}),
        await wix.client.get("/inbox/v2/messages"),
        await wix.get("/nowhere"),
        await wix.call("PUT", "/inbox/v2/messages"),
        await wix.client.post("/oauth2/token", json={}),
    ]
    await wix.faults(p_500=1)
    answers.append(await wix.get("/inbox/v2/messages"))
    await wix.faults(p_500=0, p_502_html=1)
    answers.append(await wix.get("/inbox/v2/messages"))
    await wix.faults(p_502_html=0, p_429=1)
    answers.append(await wix.get("/inbox/v2/messages"))

    ids = {answer.headers["x-wix-request-id"] for answer in answers}

    assert [each.status_code for each in answers] == [200, 400, 401, 404, 405, 400, 500, 502, 429]
    assert len(ids) == len(answers)


async def test_seeds_are_whole_contacts_with_their_own_ids_and_dates(wix: Wix) -> None:
    seed = contact(CONTACT, email="dana@example.com", phone="415 555 0132", revision=7)
    seed["createdDate"] = "2020-01-01T00:00:00.000Z"
    seed["primaryInfo"] = {"email": "ignored@example.com"}

    await wix.seed(seed)

    [found] = await wix.query()
    assert (found["id"], found["revision"]) == (CONTACT, 7)
    assert found["createdDate"] == found["updatedDate"] == "2020-01-01T00:00:00.000Z"
    assert found["primaryInfo"] == {"email": "dana@example.com", "phone": "415 555 0132"}
    assert found["info"]["phones"]["items"][0]["e164Phone"] == "+14155550132"


async def test_a_seed_may_state_its_e164_phone(wix: Wix) -> None:
    phone = {"phone": "0132", "e164Phone": "+14155550132"}
    await wix.seed({"info": {"phones": {"items": [phone]}}})

    assert len(await wix.query({"info.phones.e164Phone": "+14155550132"})) == 1


async def test_seeds_are_on_every_site_past_and_future(wix: Wix) -> None:
    await wix.query()
    [seeded] = await wix.seed(contact(first="Dana"))

    assert [each["id"] for each in await wix.query()] == [seeded["id"]]
    at(wix, OTHER_SITE)
    assert [each["id"] for each in await wix.query()] == [seeded["id"]]


async def test_a_seeded_contact_lives_its_own_life_on_each_site(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.query()
    await wix.delete_contact(CONTACT)
    assert await wix.query() == []

    at(wix, OTHER_SITE)

    assert len(await wix.query()) == 1


async def test_a_seed_can_be_for_one_site_only(wix: Wix) -> None:
    seeds = [contact(CONTACT)]
    await wix.client.post("/_sandbox/contacts", params={"site": OTHER_SITE}, json=seeds)

    assert await wix.query() == []
    at(wix, OTHER_SITE)
    assert len(await wix.query()) == 1


async def test_seeding_an_id_again_replaces_the_contact(wix: Wix) -> None:
    await wix.seed(contact(CONTACT, email="old@example.com"))
    await wix.query()
    await wix.seed(contact(CONTACT, email="new@example.com"))

    [found] = await wix.query()
    assert found["primaryInfo"] == {"email": "new@example.com"}
    assert await wix.query({"info.emails.email": "old@example.com"}) == []


async def test_seeds_may_share_an_email(wix: Wix) -> None:
    await wix.seed(contact(email="a@example.com"), contact(email="a@example.com"))

    assert len(await wix.query({"info.emails.email": "a@example.com"})) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        "x",
        ["x"],
        [{}],
        [{"info": {}}],
        [{"info": {"emails": [{"email": "a@b.c"}]}}],
        [{"id": "not-a-guid", "info": {"name": {"first": "Dana"}}}],
        [{"info": {"name": {"first": "Dana"}}, "createdDate": "yesterday"}],
    ],
    ids=str,
)
async def test_a_wrong_seed_is_refused_and_nothing_of_it_kept(wix: Wix, body: Any) -> None:
    if isinstance(body, list):
        body = [contact(CONTACT), *body]

    answer = await wix.control("/contacts", body)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert await wix.query() == []


async def test_contacts_of_all_sites_can_be_read(wix: Wix) -> None:
    await wix.seed_dana()
    before = (await wix.control("/contacts")).json()["contacts"]
    await wix.query()
    at(wix, OTHER_SITE)
    await wix.query()
    after = (await wix.control("/contacts")).json()["contacts"]

    assert [each["site_id"] for each in before] == [None]
    assert [each["site_id"] for each in after] == [SITE, OTHER_SITE]
    assert {each["contact"]["id"] for each in before + after} == {CONTACT}


async def test_messages_are_told_in_order_of_arrival_across_sites(wix: Wix) -> None:
    await wix.seed_dana()
    first = await wix.send(await wix.conversation(), "one")
    at(wix, OTHER_SITE)
    other = await wix.conversation()
    second = await wix.send(other, "two")

    kept = await wix.kept()

    assert kept[1] == {
        "site_id": OTHER_SITE,
        "conversation_id": other,
        "contact_id": CONTACT,
        "message": second,
    }
    assert [each["message"] for each in kept] == [first, second]


async def test_messages_can_be_narrowed(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.send(await wix.conversation(), "one")
    at(wix, OTHER_SITE)
    await wix.send(await wix.conversation(), "two")

    async def previews(**params: str) -> list[str]:
        answer = await wix.client.get("/_sandbox/messages", params=params)
        kept = answer.json()["messages"]
        return [each["message"]["content"]["previewText"] for each in kept]

    assert await previews(site=SITE) == ["one"]
    assert await previews(after="1") == ["two"]
    assert await previews(after="2") == []
    assert (await wix.client.get("/_sandbox/messages?after=x")).status_code == 400


async def test_stats_count_calls_and_answers(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.conversation()
    await wix.get(f"/contacts/v4/contacts/{CONTACT}")
    await wix.get(f"/contacts/v4/contacts/{OTHER_CONTACT}")

    stats = await wix.stats()

    assert stats["calls"] == {
        "POST /inbox/v2/conversations": 1,
        "GET /contacts/v4/contacts/{id}": 2,
    }
    assert stats["answers"] == {"200": 2, "404": 1}
    assert stats["peak_per_minute"] == {SITE: 3}


async def test_a_reset_forgets_everything(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.send(await wix.conversation())
    await wix.faults(p_500=0.1, latency_ms=1)
    await wix.control("/permissions", {"permissions": []})
    await wix.control("/webhooks", {"url": "http://127.0.0.1:1/", "appId": "x"})
    fresh = {"calls": {}, "answers": {}, "unknown_keys": {}, "warnings": {}, "faults": {}}

    answer = await wix.control("/reset", {})

    assert answer.status_code == 200
    assert await wix.stats() == {**fresh, "peak_per_minute": {}}
    assert await wix.kept() == []
    assert (await wix.control("/faults")).json()["p_500"] == 0
    assert (await wix.control("/webhooks")).json()["targets"] == []
    assert await wix.query() == []


async def test_a_visitor_writes_in_the_chat_widget(wix: Wix) -> None:
    await wix.query()
    kept = (
        await wix.control("/visitor-messages", {"anonymousVisitorId": VISITOR, "text": "Hi"})
    ).json()

    assert (kept["site_id"], kept["contact_id"]) == (SITE, None)
    assert kept["message"]["sender"] == {"anonymousVisitorId": VISITOR}
    assert kept["message"]["sourceChannel"] == "CHAT"
    assert kept["message"]["visibility"] == "BUSINESS_AND_PARTICIPANT"
    assert kept["message"]["direction"] == "PARTICIPANT_TO_BUSINESS"
    assert "appId" not in kept["message"]
    assert await wix.kept() == [kept]


async def test_a_contact_writes_in_a_conversation(wix: Wix) -> None:
    """That is activity of the contact, not an update of it."""
    await wix.seed_dana()
    conversation = await wix.conversation()
    wix.clock.pass_(60)

    answer = await wix.control("/visitor-messages", {"conversationId": conversation, "text": "Hi"})

    assert answer.json()["message"]["sender"] == {"contactId": CONTACT}
    [found] = await wix.query()
    assert found["revision"] == 1
    assert found["lastActivity"] == {
        "activityDate": "2026-03-04T09:16:27.500Z",
        "activityType": "INBOX_MESSAGE_FROM_CUSTOMER",
    }


async def test_messages_of_apps_leave_last_activity_alone(wix: Wix) -> None:
    await wix.seed_dana()
    wix.clock.pass_(60)
    await wix.send(await wix.conversation())

    [found] = await wix.query()

    assert found["lastActivity"]["activityType"] == "CONTACT_CREATED"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "Hi"}, 400),
        ({"anonymousVisitorId": VISITOR}, 400),
        ({"anonymousVisitorId": VISITOR, "text": "Hi", "txt": 1}, 400),
        ({"conversationId": VISITOR, "text": "Hi"}, 404),
        ({"contactId": OTHER_CONTACT, "text": "Hi"}, 404),
    ],
    ids=str,
)
async def test_a_visitor_message_without_a_place_is_refused(
    wix: Wix, body: Any, status: int
) -> None:
    await wix.query()

    answer = await wix.control("/visitor-messages", body)

    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


async def test_a_visitor_message_needs_a_site_when_there_is_not_one(wix: Wix) -> None:
    body = {"anonymousVisitorId": VISITOR, "text": "Hi"}

    vague = await wix.control("/visitor-messages", body)
    clear = await wix.client.post("/_sandbox/visitor-messages", params={"site": SITE}, json=body)

    assert vague.status_code == 400
    assert "?site=" in vague.json()["error"]
    assert clear.status_code == 200


async def test_a_contact_can_be_deleted_behind_wix(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.query()

    answer = await wix.client.delete(f"/_sandbox/contacts/{CONTACT}")
    again = await wix.client.delete(f"/_sandbox/contacts/{CONTACT}")

    assert (answer.status_code, again.status_code) == (200, 404)
    assert await wix.query() == []


async def test_a_merge_into_an_unknown_contact_is_404(wix: Wix) -> None:
    body = {"targetContactId": CONTACT, "sourceContactIds": [OTHER_CONTACT]}

    assert (await wix.control("/merge", body)).status_code == 404


async def test_conversations_can_be_read(wix: Wix) -> None:
    await wix.seed_dana()
    conversation = await wix.conversation()
    await wix.send(conversation)

    [found] = (await wix.control("/conversations")).json()["conversations"]

    assert found["site_id"] == SITE
    assert found["conversation"]["id"] == conversation
    assert (found["messages"], found["unread"]) == (1, 1)


async def test_unread_counts_what_waits_for_the_business(wix: Wix) -> None:
    await wix.seed_dana()
    conversation = await wix.conversation()

    async def unread() -> int:
        [found] = (await wix.control("/conversations")).json()["conversations"]
        count: int = found["unread"]
        return count

    await wix.send(conversation)
    await wix.send(conversation, silent=True)
    await wix.post("/inbox/v2/messages", {**message(conversation), "silent": True})
    assert await unread() == 1
    await wix.send(conversation)
    assert await unread() == 2
    await wix.send(conversation, direction="BUSINESS_TO_PARTICIPANT")
    assert await unread() == 0


@pytest.mark.parametrize("path", ["/_sandbox/nothing", "/_sandbox"])
async def test_an_unknown_control_path_is_404(wix: Wix, path: str) -> None:
    assert (await wix.client.get(path)).status_code == 404


async def test_a_control_body_that_is_no_json_is_400(wix: Wix) -> None:
    answer = await wix.client.post("/_sandbox/faults", content=b"{")

    assert (answer.status_code, answer.json()) == (400, {"error": "The body must be JSON."})
