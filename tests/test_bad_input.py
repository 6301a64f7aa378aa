"""Whatever a source sends to any of the first-party connectors has the answer that is promised."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import SandboxServer, tables, text_of
from inboxbridge import WebhookRequest
from inboxbridge.config import config_from
from inboxbridge.journal import reads
from inboxbridge.model.records import EventRecord
from inboxbridge.runtime import Runtime, running
from inboxbridge_demo import story
from site_packages import HEAD, importable, package

pytestmark = pytest.mark.slow

FIRST_PARTY = ("facebook", "sms", "phone", "bookings", "chat", "shop")
FORMS = ("sms", "phone")
PUBLIC = "https://hooks.example.com"


class House:
    """A running inboxbridge with every first-party connector, and its Inbox."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, sandbox: SandboxServer) -> None:
        self.runtime = runtime
        self.http = http
        self.sandbox = sandbox

    async def deliver(
        self, name: str, body: bytes, *, query: str = "", at: float | None = None, **headers: str
    ) -> httpx.Response:
        """Deliver as the source does, signed."""
        connection = self.runtime.connections[name]
        kind = "application/x-www-form-urlencoded" if name in FORMS else "application/json"
        request = WebhookRequest(
            url=f"{connection.url}{query}", headers={"content-type": kind}, body=body
        )
        signed = connection.signature.sign(request, time.time() if at is None else at)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {**dict(signed.headers), **named}
        return await self.http.post(f"/hooks/{name}{query}", content=body, headers=given)

    async def say(self, **body: Any) -> httpx.Response:
        return await self.deliver("shop", json.dumps(body).encode())

    async def records(self, name: str | None = None) -> list[EventRecord]:
        journal = self.runtime.journal
        found = await journal.read(reads.list_events, limit=1000, connection_name=name)
        return list(reversed(found))

    async def settled(self) -> list[EventRecord]:
        deadline = time.monotonic() + 20
        while True:
            found = await self.records()
            if not any(one.state in ("pending", "retrying") for one in found):
                return found
            assert time.monotonic() < deadline, [one.reason for one in found]
            await asyncio.sleep(0.02)

    async def messages(self) -> list[dict[str, Any]]:
        await self.settled()
        found = await asyncio.to_thread(self.sandbox.messages)
        return [one["message"] for one in found]


@pytest.fixture
async def house(tmp_path: Path, sandbox: SandboxServer) -> AsyncIterator[House]:
    document = story.tables(PUBLIC, "https://icons.example.com", f"sqlite:///{tmp_path / 'j.db'}")
    document["sites"]["default"] |= {"base_url": sandbox.url, "calls_per_minute": 0}
    config = config_from(document, environ={})
    async with (
        running(config, strict=True, poll_seconds=0.1) as runtime,
        httpx.AsyncClient(base_url=str(runtime.url)) as http,
    ):
        yield House(runtime, http, sandbox)


def a_delivery_of(name: str) -> bytes:
    steps = story.tell(time.time(), "https://icons.example.com").steps
    return next(step.body for step in steps if step.connection == name)


async def test_what_is_not_signed_signed_wrongly_or_changed_is_refused(house: House) -> None:
    for name in FIRST_PARTY:
        body = a_delivery_of(name)
        connection = house.runtime.connections[name]
        bare = await house.http.post(f"/hooks/{name}", content=body)
        other = WebhookRequest(url=str(connection.url), body=body + b" ")
        header = dict(connection.signature.sign(other, time.time()).headers)
        changed = await house.http.post(f"/hooks/{name}", content=body, headers=header)
        blank = dict.fromkeys(header, "")
        empty = await house.http.post(f"/hooks/{name}", content=body, headers=blank)

        assert {bare.status_code, changed.status_code, empty.status_code} == {401}, name
    assert await house.records() == []


async def test_a_signature_that_is_too_old_is_refused(house: House) -> None:
    """Of the first-party formats set up here only Calendly's signs the time."""
    body = a_delivery_of("bookings")

    old = await house.deliver("bookings", body, at=time.time() - 3600)
    early = await house.deliver("bookings", body, at=time.time() + 3600)

    assert (old.status_code, early.status_code) == (401, 401)


