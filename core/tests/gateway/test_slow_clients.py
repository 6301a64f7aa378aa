"""Whatever a client sends or leaves out, what it holds is bounded and others are served."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator
from typing import Any

import pytest
from inboxbridge.gateway import server as serving
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import Limits, served

pytestmark = pytest.mark.slow

GET = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"
SHORT = Limits(head_seconds=0.3, keep_alive_seconds=60)
SOON = 6.0


class App:
    """Answers 200 once it may; refuses what is posted without reading it."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.body = b"ok"
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        while scope["method"] == "PUT" and (await receive()).get("more_body"):
            pass
        await self.may_answer.wait()
        status = 413 if scope["method"] == "POST" else 200
        length = str(len(self.body)).encode()
        start = {"type": "http.response.start", "status": status}
        await send({**start, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.body})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def until_closed(self, seconds: float = SOON) -> bytes:
        """What the server still says before it closes."""
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(self.reader.read(), seconds)
        return b""

    async def dribble(self, *parts: bytes, every: float = 0.05) -> None:
        """Send the last part again and again, until the server has closed."""
        with contextlib.suppress(ConnectionError):
            for part in parts[:-1]:
                self.writer.write(part)
            while not self.reader.at_eof():
                self.writer.write(parts[-1])
                await self.writer.drain()
                await asyncio.sleep(every)

    async def pour(self, *parts: bytes, most: int) -> int:
        """Send the last part as fast as the server takes it. Returns how many bytes it took."""
        sent = 0
        with contextlib.suppress(ConnectionError):
            for part in parts[:-1]:
                self.writer.write(part)
            while sent < most and not self.reader.at_eof():
                self.writer.write(parts[-1])
                await self.writer.drain()
                await asyncio.sleep(0)
                sent += len(parts[-1])
        return sent

    async def status(self) -> int:
        line = await asyncio.wait_for(self.reader.readline(), SOON)
        return int(line.split()[1])


class Place:
    def __init__(self, app: App, port: int, refused: list[tuple[int, str]]) -> None:
        self.app = app
        self.port = port
        self.refused = refused
        self.clients: list[Client] = []

    async def client(self, first: bytes = b"") -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        client.writer.write(first)
        await client.writer.drain()
        return client

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(SOON):
            while self.app.asked < times:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def place(limits: Limits = SHORT) -> AsyncIterator[Place]:
    app, refused = App(), list[tuple[int, str]]()
    bound = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    async with served(app, [bound], limits, lambda *told: refused.append(told)):
        opened = Place(app, port, refused)
        yield opened
        app.may_answer.set()
        for client in opened.clients:
            client.writer.close()


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: gate"])
async def test_a_head_that_never_ends_is_answered_408_and_closed(begun: bytes) -> None:
    async with place() as here:
        silent = await here.client(begun)

        assert (await silent.until_closed()).startswith(b"HTTP/1.1 408 ")
        assert here.refused == [(408, "headers took too long")]
    assert here.app.asked == 0


@pytest.mark.parametrize("more", [b"x", b"X-A: 1\r\n"])
async def test_a_head_that_dribbles_is_closed_no_later(more: bytes) -> None:
    async with place() as here:
        slow = await here.client(GET)
        assert await slow.status() == 200

        async with asyncio.timeout(SOON):
            await slow.dribble(b"GET / HTTP/1.1\r\nX-B: ", more)


async def test_blank_lines_do_not_keep_an_idle_connection_open() -> None:
    async with place(Limits(head_seconds=60, keep_alive_seconds=1)) as here:
        idle = await here.client(GET)
        assert await idle.status() == 200

        async with asyncio.timeout(SOON):
            await idle.dribble(b"\r\n")


async def test_an_idle_connection_stays_for_as_long_as_it_may() -> None:
    async with place(Limits(head_seconds=0.1, keep_alive_seconds=60)) as here:
        idle = await here.client(GET)
        assert await idle.status() == 200
        with pytest.raises(TimeoutError):
            await idle.until_closed(2.5)


