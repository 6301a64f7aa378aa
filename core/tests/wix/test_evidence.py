"""An answer is evidence only if it has its form, and of what was asked: each call by each form.

The forms that a 200 may have and must not be taken for an answer; then those that are odd and
good enough.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from inboxbridge.wix import (
    ApiKey,
    AppCredentials,
    Budget,
    Conflict,
    ContactIncomplete,
    CredentialsRefused,
    Outage,
    Outgoing,
    Unanswered,
    Unreadable,
    WixClient,
    WixError,
)
from inboxbridge.wix._body import MAX_ANSWER_BYTES

Build = Callable[..., Outgoing]
Call = Callable[[WixClient, Outgoing], Awaitable[Any]]

CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
OTHER = "11f3e5d7-2468-4ace-9bdf-0fedcba98765"
CONVERSATION = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"
EMAIL, PHONE = "dana@example.com", "+14155550132"
FIRST = 1_772_615_727_418_302


def person(id: str = CONTACT, email: str = EMAIL, phone: str = PHONE, **more: Any) -> Any:
    info = {"emails": {"items": [{"email": email}]}, "phones": {"items": [{"phone": phone}]}}
    return {"id": id, "createdDate": "2026-02-11T08:30:12.044Z", "info": info, **more}


def message(number: int = FIRST, **changes: Any) -> Any:
    return {
        "id": str(number),
        "sequence": str(number),
        "direction": "PARTICIPANT_TO_BUSINESS",
        "content": {"basic": {"items": [{"text": "Is Saturday free?"}]}},
        "createdDate": datetime.fromtimestamp(number / 1e6, UTC).isoformat(),
        **changes,
    }


async def _list(client: WixClient, _: Outgoing) -> Any:
    return [seen async for seen in client.messages(CONVERSATION)]


CALLS: dict[str, tuple[Call, Any, str]] = {
    "query by email": (
        lambda c, _: c.find_contacts("email", [EMAIL]),
        {"contacts": [person()], "pagingMetadata": {"total": 1}},
        "contacts",
    ),
    "query by phone": (
        lambda c, _: c.find_contacts("phone", [PHONE]),
        {"contacts": [person()], "pagingMetadata": {"total": 1}},
        "contacts",
    ),
    "query of several": (
        lambda c, _: c.find_contacts("email", [EMAIL, "b@example.com"]),
        {"contacts": [person()], "pagingMetadata": {"total": 1}},
        "contacts",
    ),
    "query by name": (
        lambda c, _: c.find_contacts_by_name("Dana", datetime(2026, 1, 1, tzinfo=UTC)),
        {"contacts": [], "pagingMetadata": {"total": 0}},
        "contacts",
    ),
    "get": (lambda c, _: c.get_contact(CONTACT), {"contact": person()}, "contact"),
    "create": (
        lambda c, _: c.create_contact(name="Dana", email=EMAIL),
        {"contact": person()},
        "contact",
    ),
    "conversation": (
        lambda c, _: c.conversation_for(CONTACT),
        {"conversation": {"id": CONVERSATION, "participant": {"contactId": CONTACT}}},
        "conversation",
    ),
    "send": (lambda c, outgoing: c.send(outgoing), {"message": message()}, "message"),
    "list": (_list, {"messages": [message()]}, "messages"),
}


def forms(good: Any, key: str) -> dict[str, httpx.Response]:
    whole = json.dumps(good).encode()
    other: Any = {} if isinstance(good[key], list) else []
    deep = whole[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return {
        "empty": httpx.Response(200),
        "204": httpx.Response(204),
        "null": httpx.Response(200, content=b"null"),
        "a list": httpx.Response(200, json=[good]),
        "a text": httpx.Response(200, json="ok"),
        "html": httpx.Response(200, content=b"<html><body>Sign in to the network</body></html>"),
        "cut": httpx.Response(200, content=whole[: len(whole) // 2]),
        "not UTF-8": httpx.Response(200, content=whole.replace(b'"', b"\xff", 1)),
        "too deep": httpx.Response(200, content=deep),
        "without its key": httpx.Response(200, json={"something": "else"}),
        "null in its place": httpx.Response(200, json={key: None}),
        "another type in its place": httpx.Response(200, json={key: other}),
        "a text in its place": httpx.Response(200, json={key: "ok"}),
        "an error in Wix's form": httpx.Response(200, json={"message": "", "details": {}}),
    }


ODD = forms({"messages": [message()]}, "messages")


@pytest.mark.parametrize("form", ODD)
@pytest.mark.parametrize("call", CALLS)
async def test_a_200_that_is_not_in_its_form_is_no_answer(
    wix: WixClient, script: Any, outgoing: Build, call: str, form: str
) -> None:
    ask, good, key = CALLS[call]
    script.answers = [forms(good, key)[form]]

    with pytest.raises(Unreadable) as caught:
        await ask(wix, outgoing())

    changes = call in ("create", "conversation", "send")
    assert caught.value.effect == ("unknown" if changes else "none")
    assert caught.value.retriable
    subject = {"send": "conversation", "list": "conversation", "query of several": "site"}
    assert caught.value.scope == subject.get(call, "contact")
    assert len(script.requests) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_the_same_call_takes_the_answer_that_has_it(
    wix: WixClient, script: Any, outgoing: Build, call: str
) -> None:
    ask, good, _ = CALLS[call]
    script.answers = [good]

    await ask(wix, outgoing())

    assert len(script.requests) == 1


BAD_IDS = [None, "", 5, "x" * 101, "\x00", "\ud800", "a\nb"]


@pytest.mark.parametrize("bad", BAD_IDS, ids=lambda id: ascii(id)[:20])
@pytest.mark.parametrize("call", ["query by email", "get", "create", "conversation"])
async def test_an_id_that_cannot_go_into_a_request_is_no_answer(
    wix: WixClient, script: Any, outgoing: Build, call: str, bad: Any
) -> None:
    ask, good, key = CALLS[call]
    changed = json.loads(json.dumps(good))
    (changed[key][0] if isinstance(changed[key], list) else changed[key])["id"] = bad
    script.answers = [httpx.Response(200, content=json.dumps(changed).encode())]

    with pytest.raises(Unreadable):
        await ask(wix, outgoing())


# Checked against the question


@pytest.mark.parametrize("by", ["email", "phone"])
@pytest.mark.parametrize(
    "stranger",
    [person(OTHER, "else@example.com", "+442079460018"), {"id": OTHER}, {"id": OTHER, "info": {}}],
)
async def test_a_contact_that_was_not_asked_for_is_not_taken(
    wix: WixClient, script: Any, by: Any, stranger: Any
) -> None:
    script.answers = [{"contacts": [stranger]}]

    with pytest.raises(Unreadable) as caught:
        await wix.find_contacts(by, [EMAIL if by == "email" else PHONE])

    assert caught.value.scope == "contact"


async def test_a_stranger_beside_the_contact_asked_for_is_left_out(
    wix: WixClient, script: Any
) -> None:
    script.answers = [{"contacts": [person(OTHER, "else@example.com"), person()]}]

    found = await wix.find_contacts("email", [EMAIL])

    assert [match.id for match in found[EMAIL]] == [CONTACT]


async def test_a_stranger_in_the_place_of_one_of_several_spoils_the_answer(
    wix: WixClient, script: Any
) -> None:
    script.answers = [{"contacts": [person(), person(OTHER, "else@example.com")]}]

    with pytest.raises(Unreadable) as caught:
        await wix.find_contacts("email", [EMAIL, "b@example.com"])

    assert caught.value.scope == "site"


@pytest.mark.parametrize(
    "item",
    [
        {"phone": "(415) 555-0132", "e164Phone": "+14155550132"},
        {"phone": "(415) 555-0132", "e164Phone": "+1 415-555-0132"},
        {"e164Phone": "+14155550132"},
        {"phone": "415.555.0132", "countryCode": "US"},
        {"phone": "415 555 0132"},
    ],
)
async def test_a_number_is_the_same_however_wix_writes_it(
    wix: WixClient, script: Any, item: dict[str, str]
) -> None:
    script.answers = [{"contacts": [person() | {"info": {"phones": {"items": [item]}}}]}]

    found = await wix.find_contacts("phone", [PHONE])

    assert [match.id for match in found[PHONE]] == [CONTACT]


async def test_a_contact_named_twice_is_one(wix: WixClient, script: Any) -> None:
    script.answers = [{"contacts": [person(), person()]}]

    assert len((await wix.find_contacts("email", [EMAIL]))[EMAIL]) == 1


async def test_a_query_without_an_end_is_given_up(wix: WixClient, script: Any) -> None:
    script.answers = [{"contacts": [person()], "pagingMetadata": {"tooManyToCount": True}}]

    with pytest.raises(Unreadable, match="without an end"):
        await wix.find_contacts("email", [EMAIL])

    assert len(script.requests) == 5


@pytest.mark.parametrize("told", [{}, {"responseType": "REGULAR"}, {"responseType": "IMPLICIT"}])
async def test_another_contact_is_the_one_asked_for_only_if_wix_says_merged(
    wix: WixClient, script: Any, told: dict[str, str]
) -> None:
    script.answers = [{"contact": person(OTHER), **told}, None]
    with pytest.raises(Unreadable, match="another contact"):
        await wix.get_contact(CONTACT)

    script.answers = [{"contact": person(OTHER), "responseType": "MERGED"}]
    match = await wix.get_contact(CONTACT)
    assert match is not None
    assert match.id == OTHER


@pytest.mark.parametrize(
    "participant", [{"contactId": OTHER}, {"contactId": OTHER, "memberId": "m-1"}]
)
async def test_the_conversation_of_somebody_else_is_not_taken(
    wix: WixClient, script: Any, participant: dict[str, str]
) -> None:
    script.answers = [{"conversation": {"id": CONVERSATION, "participant": participant}}]

    with pytest.raises(Unreadable, match="somebody else") as caught:
        await wix.conversation_for(CONTACT)

    assert caught.value.scope == "contact"


@pytest.mark.parametrize("participant", [None, {}, {"memberId": "m-1"}, {"contactId": CONTACT}])
async def test_a_conversation_need_not_say_whose_it_is(
    wix: WixClient, script: Any, participant: Any
) -> None:
    script.answers = [{"conversation": {"id": CONVERSATION, "participant": participant}}]

    assert await wix.conversation_for(CONTACT) == CONVERSATION


@pytest.mark.parametrize(
    "data",
    [
        {"duplicateContactId": OTHER, "duplicateEmail": "else@example.com"},
        {"duplicateContactId": "\x00", "duplicateEmail": EMAIL},
        {"duplicateContactId": "x" * 101},
    ],
)
async def test_a_duplicate_of_somebody_else_is_not_taken(
    wix: WixClient, script: Any, data: dict[str, str]
) -> None:
    error = {"code": "DUPLICATE_CONTACT_EXISTS", "description": "…", "data": data}
    body = {"message": "…", "details": {"applicationError": error}}
    script.answers = [httpx.Response(409, json=body)]

    with pytest.raises(Conflict):
        await wix.create_contact(email=EMAIL)


async def test_a_created_contact_with_another_email_is_not_taken(
    wix: WixClient, script: Any
) -> None:
    script.answers = [{"contact": person(OTHER, "else@example.com")}]

    with pytest.raises(ContactIncomplete) as caught:
        await wix.create_contact(email=EMAIL)

    assert caught.value.scope == "contact"


async def test_a_created_contact_with_another_number_is_not_taken(
    wix: WixClient, script: Any
) -> None:
    script.answers = [{"contact": person(OTHER, phone="+442079460018")}]

    with pytest.raises(ContactIncomplete, match="number"):
        await wix.create_contact(phone=PHONE)


# Lists of messages


@pytest.mark.parametrize(
    "messages",
    [
        [message(FIRST), message(FIRST + 5)],
        [message(FIRST + 5), message(FIRST), message(FIRST + 3)],
        [message(FIRST, sequence=None), message(FIRST + 5_000_000, sequence=None)],
        [{"no": "id"}],
        [message(FIRST, id=5)],
        [message(FIRST, id="")],
        [message(FIRST), "text"],
        [message(FIRST, id="m-1", createdDate=None)],
        [message(FIRST, id="m-1", createdDate="yesterday")],
        [message(FIRST, id="m-1", createdDate="0001-01-01T00:00:00+01:00")],
        [message(FIRST, id="m-1", createdDate="0001-01-01T00:00:00Z")],
        [message(FIRST, id="m-1", createdDate="9999-12-31T23:59:59-01:00")],
    ],
)
async def test_a_list_that_does_not_hang_together_is_no_evidence(
    wix: WixClient, script: Any, messages: Any
) -> None:
    script.answers = [{"messages": messages}]
    seen = []

    with pytest.raises(Unreadable):
        async for one in wix.messages(CONVERSATION):
            seen.append(one)

    assert seen == []


async def test_a_page_must_go_on_where_the_one_before_ended(wix: WixClient, script: Any) -> None:
    paging = {"pagingMetadata": {"cursors": {"next": "x"}}}
    script.answers = [{"messages": [message(FIRST)], **paging}, {"messages": [message(FIRST + 1)]}]

    with pytest.raises(Unreadable, match="in order"):
        await _list(wix, None)  # type: ignore[arg-type]


async def test_a_message_without_a_date_is_dated_by_its_id(wix: WixClient, script: Any) -> None:
    script.answers = [{"messages": [message(FIRST, createdDate=None)]}]

    (seen,) = await _list(wix, None)  # type: ignore[arg-type]

    assert seen.created_at == datetime.fromtimestamp(FIRST / 1e6, UTC)


async def test_messages_without_a_sequence_go_by_their_dates(wix: WixClient, script: Any) -> None:
    listed = [message(FIRST + n * 1_000_000, sequence=None) for n in (2, 1, 0)]
    script.answers = [{"messages": listed}]

    seen = await _list(wix, None)  # type: ignore[arg-type]

    assert [one.sequence for one in seen] == [None] * 3


async def test_a_message_listed_twice_is_one(wix: WixClient, script: Any) -> None:
    paging = {"pagingMetadata": {"cursors": {"next": "x"}}}
    script.answers = [
        {"messages": [message(FIRST + 1), message(FIRST + 1), message(FIRST)], **paging},
        {"messages": [message(FIRST), message(FIRST - 1)]},
    ]

    seen = await _list(wix, None)  # type: ignore[arg-type]

    assert [one.sequence for one in seen] == [FIRST + 1, FIRST, FIRST - 1]


async def test_a_cursor_that_repeats_is_no_end(wix: WixClient, script: Any) -> None:
    script.answers = [{"messages": [message()], "pagingMetadata": {"cursors": {"next": "x"}}}]
    seen = []

    with pytest.raises(Unreadable, match="read before"):
        async for one in wix.messages(CONVERSATION):
            seen.append(one)

    assert (len(seen), len(script.requests)) == (1, 2)


@pytest.mark.parametrize("empty", [True, False])
async def test_a_list_whose_cursors_never_end_is_given_up(
    wix: WixClient, script: Any, empty: bool
) -> None:
    def page(_: httpx.Request) -> Any:
        n = len(script.requests)
        messages = [] if empty else [message(FIRST - n)]
        return {"messages": messages, "pagingMetadata": {"cursors": {"next": f"c{n}"}}}

    script.answers = [page]

    with pytest.raises(Unreadable, match="goes on after it"):
        await _list(wix, None)  # type: ignore[arg-type]
    assert len(script.requests) == 10

    script.requests.clear()
    with pytest.raises(Unreadable):
        async for _ in wix.messages(CONVERSATION, most=150):
            pass
    assert len(script.requests) == 2


async def test_half_a_character_in_a_message_makes_no_list_unreadable(
    wix: WixClient, script: Any
) -> None:
    cut = message(FIRST + 1, content={"basic": {"items": [{"text": "cut \ud83d"}]}})
    script.answers = [
        httpx.Response(200, content=json.dumps({"messages": [cut, message(FIRST)]}).encode())
    ]

    seen = await _list(wix, None)  # type: ignore[arg-type]

    assert [one.sequence for one in seen] == [FIRST + 1, FIRST]


# After a send


ODD_DATES = [
    None,
    "",
    "0001-01-01T00:00:00+01:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "10000-01-01T00:00:00Z",
    "x" * 100_000,
    5,
    {"seconds": 5},
]


@pytest.mark.parametrize("date", ODD_DATES, ids=range(len(ODD_DATES)))
@pytest.mark.parametrize("id", [str(FIRST), "m-1", "9" * 5_000], ids=["usual", "odd", "long"])
async def test_a_message_that_wix_has_is_sent_whatever_its_date_says(
    wix: WixClient, script: Any, outgoing: Build, date: Any, id: str
) -> None:
    script.answers = [{"message": {"id": id, "createdDate": date}}]

    sent = await wix.send(outgoing())

    assert sent.message_id
    assert 2000 <= sent.created_at.year <= 2200
    assert sent.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "id", ["\ud83d", "a\ud83d", "\x00", "x" * 3_000, "two\nlines"], ids=lambda id: ascii(id)[:20]
)
async def test_an_id_that_cannot_be_set_down_is_made_fit_and_is_the_same_when_listed(
    wix: WixClient, script: Any, outgoing: Build, id: str
) -> None:
    odd = message(id=id)
    script.answers = [
        httpx.Response(200, content=json.dumps({"message": odd}).encode()),
        httpx.Response(200, content=json.dumps({"messages": [odd]}).encode()),
    ]

    sent = await wix.send(outgoing())
    (seen,) = await _list(wix, outgoing())

    assert sent.message_id == seen.id
    assert sent.message_id.isascii()
    assert sent.message_id.isprintable()
    assert len(sent.message_id) <= 100
    assert "\ud83d" not in sent.message_id


async def test_odd_ids_that_differ_stay_different(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    script.answers = [{"message": message(id="x" * 3_000 + end)} for end in ("a", "b")]

    first, second = await wix.send(outgoing()), await wix.send(outgoing())

    assert first.message_id != second.message_id


@pytest.mark.parametrize(
    "raised", [ValueError, OverflowError, RecursionError, UnicodeError, KeyError, MemoryError]
)
@pytest.mark.parametrize("where", ["forms.read", "client.message_moment", "calls.ServerClock.hear"])
async def test_a_fault_of_ours_after_a_send_leaves_the_outcome_open(
    wix: WixClient,
    script: Any,
    outgoing: Build,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[Exception],
    where: str,
) -> None:
    script.answers = [{"message": message()}]

    def fails(*_: object) -> Any:
        raise raised

    monkeypatch.setattr(f"inboxbridge.wix.{where}", fails)

    with pytest.raises(WixError) as caught:
        await wix.send(outgoing())

    assert caught.value.effect == "unknown"
    assert caught.value.retriable


async def test_an_empty_message_is_still_a_fault_of_the_message(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    from inboxbridge.model import BasicMessage

    script.answers = [{"message": message()}]

    with pytest.raises(ValueError, match="empty") as caught:
        await wix.send(outgoing(content=BasicMessage.model_construct(text="", attachments=())))

    assert not isinstance(caught.value, WixError)
    assert script.requests == []


# How much, and whose


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_is_bounded_as_it_comes_and_unpacked(
    wix: WixClient, script: Any, outgoing: Build, call: str, packed: bool
) -> None:
    ask, good, _ = CALLS[call]
    whole = json.dumps(good).encode()
    big = whole[:-1] + b" " * (2 * MAX_ANSWER_BYTES) + b"}"
    headers = {"content-encoding": "gzip"} if packed else {}
    script.answers = [
        lambda _: _Raw(200, headers, gzip.compress(big) if packed else big),
    ]

    with pytest.raises(Unanswered):
        await ask(wix, outgoing())


class _Raw(httpx.Response):
    """An answer whose bytes are as they came: the script hands it on as it is."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        super().__init__(status, headers=headers, stream=httpx.ByteStream(content))
        self._content = content


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("identity", lambda data: data),
    ],
)
async def test_an_answer_that_came_packed_is_read(
    wix: WixClient, script: Any, outgoing: Build, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    content = pack(json.dumps({"message": message()}).encode())
    script.answers = [lambda _: _Raw(200, {"content-encoding": encoding}, content)]

    assert (await wix.send(outgoing())).message_id == str(FIRST)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"x"), ("gzip", gzip.compress(b"{}")[:-9])],
    ids=["never asked for", "twice", "not packed", "cut"],
)
async def test_an_answer_that_cannot_be_unpacked_leaves_the_outcome_open(
    wix: WixClient, script: Any, outgoing: Build, encoding: str, content: bytes
) -> None:
    script.answers = [lambda _: _Raw(200, {"content-encoding": encoding}, content)]

    with pytest.raises(Unanswered) as caught:
        await wix.send(outgoing())

    assert caught.value.effect == "unknown"


