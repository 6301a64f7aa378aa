"""Names and pictures of people, asked of a stand-in for the Graph API."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge import Event, Person, WebhookRequest
from inboxbridge_facebook import _profiles
from inboxbridge_facebook import connector as formats
from inboxbridge_facebook._graph import Graph
from inboxbridge_facebook._profiles import NOTHING_KNOWN, Profile, Profiles
from inboxbridge_facebook.instagram import Instagram
from inboxbridge_facebook.messenger import Messenger

SECRET, TOKEN = "app-secret-demo", "page-token-demo"
DANA = {
    "first_name": "Dana",
    "last_name": "Reyes",
    "profile_pic": "https://platform-lookaside.fbsbx.com/dana.jpg",
    "id": "771",
}
GONE = {"error": {"code": 100, "error_subcode": 33, "message": "Unsupported get request."}}
NOT_TODAY = {"error": {"code": 230, "message": "User consent is required"}}
BAD_TOKEN = {"error": {"code": 190, "message": "Invalid OAuth access token"}}

Sample = Callable[[str], WebhookRequest]


class GraphStandIn:
    """Answers as scripted, and keeps what it was asked."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return httpx.Response(self.status, json=self.answer)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def settings(**changes: Any) -> dict[str, Any]:
    return {"app_secret": SECRET, "verify_token": "v", "access_token": TOKEN, **changes}


def messenger(**changes: Any) -> Messenger:
    return Messenger(Messenger.Settings(**settings(**changes)))


def first_event(connector: Any, request: WebhookRequest) -> Event:
    return next(part for part in connector.parse_event(request) if isinstance(part, Event))


async def test_a_messenger_person_gets_name_and_picture(sample: Sample) -> None:
    connector, graph = messenger(), GraphStandIn(DANA)
    event = first_event(connector, sample("messenger-name"))
    async with graph.client() as http:
        found = await connector.enrich(event, http)

    assert found.person == Person(
        id="991:771", name="Dana Reyes", picture_url="https://platform-lookaside.fbsbx.com/dana.jpg"
    )
    assert found.model_copy(update={"person": event.person}) == event
    (request,) = graph.asked
    assert str(request.url).startswith(
        "https://graph.facebook.com/v25.0/771?fields=first_name,last_name,profile_pic"
    )


async def test_the_call_carries_the_token_in_a_header_and_proves_the_app_secret() -> None:
    connector, graph = messenger(app_secret=[SECRET, "the-older-one"]), GraphStandIn(DANA)
    async with graph.client() as http:
        await connector.enrich(Event(id="1", person=Person(id="991:771")), http)

    (request,) = graph.asked
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.url.params["appsecret_proof"] == proof
    assert TOKEN not in str(request.url)


async def test_an_instagram_person_gets_the_name_or_else_the_username() -> None:
    connector = Instagram(
        Instagram.Settings(
            **settings(graph_url="https://graph.instagram.com", graph_version="v24.0")
        )
    )
    graph = GraphStandIn({"name": None, "username": "dana.r", "profile_pic": None, "id": "5551"})
    async with graph.client() as http:
        found = await connector.enrich(Event(id="1", person=Person(id="1784:5551")), http)

    assert found.person == Person(id="1784:5551", name="dana.r")
    assert str(graph.asked[0].url) == (
        "https://graph.instagram.com/v24.0/5551?fields=name,username,profile_pic"
    )


async def test_what_a_tapped_quick_reply_told_stays() -> None:
    person = Person(id="991:771", email="dana@example.com")
    async with GraphStandIn(DANA).client() as http:
        found = await messenger().enrich(Event(id="1", person=person), http)

    assert (found.person.email, found.person.name) == ("dana@example.com", "Dana Reyes")


@pytest.mark.parametrize(
    ("changes", "person"),
    [
        ({"access_token": None}, Person(id="991:771")),
        ({}, Person(id="991:user_ref:checkbox-77")),
        ({}, Person(id="991:771", name="Ana")),
        ({}, Person(id="lone")),
    ],
)
async def test_nobody_is_asked_without_a_token_an_id_or_a_need(
    changes: dict[str, Any], person: Person
) -> None:
    graph, event = GraphStandIn(DANA), Event(id="1", person=person)
    async with graph.client() as http:
        assert await messenger(**changes).enrich(event, http) == event

    assert graph.asked == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (GONE, 400),
        (NOT_TODAY, 400),
        (BAD_TOKEN, 401),
        ([], 200),
        ({"first_name": ["odd"], "profile_pic": "http://plain.example/x.jpg"}, 200),
        ({"error": {"code": ["odd"]}}, 500),
        (httpx.ConnectError("no route"), 200),
    ],
)
async def test_without_a_usable_answer_the_message_goes_on_as_it_is(
    answer: Any, status: int
) -> None:
    event = Event(id="1", person=Person(id="991:771"), text="hi")
    async with GraphStandIn(answer, status).client() as http:
        assert await messenger().enrich(event, http) == event