ENDLESS = {
    "one header": (b"GET / HTTP/1.1\r\nX-A: ", b"x" * 4096),
    "many headers": (b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 512),
    "the first line": (b"GET /", b"x" * 4096),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_an_endless_head_is_closed_before_it_is_kept(what: str) -> None:
    async with place() as here:
        endless = await here.client()
        buffers = 8 * 1024 * 1024

        assert await endless.pour(*ENDLESS[what], most=4 * buffers) < buffers
        assert [status for status, _ in here.refused] == [431]
    assert here.app.asked == 0


@pytest.mark.parametrize(("number", "status"), [(150, 200), (201, 431)])
async def test_a_head_may_have_two_hundred_headers(number: int, status: int) -> None:
    headers = b"".join(b"X-%d: 1\r\n" % one for one in range(number))
    async with place() as here:
        client = await here.client(b"GET / HTTP/1.1\r\n" + headers + b"\r\n")

        assert await client.status() == status


CHUNKED = b" / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
BEHIND = {
    "one trailer": (b"1\r\nx\r\n0\r\nX-A: ", b"x" * 4096),
    "many trailers": (b"1\r\nx\r\n0\r\n", b"A: b\r\n" * 512),
    "a chunk's extension": (b"1;a=", b"x" * 4096),
}


@pytest.mark.parametrize("method", [b"PUT", b"POST"])
@pytest.mark.parametrize("what", BEHIND)
async def test_what_comes_beside_a_body_has_an_end(what: str, method: bytes) -> None:
    """While the body is read (PUT), and after the answer (POST)."""
    async with place() as here:
        client = await here.client(method + CHUNKED)
        buffers = 8 * 1024 * 1024

        assert await client.pour(*BEHIND[what], most=4 * buffers) < buffers
        told = await client.until_closed()
        assert told.count(b"HTTP/1.1") <= 1
        assert [status for status, _ in here.refused] == [431]


async def test_a_body_of_megabytes_is_taken_whole() -> None:
    async with place() as here:
        client = await here.client(b"PUT / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n")
        client.writer.write(b"x" * 3_000_000 + GET)

        assert await client.status() == 200
        assert await client.reader.readuntil(b"ok")
        assert await client.status() == 200


async def test_a_head_of_megabytes_that_comes_at_once_is_refused() -> None:
    async with place() as here:
        client = await here.client()
        head = b"GET / HTTP/1.1\r\nX-A: " + b"x" * 200_000 + b"\r\n\r\n"
        client.writer.write(head)

        await client.until_closed()
        assert here.refused == [(431, "headers too large")]
    assert here.app.asked == 0


async def test_a_newcomer_takes_the_place_of_the_oldest_that_has_asked_nothing() -> None:
    async with place(Limits(max_connections=5, head_seconds=60)) as here:
        useful = await here.client(GET)
        assert await useful.status() == 200
        for _ in range(20):
            await here.client(b"GET / HTTP/1.1\r\nX-")

        newcomer = await here.client(GET)
        assert await newcomer.status() == 200
        useful.writer.write(GET)
        assert await useful.reader.readuntil(b"ok")
        assert await useful.status() == 200, "it had asked something, so it stayed"
        assert {status for status, _ in here.refused} == {503}


async def test_who_comes_while_all_are_at_work_is_told_to_come_again() -> None:
    async with place(Limits(max_connections=3)) as here:
        here.app.may_answer.clear()
        busy = [await here.client(GET) for _ in range(3)]
        await here.until_asked(3)

        told = await (await here.client(GET)).until_closed()
        here.app.may_answer.set()

        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5\r\n" in told
        assert [await one.status() for one in busy] == [200] * 3


async def test_a_body_that_goes_on_after_its_answer_is_not_read_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "LINGER_SECONDS", 0.3)
    async with place() as here:
        talker = await here.client(b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n")
        assert await talker.status() == 413

        async with asyncio.timeout(SOON):
            await talker.dribble(b"x")


async def test_who_does_not_read_the_answers_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "UNREAD_SECONDS", 0.3)
    async with place() as here:
        here.app.body = b"x" * 16_000_000
        deaf = await here.client(GET * 2)
        await here.until_asked(1)
        await asyncio.sleep(2.5)

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await deaf.reader.readexactly(32_000_000)


async def test_nonsense_behind_a_whole_request_does_not_take_its_answer() -> None:
    async with place() as here:
        here.app.may_answer.clear()
        client = await here.client(GET + b"nonsense\r\n\r\n")
        await here.until_asked(1)
        await asyncio.sleep(0.1)
        here.app.may_answer.set()

        told = await client.until_closed()

    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.count(b"HTTP/1.1") == 1
    assert here.refused == [(400, "not HTTP")]


@pytest.mark.parametrize("begun", [b"", GET[:20]])
async def test_a_request_that_was_on_its_way_at_the_end_is_answered(begun: bytes) -> None:
    app, bound = App(), listen("127.0.0.1", 0)
    async with served(app, [bound], Limits()):
        port = bound.getsockname()[1]
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        client.writer.write(begun)
        await asyncio.sleep(0.1)
        late = asyncio.get_running_loop().call_later(0.4, client.writer.write, GET[len(begun) :])

    told = await client.until_closed()
    late.cancel()
    client.writer.close()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in told


@pytest.mark.parametrize(
    ("descriptors", "wanted", "room"),
    [
        (1024, 4096, 768),
        (20_000, 4096, 4096),
        (200, 4096, 136),
        (1024, 100, 100),
        (resource.RLIM_INFINITY, 4096, 4096),
    ],
)
def test_a_part_of_the_descriptors_is_kept_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, descriptors: int, wanted: int, room: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))

    assert Limits(max_connections=wanted).within_descriptors() == room