async def test_headers_that_come_twice_or_are_odd_change_nothing(
    wix: WixClient, script: Any, outgoing: Build
) -> None:
    headers = [
        (b"x-wix-request-id", b"r-1\xff"),
        (b"x-wix-request-id", b"r" * 5_000),
        (b"date", b"Wed, 04 Mar 2026 09:16:00 GMT" * 5_000),
        (b"content-type", b"text/html"),
    ]
    script.answers = [httpx.Response(200, json={"message": message()}, headers=headers)]

    sent = await wix.send(outgoing())

    assert sent.request_id is not None
    assert sent.request_id.startswith("r-1?")
    assert len(sent.request_id) <= 200


async def test_one_answer_dated_an_hour_off_does_not_move_the_clock(
    script: Any, outgoing: Build
) -> None:
    now = datetime(2026, 3, 4, 9, 15, 0, tzinfo=UTC).timestamp()
    moments = [0, 1, 2, 3603, 4, 5]

    def dated(_: httpx.Request) -> httpx.Response:
        text = datetime.fromtimestamp(now + moments[len(script.requests) - 1], UTC)
        headers = {"date": text.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return httpx.Response(200, json={"message": message()}, headers=headers)

    script.answers = [dated]
    client = WixClient(
        ApiKey("k", "s"),
        transport=httpx.MockTransport(script),
        budget=Budget(0),
        now=lambda: now + moments[len(script.requests) - 1] % 3600,
        clock=lambda: moments[len(script.requests) - 1] % 3600,
    )

    for _ in moments:
        await client.send(outgoing())
        assert abs(client.server_clock_offset_seconds) < 1


async def test_setting_our_clock_changes_nothing_of_what_is_known_of_wixs(
    script: Any, outgoing: Build
) -> None:
    ahead = 0.0
    at = datetime(2026, 3, 4, 9, 15, 0, tzinfo=UTC).timestamp()
    headers = {"date": "Wed, 04 Mar 2026 09:15:00 GMT"}
    script.answers = [httpx.Response(200, json={"message": message()}, headers=headers)]
    client = WixClient(
        ApiKey("k", "s"),
        transport=httpx.MockTransport(script),
        budget=Budget(0),
        now=lambda: at + ahead,
        clock=lambda: 5.0,
    )
    await client.send(outgoing())

    ahead = 3600.0

    assert abs(client.server_clock_offset_seconds + 3600.0) < 1


@pytest.mark.parametrize("odd", ["08", "10"])
async def test_of_two_dates_the_nearer_one_counts(script: Any, outgoing: Build, odd: str) -> None:
    dates = [f"Wed, 04 Mar 2026 {odd}:15:00 GMT", "Wed, 04 Mar 2026 09:15:01 GMT"]
    script.answers = [
        httpx.Response(200, json={"message": message()}, headers={"date": date}) for date in dates
    ]
    now = datetime(2026, 3, 4, 9, 15, 1, tzinfo=UTC).timestamp()
    client = WixClient(
        ApiKey("k", "s"), transport=httpx.MockTransport(script), budget=Budget(0), now=lambda: now
    )

    await asyncio.gather(client.send(outgoing()), client.send(outgoing()))

    assert client.server_clock_offset_seconds == 0.5


# Signing in


APP = AppCredentials("app-1", "app-secret", "instance-1")
TOKEN = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 14_400}


