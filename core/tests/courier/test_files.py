"""Files behind a source's credentials are fetched and kept where the Inbox shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from inboxbridge import (
    Attachment,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Download,
    Event,
    NoSignature,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.config.tables import ConnectionSettings, CourierSettings
from inboxbridge.courier import download
from inboxbridge.courier.files import GONE, TRIES, Files
from inboxbridge.courier.ledger import Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.plugins import Connection
from inboxbridge.plugins.runner import HookRunner
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import ApiKey, Budget, WixClient
from inboxbridge.wix.outgoing import Outgoing
from inboxbridge.wix.wire import current
from inboxbridge_sandbox import SandboxOptions, create_app

NOW = 1_795_000_000.0
SITE = "5a10a000-0000-4000-8000-000000000001"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(100)
PHOTO = Attachment(kind="image", source="photo")


class Shop(Connector[ConnectorSettings]):
    """Its photos need a token."""

    base = ""

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return []

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        if attachment.source == "gone":
            return None
        if attachment.source == "fault":
            raise OSError
        return Download(url=f"{self.base}/{attachment.source}", headers={"X-Token": "t"})


class Letters(Shop):
    """Its photos are in the deliveries themselves."""

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, delivery: WebhookRequest | None
    ) -> Download | None:
        if delivery is None:
            return None
        return Download(content=delivery.body, mime_type="Text/Plain")


class House:
    """One site's files over a sandbox, a journal, and a source."""

    def __init__(self, journal: Journal, base: str) -> None:
        self.journal = journal
        self.app = create_app(SandboxOptions(now=lambda: NOW))
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox")
        self.client = WixClient(
            ApiKey("key", SITE),
            base_url="http://sandbox",
            transport=transport,
            budget=Budget(0),
            now=lambda: NOW,
        )
        shop = Shop(ConnectorSettings())
        shop.base = base
        self.use(shop)

    def use(self, shop: Shop) -> None:
        settings = ConnectionSettings(name="shop", plugin="shop")
        self.connection = Connection(settings, shop, runner=HookRunner("shop", inline=True))

    def files(self, *, keeps_files: bool = True) -> Files:
        context: Any = SimpleNamespace(
            site="default",
            client=self.client,
            journal=self.journal,
            keeps_files=keeps_files,
            now=lambda: NOW,
        )
        ledger = Ledger(self.journal, Retry(), CourierSettings(), Reporter(), lambda: NOW)
        return Files(context, ledger)

    async def fetched(
        self, *attachments: Attachment, came_in: bytes | None = None, **options: bool
    ) -> Event | Outcome:
        event = Event(id="m1", person=Person(id="dana"), text="like this", attachments=attachments)
        delivery = None if came_in is None else WebhookRequest(body=came_in)
        await self.journal.accept(Accepted("default", "shop", delivery, NOW, (event,)))
        return await self.again(event, **options)

    async def again(self, event: Event, **options: bool) -> Event | Outcome:
        [row] = await self.journal.read(reads.open_events, "default", 0, 10)
        return await self.files(**options).fetched(row, event, self.connection, "live")

    async def stored(self) -> Event:
        body = await self.journal.read(reads.event_body, 1)
        assert body is not None
        return Event.model_validate_json(body)