NONSENSE = {
    "not JSON": b"{'id': 1",
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "cut off": b'{"object": "page", "entry": [',
    "too deep": b"[" * 50_000 + b"]" * 50_000,
    "a number": b"42",
}


async def test_a_genuine_delivery_that_cannot_be_read_is_kept_and_answered_200(
    house: House,
) -> None:
    for name in FIRST_PARTY:
        for what, body in NONSENSE.items():
            if name in FORMS and what == "not UTF-8":
                # Nobody could sign it: what is signed is the form's text.
                continue
            assert (await house.deliver(name, body)).status_code == 200, (name, what)
    kept = await house.records()

    assert {one.state for one in kept} == {"unreadable"}
    by_connection = {name: [r for r in kept if r.connection == name] for name in FIRST_PARTY}
    for name in set(FIRST_PARTY) - set(FORMS):
        assert len(by_connection[name]) == len(NONSENSE), name
    assert all(by_connection[name] for name in FORMS)


async def test_a_body_over_the_limit_is_refused(house: House) -> None:
    for name in FIRST_PARTY:
        largest = house.runtime.connections[name].connector.max_body_bytes
        answer = await house.deliver(name, b"x" * (largest + 1))
        assert answer.status_code == 413, name
    assert await house.records() == []


async def test_a_body_as_large_as_meta_sends_is_taken(house: House) -> None:
    answer = await house.deliver("facebook", b"x" * 3_000_000)

    assert answer.status_code == 200
    assert [record.state for record in await house.records()] == ["unreadable"]


async def test_the_content_type_does_not_decide(house: House) -> None:
    for name in set(FIRST_PARTY) - set(FORMS):
        answer = await house.deliver(name, a_delivery_of(name), content_type="text/plain")
        assert answer.status_code == 200, name
    assert "unreadable" not in {one.state for one in await house.settled()}


UNKNOWN = {
    "facebook": b'{"object": "page", "entry": [{"id": "1", "time": 1, "messaging": '
    b'[{"sender": {"id": "9"}, "recipient": {"id": "1"}, "timestamp": 1, "novelty": {}}]}]}',
    "bookings": b'{"event": "novelty.created", "created_at": "2026-11-06T21:20:31.000000Z", '
    b'"created_by": "https://api.calendly.com/users/A", "payload": {}}',
    "chat": b'{"type": "notification_event", "topic": "novelty.created", "id": "n1", '
    b'"app_id": "a", "created_at": 1, "data": {"type": "notification_event_data", "item": {}}}',
}


async def test_kinds_of_event_that_are_not_known_are_ignored(house: House) -> None:
    for name, body in UNKNOWN.items():
        assert (await house.deliver(name, body)).status_code == 200, name

    assert {one.connection: one.state for one in await house.records()} == dict.fromkeys(
        UNKNOWN, "ignored"
    )


async def test_a_form_with_repeated_and_blank_fields_is_verified_and_read(house: House) -> None:
    form = (
        b"MessageSid=SM0000000000000000000000000000000c&From=%2B14155550132&To=%2B14155550100"
        b"&Body=Hello&Tag=b&Tag=a&Tag=b&MediaUrl=&NumMedia=0&=&SmsStatus=received"
    )

    assert (await house.deliver("sms", form)).status_code == 200
    assert [text_of(one) for one in await house.messages()] == ["Hello"]


async def test_twilio_is_answered_with_twiml(house: House) -> None:
    answer = await house.deliver("sms", a_delivery_of("sms"))

    assert answer.status_code == 200
    assert "xml" in answer.headers["content-type"]
    assert answer.text.endswith("<Response/>")


async def test_a_query_in_the_signed_url_counts(house: House) -> None:
    body = a_delivery_of("sms")

    assert (await house.deliver("sms", body, query="?shop=1&x=%20a")).status_code == 200
    connection = house.runtime.connections["sms"]
    bare = connection.signature.sign(WebhookRequest(url=str(connection.url), body=body), 0)
    answer = await house.http.post("/hooks/sms?shop=1", content=body, headers=dict(bare.headers))
    assert answer.status_code == 401


