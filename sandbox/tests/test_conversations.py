"""Get or Create Conversation, Get Conversation, and what merging does to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import CONTACT, OTHER_CONTACT, SITE, Wix, code, contact, violated

PATH = "/inbox/v2/conversations"
VISITOR = "5e6f7081-92a3-4b4c-8d5e-6f708192a3b4"
MEMBER = "6f708192-a3b4-4c5d-8e6f-708192a3b4c5"


async def get_or_create(wix: Wix, **participant: str) -> Any:
    answer = await wix.post(PATH, {"participantId": participant})
    assert answer.status_code == 200, answer.text
    return answer.json()["conversation"]


async def test_the_documented_example_makes_a_conversation_once(make: Callable[..., Wix]) -> None:
    wix = make(business_name="Levin Studio")
    await wix.seed(contact(CONTACT, "Noa", "Levin", email="noa.levin@example.org"))
    body = {"participantId": {"contactId": CONTACT}}

    first = await wix.post(PATH, body)
    second = await wix.post(PATH, body)

    assert first.json() == {
        "conversation": {
            "id": str(uuid.uuid3(uuid.UUID(SITE), CONTACT)),
            "participant": {"contactId": CONTACT},
            "channels": ["CHAT", "EMAIL"],
            "businessDisplayData": {"name": "Levin Studio"},
            "participantDisplayData": {"name": "Noa Levin"},
        },
        "newConversation": True,
    }
    assert second.json() == {**first.json(), "newConversation": False}


async def test_ids_are_version_3_and_differ_by_site_and_participant(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT))
    ids = {await wix.conversation(CONTACT), await wix.conversation(OTHER_CONTACT)}
    wix.headers["wix-site-id"] = "a site that is not a guid"
    ids.add(await wix.conversation(CONTACT))

    assert len(ids) == 3
    assert {uuid.UUID(each).version for each in ids} == {3}


async def test_a_conversation_is_shown_by_its_id(wix: Wix) -> None:
    await wix.seed_dana()
    conversation = await get_or_create(wix, contactId=CONTACT)

    answer = await wix.get(f"{PATH}/{conversation['id']}")

    assert answer.json() == {"conversation": conversation}


async def test_snake_case_and_capital_guids_are_understood(wix: Wix) -> None:
    await wix.seed_dana()
    body = {"participant_id": {"contact_id": CONTACT.upper()}}

    answer = await wix.post(PATH, body)

    assert answer.json()["conversation"]["participant"] == {"contactId": CONTACT}
    assert (await wix.stats())["unknown_keys"] == {}


async def test_an_unknown_contact_is_404(wix: Wix) -> None:
    answer = await wix.post(PATH, {"participantId": {"contactId": CONTACT}})

    assert (answer.status_code, code(answer)) == (404, "CONTACT_NOT_FOUND")


async def test_an_unknown_conversation_is_404(wix: Wix) -> None:
    answer = await wix.get(f"{PATH}/7356b3ee-5f41-30aa-bdd8-070e50890228")

    assert (answer.status_code, code(answer)) == (404, "CONVERSATION_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "participantId"),
        ({"participantId": {}}, "participantId"),
        ({"participantId": {"contactId": "not-a-guid"}}, "participantId.contactId"),
        ({"participantId": {"contactId": 4}}, "participantId.contactId"),
        ({"participantId": {"contactId": CONTACT, "anonymousVisitorId": VISITOR}}, "participantId"),
        ({"participantId": CONTACT}, "participantId"),
    ],
    ids=str,
)
async def test_exactly_one_guid_is_needed(wix: Wix, body: Any, field: str) -> None:
    await wix.seed_dana()

    answer = await wix.post(PATH, body)

    assert violated(answer)[0] == field


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"name": {"last": "Reyes"}}, "Reyes"),
        ({"emails": {"items": [{"email": "d@example.com"}]}}, "d@example.com"),
        ({"phones": {"items": [{"phone": "415 555 0132"}]}}, "415 555 0132"),
        ({"company": "Levin Studio"}, "Contact"),
    ],
    ids=str,
)
async def test_the_participant_has_the_best_name_there_is(wix: Wix, info: Any, name: str) -> None:
    await wix.seed({"id": CONTACT, "info": info})

    conversation = await get_or_create(wix, contactId=CONTACT)

    assert conversation["participantDisplayData"] == {"name": name}


async def test_a_visitor_has_a_conversation_without_being_known(wix: Wix) -> None:
    conversation = await get_or_create(wix, anonymousVisitorId=VISITOR)

    assert conversation["participant"] == {"anonymousVisitorId": VISITOR}
    assert conversation["channels"] == ["CHAT"]
    assert conversation["participantDisplayData"] == {"name": "Visitor"}


async def test_a_member_has_one_conversation_under_both_ids(wix: Wix) -> None:
    await wix.seed(contact(CONTACT, memberInfo={"memberId": MEMBER}))

    by_member = await get_or_create(wix, memberId=MEMBER)
    by_contact = await get_or_create(wix, contactId=CONTACT)

    assert by_member == by_contact
    assert by_member["participant"] == {"memberId": MEMBER, "contactId": CONTACT}


async def test_an_unknown_member_is_404(wix: Wix) -> None:
    answer = await wix.post(PATH, {"participantId": {"memberId": MEMBER}})

    assert (answer.status_code, code(answer)) == (404, "MEMBER_NOT_FOUND")


async def merge(wix: Wix) -> None:
    body = {"targetContactId": CONTACT, "sourceContactIds": [OTHER_CONTACT]}
    answer = await wix.control("/merge", body)
    assert answer.status_code == 200, answer.text


async def test_merged_contacts_share_one_conversation_in_order(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT))
    target, source = await wix.conversation(CONTACT), await wix.conversation(OTHER_CONTACT)
    for text, place in (("one", target), ("two", source), ("three", target), ("four", source)):
        await wix.send(place, text)
        wix.clock.pass_(1)

    await merge(wix)

    answer = await wix.get(
        "/inbox/v2/messages",
        conversationId=target,
        visibility="BUSINESS",
        **{"sorting.order": "ASC"},
    )
    previews = [each["content"]["previewText"] for each in answer.json()["messages"]]
    assert previews == ["one", "two", "three", "four"]
    assert {each["conversation_id"] for each in await wix.kept()} == {target}
    gone = await wix.get(f"{PATH}/{source}")
    assert (gone.status_code, code(gone)) == (404, "CONVERSATION_NOT_FOUND")


async def test_a_merge_makes_the_targets_conversation_when_only_the_source_had_one(
    wix: Wix,
) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT))
    await wix.send(await wix.conversation(OTHER_CONTACT), "moved")

    await merge(wix)

    [kept] = await wix.kept()
    assert (kept["conversation_id"], kept["contact_id"]) == (await wix.conversation(), CONTACT)


async def test_ids_stay_rising_after_a_merge(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT))
    target, source = await wix.conversation(CONTACT), await wix.conversation(OTHER_CONTACT)
    wix.clock.pass_(100)
    last = await wix.send(source)
    wix.clock.pass_(-100)
    await merge(wix)

    assert int((await wix.send(target))["id"]) > int(last["id"])


async def test_a_conversation_outlives_its_contact(wix: Wix) -> None:
    await wix.seed_dana()
    conversation = await wix.conversation()
    await wix.delete_contact(CONTACT)

    shown = (await wix.get(f"{PATH}/{conversation}")).json()["conversation"]

    assert shown["participantDisplayData"] == {"name": "Deleted contact"}
    assert (await wix.post(PATH, {"participantId": {"contactId": CONTACT}})).status_code == 404
