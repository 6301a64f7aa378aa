"""The gateway inside another ASGI application, under a path."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from inboxbridge.embedding import application
from inboxbridge.journal import Journal, reads
from starlette.applications import Starlette

CONFIG = """
[journal]
url = "sqlite:///{folder}/journal.db"
[sites.default]
site_id = "1"
api_key = "key"
base_url = "http://127.0.0.1:9"
[connectors.open]
plugin = "webhook"
signature = "none"
[connectors.sms]
auth_token = "the-token"
"""
PUBLIC = '[gateway]\npublic_url = "https://www.example.com/inbound"\n'
ORDER = {"id": "1", "email": "dana@example.com", "text": "Is Saturday free?"}
SMS = {"MessageSid": "SM1", "From": "+14155550132", "To": "+14155550199", "Body": "Hi"}


@asynccontextmanager
async def mounted(folder: Path, more: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a project that has the gateway under ``/inbound``."""
    file = folder / "connectors.toml"
    file.write_text(CONFIG.format(folder=folder) + more)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with application(file, courier=False) as gateway:
            app.mount("/inbound", gateway)
            yield

    app = Starlette(lifespan=lifespan)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://www.example.com") as client,
    ):
        yield client


async def stored(folder: Path) -> list[str]:
    journal = Journal(f"sqlite:///{folder}/journal.db")
    try:
        return [one.connection for one in await journal.read(reads.list_events)]
    finally:
        await journal.close()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> AsyncIterator[None]:  # type: ignore[misc]
    yield  # type: ignore[misc]
    structlog.reset_defaults()


@pytest.mark.parametrize("more", ["", PUBLIC], ids=["guessed", "public url"])
async def test_deliveries_under_the_path_are_stored(tmp_path: Path, more: str) -> None:
    async with mounted(tmp_path, more) as client:
        answer = await client.post("/inbound/hooks/open", json=ORDER)
        health = await client.get("/inbound/healthz")
        elsewhere = await client.post("/hooks/open", json=ORDER)

    assert (answer.status_code, health.status_code, elsewhere.status_code) == (200, 200, 404)
    assert await stored(tmp_path) == ["open"]


async def test_a_signature_over_the_url_covers_the_path(tmp_path: Path) -> None:
    url = "https://www.example.com/inbound/hooks/sms"
    content = url + "".join(name + SMS[name] for name in sorted(SMS))
    digest = hmac.new(b"the-token", content.encode(), hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": base64.b64encode(digest).decode(),
    }
    async with mounted(tmp_path, PUBLIC) as client:
        right = await client.post(url, content=urlencode(SMS), headers=headers)
        headers["x-twilio-signature"] = "wrong"
        wrong = await client.post(url, content=urlencode(SMS), headers=headers)

    assert (right.status_code, wrong.status_code) == (200, 401)
    assert await stored(tmp_path) == ["sms"]
