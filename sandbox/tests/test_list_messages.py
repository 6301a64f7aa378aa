"""List Messages: order, pages, cursors and who sees what."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge_sandbox.conversations import Conversation, StoredMessage
from inboxbridge_sandbox.messages import page_of

from .conftest import CONTACT, SITE, Wix, code, violated

PATH = "/inbox/v2/messages"
BOTH = "BUSINESS_AND_PARTICIPANT"


@pytest.fixture
async def conversation(wix: Wix) -> str:
    await wix.seed_dana()
    return await wix.conversation()


async def fill(wix: Wix, conversation: str, count: int, **more: Any) -> list[str]:
    return [(await wix.send(conversation, f"Line {at}", **more))["id"] for at in range(count)]


async def page(wix: Wix, conversation: str, **params: Any) -> Any:
    params = {"conversationId": conversation, "visibility": "BUSINESS", **params}
    answer = await wix.get(PATH, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [each["id"] for each in answer["messages"]]


async def test_the_newest_come_first(wix: Wix, conversation: str) -> None:
    sent = await fill(wix, conversation, 3)

    assert ids(await page(wix, conversation)) == sent[::-1]
    assert ids(await page(wix, conversation, **{"sorting.order": "ASC"})) == sent


async def test_one_page_that_holds_everything_has_no_paging(wix: Wix, conversation: str) -> None:
    await fill(wix, conversation, 30)

    assert (await page(wix, conversation)).keys() == {"messages"}


async def test_an_empty_conversation_has_no_messages(wix: Wix, conversation: str) -> None:
    assert await page(wix, conversation) == {"messages": []}


@pytest.mark.parametrize(("limit", "size"), [(None, 30), (0, 30), (7, 7), (31, 31), (100, 100)])
async def test_a_page_has_30_messages_unless_asked_otherwise(
    wix: Wix, conversation: str, limit: int | None, size: int
) -> None:
    await fill(wix, conversation, 101)
    params = {} if limit is None else {"paging.limit": limit}

    found = await page(wix, conversation, **params)

    assert len(found["messages"]) == size
    assert found["pagingMetadata"]["count"] == size
    assert found["pagingMetadata"]["cursors"].keys() == {"next"}


@pytest.mark.parametrize("order", ["ASC", "DESC"])
async def test_cursors_lead_through_everything_and_back(
    wix: Wix, conversation: str, order: str
) -> None:
    sent = await fill(wix, conversation, 7)
    expected = sent if order == "ASC" else sent[::-1]
    params = {"paging.limit": 3, "sorting.order": order, "sorting.fieldName": "sequence"}

    first = await page(wix, conversation, **params)
    cursors = first["pagingMetadata"]["cursors"]
    second = await page(wix, conversation, **params, **{"paging.cursor": cursors["next"]})
    cursors = second["pagingMetadata"]["cursors"]
    third = await page(wix, conversation, **params, **{"paging.cursor": cursors["next"]})
    back = await page(wix, conversation, **params, **{"paging.cursor": cursors["prev"]})

    assert ids(first) + ids(second) + ids(third) == expected
    assert third["pagingMetadata"] == {"tooManyToCount": True}
    assert ids(back) == ids(first)
    assert back["pagingMetadata"] == first["pagingMetadata"]


async def test_new_messages_do_not_move_the_pages(wix: Wix, conversation: str) -> None:
    sent = await fill(wix, conversation, 4)
    first = await page(wix, conversation, **{"paging.limit": 2})
    await wix.send(conversation, "Just now")
    cursor = first["pagingMetadata"]["cursors"]["next"]

    second = await page(wix, conversation, **{"paging.limit": 2, "paging.cursor": cursor})

    assert ids(first) + ids(second) == sent[::-1]


async def test_business_sees_all_and_both_only_what_both_see(wix: Wix, conversation: str) -> None:
    """The name on List is not the name on Send: BUSINESS is everything here."""
    [team] = await fill(wix, conversation, 1, visibility="BUSINESS")
    [shared] = await fill(wix, conversation, 1, visibility=BOTH)

    assert ids(await page(wix, conversation)) == [shared, team]
    assert ids(await page(wix, conversation, visibility=BOTH)) == [shared]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"conversationId": None}, "conversationId"),
        ({"conversationId": "x"}, "conversationId"),
        ({"visibility": None}, "visibility"),
        ({"visibility": "ALL"}, "visibility"),
        ({"visibility": "PARTICIPANT"}, "visibility"),
        ({"paging.limit": "101"}, "paging.limit"),
        ({"paging.limit": "-1"}, "paging.limit"),
        ({"paging.cursor": "?"}, "paging.cursor"),
        ({"paging.cursor": "eyJzIjoxNzcyfQ"}, "paging.cursor"),
        ({"sorting.order": "UP"}, "sorting.order"),
        ({"sorting.fieldName": "createdDate"}, "sorting.fieldName"),
    ],
    ids=str,
)
async def test_a_wrong_parameter_is_refused_by_name(
    wix: Wix, conversation: str, params: dict[str, Any], field: str
) -> None:
    given_params = {"conversationId": conversation, "visibility": "BUSINESS", **params}

    answer = await wix.get(PATH, **{key: value for key, value in given_params.items() if value})

    assert violated(answer) == [field]


@pytest.mark.parametrize("change", [{"visibility": BOTH}, {"sorting.order": "ASC"}], ids=str)
async def test_a_cursor_holds_for_its_own_visibility_and_order(
    wix: Wix, conversation: str, change: dict[str, str]
) -> None:
    await fill(wix, conversation, 3, visibility=BOTH)
    first = await page(wix, conversation, **{"paging.limit": 1})
    cursor = first["pagingMetadata"]["cursors"]["next"]
    params = {"conversationId": conversation, "visibility": "BUSINESS", "paging.cursor": cursor}

    assert violated(await wix.get(PATH, **{**params, **change})) == ["paging.cursor"]


def packed(request: Any) -> str:
    """A request as Wix's SDK packs it."""
    return base64.urlsafe_b64encode(json.dumps(request).encode()).rstrip(b"=").decode()