async def test_metas_handshake_is_answered_when_the_token_is_right(house: House) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    right = await house.http.get(
        "/hooks/facebook", params={**query, "hub.verify_token": "demo-verify-token"}
    )
    wrong = await house.http.get("/hooks/facebook", params={**query, "hub.verify_token": "x"})

    assert (right.status_code, right.text) == (200, "1158201444")
    assert wrong.status_code == 401


async def test_an_event_of_nobody_is_parked_with_the_reason(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    package(tmp_path, "anyone", f"{HEAD}connector = Open")
    document = tables(f"sqlite:///{tmp_path / 'j.db'}", sandbox.url)
    document["connectors"] = {"anyone": {"site": "site0"}}
    with importable(tmp_path) as available:
        config = config_from(document, environ={})
        async with (
            running(config, available=available, poll_seconds=0.1) as runtime,
            httpx.AsyncClient(base_url=str(runtime.url)) as http,
        ):
            house = House(runtime, http, sandbox)
            body = b'{"id": "1", "email": "no address", "text": "Hello"}'
            assert (await house.deliver("anyone", body)).status_code == 200

            [record] = await house.settled()

    assert record.state == "parked"
    assert "the event names no person" in str(record.reason)


LONG = "Is Saturday free? " * 5600
ARRIVES = {
    "an emoji": ("💅🏽", "💅🏽"),
    "a family": ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    "control characters": ("Is\x00 Sat\x1burday\x07 free?\r\nYes\x7f", "Is Saturday free?\nYes"),
    "right to left": ("שלום \u202eabc", "שלום \u202eabc"),
    "markup": ('<b>bold</b> & "quoted" {{x}}', '<b>bold</b> & "quoted" {{x}}'),
    "lone surrogates": ("Hello \ud83d!", "Hello !"),
}


@pytest.mark.parametrize("what", ARRIVES)
async def test_a_text_arrives_as_it_was_said(house: House, what: str) -> None:
    text, expected = ARRIVES[what]

    assert (await house.say(id="1", email="dana@example.com", text=text)).status_code == 200

    assert [text_of(one) for one in await house.messages()] == [expected]


async def test_a_very_long_text_arrives_whole_in_several_bubbles(house: House) -> None:
    assert len(LONG) > 100_000 - 100
    text = LONG[:99_990].strip()

    await house.say(id="1", email="dana@example.com", text=text)

    [message] = await house.messages()
    bubbles = [item["text"] for item in message["content"]["basic"]["items"]]
    assert len(bubbles) > 6
    assert " ".join(bubbles).split() == text.split()


async def test_a_text_over_100_000_characters_is_cut_and_says_so(house: House) -> None:
    await house.say(id="1", email="dana@example.com", text="x" * 150_000)

    [message] = await house.messages()
    last = message["content"]["basic"]["items"][-1]["text"]
    assert last.endswith("more characters]")


async def test_what_is_not_text_but_looks_like_it_does_no_harm(house: House) -> None:
    bodies: list[Any] = [
        {"id": "a", "email": "dana@example.com", "text": ""},
        {"id": "b", "email": "dana@example.com", "text": "   \u200b"},
        {"id": "c", "email": "not an address", "text": "Hello"},
        {"id": "", "email": "dana@example.com", "text": "Hello"},
        {"id": 5, "email": "dana@example.com", "text": 5},
        {"id": ["x"], "email": {"a": 1}, "text": None},
        [],
        [[]],
        {"id": "d" * 5000, "email": "dana@example.com", "text": "Hello"},
        {"id": "e", "email": "dana@example.com", "text": "Hello", "occurred_at": "never"},
        {"id": "f", "email": "dana@example.com", "text": "Hello", "direction": "sideways"},
    ]
    for body in bodies:
        answer = await house.deliver("shop", json.dumps(body).encode())
        assert answer.status_code == 200, body

    found = await house.settled()
    assert {one.state for one in found} <= {"delivered", "ignored", "unreadable", "parked", "dead"}
    assert [one.reason for one in found if one.state == "dead"] == []
