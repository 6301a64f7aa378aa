"""What Wix tells of merges and deletions takes effect, and nobody else can tell it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import SandboxServer, contact, event, tables
from inboxbridge.config import config_from
from inboxbridge.journal import reads
from inboxbridge.runtime import Runtime, running

pytestmark = pytest.mark.slow

FIRST, SECOND = (f"c0000000-0000-4000-8000-{n:012d}" for n in (1, 2))


def configured(tmp_path: Path, sandbox: SandboxServer, **site: Any) -> Any:
    document = tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url)
    key = sandbox.http.get("/_sandbox/webhooks/public-key").text
    document["sites"]["site0"] |= {"webhook_public_key": key, **site}
    return config_from(document, environ={})


async def until(is_so: Any, what: str) -> Any:
    deadline = time.monotonic() + 15
    while not (found := await is_so()):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)
    return found


async def say(runtime: Runtime, sandbox: SandboxServer, *said: dict[str, Any]) -> None:
    """Deliver, and wait until all of it is in the Inbox."""
    async with httpx.AsyncClient() as http:
        for one in said:
            answer = await http.post(f"{runtime.url}/hooks/shop0", json=one)
            assert answer.status_code == 200
    wanted = {one["text"] for one in said}

    async def landed() -> bool:
        return wanted <= set(await asyncio.to_thread(sandbox.texts))

    await until(landed, "the events to land")


async def told(runtime: Runtime, reason: str) -> list[str]:
    found = await runtime.journal.read(reads.list_events, limit=500, connection_name="wix")
    return [str(one.source_id) for one in found if str(one.reason).endswith(reason)]


def contact_of(sandbox: SandboxServer, text: str) -> str:
    texts = sandbox.texts()
    return str(sandbox.messages()[texts.index(text)]["contact_id"])


async def subscribe(runtime: Runtime, sandbox: SandboxServer, **more: Any) -> None:
    body = {"url": f"{runtime.url}/hooks/wix", "appId": "the-app", **more}
    await asyncio.to_thread(lambda: sandbox.http.post("/_sandbox/webhooks", json=body))


async def merge(sandbox: SandboxServer) -> None:
    body = {"targetContactId": SECOND, "sourceContactIds": [FIRST]}
    await asyncio.to_thread(lambda: sandbox.http.post("/_sandbox/merge", json=body))


async def tell(sandbox: SandboxServer) -> None:
    """Let Wix send its webhooks; all are taken."""
    await asyncio.to_thread(lambda: sandbox.http.post("/_sandbox/webhooks/deliver"))
    sent = (await asyncio.to_thread(lambda: sandbox.http.get("/_sandbox/webhooks"))).json()
    assert {one["status"] for one in sent["attempts"]} == {200}


async def test_a_merge_leads_to_the_contact_that_is_left(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1), contact(2))
    async with running(configured(tmp_path, sandbox), poll_seconds=0.1) as runtime:
        await subscribe(runtime, sandbox, duplicates=2)
        await say(runtime, sandbox, event("a", 1, 1), event("b", 1, 2))
        known = contact_of(sandbox, "a 1")
        await merge(sandbox)
        await tell(sandbox)

        await say(runtime, sandbox, event("a", 2, 1))

        assert (known, contact_of(sandbox, "a 2")) == (FIRST, SECOND)
        assert len(await told(runtime, "contact merged")) == 1


async def test_a_deletion_makes_us_look_again(tmp_path: Path, sandbox: SandboxServer) -> None:
    sandbox.seed(contact(1))
    async with running(configured(tmp_path, sandbox), poll_seconds=0.1) as runtime:
        await subscribe(runtime, sandbox)
        await say(runtime, sandbox, event("a", 1, 1))
        await asyncio.to_thread(lambda: sandbox.http.delete(f"/_sandbox/contacts/{FIRST}"))
        await tell(sandbox)

        await say(runtime, sandbox, event("a", 2, 1))

        assert contact_of(sandbox, "a 2") != FIRST


async def test_without_webhooks_a_merge_is_found_out_by_sending(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1), contact(2))
    config = config_from(tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url), environ={})
    async with running(config, poll_seconds=0.1) as runtime:
        await say(runtime, sandbox, event("a", 1, 1))
        await merge(sandbox)

        await say(runtime, sandbox, event("a", 2, 1))

        assert sandbox.texts() == ["a 1", "a 2"]
        assert contact_of(sandbox, "a 2") == SECOND


def token(key: Any, algorithm: str = "RS256", **body: Any) -> str:
    told = {
        "id": "event-1",
        "entityFqdn": "wix.contacts.v4.contact",
        "slug": "deleted",
        "entityId": FIRST,
        **body,
    }
    envelope = {"data": json.dumps(told), "instanceId": "an-instance"}
    return jwt.encode({"data": json.dumps(envelope)}, key, algorithm=algorithm)


async def test_only_what_wix_has_signed_is_believed(tmp_path: Path, sandbox: SandboxServer) -> None:
    ours = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = ours.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    unsigned = jwt.encode({"data": "{}"}, None, algorithm="none")
    deep = "[" * 100_000
    config = configured(tmp_path, sandbox, webhook_public_key=pem.decode())
    async with running(config, courier=False) as runtime, httpx.AsyncClient() as http:

        async def status(body: str | bytes) -> int:
            return (await http.post(f"{runtime.url}/hooks/wix", content=body)).status_code

        right = token(ours)
        assert await status(right) == 200
        assert await status(right + "\n") == 200
        assert await status(token(ours, id="event-2", slug="another")) == 200
        assert await status(token(other)) == 401
        assert await status(unsigned) == 401
        assert await status(right[:-6]) == 401
        header, payload, signature = right.split(".")
        assert await status(f"{header}.{payload[:-2]}.{signature}") == 401
        for body in ("", "{}", deep, b"\xff\xfe", f"{deep}.{deep}.{deep}"):
            assert await status(body) == 401
        assert (await http.get(f"{runtime.url}/hooks/wix")).status_code == 401
        assert len(await told(runtime, "")) == 2


async def test_the_public_key_is_no_shared_secret(tmp_path: Path, sandbox: SandboxServer) -> None:
    """A token signed with HMAC by the public key, which everybody has, is not Wix's."""
    import base64
    import hashlib
    import hmac

    key = sandbox.http.get("/_sandbox/webhooks/public-key").text.encode()

    def part(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"data": "{}"})
    mac = base64.urlsafe_b64encode(hmac.digest(key, signed, hashlib.sha256)).rstrip(b"=")
    config = configured(tmp_path, sandbox)
    async with running(config, courier=False) as runtime, httpx.AsyncClient() as http:
        answer = await http.post(f"{runtime.url}/hooks/wix", content=signed + b"." + mac)

    assert answer.status_code == 401


async def test_without_a_key_there_is_no_such_hook(tmp_path: Path, sandbox: SandboxServer) -> None:
    config = config_from(tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url), environ={})
    async with running(config, courier=False) as runtime, httpx.AsyncClient() as http:
        assert (await http.post(f"{runtime.url}/hooks/wix", content=b"x")).status_code == 401
