"""A directory of people over a sandbox in this process, with one clock for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import Person
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.identity import Directory, Resolution, plan
from inboxbridge.journal import Journal, remembering
from inboxbridge.journal.rows import Link
from inboxbridge.wix import ApiKey, Budget, WixClient
from inboxbridge_sandbox import SandboxOptions, create_app

SITE = "5a10a000-0000-4000-8000-000000000001"
POLICIES = ("ambiguous", "unmatched", "contradictory")
OLD, NEW, PHONE = (f"c0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.seconds = 1_795_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Detour(httpx.AsyncBaseTransport):
    """The sandbox, but for calls that are answered otherwise.

    Attributes:
        answers: By what a call's method and path begin with.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.answers: dict[str, httpx.Response] = {}
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = f"{request.method} {request.url.path}"
        for begin, answer in self.answers.items():
            if asked.startswith(begin):
                return httpx.Response(answer.status_code, content=answer.content)
        return await self._transport.handle_async_request(request)


class People:
    """A site's directory, and what is behind it."""

    def __init__(self, journal: Journal, clock: Clock, **options: Any) -> None:
        self.clock = clock
        self.journal = journal
        self.app = create_app(SandboxOptions(now=clock))
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox")
        self.wix = Detour(transport)
        self.client = WixClient(
            ApiKey("key", SITE),
            base_url="http://sandbox",
            transport=self.wix,
            budget=Budget(0),
            now=clock,
        )
        self.options = options
        self.directory = self.restarted()

    def restarted(self) -> Directory:
        """A directory that remembers only what the journal does."""
        self.directory = Directory(
            "default", self.client, self.journal, now=self.clock, **self.options
        )
        return self.directory

    async def resolve(self, connection: str = "shop", /, **who: Any) -> Resolution:
        policies = {key: who.pop(key) for key in POLICIES if key in who}
        settings = ConnectionSettings(name=connection, plugin="webhook", **policies)
        planned = plan(Person(**who), settings, "Shop")
        return await self.directory.resolve(planned, "live")

    async def control(self, path: str, body: Any) -> Any:
        answer = await self.http.post(f"/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def calls(self) -> dict[str, int]:
        stats = (await self.http.get("/_sandbox/stats")).json()
        return dict(stats["calls"])

    async def contacts(self) -> list[dict[str, Any]]:
        found = (await self.http.get("/_sandbox/contacts")).json()["contacts"]
        return [one["contact"] for one in found]

    async def link(self, identity: str, contact_id: str) -> None:
        """As `inboxbridge link` does, in another process."""
        row = Link("default", identity, contact_id, "manual", self.clock())
        await self.journal.write(remembering.remember, row)


def contact(key: str, created: str, *, email: str = "", phone: str = "") -> dict[str, Any]:
    info: dict[str, Any] = {"name": {"first": "Dana", "last": "Reyes"}}
    if email:
        info["emails"] = {"items": [{"email": email, "primary": True}]}
    if phone:
        info["phones"] = {"items": [{"phone": phone, "countryCode": "US", "primary": True}]}
    return {"id": key, "createdDate": created, "info": info}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def people(journal: Journal, clock: Clock) -> AsyncIterator[People]:
    made = People(journal, clock)
    yield made
    await made.http.aclose()


@pytest.fixture
async def dana(people: People) -> People:
    """Two contacts with one email, another with a phone."""
    await people.control(
        "contacts",
        [
            contact(OLD, "2025-01-01T00:00:00.000Z", email="dana@example.com"),
            contact(NEW, "2026-01-01T00:00:00.000Z", email="dana@example.com"),
            contact(PHONE, "2025-06-01T00:00:00.000Z", phone="+14155550132"),
        ],
    )
    return people
