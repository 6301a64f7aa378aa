"""The least client that can deliver webhooks: one request under way on each connection.

Run: python load.py JSON, where the JSON object holds

    url          the server
    count        how many events
    connections  how many side by side (default 64)
    people       how many different people they are about (default 500)
    start        the number of the first event (default 0)
    numbers      instead of count and start: which events
    rate         events a second; without it as fast as answers come
    seconds      when to give up (default 120)

Events are numbered, signed (HMAC-SHA256) and put together before the clock starts. Prints what
`common.Load` holds.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import common


def request(host: str, number: int, people: int) -> bytes:
    """One delivery of the generic webhook, ready to be written."""
    person = number % people
    body = (
        f'{{"id": "order-{number}", "type": "message", "email": "p{person}@example.com", '
        f'"name": "Dana Reyes", "text": "event {number}", "occurred_at": "2026-11-06T21:20:31Z"}}'
    ).encode()
    digest = hmac.new(common.SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /hooks/shop HTTP/1.1\r\nhost: {host}\r\nuser-agent: load\r\n"
        f"content-type: application/json\r\nx-hub-signature-256: sha256={digest}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """Writes the next request when the answer to the last one is there."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._answer = b""
        self._number = -1
        self._began = 0.0
        self.idle = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        if self._load.rate is None:
            self.next()

    def next(self) -> None:
        one = next(self._load.requests, None)
        if one is None:
            self._transport.close()
            return
        self.idle = False
        self._number, content = one
        self._began = time.perf_counter()
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length or 0):
            return
        self._answer = b""
        self._load.times.append(time.perf_counter() - self._began)
        if head[9:10] == b"2":
            self._load.answered.append(self._number)
        self.idle = True
        if self._load.rate is None:
            self.next()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.left -= 1
        if not self._load.left:
            self._load.done.set()


class Load:
    """All connections, and what came of them."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._where = urlsplit(told["url"])
        start = told.get("start", 0)
        self._numbers = told.get("numbers", range(start, start + told["count"]))
        ready = [
            (n, request(self._where.netloc, n, told.get("people", 500))) for n in self._numbers
        ]
        self.requests: Iterator[tuple[int, bytes]] = iter(ready)
        self.rate: float | None = told.get("rate")
        self._seconds = told.get("seconds", 120.0)
        self.left = min(told.get("connections", 64), max(len(ready), 1))
        self.done = asyncio.Event()
        self.times: list[float] = []
        self.answered: list[int] = []

    async def run(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        host, port = self._where.hostname, self._where.port
        began = time.perf_counter()
        opened = [
            (await loop.create_connection(lambda: Connection(self), host, port))[1]
            for _ in range(self.left)
        ]
        if self.rate is not None:
            await self._at_pace(opened)
        try:
            async with asyncio.timeout(self._seconds):
                await self.done.wait()
        except TimeoutError:
            pass
        seconds = time.perf_counter() - began
        times, answered = sorted(self.times) or [0.0], set(self.answered)
        return {
            "rate": len(answered) / seconds,
            "p50_ms": times[len(times) // 2] * 1000,
            "p99_ms": times[int(len(times) * 0.99)] * 1000,
            "answered": sorted(answered),
            "unanswered": [number for number in self._numbers if number not in answered],
        }

    async def _at_pace(self, connections: list[Connection]) -> None:
        assert self.rate is not None
        for _ in self._numbers:
            await asyncio.sleep(1 / self.rate)
            next(connection for connection in connections if connection.idle).next()
        while not all(connection.idle for connection in connections):
            await asyncio.sleep(0.01)
        for connection in connections:
            connection.next()


async def main() -> None:
    print(json.dumps(await Load(json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    common.run(main)