@pytest.fixture
async def app(script: Any) -> WixClient:
    return WixClient(APP, transport=httpx.MockTransport(script), budget=Budget(0))


@pytest.mark.parametrize("form", forms(TOKEN, "access_token"))
async def test_a_token_that_is_not_in_its_form_is_asked_for_again(
    app: WixClient, script: Any, outgoing: Build, form: str
) -> None:
    odd = forms(TOKEN, "access_token")[form]
    if form == "a text in its place":
        odd = httpx.Response(200, json={"access_token": "two words"})
    script.answers = [odd, TOKEN, {"message": message()}]

    with pytest.raises(Unreadable) as caught:
        await app.send(outgoing())
    assert (caught.value.effect, caught.value.scope) == ("none", "site")
    assert caught.value.retriable

    assert (await app.send(outgoing())).message_id == str(FIRST)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404])
async def test_a_page_of_a_proxy_in_the_place_of_a_token_is_an_outage(
    app: WixClient, script: Any, outgoing: Build, status: int
) -> None:
    script.answers = [httpx.Response(status, content=b"<html>"), TOKEN, {"message": message()}]

    with pytest.raises(Outage) as caught:
        await app.send(outgoing())
    assert (caught.value.effect, caught.value.scope) == ("none", "site")
    assert caught.value.retriable

    assert (await app.send(outgoing())).message_id == str(FIRST)


