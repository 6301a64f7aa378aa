"""The client against the sandbox: what one asks for, the other understands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from inboxbridge.model import Attachment, Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import (
    ApiKey,
    AppCredentials,
    Budget,
    CredentialsRefused,
    NotFound,
    Outgoing,
    Rejected,
    ServerFault,
    Throttled,
    Unanswered,
    WixClient,
    fingerprint,
)
from inboxbridge_sandbox import ApiKeyGrant, AppGrant, SandboxOptions, create_app

Build = Callable[..., Outgoing]


async def test_a_message_goes_the_whole_way_and_is_recognised_there(
    stage: Any, outgoing: Build
) -> None:
    wix: WixClient = stage.client
    contact_id = await wix.create_contact(
        name="Dana Reyes", email="Dana@Example.com", phone="+14155550132"
    )
    found = await wix.find_contacts("email", ["dana@example.com"])
    conversation_id = await wix.conversation_for(found["dana@example.com"][0].id)
    messages = [
        outgoing(
            "Is Saturday free?\n\nI'd like <b>two</b> hours & tea.", conversation_id=conversation_id
        ),
        outgoing("Yes", direction="outbound", badge=None, conversation_id=conversation_id),
        outgoing(
            content=BasicMessage(
                text="long " * 3000,
                attachments=(Attachment(kind="image", url="https://a.example/1.jpg"),),
            ),
            badge=Badge(text="SMS"),
            visibility="everyone",
            conversation_id=conversation_id,
        ),
        outgoing(
            content=MinimalMessage(text="Booked Spa Treatment", url="https://a.example/b/1"),
            silent=True,
            conversation_id=conversation_id,
        ),
    ]

    sent = [await wix.send(message) for message in messages]
    seen = [message async for message in wix.messages(conversation_id)]

    assert found == {"dana@example.com": [found["dana@example.com"][0]]}
    assert found["dana@example.com"][0].id == contact_id
    assert [s.message_id for s in reversed(sent)] == [m.id for m in seen]
    assert [fingerprint(m) for m in reversed(messages)] == [m.fingerprint for m in seen]
    assert [m.direction for m in reversed(messages)] == [m.direction for m in seen]
    assert [s.created_at for s in reversed(sent)] == [m.created_at for m in seen]
    assert all(s.request_id for s in sent)
    stats = await stage.stats()
    assert not stats.get("unknown_keys"), stats


async def test_long_conversations_are_read_to_their_end(stage: Any, outgoing: Build) -> None:
    wix: WixClient = stage.client
    contact_id = await wix.create_contact(name="Dana", email=None, phone=None)
    conversation_id = await wix.conversation_for(contact_id)
    sent = [
        (await wix.send(outgoing(f"Message {n}", conversation_id=conversation_id))).message_id
        for n in range(70)
    ]

    seen = [message.id async for message in wix.messages(conversation_id)]

    assert seen == sent[::-1]


async def test_contacts_of_one_email_come_newest_first(stage: Any) -> None:
    email = {"items": [{"email": "dana@example.com"}]}
    for day in (2, 3, 1):
        await stage.seed(
            {
                "id": f"00000000-0000-4000-8000-00000000000{day}",
                "createdDate": f"2026-03-0{day}T09:00:00.000Z",
                "info": {"emails": email},
            }
        )

    one = await stage.client.find_contacts("email", ["DANA@example.com"])
    many = await stage.client.find_contacts("email", ["dana@example.com", "x@example.com"])

    assert [m.id[-1] for m in one["DANA@example.com"]] == ["3", "2", "1"]
    assert [m.id[-1] for m in many["dana@example.com"]] == ["3", "2", "1"]
    assert many["dana@example.com"][0].created_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert many["x@example.com"] == []


async def test_more_contacts_of_one_email_than_a_page_holds_are_all_found(stage: Any) -> None:
    await stage.seed(
        *(
            {
                "info": {
                    "name": {"first": f"n{n}"},
                    "emails": {"items": [{"email": "a@example.com"}]},
                }
            }
            for n in range(120)
        )
    )

    found = await stage.client.find_contacts("email", ["a@example.com"])

    assert len({match.id for match in found["a@example.com"]}) == 120


async def test_phones_are_found_however_they_were_typed(stage: Any) -> None:
    numbers: dict[str, dict[str, str]] = {
        "+14155550132": {"phone": "415 555 0132", "countryCode": "US"},
        "+14155550133": {"phone": "(415) 555-0133"},
        "+14155550134": {"phone": "+14155550134"},
        "+442079460018": {"phone": "020 7946 0018"},
    }
    await stage.seed(
        *(
            {"info": {"name": {"first": e164}, "phones": {"items": [item]}}}
            for e164, item in numbers.items()
        )
    )

    for e164 in numbers:
        assert len((await stage.client.find_contacts("phone", [e164]))[e164]) == 1
    together = await stage.client.find_contacts("phone", [*numbers, "+14155550199"])

    assert {value: len(ms) for value, ms in together.items()} == {
        **dict.fromkeys(numbers, 1),
        "+14155550199": 0,
    }


async def test_a_contact_created_twice_is_one(stage: Any) -> None:
    wix: WixClient = stage.client

    by_email = [await wix.create_contact(email="dana@example.com") for _ in range(2)]
    by_phone = [await wix.create_contact(phone="+14155550132", name=name) for name in ("A", "B")]

    assert len(set(by_email)) == len(set(by_phone)) == 1
    assert by_email != by_phone


async def test_a_contact_made_of_a_name_is_found_by_it(stage: Any) -> None:
    wix: WixClient = stage.client
    began = datetime.now(UTC) - timedelta(minutes=1)
    made = await wix.create_contact(name="Dana Maria Reyes")
    await wix.create_contact(name="Dana Maria")

    found = await wix.find_contacts_by_name("Dana Maria Reyes", began)
    later = await wix.find_contacts_by_name("Dana Maria Reyes", began + timedelta(hours=1))

    assert [match.id for match in found] == [made]
    assert later == []


async def test_a_contact_that_is_not_there_is_none_and_has_no_conversation(stage: Any) -> None:
    nobody = "00000000-0000-4000-8000-000000000001"

    assert await stage.client.get_contact(nobody) is None
    with pytest.raises(NotFound):
        await stage.client.conversation_for(nobody)


async def test_a_conversation_that_is_not_there_takes_no_message(
    stage: Any, outgoing: Build
) -> None:
    with pytest.raises(NotFound) as caught:
        await stage.client.send(outgoing())

    assert caught.value.effect == "none"
    assert caught.value.request_id


async def test_the_articles_form_is_refused_by_a_strict_wix_and_taken_by_a_lenient_one(
    outgoing: Build,
) -> None:
    """Which is why `current` is the default."""
    for lenient in (False, True):
        transport = httpx.ASGITransport(app=create_app(SandboxOptions(lenient=lenient)))
        wix = WixClient(
            ApiKey("key", "site"), transport=transport, wire_form="article", budget=Budget(0)
        )
        contact_id = await wix.create_contact(name="Dana")
        conversation_id = await wix.conversation_for(contact_id)
        message = outgoing(
            content=MinimalMessage(text="Booked Spa Treatment"), conversation_id=conversation_id
        )
        if lenient:
            await wix.send(message)
            (seen,) = [m async for m in wix.messages(conversation_id)]
            assert seen.fingerprint == fingerprint(message)
        else:
            with pytest.raises(Rejected, match=r"message\.content"):
                await wix.send(message)


async def test_a_throttled_call_says_how_long_to_wait_where_wix_does(stage: Any) -> None:
    await stage.faults(p_429=1.0, retry_after=True, retry_after_seconds=17)
    with pytest.raises(Throttled) as told:
        await stage.client.find_contacts("email", ["a@example.com"])
    await stage.faults(retry_after=False)
    with pytest.raises(Throttled) as untold:
        await stage.client.find_contacts("email", ["a@example.com"])

    assert told.value.retry_after_seconds == 17
    assert untold.value.retry_after_seconds is None


@pytest.mark.parametrize(
    ("fault", "kind", "kept"),
    [
        ("p_500", ServerFault, 0),
        ("p_502_html", ServerFault, 0),
        ("p_500_after_commit", ServerFault, 1),
    ],
)
async def test_a_fault_of_wix_leaves_open_whether_the_message_arrived(
    stage: Any, outgoing: Build, fault: str, kind: type[Exception], kept: int
) -> None:
    contact_id = await stage.client.create_contact(name="Dana")
    conversation_id = await stage.client.conversation_for(contact_id)
    message = outgoing(conversation_id=conversation_id)
    await stage.faults(**{fault: 1.0})

    with pytest.raises(kind) as caught:
        await stage.client.send(message)

    assert caught.value.effect == "unknown"  # type: ignore[attr-defined]
    await stage.faults(**{fault: 0.0})
    seen = [m.fingerprint async for m in stage.client.messages(conversation_id)]
    assert seen == [fingerprint(message)] * kept


def app_with(permissions: set[str] | None) -> Any:
    grant = AppGrant(
        secret="right",
        instances={"instance-1": "site-1"},
        permissions=None if permissions is None else frozenset(permissions),
    )
    keys = {"key": ApiKeyGrant(permissions=grant.permissions)}
    return create_app(SandboxOptions(apps={"app-1": grant}, api_keys=keys))


async def test_an_app_signs_in_and_survives_the_end_of_its_token(outgoing: Build) -> None:
    app = app_with(None)
    credentials = AppCredentials("app-1", "right", "instance-1")
    wix = WixClient(credentials, transport=httpx.ASGITransport(app=app), budget=Budget(0))
    contact_id = await wix.create_contact(name="Dana")
    conversation_id = await wix.conversation_for(contact_id)

    app.state.sandbox.credentials.expire_tokens()
    await asyncio.gather(*(wix.send(outgoing(conversation_id=conversation_id)) for _ in range(5)))

    assert len([m async for m in wix.messages(conversation_id)]) == 5


@pytest.mark.parametrize(
    "credentials",
    [
        AppCredentials("app-1", "wrong", "instance-1"),
        AppCredentials("app-1", "right", "instance-2"),
        ApiKey("unknown", "site-1"),
    ],
)
async def test_wrong_credentials_are_refused_for_good(credentials: Any) -> None:
    wix = WixClient(credentials, transport=httpx.ASGITransport(app=app_with(None)))

    with pytest.raises(CredentialsRefused):
        await wix.find_contacts("email", ["a@example.com"])


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        (None, []),
        ({"Read Contacts", "Manage Contacts", "Manage Inbox Messages"}, ["Read Inbox Messages"]),
        (
            {"Read Contacts", "Read Inbox Messages"},
            ["Manage Contacts", "Manage Inbox Messages"],
        ),
    ],
)
@pytest.mark.parametrize(
    "credentials", [AppCredentials("app-1", "right", "instance-1"), ApiKey("key", "site-1")]
)
async def test_a_probe_finds_the_missing_permissions_and_creates_nothing(
    credentials: Any, granted: set[str] | None, missing: list[str]
) -> None:
    app = app_with(granted)
    transport = httpx.ASGITransport(app=app)
    wix = WixClient(credentials, transport=transport, budget=Budget(0))

    problems = await wix.probe()

    assert len(problems) == len(missing)
    for problem, permission in zip(problems, missing, strict=True):
        assert f'"{permission}"' in problem
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        assert (await http.get("/_sandbox/messages")).json()["messages"] == []
        app.state.sandbox.credentials.grant("key", None)
        headers = {"authorization": "key", "wix-site-id": "site-1"}
        answer = await http.post("/contacts/v4/contacts/query", json={"query": {}}, headers=headers)
    assert answer.json()["contacts"] == []


async def test_a_connection_lost_after_wix_stored_the_message_is_unanswered(
    live_sandbox: str, outgoing: Build
) -> None:
    """Over a real connection, for only there can it break."""
    wix = WixClient(ApiKey("key", "site"), base_url=live_sandbox, budget=Budget(0))
    contact_id = await wix.create_contact(name="Dana")
    conversation_id = await wix.conversation_for(contact_id)
    message = outgoing(conversation_id=conversation_id)
    async with httpx.AsyncClient(base_url=live_sandbox) as http:
        await http.post("/_sandbox/faults", json={"p_reset_after_commit": 1.0})
        with pytest.raises(Unanswered) as caught:
            await wix.send(message)
        await http.post("/_sandbox/faults", json={"p_reset_after_commit": 0.0})

    seen = [m.fingerprint async for m in wix.messages(conversation_id)]

    assert caught.value.effect == "unknown"
    assert seen == [fingerprint(message)]
    assert abs(wix.server_clock_offset_seconds) < 2
    await wix.aclose()


async def test_a_name_longer_than_wix_takes_is_cut_and_found_again(stage: Any) -> None:
    wix: WixClient = stage.client
    name = "x" * 1500 + " " + "y z " * 500
    since = datetime.now(UTC) - timedelta(minutes=1)

    contact_id = await wix.create_contact(name=name)
    found = await wix.find_contacts_by_name(name, since)

    assert [each.id for each in found] == [contact_id]
