"""Signing in: an API key for ever, or a token that is fetched once for all and renewed in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge.wix import (
    ApiKey,
    AppCredentials,
    Budget,
    CredentialsRefused,
    Outgoing,
    ServerFault,
    Unreadable,
    WixClient,
)

APP = AppCredentials("app-1", "app-secret", "instance-1")
SENT = {"message": {"id": "1772615727418302", "createdDate": "2026-03-04T09:15:27.418Z"}}
UNAUTHENTICATED = {
    "message": "Unauthenticated",
    "details": {"applicationError": {"code": "UNAUTHENTICATED", "description": "Who?", "data": {}}},
}


class Clock:
    def __init__(self) -> None:
        self.time = 1_772_615_700.0

    def __call__(self) -> float:
        return self.time


class TokenWix:
    """Gives out token-1, token-2 … and takes the latest only."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.was_asked = asyncio.Event()
        self.used: list[str] = []
        self.slow: asyncio.Event | None = None
        self.late: asyncio.Event | None = None
        self.late_is_waiting = asyncio.Event()
        self.token_answer: httpx.Response | None = None
        self.revoked: set[str] = set()
        self.expires_in: Any = 14_400

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            assert "authorization" not in request.headers
            self.asked.append(json.loads(request.content))
            self.was_asked.set()
            if self.slow is not None:
                await self.slow.wait()
            if self.token_answer is not None:
                return httpx.Response(
                    self.token_answer.status_code, content=self.token_answer.content
                )
            given = {"access_token": f"token-{len(self.asked)}", "token_type": "Bearer"}
            return httpx.Response(200, json={**given, "expires_in": self.expires_in})
        token = request.headers["authorization"]
        self.used.append(token)
        if self.late is not None and b"late" in request.content:
            self.late_is_waiting.set()
            await self.late.wait()
        if token in self.revoked:
            return httpx.Response(401, json=UNAUTHENTICATED)
        return httpx.Response(200, json=SENT)


@pytest.fixture
def wix_with_tokens() -> TokenWix:
    return TokenWix()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(wix_with_tokens: TokenWix, clock: Clock) -> WixClient:
    transport = httpx.MockTransport(wix_with_tokens)
    return WixClient(APP, transport=transport, budget=Budget(0), now=clock)


Build = Callable[..., Outgoing]


async def test_a_key_goes_raw_with_its_site(script: Any, wix: WixClient, outgoing: Build) -> None:
    script.answers = [SENT]

    await wix.send(outgoing())

    headers = script.requests[0].headers
    assert headers["authorization"] == "IST.not-a-real-key"
    assert headers["wix-site-id"] == "4e600edc-db48-4260-9d04-7ea5c3e5fffd"
    assert "wix-account-id" not in headers


async def test_a_401_to_a_key_is_final(script: Any, wix: WixClient, outgoing: Build) -> None:
    script.answers = [httpx.Response(401, json=UNAUTHENTICATED)]

    with pytest.raises(CredentialsRefused, match="Check api_key and site_id") as caught:
        await wix.send(outgoing())

    assert len(script.requests) == 1
    assert (caught.value.effect, caught.value.retriable) == ("none", False)
    assert caught.value.code == "UNAUTHENTICATED"


async def test_an_app_asks_for_a_token_once_and_sends_it_raw(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    for _ in range(3):
        await app.send(outgoing())

    assert wix_with_tokens.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "client_secret": "app-secret",
            "instance_id": "instance-1",
        }
    ]
    assert wix_with_tokens.used == ["token-1"] * 3