async def test_a_graph_api_that_hangs_holds_a_message_back_for_no_longer_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hangs(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    monkeypatch.setattr(_profiles, "LIMIT_SECONDS", 0.01)
    event = Event(id="1", person=Person(id="991:771"))
    async with (
        asyncio.timeout(5),
        httpx.AsyncClient(transport=httpx.MockTransport(hangs)) as http,
    ):
        assert await messenger().enrich(event, http) == event


def test_a_message_waits_for_a_name_no_longer_than_three_seconds() -> None:
    assert _profiles.LIMIT_SECONDS == 3


def profiles(clock: Clock) -> Profiles:
    graph = Graph.of(Messenger.Settings(**settings()))
    assert graph is not None
    return Profiles(graph, "name", clock=clock)


async def test_a_person_is_asked_for_once_and_again_after_days() -> None:
    clock, graph = Clock(), GraphStandIn({"name": "Dana"})
    found = profiles(clock)
    async with graph.client() as http:
        for _ in range(3):
            assert await found.find("771", http) == Profile("Dana")
        assert len(graph.asked) == 1
        clock.now += _profiles.KEPT_SECONDS
        await found.find("771", http)

    assert len(graph.asked) == 2


@pytest.mark.parametrize(
    ("answer", "seconds"), [(GONE, _profiles.KEPT_SECONDS), (NOT_TODAY, _profiles.FAILED_SECONDS)]
)
async def test_a_failure_is_asked_about_again_after_a_minute_and_who_is_gone_after_days(
    answer: Any, seconds: float
) -> None:
    clock, graph = Clock(), GraphStandIn(answer, 400)
    found = profiles(clock)
    async with graph.client() as http:
        await found.find("771", http)
        clock.now += seconds - 1
        assert await found.find("771", http) == NOTHING_KNOWN
        assert len(graph.asked) == 1
        clock.now += 1
        await found.find("771", http)

    assert len(graph.asked) == 2


async def test_one_persons_failure_does_not_cost_another_their_name() -> None:
    graph = GraphStandIn(NOT_TODAY, 400)
    found = profiles(Clock())
    async with graph.client() as http:
        await found.find("771", http)
        graph.answer, graph.status = {"name": "Sam"}, 200

        assert await found.find("772", http) == Profile("Sam")


async def test_with_a_token_that_is_refused_nobody_is_asked_for_a_minute() -> None:
    clock, graph = Clock(), GraphStandIn(BAD_TOKEN, 400)
    found = profiles(clock)
    async with graph.client() as http:
        await found.find("771", http)
        await found.find("772", http)
        assert len(graph.asked) == 1
        clock.now += _profiles.FAILED_SECONDS
        await found.find("772", http)

    assert len(graph.asked) == 2


async def test_a_name_that_is_known_outlives_a_failure_to_refresh_it() -> None:
    clock, graph = Clock(), GraphStandIn({"name": "Dana"})
    found = profiles(clock)
    async with graph.client() as http:
        await found.find("771", http)
        clock.now += _profiles.KEPT_SECONDS
        graph.answer = httpx.ConnectError("no route")

        assert await found.find("771", http) == Profile("Dana")


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_profiles, "MOST_KEPT", 2)
    graph = GraphStandIn({"name": "Dana"})
    found = profiles(Clock())
    async with graph.client() as http:
        for person in ("1", "2", "3", "3", "2", "1"):
            await found.find(person, http)

    assert [request.url.path.rpartition("/")[2] for request in graph.asked] == ["1", "2", "3", "1"]


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    asked = []

    def redirects(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.example/"})

    event = Event(id="1", person=Person(id="991:771"))
    transport = httpx.MockTransport(redirects)
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        assert await messenger().enrich(event, http) == event

    assert asked == ["graph.facebook.com"]


async def test_a_stand_in_on_this_machine_answers_over_the_network() -> None:
    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps(DANA).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as http:
        connector = messenger(graph_url=f"http://127.0.0.1:{port}/")
        found = await connector.enrich(Event(id="1", person=Person(id="991:771")), http)

    assert found.person.name == "Dana Reyes"


@pytest.mark.parametrize("provider", sorted(formats.formats))
@pytest.mark.parametrize(
    "changes",
    [
        {"graph_url": "http://graph.facebook.com"},
        {"graph_url": "ftp://graph.facebook.com"},
        {"graph_url": "https://"},
        {"graph_version": "25"},
        {"graph_version": "v25.0/../x"},
        {"access_token": " "},
    ],
)
def test_an_address_that_would_show_the_token_and_odd_versions_are_refused(
    provider: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        formats.load(provider).Settings(**settings(**changes))


@pytest.mark.parametrize("provider", sorted(formats.formats))
def test_the_access_token_does_not_show_when_printed(provider: str) -> None:
    made: Any = formats.load(provider)
    assert TOKEN not in repr(made(made.Settings(**settings())).settings)
