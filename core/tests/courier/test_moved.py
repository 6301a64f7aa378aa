"""Somebody who becomes another contact: a line says where their earlier messages are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Badge,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Event,
    MinimalMessage,
    NoSignature,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.config.tables import ConnectionSettings, CourierSettings
from inboxbridge.courier.ledger import Ledger
from inboxbridge.courier.people import People
from inboxbridge.courier.retry import Retry
from inboxbridge.identity import Directory
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.plugins import Connection
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import ApiKey, Budget, WixClient
from inboxbridge_sandbox import SandboxOptions, create_app

NOW = 1_795_000_000.0
SITE = "5a10a000-0000-4000-8000-000000000001"
DANA = "c0000000-0000-4000-8000-000000000001"


class Chat(Connector[ConnectorSettings]):
    """Makes its own messages, of what its own events hold."""

    label = "Chat"

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return []

    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage:
        return BasicMessage(text=str(event.data["said"]))

    @hookimpl
    def badge(self, event: Event) -> Badge:
        return Badge(text=str(event.data["said"]))


class House:
    """The people of one site, over a sandbox that knows Dana's address."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        transport = httpx.ASGITransport(create_app(SandboxOptions(now=lambda: NOW)))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox")
        client = WixClient(
            ApiKey("key", SITE),
            base_url="http://sandbox",
            transport=transport,
            budget=Budget(0),
            now=lambda: NOW,
        )
        self.directory = Directory("default", client, journal, now=lambda: NOW)
        context: Any = SimpleNamespace(
            site="default", directory=self.directory, journal=journal, now=lambda: NOW
        )
        ledger = Ledger(journal, Retry(), CourierSettings(), Reporter(), lambda: NOW)
        self.people = People(context, ledger)
        settings = ConnectionSettings(name="chat", plugin="chat")
        self.connection = Connection(settings, Chat(ConnectorSettings()))

    async def contact(self, key: str, **who: Any) -> Any:
        event = Event(id=key, person=Person(**who), data={"said": "Hello"})
        await self.journal.accept(Accepted("default", "chat", None, NOW, (event,)))
        rows = await self.journal.read(reads.open_events, "default", 0, 10)
        row = next(one for one in rows if one.source_id == key)
        return await self.people.contact(row, event, self.connection, "live")

    async def notices(self) -> list[Event]:
        rows = await self.journal.read(reads.open_events, "default", 0, 10)
        events = [Event.model_validate_json(row.body) for row in rows]
        return [event for event in events if event.id.startswith("moved:")]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    made = House(journal)
    seed = {"id": DANA, "info": {"emails": {"items": [{"email": "dana@example.com"}]}}}
    (await made.http.post("/_sandbox/contacts", json=[seed])).raise_for_status()
    yield made
    await made.http.aclose()
    await journal.close()


async def test_a_line_in_the_same_thread_says_where_the_earlier_messages_are(house: House) -> None:
    await house.contact("m1", id="visitor-000042")
    contact_id, why = await house.contact("m2", id="visitor-000042", email="dana@example.com")

    assert contact_id == DANA
    assert why.startswith("found by email; the id was that of contact ")
    [notice] = await house.notices()
    assert (notice.kind, notice.thread_key) == ("activity", "visitor-000042")
    assert notice.text == ("Earlier messages of this person are in the conversation of Chat 000042")


async def test_the_line_is_no_event_that_its_connector_has_to_know(house: House) -> None:
    await house.contact("m1", id="visitor-000042")
    await house.contact("m2", id="visitor-000042", email="dana@example.com")
    [notice] = await house.notices()

    content, badge = house.connection.message(notice)

    assert isinstance(content, MinimalMessage)
    assert content.text == notice.text
    assert badge is None


async def test_there_is_one_line_however_often_the_event_is_tried(house: House) -> None:
    await house.contact("m1", id="visitor-000042")
    for _ in range(3):
        await house.contact("m2", id="visitor-000042", email="dana@example.com")
    await house.contact("m3", id="visitor-000042", email="dana@example.com")

    assert len(await house.notices()) == 1


async def test_who_stays_the_same_contact_gets_no_line(house: House) -> None:
    await house.contact("m1", id="visitor-000042", email="dana@example.com")
    await house.contact("m2", id="visitor-000042", email="dana@example.com", phone="+14155550132")

    assert await house.notices() == []
