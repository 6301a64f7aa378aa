"""`enrich` runs beside our own event loop: whatever it does, nobody else waits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Connector,
    ConnectorSettings,
    Event,
    HookFailed,
    HookTimeout,
    NoSignature,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.plugins.connection import Connection
from inboxbridge.plugins.loop import MAX_HANGING, HookEnded, HookLoop

pytestmark = pytest.mark.slow

EVENT = Event(id="e1", person=Person(email="dana@example.com"), text="Booked")
Enrich = Callable[[Event, httpx.AsyncClient], Awaitable[Any]]


@pytest.fixture
async def loop() -> AsyncIterator[HookLoop]:
    opened = HookLoop("shop", limit_seconds=0.2, grace_seconds=0.1)
    yield opened
    opened.close()


@pytest.fixture
def never() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def blocking(released: threading.Event) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
    async def blocks(_: httpx.AsyncClient) -> None:
        released.wait(60)

    return blocks


async def answers(_: httpx.AsyncClient) -> str:
    return "well"


async def test_a_call_that_blocks_keeps_our_loop_free_and_is_cut_off(
    loop: HookLoop, never: threading.Event
) -> None:
    blocked = asyncio.ensure_future(loop.call(blocking(never)))
    late = 0.0
    while not blocked.done():
        began = time.monotonic()
        await asyncio.sleep(0.005)
        late = max(late, time.monotonic() - began)

    assert late < 0.15
    with pytest.raises(HookTimeout, match=r"took over 0\.2 s and was cut off"):
        await blocked


async def test_after_one_that_blocked_calls_are_taken_by_a_new_thread(
    loop: HookLoop, never: threading.Event
) -> None:
    with pytest.raises(HookTimeout):
        await loop.call(blocking(never))
    async with asyncio.timeout(5):
        while True:
            try:
                assert await loop.call(answers) == "well"
                return
            except HookTimeout:
                continue


async def test_a_connection_whose_enrich_blocks_does_not_stop_another(
    loop: HookLoop, never: threading.Event
) -> None:
    other = HookLoop("phone")
    blocked = asyncio.ensure_future(loop.call(blocking(never)))
    await asyncio.sleep(0.02)

    assert await asyncio.wait_for(other.call(answers), 5) == "well"
    assert not blocked.done()
    other.close()
    with pytest.raises(HookTimeout):
        await blocked


async def test_one_that_waits_for_ever_is_cut_off_and_told(loop: HookLoop) -> None:
    told = threading.Event()

    async def waits(_: httpx.AsyncClient) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.set()

    with pytest.raises(HookTimeout):
        await loop.call(waits)
    assert await asyncio.to_thread(told.wait, 5)
    assert await loop.call(answers) == "well"


async def test_with_too_many_that_hang_further_ones_are_refused_at_once(
    loop: HookLoop, never: threading.Event
) -> None:
    for _ in range(MAX_HANGING):
        with pytest.raises(HookTimeout, match="was cut off"):
            await loop.call(blocking(never))
        await asyncio.sleep(0.15)

    with pytest.raises(HookTimeout, match="still hang"):
        await loop.call(answers)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit, BaseException]
)
async def test_what_would_end_a_task_or_the_process_is_a_failed_try(
    loop: HookLoop, error: type[BaseException]
) -> None:
    async def ends(_: httpx.AsyncClient) -> None:
        raise error

    with pytest.raises(HookEnded, match=f"enrich raised {error.__name__}"):
        await asyncio.wait_for(loop.call(ends), 5)
    assert await loop.call(answers) == "well"


async def test_a_caller_who_gives_up_ends_the_call(loop: HookLoop) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def waits(_: httpx.AsyncClient) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asked = asyncio.ensure_future(loop.call(waits))
    assert await asyncio.to_thread(begun.wait, 5)
    asked.cancel()

    assert await asyncio.to_thread(ended.wait, 5)
    assert await loop.call(answers) == "well"


async def test_calls_run_side_by_side_and_share_one_client_of_their_loop(loop: HookLoop) -> None:
    together = asyncio.Barrier(20)

    async def asks(http: httpx.AsyncClient) -> tuple[int, int]:
        await together.wait()
        return id(http), threading.get_ident()

    found = await asyncio.gather(*(loop.call(asks) for _ in range(20)))

    assert len(set(found)) == 1
    assert found[0][1] != threading.get_ident()


async def test_closing_ends_the_thread(loop: HookLoop) -> None:
    await loop.call(answers)
    [thread] = [one for one in threading.enumerate() if one.name == "enrich-shop"]

    loop.close()
    await asyncio.to_thread(thread.join, 5)

    assert not thread.is_alive()


def connection(enrich: Enrich) -> Connection:
    class Bookings(Connector[ConnectorSettings]):
        @hookimpl
        def signature(self) -> Signature:
            return NoSignature()

        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            return []

        @hookimpl
        async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
            found: Event = await enrich(event, http)
            return found

    settings = ConnectionSettings(name="bookings", plugin="bookings")
    return Connection(settings, Bookings(ConnectorSettings()))


async def test_a_connection_gives_its_event_enriched_over_the_network() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nDana")
        await writer.drain()

    async def fetch(event: Event, http: httpx.AsyncClient) -> Event:
        answer = await http.get(f"http://127.0.0.1:{port}/")
        return event.model_copy(update={"text": answer.text})

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bookings = connection(fetch)

    found = await asyncio.gather(*(bookings.enrich(EVENT) for _ in range(3)))

    bookings.runner.close()
    server.close()
    assert [one.text for one in found] == ["Dana"] * 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda event: event.model_copy(update={"id": "e2"}), "changed the event's id or thread"),
        (lambda _: "booked", "enrich returned a str, not Event"),
    ],
)
async def test_a_connection_checks_what_came_back(change: Any, said: str) -> None:
    async def changes(event: Event, _: httpx.AsyncClient) -> Any:
        return change(event)

    bookings = connection(changes)
    with pytest.raises(HookFailed, match=said):
        await bookings.enrich(EVENT)
    bookings.runner.close()
