"""Processor time of one call to Wix over each transport there is.

Run it by hand:

    python tests/bench/bench_http_transport.py [--calls 1600] [--at-once 16] [--rounds 5] [--uvloop]

A bare server in another process answers as Send Message does; only the client's processor time
counts. `client.post` builds and parses everything each time, `client.send` takes a prepared
request, `direct` goes around the client to its transport, and `WixClient.send` is the whole way
from an `Outgoing` to a `Sent`. `inboxbridge` is the transport that inboxbridge uses.
Ratios are to the first line; httpx-aiohttp takes part if installed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import uvicorn
from inboxbridge.model import Badge, BasicMessage
from inboxbridge.wix import ApiKey, Budget, Outgoing, WixClient, request_for
from inboxbridge.wix.transport import LIMITS, Transport

OUTGOING = Outgoing(
    conversation_id="a4e3de1e-13ad-351e-a2e1-f33bf18a2325",
    content=BasicMessage(text="Hi! Do you have a slot on Friday?"),
    badge=Badge(text="Facebook", icon_url="https://cdn.example.net/badges/facebook.png"),
    direction="inbound",
    visibility="business",
)
METHOD, PATH, BODY = request_for(OUTGOING, "current")
SENT = json.dumps(BODY).encode()
ANSWER = json.dumps(
    {
        "message": {
            **BODY["message"],
            "id": "1772615727418302",
            "sequence": "1772615727418302",
            "createdDate": "2026-03-04T09:15:27.418Z",
        }
    }
).encode()
KEY, SITE = "IST." + "x" * 400, "4e600edc-db48-4260-9d04-7ea5c3e5fffd"
NAMES = {"Authorization": KEY, "wix-site-id": SITE, "Content-Type": "application/json"}

Call = Callable[[], Awaitable[Any]]


async def answer(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


def serve(listener: socket.socket) -> None:
    config = uvicorn.Config(answer, log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


async def cost_micros(call: Call, calls: int, at_once: int) -> tuple[float, float]:
    """Return microseconds of processor and of wall time for each call."""

    async def one_after_another(count: int) -> None:
        for _ in range(count):
            await call()

    async def all_calls(count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_another(count // at_once))

    await all_calls(calls // 10)
    gc.collect()
    processor, wall = time.process_time(), time.perf_counter()
    await all_calls(calls)
    spent = time.process_time() - processor, time.perf_counter() - wall
    return spent[0] / calls * 1e6, spent[1] / calls * 1e6


def whole_way(base_url: str, transport: httpx.AsyncBaseTransport | None) -> Call:
    wix = WixClient(ApiKey(KEY, SITE), base_url=base_url, transport=transport, budget=Budget(0))

    async def whole() -> None:
        await wix.send(OUTGOING)

    return whole


def destination(base_url: str) -> tuple[httpx.URL, list[tuple[bytes, bytes]]]:
    url = httpx.URL(base_url + PATH)
    headers = [
        (b"Host", url.netloc),
        (b"Content-Length", b"%d" % len(SENT)),
        *((name.encode(), value.encode()) for name, value in NAMES.items()),
    ]
    return url, headers


def ways(base_url: str, transport: httpx.AsyncBaseTransport) -> Iterator[tuple[str, Call]]:
    client = httpx.AsyncClient(transport=transport)
    url, headers = destination(base_url)
    extensions = {"timeout": httpx.Timeout(30).as_dict()}

    def prepared() -> httpx.Request:
        return httpx.Request(METHOD, url, headers=headers, content=SENT, extensions=extensions)

    async def post() -> None:
        (await client.post(base_url + PATH, content=SENT, headers=NAMES)).raise_for_status()

    async def send() -> None:
        assert (await client.send(prepared())).status_code == 200

    async def direct() -> None:
        response = await transport.handle_async_request(prepared())
        await response.aread()
        await response.aclose()
        assert response.status_code == 200

    return iter(
        [
            ("client.post", post),
            ("client.send", send),
            ("direct", direct),
            ("WixClient.send", whole_way(base_url, transport)),
        ]
    )


def transports() -> Iterator[tuple[str, httpx.AsyncBaseTransport]]:
    yield "httpx", httpx.AsyncHTTPTransport(limits=LIMITS)
    if importlib.util.find_spec("httpx_aiohttp"):
        import httpx_aiohttp

        yield "httpx-aiohttp", httpx_aiohttp.AiohttpTransport(limits=LIMITS)
    yield "inboxbridge", Transport()


async def measure(base_url: str, calls: int, at_once: int, rounds: int) -> None:
    """Print the best of several rounds, in turn, so that a busy machine disturbs all alike."""
    opened = list(transports())
    every = [(f"{t}, {w}", call) for t, opened_t in opened for w, call in ways(base_url, opened_t)]
    best = {name: (float("inf"), float("inf")) for name, _ in every}
    for _ in range(rounds):
        for name, call in every:
            best[name] = min(best[name], await cost_micros(call, calls, at_once))
    first, _ = next(iter(best.values()))
    for name, (processor, wall) in best.items():
        print(f"{name:32} {processor:6.0f} us processor {wall:6.0f} us wall", end="")
        print(f"   1/{first / processor:.1f}")
    for _, transport in opened:
        await transport.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1600)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--uvloop", action="store_true", help="in the client (the server has it)")
    chosen = parser.parse_args()
    run: Any = asyncio.run
    if chosen.uvloop:
        import uvloop

        run = uvloop.run
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,))
        server.start()
        try:
            run(measure(base_url, chosen.calls, chosen.at_once, chosen.rounds))
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()
