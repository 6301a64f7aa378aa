"""A sandbox with a clock of its own, called in process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from inboxbridge_sandbox import Sandbox, SandboxOptions, create_app

SITE = "5f0c9a54-0f2c-4a38-9a2e-1f9b7a6d2c11"
APP = "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10"
CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
OTHER_CONTACT = "11f3e5d7-2468-4ace-9bdf-0fedcba98765"


class Clock:
    """Stands still until told otherwise; seconds since the epoch."""

    def __init__(self) -> None:
        self.seconds = 1_772_615_727.5

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds


class Wix:
    """A caller with an API key for `SITE`, and the sandbox behind the calls."""

    def __init__(self, client: httpx.AsyncClient, sandbox: Sandbox, clock: Clock) -> None:
        self.client = client
        self.sandbox = sandbox
        self.clock = clock
        self.headers = {"authorization": "IST.key", "wix-site-id": SITE}

    async def call(self, verb: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.client.request(verb, path, json=json, headers=headers, **more)

    async def post(self, path: str, json: Any) -> httpx.Response:
        return await self.call("POST", path, json)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.call("GET", path, params=params)

    async def control(self, path: str, json: Any = None) -> httpx.Response:
        verb = "GET" if json is None else "POST"
        return await self.client.request(verb, f"/_sandbox{path}", json=json)

    async def faults(self, **settings: Any) -> None:
        answer = await self.control("/faults", settings)
        assert answer.status_code == 200, answer.text

    async def seed(self, *contacts: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.control("/contacts", list(contacts))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["contacts"]
        return found

    async def seed_dana(self) -> str:
        await self.seed(contact(CONTACT, "Dana", "Reyes", email="dana@example.com"))
        return CONTACT

    async def query(self, filter_: dict[str, Any] | None = None, **query: Any) -> list[Any]:
        body = {"query": {**({"filter": filter_} if filter_ is not None else {}), **query}}
        answer = await self.post("/contacts/v4/contacts/query", body)
        assert answer.status_code == 200, answer.text
        found: list[Any] = answer.json()["contacts"]
        return found

    async def delete_contact(self, contact_id: str) -> None:
        answer = await self.client.delete(f"/_sandbox/contacts/{contact_id}")
        assert answer.status_code == 200, answer.text

    async def conversation(self, contact_id: str = CONTACT) -> str:
        body = {"participantId": {"contactId": contact_id}}
        answer = await self.post("/inbox/v2/conversations", body)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["conversation"]["id"]
        return found

    async def send(self, conversation_id: str, text: str = "Hello", **more: Any) -> Any:
        answer = await self.post("/inbox/v2/messages", message(conversation_id, text, **more))
        assert answer.status_code == 200, answer.text
        return answer.json()["message"]

    async def kept(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.control("/messages")).json()["messages"]
        return found

    async def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.control("/stats")).json()
        return found


def contact(
    contact_id: str | None = None,
    first: str = "Dana",
    last: str = "Reyes",
    *,
    email: str | None = None,
    phone: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A Contact object for seeding; `phone` is a US number."""
    info: dict[str, Any] = {"name": {"first": first, "last": last}}
    if email:
        info["emails"] = {"items": [{"email": email, "primary": True}]}
    if phone:
        info["phones"] = {"items": [{"phone": phone, "countryCode": "US", "primary": True}]}
    return {**({"id": contact_id} if contact_id else {}), "info": info, **more}


def message(conversation_id: str, text: str = "Hello", **more: Any) -> dict[str, Any]:
    """A Send Message body; `more` goes into the message."""
    content = {"previewText": text, "basic": {"items": [{"text": text}]}}
    return {
        "conversationId": conversation_id,
        "message": {
            "direction": "PARTICIPANT_TO_BUSINESS",
            "visibility": "BUSINESS",
            "content": content,
            **more,
        },
    }


def code(answer: httpx.Response) -> str:
    """The application error code of a refusal."""
    found: str = answer.json()["details"]["applicationError"]["code"]
    return found


def violated(answer: httpx.Response) -> list[str]:
    """The fields a validation error names."""
    assert answer.status_code == 400, answer.text
    violations = answer.json()["details"]["validationError"]["fieldViolations"]
    return [each["field"] for each in violations]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(clock: Clock) -> AsyncIterator[Callable[..., Wix]]:
    """Makes a sandbox with options of the test's choice."""
    clients: list[httpx.AsyncClient] = []

    def make_one(**options: Any) -> Wix:
        app = create_app(SandboxOptions(now=clock, **options))
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://sandbox")
        clients.append(client)
        return Wix(client, app.state.sandbox, clock)

    yield make_one
    for client in clients:
        await client.aclose()


@pytest.fixture
def wix(make: Callable[..., Wix]) -> Wix:
    return make()
