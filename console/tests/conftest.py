"""A console on a real journal, with a sandbox for Wix, and somebody logged in."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import Event, Person, WebhookRequest
from inboxbridge.config import Config, config_from
from inboxbridge.config.tables import SiteSettings
from inboxbridge.courier import credentials_of
from inboxbridge.journal import Accepted, AcceptedWithoutEvents, Journal, writes
from inboxbridge.journal.rows import Settled, SiteNames
from inboxbridge.model.records import State
from inboxbridge.wix import WixClient
from inboxbridge_console import create_app
from inboxbridge_sandbox import create_app as create_sandbox

PASSWORD = "correct horse"
TOKEN = "a-token-for-programs"
SITE = "5a10a000-0000-4000-8000-000000000001"
BASE = "http://console.test"

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Visitor:
    """Somebody with a browser, who keeps cookies and follows redirects."""

    def __init__(self, app: Any) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.7", 1))
        self.http = httpx.AsyncClient(
            transport=transport,
            base_url=BASE,
            follow_redirects=True,
            headers={"accept": "text/html,*/*"},
        )

    async def log_in(self, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.http.post("/login", data={"password": password, **more})

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(path, **options)

    async def csrf(self) -> str:
        found = _CSRF.search((await self.http.get("/audit")).text)
        assert found is not None
        return found[1]

    async def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form with what belongs into every form."""
        form.setdefault("csrf", await self.csrf())
        return await self.http.post(path, data=form)

    async def show(self) -> None:
        await self.post("/show", on="1", next="/")


class Desk:
    """The console and what it stands on."""

    def __init__(self, config: Config, journal: Journal, app: Any, sandbox: httpx.AsyncClient):
        self.config = config
        self.journal = journal
        self.app = app
        self.sandbox = sandbox

    async def visitor(self) -> Visitor:
        """Somebody who has logged in."""
        made = Visitor(self.app)
        await made.log_in()
        return made

    def program(self, token: str = TOKEN) -> httpx.AsyncClient:
        """A program with a token."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    async def store(self, *events: Event, connection: str = "shop") -> list[int]:
        request = WebhookRequest(
            url="https://hooks.example.com/hooks/shop",
            headers={"content-type": "application/json", "x-source": "shop"},
            body=b'{"id": "order-1", "text": "as it came"}',
        )
        accepted = Accepted("default", connection, request, time.time(), events)
        return [key or 0 for key in await self.journal.accept(accepted)]

    async def store_unreadable(self, body: bytes) -> int:
        request = WebhookRequest(url="https://hooks.example.com/hooks/shop", body=body)
        accepted = AcceptedWithoutEvents(
            "default", "shop", request, time.time(), "unreadable", "the body is not JSON",
            f"unreadable:{len(body)}",
        )  # fmt: skip
        return (await self.journal.accept(accepted))[0] or 0

    async def settle(self, event_id: int, state: State, reason: str | None = None) -> None:
        await self.journal.write(writes.settle, Settled(event_id, state, reason))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    config = config_from(
        {
            "journal": {"url": f"sqlite:///{tmp_path / 'journal.db'}"},
            "gateway": {"public_url": "https://hooks.example.com"},
            "sites": {"default": {"site_id": SITE, "api_key": "wix-key-secret"}},
            "connectors": {
                "shop": {"plugin": "webhook", "label": "Shop", "secret": "shop-secret"},
            },
        }
    )
    journal = Journal(config.journal.url)
    await journal.write(writes.register_sites, SiteNames(("default",), time.time()))
    transport = httpx.ASGITransport(create_sandbox())
    sandbox = httpx.AsyncClient(transport=transport, base_url="http://sandbox")

    def open_client(site: SiteSettings) -> WixClient:
        return WixClient(credentials_of(site), base_url="http://sandbox", transport=transport)

    app = create_app(config, journal, password=PASSWORD, token=TOKEN, open_client=open_client)
    yield Desk(config, journal, app, sandbox)
    await app.close()
    await journal.close()
    await sandbox.aclose()


@pytest.fixture
async def dana(desk: Desk) -> Visitor:
    """An operator who has logged in."""
    return await desk.visitor()


@pytest.fixture
def message() -> Callable[..., Event]:
    """Makes messages of Dana Rowe."""

    def make(key: str = "d1", text: str = "Is Thursday free?", **changes: Any) -> Event:
        person = Person(email="dana@rowe.example", phone="+14155550177", name="Dana Rowe")
        return Event(**{"id": key, "person": person, "text": text, **changes})

    return make
