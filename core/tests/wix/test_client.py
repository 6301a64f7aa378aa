"""What the client asks of Wix, word by word, and what it makes of odd answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from inboxbridge.wix import (
    DEFAULT_BASE_URL,
    ApiKey,
    Budget,
    ContactIncomplete,
    ContactMatch,
    Forbidden,
    NotFound,
    Outgoing,
    Rejected,
    ServerFault,
    Unanswered,
    Unreachable,
    Unreadable,
    WixClient,
)

Build = Callable[..., Outgoing]

CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
CONVERSATION = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"
SENT = {"message": {"id": "1772615727418302", "createdDate": "2026-03-04T09:15:27.418Z"}}
NONE = {"contacts": [], "pagingMetadata": {"count": 0, "offset": 0, "total": 0}}
DESC = [{"fieldName": "createdDate", "order": "DESC"}]


def found(*contacts: Any, **paging: Any) -> dict[str, Any]:
    return {"contacts": list(contacts), "pagingMetadata": {"total": len(contacts), **paging}}


def held(id: str) -> dict[str, Any]:
    """A contact as Wix shows it to who asks for its email and number."""
    return contact(
        id, emails=["dana@example.com", "a@example.com"], phones=[{"phone": "+1 415 555 0132"}]
    )


def contact(id: str, *, emails: Any = (), phones: Any = (), **more: Any) -> dict[str, Any]:
    info = {
        "emails": {"items": [{"email": email} for email in emails]},
        "phones": {"items": list(phones)},
    }
    return {"id": id, "createdDate": "2026-02-11T08:30:12.044Z", "info": info, **more}


def stored(sequence: int, **changes: Any) -> dict[str, Any]:
    """A message as List Messages shows it."""
    return {
        "id": str(sequence),
        "sequence": str(sequence),
        "direction": "PARTICIPANT_TO_BUSINESS",
        "content": {"basic": {"items": [{"text": f"Message {sequence}"}]}},
        "createdDate": "2026-03-04T09:16:02.005Z",
        **changes,
    }


def refused(status: int, code: str = "X") -> httpx.Response:
    details = {"applicationError": {"code": code, "description": "No.", "data": {}}}
    return httpx.Response(status, json={"message": "No.", "details": details})


# Query Contacts


async def test_one_email_is_looked_up_as_the_article_does(
    wix: WixClient, script: Any, example: Callable[[str], Any]
) -> None:
    script.answers = [found(contact(CONTACT, emails=["Dana@example.com"]))]

    matches = await wix.find_contacts("email", [" Dana@Example.com "])

    (body,) = script.bodies
    expected = example("query")["query"]
    expected["filter"]["info.emails.email"]["$eq"] = "dana@example.com"
    expected["fields"] += ["createdDate", "info.emails"]  # to check the answer by
    assert body == {"query": {**expected, "sort": DESC}}
    assert (script.requests[0].method, str(script.requests[0].url)) == (
        "POST",
        f"{DEFAULT_BASE_URL}/contacts/v4/contacts/query",
    )
    assert [(match.id, match.emails) for match in matches[" Dana@Example.com "]] == [
        (CONTACT, ("dana@example.com",))
    ]


async def test_several_emails_are_one_call_and_come_back_apart(wix: WixClient, script: Any) -> None:
    script.answers = [
        found(
            contact("c-3", emails=["B@example.com", "x@example.com"]),
            contact("c-2", emails=["a@example.com", "b@example.com"]),
            contact("c-1", emails=["a@example.com"]),
        )
    ]

    matches = await wix.find_contacts("email", ["A@example.com", "b@example.com", "c@example.com"])

    assert script.bodies == [
        {
            "query": {
                "filter": {
                    "info.emails.email": {
                        "$in": ["a@example.com", "b@example.com", "c@example.com"]
                    }
                },
                "sort": DESC,
                "fields": ["id", "createdDate", "info.emails"],
            }
        }
    ]
    assert {value: [m.id for m in ms] for value, ms in matches.items()} == {
        "A@example.com": ["c-2", "c-1"],
        "b@example.com": ["c-3", "c-2"],
        "c@example.com": [],
    }
    assert matches["A@example.com"][1] == ContactMatch(
        "c-1", datetime(2026, 2, 11, 8, 30, 12, 44000, UTC), ("a@example.com",)
    )


async def test_spellings_of_one_email_are_one_value(wix: WixClient, script: Any) -> None:
    script.answers = [found(held(CONTACT))]

    matches = await wix.find_contacts("email", ["a@example.com", "A@EXAMPLE.com"])

    assert script.bodies[0]["query"]["filter"] == {"info.emails.email": {"$eq": "a@example.com"}}
    assert [m.id for ms in matches.values() for m in ms] == [CONTACT, CONTACT]


@pytest.mark.parametrize("paging", [{"total": 3}, {"hasNext": True}, {"tooManyToCount": True}])
async def test_all_pages_of_a_long_answer_are_read(
    wix: WixClient, script: Any, paging: dict[str, Any]
) -> None:
    if "total" not in paging:
        paging = {**paging, "total": None}
    last = {"total": 3} if paging.get("total") else {"total": None, "hasNext": False}
    script.answers = [
        found(held("c-3"), held("c-2"), **paging),
        found(held("c-1"), **last),
    ]

    matches = await wix.find_contacts("email", ["a@example.com"])

    assert [m.id for m in matches["a@example.com"]] == ["c-3", "c-2", "c-1"]
    assert [body["query"].get("paging") for body in script.bodies] == [
        None,
        {"limit": 1000, "offset": 2},
    ]


async def test_paging_ends_at_an_empty_page_whatever_the_total_says(
    wix: WixClient, script: Any
) -> None:
    script.answers = [found(held("c-1"), total=9), found(total=9)]

    assert len((await wix.find_contacts("email", ["a@example.com"]))["a@example.com"]) == 1
    assert len(script.requests) == 2


async def test_nothing_to_look_up_is_no_call(wix: WixClient, script: Any) -> None:
    assert await wix.find_contacts("email", []) == {}
    assert script.requests == []


async def test_more_than_a_hundred_values_are_refused(wix: WixClient) -> None:
    with pytest.raises(ValueError, match="at most 100"):
        await wix.find_contacts("email", [f"{n}@example.com" for n in range(101)])


async def test_a_phone_found_as_e164_is_one_call(wix: WixClient, script: Any) -> None:
    script.answers = [found(held(CONTACT))]

    matches = await wix.find_contacts("phone", ["+14155550132"])

    assert script.bodies == [
        {
            "query": {
                "filter": {"info.phones.e164Phone": {"$eq": "+14155550132"}},
                "sort": DESC,
                "fields": ["id", "createdDate", "info.phones"],
            }
        }
    ]
    assert [(match.id, match.phones) for match in matches["+14155550132"]] == [
        (CONTACT, ("+14155550132",))
    ]


async def test_phones_without_a_hit_are_looked_for_by_spelling_in_one_more_call(
    wix: WixClient, script: Any
) -> None:
    script.answers = [
        found(contact("c-1", phones=[{"phone": "1", "e164Phone": "+442079460018"}])),
        found(contact("c-2", phones=[{"phone": "(415) 555-0132"}])),
    ]

    matches = await wix.find_contacts("phone", ["+442079460018", "+14155550132", "+14155550199"])

    filters = [body["query"]["filter"] for body in script.bodies]
    assert filters[0] == {
        "info.phones.e164Phone": {"$in": ["+442079460018", "+14155550132", "+14155550199"]}
    }
    asked = filters[1]["info.phones.phone"]["$in"]
    assert {"+14155550132", "(415) 555-0132", "4155550132", "4155550199"} <= set(asked)
    assert "+442079460018" not in asked
    assert {value: [m.id for m in ms] for value, ms in matches.items()} == {
        "+442079460018": ["c-1"],
        "+14155550132": ["c-2"],
        "+14155550199": [],
    }


@pytest.mark.parametrize(
    ("item", "trusted"),
    [
        ({"phone": "(415) 555-0132"}, True),
        ({"phone": "415.555.0132"}, True),
        ({"phone": "4155550132", "countryCode": "US"}, True),
        ({"phone": "+1 415 555 0132"}, True),
        ({"phone": "4155550132", "countryCode": "DE"}, False),
        ({"phone": "4155550132", "e164Phone": "+494155550132"}, False),
        ({"phone": "4155550133"}, False),
        ({"phone": 4155550132}, False),
        ({}, False),
    ],
)
async def test_a_hit_by_spelling_is_trusted_only_if_it_is_that_number(
    wix: WixClient, script: Any, item: dict[str, Any], trusted: bool
) -> None:
    script.answers = [NONE, found(contact("c-1", phones=[item]))]

    matches = await wix.find_contacts("phone", ["+14155550132"])

    assert [m.id for m in matches["+14155550132"]] == (["c-1"] if trusted else [])


async def test_a_wix_without_the_e164_filter_is_asked_by_spelling_from_then_on(
    wix: WixClient, script: Any
) -> None:
    script.answers = [refused(400), NONE]

    for _ in range(3):
        assert await wix.find_contacts("phone", ["+14155550132"]) == {"+14155550132": []}

    fields = [next(iter(body["query"]["filter"])) for body in script.bodies]
    assert fields == ["info.phones.e164Phone", *["info.phones.phone"] * 3]


async def test_a_400_for_another_reason_is_no_reason_to_give_up_e164(
    wix: WixClient, script: Any
) -> None:
    script.answers = [refused(400), refused(400), found(held("c-1"))]

    with pytest.raises(Rejected):
        await wix.find_contacts("phone", ["+14155550132"])
    matches = await wix.find_contacts("phone", ["+14155550132"])

    assert [m.id for m in matches["+14155550132"]] == ["c-1"]
    assert "info.phones.e164Phone" in script.bodies[-1]["query"]["filter"]


async def test_another_refusal_of_the_e164_query_is_raised(wix: WixClient, script: Any) -> None:
    script.answers = [refused(501)]

    with pytest.raises(Rejected):
        await wix.find_contacts("phone", ["+14155550132"])
    assert len(script.requests) == 1


async def test_contacts_are_found_by_exactly_their_name(wix: WixClient, script: Any) -> None:
    def named(id: str, **name: str) -> dict[str, Any]:
        return contact(id) | {"createdDate": "2026-03-04T10:16:00Z", "info": {"name": name}}

    script.answers = [
        found(
            named("c-3", first="Dana", last="Reyes"),
            named("c-2", first="Dana", last="Reyes Lopez"),
            named("c-1", first="Dana"),
            {"id": "c-0"},
            contact("c-older") | {"info": {"name": {"first": "Dana", "last": "Reyes"}}},
        )
    ]

    matches = await wix.find_contacts_by_name(
        "Dana  Reyes", datetime(2026, 3, 4, 10, 15, tzinfo=UTC)
    )

    assert [m.id for m in matches] == ["c-3"]
    assert script.bodies[0]["query"] == {
        "filter": {
            "info.name.first": {"$eq": "Dana"},
            "info.name.last": {"$eq": "Reyes"},
            "createdDate": {"$gte": "2026-03-04T10:15:00.000Z"},
        },
        "sort": DESC,
        "fields": ["id", "createdDate", "info.name", "info.emails", "info.phones"],
    }


async def test_a_single_name_does_not_find_those_with_a_last_name(
    wix: WixClient, script: Any
) -> None:
    script.answers = [
        found(
            {"id": "c-2", "info": {"name": {"first": "Dana", "last": "Reyes"}}},
            {"id": "c-1", "info": {"name": {"first": "Dana"}}},
        )
    ]

    matches = await wix.find_contacts_by_name("Dana", datetime(2026, 3, 4, tzinfo=UTC))

    assert [m.id for m in matches] == ["c-1"]


@pytest.mark.parametrize("body", [{}, {"contacts": None}, [], "text"])
async def test_an_answer_without_contacts_is_not_taken_for_nobody_found(
    wix: WixClient, script: Any, body: Any
) -> None:
    """Taking it so would create the contact a second time."""
    script.answers = [httpx.Response(200, json=body)]

    with pytest.raises(Unreadable, match="base_url"):
        await wix.find_contacts("email", ["a@example.com"])


# Create and get


async def test_a_contact_is_made_of_name_email_and_phone(wix: WixClient, script: Any) -> None:
    script.answers = [{"contact": contact(CONTACT, emails=["dana@example.com"])}]

    made = await wix.create_contact(
        name="Dana Maria Reyes", email="Dana@example.com ", phone="+14155550132", lane="live"
    )

    assert made == CONTACT
    assert script.bodies == [
        {
            "info": {
                "name": {"first": "Dana", "last": "Maria Reyes"},
                "emails": {
                    "items": [{"tag": "MAIN", "email": "dana@example.com", "primary": True}]
                },
                "phones": {
                    "items": [
                        {
                            "tag": "MAIN",
                            "countryCode": "US",
                            "phone": "+14155550132",
                            "primary": True,
                        }
                    ]
                },
            },
            "allowDuplicates": False,
        }
    ]


async def test_a_number_of_no_country_has_no_country_code(wix: WixClient, script: Any) -> None:
    script.answers = [{"contact": {"id": CONTACT}}]

    await wix.create_contact(name="Dana", email=None, phone="+80012345678", lane="live")

    info = script.bodies[0]["info"]
    assert info["name"] == {"first": "Dana"}
    assert "countryCode" not in info["phones"]["items"][0]


async def test_a_duplicate_is_the_contact_that_is_there(wix: WixClient, script: Any) -> None:
    data = {"duplicateContactId": CONTACT, "duplicateEmail": "dana@example.com"}
    details = {"code": "DUPLICATE_CONTACT_EXISTS", "description": "…", "data": data}
    script.answers = [httpx.Response(409, json={"details": {"applicationError": details}})]

    assert await wix.create_contact(name=None, email="dana@example.com", phone=None) == CONTACT


async def test_a_contact_that_came_back_without_its_email_is_an_error_that_is_not_repeated(
    wix: WixClient, script: Any
) -> None:
    script.answers = [{"contact": {"id": CONTACT, "info": {}}}]

    with pytest.raises(ContactIncomplete) as caught:
        await wix.create_contact(name="Dana", email="dana@example.com", phone=None)

    assert caught.value.contact_id == CONTACT
    assert not caught.value.retriable
    assert "dana@example.com" not in str(caught.value)


async def test_nobody_is_not_created(wix: WixClient, script: Any) -> None:
    for name in (None, "", "  "):
        with pytest.raises(ValueError, match="needs a name, an email or a phone"):
            await wix.create_contact(name=name, email=None, phone=None)
    assert await wix.find_contacts_by_name(" ", datetime(2026, 3, 4, tzinfo=UTC)) == []
    assert script.requests == []


async def test_a_contact_is_got_with_what_identifies_it(wix: WixClient, script: Any) -> None:
    phone = {"phone": "415 555 0132", "countryCode": "US"}
    merged = contact("c-target", emails=["Dana@example.com"], phones=[phone])
    script.answers = [{"contact": merged, "responseType": "MERGED"}]

    match = await wix.get_contact("c-old/../x")

    assert match == ContactMatch(
        "c-target",
        datetime(2026, 2, 11, 8, 30, 12, 44000, UTC),
        ("dana@example.com",),
        ("+14155550132",),
    )
    assert script.requests[0].url.raw_path == (
        b"/contacts/v4/contacts/c-old%2F..%2Fx"
        b"?fieldsets=BASIC&fields=createdDate&fields=info.emails&fields=info.phones"
    )


async def test_a_contact_that_wix_does_not_know_is_none(wix: WixClient, script: Any) -> None:
    script.answers = [refused(404)]

    assert await wix.get_contact(CONTACT) is None


# Conversations and messages


async def test_a_conversation_is_asked_for_as_the_article_does(
    wix: WixClient, script: Any, example: Callable[[str], Any]
) -> None:
    body = example("conversation")
    script.answers = [{"conversation": {"id": CONVERSATION}, "newConversation": False}]

    assert await wix.conversation_for(body["participantId"]["contactId"]) == CONVERSATION
    assert script.bodies == [body]
    assert script.requests[0].url.path == "/inbox/v2/conversations"


@pytest.mark.parametrize("status", [400, 404])
async def test_a_member_is_asked_for_where_the_contact_is_refused(
    wix: WixClient, script: Any, status: int
) -> None:
    member = {"contact": {"id": CONTACT, "memberInfo": {"memberId": "m-1"}}}
    script.answers = [refused(status), member, {"conversation": {"id": CONVERSATION}}]

    assert await wix.conversation_for(CONTACT) == CONVERSATION
    assert [request.method for request in script.requests] == ["POST", "GET", "POST"]
    assert script.requests[1].url.query == b"fieldsets=FULL"
    assert b'"participantId":{"memberId":"m-1"}' in script.requests[2].content


@pytest.mark.parametrize("second", [refused(404), {"contact": {"id": CONTACT}}])
async def test_a_contact_that_is_no_member_stays_refused_for_the_first_reason(
    wix: WixClient, script: Any, second: Any
) -> None:
    script.answers = [refused(404, "CONTACT_NOT_FOUND"), second]

    with pytest.raises(NotFound) as caught:
        await wix.conversation_for(CONTACT)

    assert caught.value.code == "CONTACT_NOT_FOUND"


async def test_a_missing_permission_is_not_taken_for_a_member(wix: WixClient, script: Any) -> None:
    script.answers = [refused(403)]

    with pytest.raises(Forbidden):
        await wix.conversation_for(CONTACT)
    assert len(script.requests) == 1


async def test_a_sent_message_has_its_id_time_and_request_id(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    script.answers = [httpx.Response(200, json=SENT, headers={"x-wix-request-id": "r-1"})]

    sent = await wix.send(outgoing())

    assert sent.message_id == "1772615727418302"
    assert sent.created_at == datetime(2026, 3, 4, 9, 15, 27, 418000, UTC)
    assert sent.request_id == "r-1"


async def test_a_message_without_a_date_was_made_when_its_id_says(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    script.answers = [{"message": {"id": "1640849952353627"}}]

    sent = await wix.send(outgoing())

    assert sent.created_at == datetime(2021, 12, 30, 7, 39, 12, 353627, UTC)


@pytest.mark.parametrize("body", [{}, {"message": {}}, {"message": {"id": 5}}, {"message": "id"}])
async def test_a_2xx_without_a_message_id_leaves_the_outcome_open(
    wix: WixClient, script: Any, outgoing: Build, body: Any
) -> None:
    script.answers = [body]

    with pytest.raises(Unreadable) as caught:
        await wix.send(outgoing())

    assert (caught.value.effect, caught.value.retriable) == ("unknown", True)


@pytest.mark.parametrize(
    ("answer", "kind", "effect"),
    [
        (httpx.ConnectError("x"), Unreachable, "none"),
        (httpx.ReadTimeout("x"), Unanswered, "unknown"),
        (httpx.ReadError("x"), Unanswered, "unknown"),
        (httpx.RemoteProtocolError("x"), Unanswered, "unknown"),
        (ConnectionResetError("x"), Unanswered, "unknown"),
        (httpx.Response(502, content=b"<html>"), ServerFault, "unknown"),
        (refused(400), Rejected, "none"),
    ],
)
async def test_a_send_that_fails_says_whether_it_may_have_arrived(
    wix: WixClient, script: Any, outgoing: Build, answer: Any, kind: Any, effect: str
) -> None:
    script.answers = [answer]

    with pytest.raises(kind) as caught:
        await wix.send(outgoing())

    assert caught.value.effect == effect
    assert len(script.requests) == 1  # nothing is tried again here


async def test_an_answer_that_drips_for_ever_is_cut_off(script: Any, outgoing: Build) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = WixClient(ApiKey("k", "s"), transport=httpx.MockTransport(never), timeout_seconds=0.01)
    client._calls._whole_seconds = 0.02

    with pytest.raises(Unanswered, match="no answer in time"):
        await client.send(outgoing())


async def test_messages_are_read_page_by_page_newest_first(wix: WixClient, script: Any) -> None:
    def message(id: str, direction: str) -> dict[str, Any]:
        return {"id": id, "direction": direction, "createdDate": "2026-03-04T09:16:02.005Z"}

    script.answers = [
        {
            "messages": [message("3", "PARTICIPANT_TO_BUSINESS")],
            "pagingMetadata": {"count": 1, "cursors": {"next": "a+b/c="}},
        },
        {"messages": [message("2", "BUSINESS_TO_PARTICIPANT"), message("1", "UNKNOWN_DIRECTION")]},
    ]

    seen = [message async for message in wix.messages(CONVERSATION)]

    assert [(m.id, m.direction) for m in seen] == [("3", "inbound"), ("2", "outbound"), ("1", None)]
    first, second = (dict(request.url.params) for request in script.requests)
    assert first == {
        "conversationId": CONVERSATION,
        "visibility": "BUSINESS",
        "paging.limit": "100",
        "sorting.fieldName": "sequence",
        "sorting.order": "DESC",
    }
    assert second == {**first, "paging.cursor": "a+b/c="}


async def test_a_page_is_asked_for_only_when_it_is_needed(wix: WixClient, script: Any) -> None:
    script.answers = [{"messages": [stored(3)], "pagingMetadata": {"cursors": {"next": "x"}}}]

    async for _ in wix.messages(CONVERSATION):
        break

    assert len(script.requests) == 1


# The client itself


async def test_the_clock_of_wix_is_known_from_its_answers(script: Any, outgoing: Build) -> None:
    script.answers = [
        httpx.Response(200, json=SENT, headers={"date": "Wed, 04 Mar 2026 09:16:00 GMT"})
    ]
    now = datetime(2026, 3, 4, 9, 15, 30, tzinfo=UTC).timestamp()
    client = WixClient(ApiKey("k", "s"), transport=httpx.MockTransport(script), now=lambda: now)
    assert client.server_clock_offset_seconds == 0.0

    await client.send(outgoing())

    assert client.server_clock_offset_seconds == 30.5


async def test_every_call_takes_a_slot_in_its_lane(script: Any, outgoing: Build) -> None:
    lanes = []

    class Noting(Budget):
        def call(self, lane: Any = "live") -> Any:
            lanes.append(lane)
            return super().call(lane)

    client = WixClient(ApiKey("k", "s"), transport=httpx.MockTransport(script), budget=Noting())
    script.answers = [NONE, SENT, {"conversation": {"id": "x"}}, {"messages": []}]

    await client.find_contacts("email", ["a@example.com"], lane="backlog")
    await client.send(outgoing(), lane="backlog")
    await client.conversation_for(CONTACT)
    assert [m async for m in client.messages(CONVERSATION, lane="backlog")] == []

    assert lanes == ["backlog", "backlog", "live", "backlog"]
    assert client.budget.used == 4


async def test_a_base_url_may_have_a_path(script: Any, outgoing: Build) -> None:
    script.answers = [SENT]
    client = WixClient(
        ApiKey("k", "s"),
        base_url="http://127.0.0.1:8090/wix/",
        transport=httpx.MockTransport(script),
    )

    await client.send(outgoing())

    assert str(script.requests[0].url) == "http://127.0.0.1:8090/wix/inbox/v2/messages"
    assert script.requests[0].headers["host"] == "127.0.0.1:8090"


@pytest.mark.parametrize("url", ["", "www.wixapis.com", "ftp://x", "https://"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url must begin with"):
        WixClient(ApiKey("k", "s"), base_url=url)


async def test_what_utf8_cannot_say_does_not_stop_a_call(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    script.answers = [SENT]

    await wix.send(outgoing(conversation_id="\ud800"))

    assert script.bodies[0]["conversationId"] == "?"


async def test_the_article_form_is_sent_where_it_is_chosen(script: Any, outgoing: Build) -> None:
    script.answers = [SENT]
    transport = httpx.MockTransport(script)
    client = WixClient(ApiKey("k", "s"), transport=transport, wire_form="article")

    await client.send(outgoing())

    assert script.bodies[0]["direction"] == "PARTICIPANT_TO_BUSINESS"


# Probe


async def test_a_probe_of_full_permissions_finds_nothing_wrong(wix: WixClient, script: Any) -> None:
    script.answers = [NONE, refused(400), refused(404), refused(400)]

    assert await wix.probe() == []


async def test_a_probe_names_each_missing_permission(wix: WixClient, script: Any) -> None:
    script.answers = [NONE, refused(403), refused(404), refused(403)]

    problems = await wix.probe()

    assert len(problems) == 2
    assert "Manage Contacts" in problems[0]
    assert "Manage Inbox Messages" in problems[1]


async def test_a_probe_says_once_that_the_credentials_are_refused(
    wix: WixClient, script: Any
) -> None:
    script.answers = [refused(401)]

    problems = await wix.probe()

    assert len(problems) == 1
    assert "Check api_key" in problems[0]


async def test_a_probe_that_is_not_answered_says_so(wix: WixClient, script: Any) -> None:
    script.answers = [httpx.ConnectError("x")]

    with pytest.raises(Unreachable):
        await wix.probe()


async def test_a_probe_asks_for_nobody_and_offers_nothing(wix: WixClient, script: Any) -> None:
    script.answers = [NONE, refused(400), refused(404), refused(400)]

    await wix.probe()

    nobody = "00000000-0000-4000-8000-000000000000"
    query, create, listing, send = script.requests
    assert query.url.path == "/contacts/v4/contacts/query"
    assert create.content == b'{"info":{}}'
    assert dict(listing.url.params)["conversationId"] == nobody
    assert send.content == f'{{"conversationId":"{nobody}","message":{{}}}}'.encode()
