"""What our client sends is what Wix's own SDK sends, but for differences that have a reason.

The SDK's requests are in `vectors`, written by `scripts/sdk vectors`; no Node is needed here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from inboxbridge.model import Attachment, Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import ApiKey, AppCredentials, Budget, Outgoing, WixClient
from inboxbridge_sandbox import SandboxOptions, create_app

VECTORS = Path(__file__).parent / "vectors"
SITE = "4e600edc-db48-4260-9d04-7ea5c3e5fffd"
APP = "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10"
CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
CONVERSATION = "f79f0c7c-2b7c-3291-91d0-23b6b342a125"
SINCE = datetime.fromisoformat("2026-03-04T09:15:27.418Z")
HEADERS = ("authorization", "content-type", "wix-site-id")
BADGE = Badge(text="Facebook", icon_url="https://cdn.example.net/facebook.png")
TEXT = BasicMessage(text="Is Saturday free?")
TWO_THINGS = BasicMessage(
    text="Two things",
    attachments=(
        Attachment(kind="image", url="https://a.example/1.jpg", width=1280, height=960),
        Attachment(url="https://a.example/v.ogg", filename="v.ogg", mime_type="audio/ogg"),
    ),
)
BOOKED = MinimalMessage(
    text="Booked Spa Treatment",
    icon_url="https://cdn.example.net/calendar.png",
    url="https://bookings.example.net/b/1",
)


class Tap(httpx.ASGITransport):
    """The sandbox, and every request to it."""

    def __init__(self) -> None:
        super().__init__(create_app(SandboxOptions(strict_urls=True)))
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await super().handle_async_request(request)


@pytest.fixture
async def tap() -> AsyncIterator[Tap]:
    transport = Tap()
    headers = {"authorization": "any", "wix-site-id": SITE}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox", headers=headers
    ) as http:
        seed = [{"id": CONTACT, "info": {"name": {"first": "Noa"}}}]
        (await http.post("/_sandbox/contacts", json=seed)).raise_for_status()
        participant = {"participantId": {"contactId": CONTACT}}
        made = await http.post("/inbox/v2/conversations", json=participant)
        assert made.json()["conversation"]["id"] == CONVERSATION
        for _ in range(101):
            said = {"conversationId": CONVERSATION, "text": "Hello"}
            (await http.post("/_sandbox/visitor-messages", json=said)).raise_for_status()
        transport.requests.clear()
        yield transport


def send(content: BasicMessage | MinimalMessage, **more: Any) -> Callable[[WixClient], Any]:
    fields: dict[str, Any] = {"badge": None, "direction": "inbound", "visibility": "business"}
    outgoing = Outgoing(conversation_id=CONVERSATION, content=content, **{**fields, **more})
    return lambda wix: wix.send(outgoing)


async def list_all(wix: WixClient) -> None:
    async for _ in wix.messages(CONVERSATION):
        pass


Call = Callable[[WixClient], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "token": lambda wix: wix.get_contact(CONTACT),
    "create_contact": lambda wix: wix.create_contact(
        name="Dana Reyes", email="dana@example.com", phone="+14155550132"
    ),
    "query_by_email": lambda wix: wix.find_contacts("email", ["dana@example.com"]),
    "query_by_emails": lambda wix: wix.find_contacts(
        "email", ["dana@example.com", "noa@example.com"]
    ),
    "query_by_phone": lambda wix: wix.find_contacts("phone", ["+14155550132"]),
    "query_by_name": lambda wix: wix.find_contacts_by_name("Dana Reyes", SINCE),
    "get_contact": lambda wix: wix.get_contact(CONTACT),
    "update_contact": lambda wix: wix.complete_contact(
        CONTACT,
        name="Dana Reyes",
        provisional_name="Noa",
        picture_url="https://pictures.example.net/dana.jpg",
    ),
    "get_or_create_conversation": lambda wix: wix.conversation_for(CONTACT),
    "send_basic": send(TEXT),
    "send_with_badge": send(TEXT, badge=BADGE),
    "send_reply_to_everyone": send(
        BasicMessage(text="Yes"), direction="outbound", visibility="everyone"
    ),
    "send_silent": send(TEXT, silent=True),
    "send_attachments": send(TWO_THINGS),
    "send_minimal": send(BOOKED),
    "list_messages": list_all,
    "list_messages_sorted": list_all,
    "list_messages_next_page": list_all,
}
"""What our client does where the SDK makes the call of this name."""

TURNS = {"list_messages_next_page": 1, "update_contact": 1}
"""Which of the requests is meant; the first where none is named."""

BESIDE = {"body/silent": "The place beside the message is deprecated, but nobody has seen it gone."}
FEWER = "Only what is used is asked for; the SDK's builder cannot say it."
NO_PAGE = {
    "body/query/paging/limit": "50 from the first one is what Wix does without being told.",
    "body/query/paging/offset": "50 from the first one is what Wix does without being told.",
}
NO_ORDER = dict.fromkeys(
    ("query/paging.limit", "query/sorting.fieldName", "query/sorting.order"),
    "Our client always says in which order it reads, and how much at a time.",
)


def _equality(*fields: str) -> dict[str, str]:
    """`{"field": value}` of the SDK and `{"field": {"$eq": value}}` of Wix's flow are the same."""
    why = "Wix's flow for syncing writes $eq; the query language takes a bare value for it."
    places = [f"body/query/filter/{field}{end}" for field in fields for end in ("", "/$eq")]
    return dict.fromkeys(places, why)


