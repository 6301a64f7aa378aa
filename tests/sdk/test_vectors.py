"""Our client's requests against those of Wix's own SDK for the same calls.

`vectors.json` is what the SDK sends, recorded by ``scripts/sdk vectors`` (which needs Node.js).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from inboxbridge.model import Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import ApiKey, Budget, Outgoing, WixClient

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
CONVERSATION = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"
SAID = Outgoing(
    CONVERSATION,
    BasicMessage(text="Is Saturday free?"),
    Badge(text="Facebook", icon_url="https://cdn.example.net/facebook.png"),
    "inbound",
    "business",
)
DONE = Outgoing(
    CONVERSATION,
    MinimalMessage(
        text="Booked: Spa Treatment",
        icon_url="https://cdn.example.net/calendar.png",
        url="https://bookings.example.net/b/1",
    ),
    None,
    "outbound",
    "everyone",
    silent=True,
)

CALLS: dict[str, Callable[[WixClient], Awaitable[Any]]] = {
    "create": lambda wix: wix.create_contact(name="Dana Reyes", email="dana@example.com"),
    "query one": lambda wix: wix.find_contacts("email", ["dana@example.com"]),
    "query several": lambda wix: wix.find_contacts(
        "email", ["dana@example.com", "tobias@example.com"]
    ),
    "get": lambda wix: wix.get_contact(CONTACT),
    "conversation": lambda wix: wix.conversation_for(CONTACT),
    "send basic": lambda wix: wix.send(SAID),
    "send minimal": lambda wix: wix.send(DONE),
    "list": lambda wix: _first(wix),
}

ON_PURPOSE: dict[str, dict[str, str]] = {
    "query one": {
        "body.query.sort": "the newest contact first: the order of an answer is unconfirmed",
        "body.query.fields": "no more of a contact than is needed",
        "body.query.paging": "of one value all contacts are wanted: the default page does",
        "body.query.filter": "$eq written out; the SDK leaves it out, which means the same",
    },
    "query several": {
        "body.query.sort": "as above",
        "body.query.fields": "as above",
        "body.query.paging": "as many as Wix gives at once, for up to a hundred values",
    },
    "get": {"query": "the fields that are needed; the SDK repeats the id of the path"},
    "create": {"body.allowDuplicates": "written out, though it is the default"},
    "send basic": {"body.silent": "beside the message as well, while its removal is unconfirmed"},
    "send minimal": {"body.silent": "as above"},
    "list": {"query": "flat parameters; the SDK packs the same request into .r"},
}


async def _first(wix: WixClient) -> None:
    async for _ in wix.messages(CONVERSATION):
        break


async def request_of(call: Callable[[WixClient], Awaitable[Any]]) -> dict[str, Any]:
    """What our client sends for a call."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    client = WixClient(
        ApiKey("key", "5a10a000-0000-4000-8000-000000000000"),
        transport=httpx.MockTransport(answer),
        budget=Budget(0),
    )
    with pytest.raises(Exception, match="500"):
        await call(client)
    await client.aclose()
    request = seen[0]
    return {
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query.decode(),
        "body": json.loads(request.content) if request.content else None,
    }


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """A JSON value as its leaves by dotted path; lists count as leaves."""
    if not isinstance(value, dict):
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(inner, f"{path}.{key}" if path else key)
    return found


@pytest.mark.parametrize("call", CALLS)
async def test_our_request_is_the_sdks_but_for_what_differs_on_purpose(call: str) -> None:
    ours, theirs = flat(await request_of(CALLS[call])), flat(VECTORS[call])
    allowed = ON_PURPOSE.get(call, {})

    differing = {
        path
        for path in ours.keys() | theirs.keys()
        if ours.get(path) != theirs.get(path) and not path.startswith(tuple(allowed) or ("\0",))
    }

    assert {path: (ours.get(path), theirs.get(path)) for path in differing} == {}


@pytest.mark.parametrize("call", ON_PURPOSE)
async def test_what_differs_on_purpose_does_differ(call: str) -> None:
    ours, theirs = flat(await request_of(CALLS[call])), flat(VECTORS[call])
    differing = [path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)]

    for path in ON_PURPOSE[call]:
        assert any(each.startswith(path) for each in differing), path


async def test_what_the_sdk_packs_into_one_parameter_is_what_we_send_flat() -> None:
    ours = dict(parse_qsl((await request_of(CALLS["list"]))["query"]))
    packed = dict(parse_qsl(VECTORS["list"]["query"]))[".r"]
    theirs = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))

    assert ours == {path: str(value) for path, value in flat(theirs).items()}