async def answer(request: web.Request) -> web.Response:
    assert request.headers["X-Token"] == "t"
    if request.path == "/photo":
        return web.Response(body=JPEG)
    if request.path == "/voice":
        return web.Response(body=b"OggS\x00\x02" + bytes(50), content_type="audio/ogg")
    return web.Response(status=int(request.path[1:]))


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(download, "is_public", lambda _: True)
    app = web.Application()
    app.router.add_get("/{name:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    house = House(journal, str(server.make_url("")).rstrip("/"))
    yield house
    await house.http.aclose()
    await journal.close()
    await server.close()


def shown(event: Event) -> list[dict[str, Any]]:
    """The bubbles of the event's message."""
    content = BasicMessage(text=event.text, attachments=event.attachments)
    outgoing = Outgoing("c", content, None, "inbound", "business")
    items: list[dict[str, Any]] = current.body(outgoing)["message"]["content"]["basic"]["items"]
    return items


async def test_a_photo_is_kept_in_the_media_manager_and_shown(house: House) -> None:
    event = await house.fetched(PHOTO)

    assert isinstance(event, Event)
    [photo] = event.attachments
    assert (photo.kind, photo.source, photo.filename) == ("image", None, "file.jpg")
    assert (await house.http.get(photo.url)).content == JPEG
    assert shown(event)[1] == {"image": {"url": photo.url, "filename": "file.jpg"}}
    assert await house.stored() == event


async def test_what_was_fetched_is_not_fetched_again(house: House) -> None:
    first = await house.fetched(PHOTO)
    assert isinstance(first, Event)

    assert await house.again(await house.stored()) == first
    stats = (await house.http.get("/_sandbox/stats")).json()["calls"]
    assert stats["POST /site-media/v1/files/generate-upload-url"] == 1


async def test_a_recording_is_a_file(house: House) -> None:
    event = await house.fetched(Attachment(kind="file", source="voice", mime_type="audio/ogg"))

    assert isinstance(event, Event)
    assert event.attachments[0].kind == "file"
    assert event.attachments[0].url


@pytest.mark.parametrize(("source", "why"), [("gone", GONE), ("404", "127.0.0.1 answered 404")])
async def test_what_is_gone_is_shown_in_words_with_the_reason(
    house: House, source: str, why: str
) -> None:
    event = await house.fetched(Attachment(kind="image", source=source), PHOTO)

    assert isinstance(event, Event)
    assert [item.get("text") for item in shown(event)] == ["like this", f"[Image: {why}]", None]


@pytest.mark.parametrize("source", ["503", "fault"])
async def test_what_may_come_later_is_tried_again_and_then_told_in_words(
    house: House, source: str
) -> None:
    attachment = Attachment(kind="file", source=source, filename="menu.pdf")
    found = await house.fetched(attachment)
    for _ in range(TRIES - 2):
        assert isinstance(found, Outcome)
        found = await house.again(await house.stored())
    assert isinstance(found, Outcome)

    event = await house.again(await house.stored())

    assert isinstance(event, Event)
    assert "[File: menu.pdf: " in shown(event)[1]["text"]


async def test_a_wix_that_does_not_let_us_keep_files_costs_no_message(house: House) -> None:
    granted = {"permissions": ["Manage Inbox Messages"]}
    (await house.http.post("/_sandbox/permissions", json=granted)).raise_for_status()

    event = await house.fetched(PHOTO)

    assert isinstance(event, Event)
    assert "grant Manage Media Manager" in shown(event)[1]["text"]


async def test_files_are_left_where_they_are_if_the_site_says_so(house: House) -> None:
    event = await house.fetched(PHOTO, keeps_files=False)

    assert isinstance(event, Event)
    assert event.attachments == (PHOTO,)
    assert [item["text"] for item in shown(event)] == ["like this", "[Image]"]


async def test_a_file_that_came_in_the_delivery_is_kept(house: House) -> None:
    house.use(Letters(ConnectorSettings()))

    event = await house.fetched(PHOTO, came_in=JPEG)

    assert isinstance(event, Event)
    [attachment] = event.attachments
    assert attachment.mime_type == "image/jpeg"
    assert (await house.http.get(attachment.url)).content == JPEG


async def test_a_file_of_a_delivery_that_is_kept_no_more_is_told_in_words(house: House) -> None:
    house.use(Letters(ConnectorSettings()))

    event = await house.fetched(PHOTO)

    assert isinstance(event, Event)
    assert event.attachments[0].not_fetched == GONE


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "it is empty"), (b"x" * 33, "it is larger than 0 MB")],
)
async def test_an_empty_or_too_large_file_of_a_delivery_is_told_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 32)
    house.use(Letters(ConnectorSettings()))

    event = await house.fetched(PHOTO, came_in=content)

    assert isinstance(event, Event)
    assert event.attachments[0].not_fetched == reason


@pytest.mark.parametrize("both", [{}, {"url": "https://a.example", "content": b"x"}])
def test_a_download_is_either_an_address_or_a_file(both: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either a url or a content"):
        Download(**both)