async def test_calls_that_start_together_share_one_token(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    wix_with_tokens.slow = asyncio.Event()
    calls = [asyncio.create_task(app.send(outgoing())) for _ in range(20)]
    await wix_with_tokens.was_asked.wait()
    wix_with_tokens.slow.set()
    await asyncio.gather(*calls)

    assert len(wix_with_tokens.asked) == 1
    assert wix_with_tokens.used == ["token-1"] * 20


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    wix_with_tokens.slow = asyncio.Event()
    first, second = (asyncio.create_task(app.send(outgoing())) for _ in range(2))
    await wix_with_tokens.was_asked.wait()
    first.cancel()
    await asyncio.sleep(0)
    wix_with_tokens.slow.set()

    assert (await second).message_id == "1772615727418302"
    assert first.cancelled()
    assert len(wix_with_tokens.asked) == 1


async def test_a_token_is_renewed_five_minutes_before_its_end(
    app: WixClient, wix_with_tokens: TokenWix, clock: Clock, outgoing: Build
) -> None:
    await app.send(outgoing())
    clock.time += 14_400 - 301
    await app.send(outgoing())
    clock.time += 2
    await app.send(outgoing())

    assert wix_with_tokens.used == ["token-1", "token-1", "token-2"]


@pytest.mark.parametrize("told", [None, "soon", True, -1, 0])
async def test_a_token_without_a_sane_lifetime_lives_four_hours(
    app: WixClient, wix_with_tokens: TokenWix, clock: Clock, outgoing: Build, told: Any
) -> None:
    wix_with_tokens.expires_in = told

    await app.send(outgoing())
    clock.time += 14_000
    await app.send(outgoing())

    assert len(wix_with_tokens.asked) == 1


async def test_a_renewal_that_fails_leaves_the_living_token_in_use(
    app: WixClient, wix_with_tokens: TokenWix, clock: Clock, outgoing: Build
) -> None:
    await app.send(outgoing())
    wix_with_tokens.token_answer = httpx.Response(500)
    clock.time += 14_400 - 200
    for _ in range(3):
        await app.send(outgoing())

    assert wix_with_tokens.used == ["token-1"] * 4
    assert len(wix_with_tokens.asked) == 2  # the next try is 10 seconds later

    clock.time += 11
    await app.send(outgoing())
    assert len(wix_with_tokens.asked) == 3

    clock.time += 200
    with pytest.raises(ServerFault) as caught:
        await app.send(outgoing())
    assert caught.value.effect == "none"  # the message was never sent


async def test_a_refused_token_is_renewed_once_and_the_call_made_again(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    wix_with_tokens.revoked = {"token-1"}

    sent = await app.send(outgoing())

    assert sent.message_id == "1772615727418302"
    assert wix_with_tokens.used == ["token-1", "token-2"]


async def test_calls_refused_together_renew_the_token_once(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    await app.send(outgoing())
    wix_with_tokens.revoked = {"token-1"}

    await asyncio.gather(*(app.send(outgoing()) for _ in range(10)))

    assert len(wix_with_tokens.asked) == 2


async def test_a_late_401_to_the_old_token_does_not_cost_the_new_one(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    await app.send(outgoing())
    wix_with_tokens.revoked = {"token-1"}
    wix_with_tokens.late = asyncio.Event()
    late = asyncio.create_task(app.send(outgoing(conversation_id="late")))
    await wix_with_tokens.late_is_waiting.wait()
    await app.send(outgoing())
    wix_with_tokens.late.set()
    await late

    assert len(wix_with_tokens.asked) == 2
    assert sorted(wix_with_tokens.used) == ["token-1"] * 3 + ["token-2"] * 2


async def test_a_second_401_is_final(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    wix_with_tokens.revoked = {"token-1", "token-2", "token-3"}

    with pytest.raises(CredentialsRefused, match="app_id, app_secret and instance_id"):
        await app.send(outgoing())

    assert wix_with_tokens.used == ["token-1", "token-2"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, "invalid_client"), (400, "invalid_grant"), (400, "invalid_request")],
)
async def test_an_app_that_gets_no_token_is_refused_without_a_call(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build, status: int, error: str
) -> None:
    described = {"error": error, "error_description": "Wrong: app-secret."}
    wix_with_tokens.token_answer = httpx.Response(status, json=described)

    with pytest.raises(CredentialsRefused) as caught:
        await app.send(outgoing())

    assert wix_with_tokens.used == []
    assert (caught.value.code, caught.value.effect) == (error, "none")
    assert "Create Access Token" in str(caught.value)
    assert "app-secret" not in str(caught.value).replace("app_secret", "")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"access_token":"a\\r\\nb"}', b"<html>"])
async def test_an_answer_without_a_usable_token_is_unreadable_and_nothing_is_sent(
    app: WixClient, wix_with_tokens: TokenWix, outgoing: Build, content: bytes
) -> None:
    wix_with_tokens.token_answer = httpx.Response(200, content=content)

    with pytest.raises(Unreadable) as caught:
        await app.send(outgoing())

    assert caught.value.effect == "none"
    assert wix_with_tokens.used == []


def test_secrets_do_not_show_when_printed() -> None:
    assert "IST.secret" not in repr(ApiKey("IST.secret", "site-1"))
    assert "app-secret" not in repr(APP)
    assert "site-1" in repr(ApiKey("IST.secret", "site-1"))


@pytest.mark.parametrize("key", ["", "IST.a\n", "IST a", "IST.é", "IST.\x00"])
def test_a_key_that_no_header_can_carry_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ValueError, match="api_key") as caught:
        ApiKey(key, "site-1")

    assert key == "" or key not in str(caught.value)


def test_empty_app_credentials_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="instance_id is empty"):
        AppCredentials("a", "b", "")


async def test_a_token_takes_a_slot_of_the_budget_as_any_call(
    wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    budget = Budget(10)
    client = WixClient(APP, transport=httpx.MockTransport(wix_with_tokens), budget=budget)

    await client.send(outgoing())

    assert budget.used == 2


async def test_a_budget_of_one_call_does_not_lock_up_on_the_token(
    wix_with_tokens: TokenWix, outgoing: Build
) -> None:
    """The token is had before the call takes its slot, not while it holds it."""
    budget = Budget(1)
    client = WixClient(APP, transport=httpx.MockTransport(wix_with_tokens), budget=budget)
    call = asyncio.create_task(client.send(outgoing()))
    await wix_with_tokens.was_asked.wait()
    for _ in range(20):  # steps of the loop until the call waits for its slot
        await asyncio.sleep(0)

    assert (budget.used, budget.waiting) == (1, 1)  # the slot used is the token's and will end
    assert len(wix_with_tokens.asked) == 1
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