async def test_the_sdk_packs_paging_and_sorting_into_one_parameter(
    wix: Wix, conversation: str
) -> None:
    sent = await fill(wix, conversation, 3)
    sorting = {"fieldName": "sequence", "order": "ASC"}
    request = {"conversationId": conversation, "visibility": "BUSINESS", "sorting": sorting}

    first = await wix.get(PATH, **{".r": packed({**request, "paging": {"limit": 2}})})
    cursor = first.json()["pagingMetadata"]["cursors"]["next"]
    second = await wix.get(PATH, **{".r": packed({**request, "paging": {"cursor": cursor}})})

    assert ids(first.json()) == sent[:2]
    assert ids(second.json()) == sent[2:]
    assert (await wix.stats())["unknown_keys"] == {}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ("?", ".r"),
        (packed([]), ".r"),
        (packed({"visibility": "BUSINESS"}), "conversationId"),
        (packed({"conversationId": CONTACT, "visibility": "BUSINESS", "paging": {"limit": 101}}),
         "paging.limit"),
    ],
)  # fmt: skip
async def test_a_wrong_packed_request_is_refused_by_name(
    wix: Wix, request_: str, field: str
) -> None:
    assert violated(await wix.get(PATH, **{".r": request_})) == [field]


async def test_a_packed_request_is_in_the_alphabet_for_addresses(
    wix: Wix, conversation: str
) -> None:
    paging = {"cursor": "??????>>>>>>"}
    request = {"conversationId": conversation, "visibility": "BUSINESS", "paging": paging}
    assert set("-_") <= set(packed(request))

    assert violated(await wix.get(PATH, **{".r": packed(request)})) == ["paging.cursor"]


async def test_an_unknown_conversation_is_404(wix: Wix) -> None:
    answer = await wix.get(
        PATH, conversationId="7356b3ee-5f41-30aa-bdd8-070e50890228", visibility="BUSINESS"
    )

    assert (answer.status_code, code(answer)) == (404, "CONVERSATION_NOT_FOUND")


async def test_unknown_parameters_are_counted(wix: Wix, conversation: str) -> None:
    await page(wix, conversation, limit=5)

    assert (await wix.stats())["unknown_keys"] == {"limit": 1}


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=25),
    st.integers(1, 7),
    st.sampled_from(["ASC", "DESC"]),
    st.sampled_from(["BUSINESS", BOTH]),
)
def test_paging_shows_every_visible_message_once_in_order(
    messages: list[tuple[int, bool]], limit: int, order: str, visibility: str
) -> None:
    """Equal sequences, as a merge leaves them, are neither lost nor repeated."""
    conversation = Conversation("c", SITE, {}, 0)
    for arrival, (sequence, shared) in enumerate(messages, start=1):
        kept = {"id": arrival, "visibility": BOTH if shared else "BUSINESS"}
        conversation.messages.append(StoredMessage(conversation, kept, sequence, arrival))
    conversation.messages.sort(key=lambda each: each.place)
    visible = [
        each.arrival
        for each in conversation.messages
        if visibility == "BUSINESS" or each.message["visibility"] == BOTH
    ]

    request = {"visibility": visibility, "sorting.order": order, "paging.limit": limit}
    seen: list[Any] = []
    while True:
        answer = page_of(conversation, request, page_size=30)
        seen += ids(answer)
        cursor = answer.get("pagingMetadata", {}).get("cursors", {}).get("next")
        if cursor is None:
            break
        request["paging.cursor"] = cursor

    assert seen == (visible if order == "ASC" else visible[::-1])