async def test_a_401_that_is_not_wixs_costs_the_token_but_sends_nothing_twice(
    app: WixClient, script: Any, outgoing: Build
) -> None:
    page = httpx.Response(401, content=b"<html>")
    script.answers = [TOKEN, page, TOKEN, {"message": message()}]

    with pytest.raises(Outage) as caught:
        await app.send(outgoing())

    assert caught.value.effect == "unknown"
    assert len(script.requests) == 2
    await app.send(outgoing())
    assert [request.url.path for request in script.requests][2:] == [
        "/oauth2/token",
        "/inbox/v2/messages",
    ]


async def test_a_token_call_that_is_cut_short_cancels_nobody(
    app: WixClient, script: Any, outgoing: Build
) -> None:
    def cut(_: httpx.Request) -> Any:
        raise asyncio.CancelledError

    script.answers = [cut, TOKEN, {"message": message()}]

    ends = await asyncio.gather(*(app.send(outgoing()) for _ in range(3)), return_exceptions=True)
    for error in ends:
        assert isinstance(error, Unanswered)
        assert (error.effect, error.scope) == ("none", "site")

    assert (await app.send(outgoing())).message_id == str(FIRST)


async def test_an_empty_401_is_wixs_own(app: WixClient, script: Any, outgoing: Build) -> None:
    script.answers = [TOKEN, httpx.Response(401)]

    with pytest.raises(CredentialsRefused):
        await app.send(outgoing())