def _anded() -> dict[str, str]:
    why = "Conditions beside each other are ANDed; the contacts pages do not list $and."
    conditions = {"info.name.first": "$eq", "info.name.last": "$eq", "createdDate": "$gte"}
    found = {f"body/query/filter/{field}/{sign}": why for field, sign in conditions.items()}
    anded = ("0/info.name.first", "1/info.name.last", "2/createdDate/$gte")
    return found | {f"body/query/filter/$and/{place}": why for place in anded}


def _fields(count: int) -> dict[str, str]:
    return {f"body/query/fields/{at}": FEWER for at in range(count)} | NO_PAGE


DELIBERATE: dict[str, dict[str, str]] = {
    "query_by_email": _equality("info.emails.email") | _fields(3),
    "query_by_emails": _fields(3),
    "query_by_phone": _equality("info.phones.e164Phone") | _fields(3),
    "query_by_name": _anded() | _fields(5),
    "get_contact": {"query/id": "The id is in the path; the SDK says it a second time."},
    "list_messages": NO_ORDER,
    **{name: BESIDE for name in CALLS if name.startswith("send_")},
}
"""Where a request of ours differs from the SDK's, and why. Nothing else may, and all of it must."""


@pytest.mark.parametrize("name", CALLS)
async def test_our_client_sends_what_the_sdk_sends(tap: Tap, name: str) -> None:
    sdk = json.loads((VECTORS / f"{name}.json").read_text())
    app = AppCredentials(APP, "app-secret", SITE)
    credentials = app if name == "token" else ApiKey("api-key", SITE)
    wix = WixClient(credentials, base_url="http://sandbox", transport=tap, budget=Budget(0))

    await CALLS[name](wix)
    await wix.aclose()

    ours, theirs = _leaves(_request(tap.requests[TURNS.get(name, 0)])), _leaves(sdk)
    differing = {
        place
        for place in ours.keys() | theirs.keys()
        if (place in ours, ours.get(place)) != (place in theirs, theirs.get(place))
    }
    told = "\n".join(f"{at}: SDK {theirs.get(at)!r}, ours {ours.get(at)!r}" for at in differing)
    assert differing == set(DELIBERATE.get(name, ())), told
    assert _asked_for(ours) == _asked_for(theirs)


def test_every_vector_is_compared() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == set(CALLS)


def _request(request: httpx.Request) -> Any:
    headers = {name: request.headers[name] for name in HEADERS if name in request.headers}
    return {
        "method": request.method,
        "path": request.url.path,
        "query": parse_qsl(request.url.query.decode()),
        "headers": headers,
        "body": json.loads(request.content) if request.content else None,
    }


def _asked_for(leaves: dict[str, Any]) -> list[str]:
    """The values of a filter: however it is written, it asks for the same ones."""
    return sorted(str(each) for at, each in leaves.items() if at.startswith("body/query/filter/"))


def _leaves(request: Any) -> dict[str, Any]:
    """Every value of a request by its place; parameters that the SDK packs are unpacked."""
    query: dict[str, list[str]] = {}
    for name, value in request["query"]:
        for key, each in _unpacked(value) if name == ".r" else [(name, value)]:
            query.setdefault(key, []).append(each)
    for size in query.get("paging.limit", []):
        assert 1 <= int(size) <= 100
    blurred = {"paging.limit": ["a number up to 100"], "paging.cursor": ["a cursor"]}
    shown = {name: sorted(blurred.get(name, values)) for name, values in query.items()}
    found = dict(_walk("body", request["body"]))
    found |= {f"query/{name}": values for name, values in shown.items()}
    found |= {f"headers/{name}": value for name, value in request["headers"].items()}
    return found | {"method": request["method"], "path": request["path"]}


def _unpacked(packed: str) -> list[tuple[str, str]]:
    request = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    return [(place.replace("/", "."), str(value)) for place, value in _walk("", request)]


def _walk(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict | list):
        yield place, value
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in parts:
        yield from _walk(f"{place}/{name}" if place else str(name), each)
