"""A gateway in this process over a real SQLite journal, with a connector made for the tests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Answer,
    Connector,
    ConnectorSettings,
    Event,
    HmacSignature,
    NoSignature,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.gateway import Gateway
from inboxbridge.journal import Journal, reads
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Connection
from inboxbridge.plugins.runner import HookRunner
from inboxbridge.telemetry.reporter import Reporter

NOW = 1_795_000_000.0
SECRET = "shop-signing-secret"
TWIML = '<?xml version="1.0"?><Response/>'
SCHEME = HmacSignature(
    SECRET, header="X-Shop-Signature", content="{timestamp}.{body}", timestamp_header="X-Shop-Time"
)


class Shop(Connector[ConnectorSettings]):
    """Signed, with a time window, a handshake and an answer of its own."""

    @hookimpl
    def signature(self) -> Signature:
        return SCHEME

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = request.json_object()
        if body.get("type", "message") != "message":
            return []
        person = Person(email=body.get("email"))
        return [Event(id=str(body["id"]), person=person, text=body.get("text", ""))]

    @hookimpl
    def handshake(self, request: WebhookRequest) -> Answer | None:
        query = dict(request.query)
        right = query.get("token") == "kept-token"
        return Answer(body=query["challenge"]) if right and "challenge" in query else None

    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer | None:
        return Answer(body=TWIML, content_type="application/xml", headers={"X-Shop": "thanks"})


class OpenShop(Shop):
    """The same, verifying nothing."""

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()


class House:
    """A gateway, its journal, and a client that calls it."""

    def __init__(self, gateway: Gateway, journal: Journal, http: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.journal = journal
        self.http = http

    async def deliver(
        self, body: bytes | dict[str, Any], *, to: str = "shop", at: float = NOW, **headers: str
    ) -> httpx.Response:
        """Deliver as the source does, signed at the moment *at*."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = SCHEME.sign(WebhookRequest(body=content), at)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(
            f"/hooks/{to}", content=content, headers={**dict(signed.headers), **named}
        )

    async def records(self) -> list[EventRecord]:
        return await self.journal.read(reads.list_events)

    async def states(self) -> list[str]:
        return [record.state for record in await self.records()]


Open = Callable[..., contextlib.AbstractAsyncContextManager[House]]


def connection(
    name: str,
    connector: type[Connector[Any]],
    *,
    url: str | None = None,
    limit_seconds: float = 5.0,
) -> Connection:
    settings = ConnectionSettings(name=name, plugin=name)
    runner = HookRunner(name, limit_seconds=limit_seconds)
    return Connection(settings, connector(ConnectorSettings()), url=url, runner=runner)


@pytest.fixture
def open_house(tmp_path: Path) -> Open:
    @contextlib.asynccontextmanager
    async def opened(
        *, url: str | None = None, limit_seconds: float = 5.0, **options: Any
    ) -> AsyncIterator[House]:
        classes: dict[str, type[Connector[Any]]] = {"shop": Shop, "open": OpenShop}
        classes.update(options.pop("more", {}))
        connections = {
            name: connection(name, connector, url=url, limit_seconds=limit_seconds)
            for name, connector in classes.items()
        }
        journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
        gateway = Gateway(connections, journal, Reporter(), now=lambda: NOW, **options)
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield House(gateway, journal, http)
        for one in connections.values():
            one.runner.close()
        await journal.close()

    return opened


@pytest.fixture
async def house(open_house: Open) -> AsyncIterator[House]:
    async with open_house() as opened:
        yield opened
