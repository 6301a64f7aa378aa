"""Who Intercom says a contact is, asked once and never holding a message up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge import Event, Person
from inboxbridge_chat import _intercom_api
from inboxbridge_chat._intercom_api import FAILED_SECONDS, KEPT_SECONDS, Contacts
from inboxbridge_chat.intercom import Intercom
from pydantic import SecretStr

CONTACT = {
    "type": "contact",
    "id": "5310",
    "role": "user",
    "email": "dana@example.com",
    "phone": "+14155550132",
    "name": "Dana Reyes",
    "avatar": {"type": "avatar", "image_url": "https://static.example/dana.png"},
}
DANA = Person(
    id="5310",
    email="dana@example.com",
    phone="+14155550132",
    name="Dana Reyes",
    picture_url="https://static.example/dana.png",
)
BY_ID = Event(id="1", text="Hi", person=Person(id="5310"))

Answers = Callable[[httpx.Request], httpx.Response]


def connect(**changes: Any) -> Intercom:
    return Intercom(
        Intercom.Settings(**{"client_secret": "s", "access_token": "intercom-token", **changes})
    )


class Api:
    """Intercom's API, which answers as it is told and remembers what it was asked."""

    def __init__(self, answer: Any = CONTACT, status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        await asyncio.sleep(0)
        if isinstance(self.answer, bytes):
            return httpx.Response(self.status, content=self.answer)
        return httpx.Response(self.status, json=self.answer)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


async def enriched(connector: Intercom, api: Api, event: Event = BY_ID) -> Event:
    async with api.client() as http:
        return await connector.enrich(event, http)


async def test_a_contact_named_by_id_alone_gets_name_addresses_and_picture() -> None:
    api = Api()
    event = await enriched(connect(), api)

    assert event == BY_ID.model_copy(update={"person": DANA})
    (request,) = api.asked
    assert str(request.url) == "https://api.intercom.io/contacts/5310"
    assert request.headers["authorization"] == "Bearer intercom-token"


@pytest.mark.parametrize(
    ("region", "host"),
    [("us", "api.intercom.io"), ("eu", "api.eu.intercom.io"), ("au", "api.au.intercom.io")],
)
async def test_the_host_is_the_one_of_the_region(region: str, host: str) -> None:
    api = Api()
    await enriched(connect(api_region=region), api)

    assert api.asked[0].url.host == host


def test_another_region_is_refused() -> None:
    with pytest.raises(ValueError, match="api_region"):
        connect(api_region="mars")


async def test_an_id_cannot_lead_elsewhere() -> None:
    api = Api()
    await enriched(connect(), api, Event(id="1", person=Person(id="../admins?x=1#")))

    assert api.asked[0].url.raw_path == b"/contacts/..%2Fadmins%3Fx%3D1%23"


async def test_without_a_token_nobody_is_asked() -> None:
    api = Api()

    assert await enriched(connect(access_token=None), api) == BY_ID
    assert api.asked == []


@pytest.mark.parametrize(
    "person",
    [
        Person(),
        Person(email="dana@example.com"),
        Person(id="5310", name="Dana", email="dana@example.com"),
        Person(id="5310", name="Dana", phone="+14155550132"),
    ],
)
async def test_who_is_named_already_is_not_asked_about(person: Person) -> None:
    api = Api()
    event = Event(id="1", person=person)

    assert await enriched(connect(), api, event) == event
    assert api.asked == []


async def test_what_the_delivery_says_comes_before_what_the_api_says() -> None:
    event = Event(id="1", person=Person(id="5310", name="Dana R."))

    person = (await enriched(connect(), Api(), event)).person
    assert (person.name, person.email) == ("Dana R.", "dana@example.com")


async def test_a_contact_is_asked_about_once() -> None:
    api, connector = Api(), connect()
    async with api.client() as http:
        together = await asyncio.gather(*(connector.enrich(BY_ID, http) for _ in range(5)))
    later = await enriched(connector, api)

    assert len(api.asked) == 1
    assert {event.person for event in [*together, later]} == {DANA}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({}, 401),
        ({}, 500),
        (b"<html>", 200),
        ([], 200),
        ({**CONTACT, "id": "77"}, 200),
        ({}, 302),
        (httpx.ConnectError("no route to dana@example.com"), 0),
    ],
)
async def test_a_failure_leaves_the_event_as_it_is_and_says_nothing(
    answer: Any, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert await enriched(connect(), Api(answer, status)) == BY_ID
    assert "dana" not in caplog.text
    assert "intercom-token" not in caplog.text


async def test_an_api_that_hangs_holds_a_message_up_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_intercom_api, "LIMIT_SECONDS", 0.01)

    async def hangs(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    async with httpx.AsyncClient(transport=httpx.MockTransport(hangs)) as http:
        assert await connect().enrich(BY_ID, http) == BY_ID


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_failure_is_remembered_for_a_minute_and_who_is_gone_for_days() -> None:
    clock = Clock()
    contacts = Contacts("us", SecretStr("t"), clock=clock)
    api = Api({}, 500)
    async with api.client() as http:
        for wait, asked in [(0, 1), (FAILED_SECONDS - 1, 1), (2, 2)]:
            clock.now += wait
            assert await contacts.find("5310", http) is None
            assert len(api.asked) == asked
        api.status = 404
        for wait, asked in [(FAILED_SECONDS, 3), (KEPT_SECONDS - 1, 3), (2, 4)]:
            clock.now += wait
            assert await contacts.find("5310", http) is None
            assert len(api.asked) == asked


async def test_a_contact_is_asked_about_anew_after_days_and_kept_if_that_fails() -> None:
    clock = Clock()
    contacts = Contacts("us", SecretStr("t"), clock=clock)
    api = Api()
    async with api.client() as http:
        assert await contacts.find("5310", http) == DANA
        clock.now += KEPT_SECONDS + 1
        api.answer, api.status = {}, 503
        assert await contacts.find("5310", http) == DANA
    assert len(api.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_refusal_of_the_token_counts_for_every_contact(status: int) -> None:
    clock = Clock()
    contacts = Contacts("us", SecretStr("t"), clock=clock)
    api = Api({}, status)
    async with api.client() as http:
        await contacts.find("1", http)
        await contacts.find("2", http)
        assert len(api.asked) == 1
        clock.now += FAILED_SECONDS
        await contacts.find("2", http)
    assert len(api.asked) == 2


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_intercom_api, "MOST_KEPT", 2)
    contacts = Contacts("us", SecretStr("t"), clock=Clock())
    api = Api({"name": "Somebody"})
    async with api.client() as http:
        for contact in ("1", "2", "3", "3", "1"):
            await contacts.find(contact, http)

    assert [request.url.path[-1] for request in api.asked] == ["1", "2", "3", "1"]


def test_the_token_does_not_show_when_printed() -> None:
    connector = connect()

    assert "intercom-token" not in f"{connector.settings!r} {vars(connector)!r}"
