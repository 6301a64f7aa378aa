"""Records the cassettes that `test_cassettes.py` replays: real HTTP, without what is secret.

    python core/tests/wix/record.py

records all of them against the sandbox. Against Wix itself, with a key for a site made for tests
(the scenes leave a contact, Dana Reyes, and a few messages there):

    WIX_API_KEY=IST… WIX_SITE_ID=… python core/tests/wix/record.py

and with WIX_APP_ID, WIX_APP_SECRET and WIX_INSTANCE_ID the scene of an app's token as well.
Whichever Wix it was, the cassettes say https://www.wixapis.com, and credentials, tokens and the
site's own names are replaced before anything is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
import vcr  # type: ignore[import-untyped]
from inboxbridge.model import Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import (
    DEFAULT_BASE_URL,
    ApiKey,
    AppCredentials,
    Budget,
    Credentials,
    CredentialsRefused,
    Forbidden,
    NotFound,
    Outgoing,
    WixClient,
    fingerprint,
)
from inboxbridge_sandbox import ApiKeyGrant, AppGrant, SandboxOptions, create_app

CASSETTES = Path(__file__).parent / "cassettes"
KEY = ApiKey("api-key", "4e600edc-db48-4260-9d04-7ea5c3e5fffd")
APP = AppCredentials("app-id", "app-secret", "4e600edc-db48-4260-9d04-7ea5c3e5fff0")
WRONG_KEY = ApiKey("wrong-key", KEY.site_id)

EMAIL, PHONE = "dana.reyes@example.com", "+14155550132"
NOBODY = "00000000-0000-4000-8000-000000000000"

Scene = Callable[[WixClient], Awaitable[None]]


# What is played. Every scene checks its own outcome, when recorded and when replayed.


async def conversation_of_dana(wix: WixClient) -> str:
    contact_id = await wix.create_contact(name="Dana Reyes", email=EMAIL, phone=PHONE)
    return await wix.conversation_for(contact_id)


async def a_message_and_a_reply(wix: WixClient) -> None:
    conversation_id = await conversation_of_dana(wix)
    badge = Badge(text="Facebook", icon_url="https://cdn.example.net/badges/facebook.png")
    texts = {"inbound": "Is Saturday free?\n\nFor <two> & a half 🙂", "outbound": "Yes, at 14:00."}
    for direction, text in texts.items():
        content = BasicMessage(text=text)
        message = Outgoing(conversation_id, content, badge, direction, "business")  # type: ignore[arg-type]
        sent = await wix.send(message)
        newest = await anext(aiter(wix.messages(conversation_id)))
        assert newest.id == sent.message_id
        assert newest.fingerprint == fingerprint(message)
        assert newest.direction == direction
        assert newest.created_at == sent.created_at


async def an_activity(wix: WixClient) -> None:
    conversation_id = await conversation_of_dana(wix)
    content = MinimalMessage(text="Booked Spa Treatment", url="https://bookings.example.net/b/1")
    message = Outgoing(conversation_id, content, None, "inbound", "business", silent=True)
    sent = await wix.send(message)
    newest = await anext(aiter(wix.messages(conversation_id)))
    assert (newest.id, newest.fingerprint) == (sent.message_id, fingerprint(message))


async def looking_up_contacts(wix: WixClient) -> None:
    contact_id = await wix.create_contact(name="Dana Reyes", email=EMAIL, phone=PHONE)
    assert await wix.create_contact(name="Dana", email=EMAIL) == contact_id
    match = await wix.get_contact(contact_id)
    assert match is not None
    assert (match.id, match.emails, match.phones) == (contact_id, (EMAIL,), (PHONE,))
    for by, value in (("email", EMAIL), ("phone", PHONE)):
        found = await wix.find_contacts(by, [value])  # type: ignore[arg-type]
        assert contact_id in [match.id for match in found[value]]
    several = await wix.find_contacts("email", ["nobody@example.com", EMAIL])
    assert several["nobody@example.com"] == []
    assert contact_id in [match.id for match in several[EMAIL]]
    assert await wix.find_contacts("phone", ["+14155550199"]) == {"+14155550199": []}


async def naming_a_contact(wix: WixClient) -> None:
    contact_id = await wix.create_contact(name="Facebook 000042")
    named = await wix.complete_contact(
        contact_id, name="Dana Reyes", provisional_name="Facebook 000042"
    )
    again = await wix.complete_contact(
        contact_id, name="Dana R.", provisional_name="Facebook 000042"
    )
    assert (named, again) == (True, False)


async def asking_for_what_is_not_there(wix: WixClient) -> None:
    assert await wix.get_contact(NOBODY) is None
    message = Outgoing(NOBODY, BasicMessage(text="Hello"), None, "inbound", "business")
    for call in (wix.conversation_for(NOBODY), wix.send(message)):
        with pytest.raises(NotFound) as caught:
            await call
        assert (caught.value.effect, caught.value.retriable) == ("none", False)


async def a_wrong_key(wix: WixClient) -> None:
    with pytest.raises((CredentialsRefused, Forbidden)) as caught:
        await wix.find_contacts("email", [EMAIL])
    assert not caught.value.retriable


async def what_the_key_may_do(wix: WixClient) -> None:
    assert await wix.probe() == []


async def an_apps_token(wix: WixClient) -> None:
    assert EMAIL in await wix.find_contacts("email", [EMAIL])
    assert await wix.get_contact(NOBODY) is None


async def an_app_without_its_secret(wix: WixClient) -> None:
    with pytest.raises(CredentialsRefused):
        await wix.get_contact(NOBODY)


SCENES: Mapping[str, tuple[Scene, Credentials]] = {
    "a_message_and_a_reply": (a_message_and_a_reply, KEY),
    "an_activity": (an_activity, KEY),
    "looking_up_contacts": (looking_up_contacts, KEY),
    "naming_a_contact": (naming_a_contact, KEY),
    "asking_for_what_is_not_there": (asking_for_what_is_not_there, KEY),
    "a_wrong_key": (a_wrong_key, WRONG_KEY),
    "what_the_key_may_do": (what_the_key_may_do, KEY),
    "an_apps_token": (an_apps_token, APP),
    "an_app_without_its_secret": (
        an_app_without_its_secret,
        AppCredentials(APP.app_id, "wrong-secret", APP.instance_id),
    ),
}


# What is written.

KEPT_HEADERS = {"content-type", "date", "retry-after", "x-wix-request-id"}
PRIVATE = {
    "access_token": "token",
    "client_id": "app-id",
    "client_secret": "app-secret",
    "instance_id": "instance-id",
    "businessDisplayData": {"name": "Your business"},
    "wixUserId": "0b5f2f0e-6f3a-4c58-9a37-51f5a3e0c001",
    "appId": "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10",
}


def tape(name: str, record: bool) -> Any:
    """Return the cassette called *name*, as a context manager: replayed, or recorded anew."""
    recorder = vcr.VCR(
        cassette_library_dir=str(CASSETTES),
        record_mode="all" if record else "none",
        match_on=["method", "scheme", "host", "path", "query", "body"],
        decode_compressed_response=True,
        before_record_request=_public_request,
        before_record_response=_public_response,
    )
    return recorder.use_cassette(f"{name}.yaml")


def _public_request(request: Any) -> Any:
    parts = urlsplit(request.uri)
    request.uri = DEFAULT_BASE_URL + parts._replace(scheme="", netloc="").geturl()
    request.headers = {
        name: value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS
    }
    if request.body:
        request.body = _public_body(request.body)
    return request


def _public_response(response: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name: value for name, value in response["headers"].items() if name.lower() in KEPT_HEADERS
    }
    body = {"string": _public_body(response["body"]["string"])}
    return {**response, "headers": headers, "body": body}


def _public_body(body: bytes) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_public(value), ensure_ascii=False).encode()


def _public(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: PRIVATE.get(key, _public(item)) for key, item in value.items()}
    return [_public(item) for item in value] if isinstance(value, list) else value


# How it is recorded.


@asynccontextmanager
async def sandbox() -> AsyncIterator[str]:
    grants = AppGrant(secret=APP.app_secret, instances={APP.instance_id: KEY.site_id})
    options = SandboxOptions(api_keys={KEY.api_key: ApiKeyGrant()}, apps={APP.app_id: grants})
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(options), log_level="error"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def wix_itself() -> AsyncIterator[str]:
    yield DEFAULT_BASE_URL


def own_credentials(stand_in: Credentials, environment: Mapping[str, str]) -> Credentials | None:
    """Return what to sign in with at Wix where a scene names *stand_in*; None if not given."""
    if stand_in is KEY or stand_in is WRONG_KEY:
        key = ApiKey(environment["WIX_API_KEY"], environment["WIX_SITE_ID"])
        return key if stand_in is KEY else ApiKey(WRONG_KEY.api_key, key.site_id)
    names = ("WIX_APP_ID", "WIX_APP_SECRET", "WIX_INSTANCE_ID")
    if not all(name in environment for name in names):
        return None
    app_id, secret, instance_id = (environment[name] for name in names)
    return AppCredentials(app_id, secret if stand_in is APP else "wrong-secret", instance_id)


async def record(environment: Mapping[str, str]) -> None:
    at_wix = "WIX_API_KEY" in environment and "WIX_SITE_ID" in environment
    async with wix_itself() if at_wix else sandbox() as base_url:
        for name, (scene, stand_in) in SCENES.items():
            credentials = own_credentials(stand_in, environment) if at_wix else stand_in
            if credentials is None:
                print(f"{name}: left as it is, no app is given")
                continue
            (CASSETTES / f"{name}.yaml").unlink(missing_ok=True)
            wix = WixClient(
                credentials,
                base_url=base_url,
                transport=httpx.AsyncHTTPTransport(),
                budget=Budget(200 if at_wix else 0),
            )
            with tape(name, record=True) as cassette:
                await scene(wix)
            await wix.aclose()
            print(f"{name}: {len(cassette)} calls recorded")


if __name__ == "__main__":
    asyncio.run(record(os.environ))
