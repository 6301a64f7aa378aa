"""Fixtures of the Wix client's tests: simulated time, a scripted Wix, and the sandbox."""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from inboxbridge.model import Badge, BasicMessage
from inboxbridge.wix import ApiKey, Budget, Outgoing, WixClient
from inboxbridge_sandbox import Sandbox, create_app

HERE = Path(__file__).parent
SITE_ID = "4e600edc-db48-4260-9d04-7ea5c3e5fffd"
KEY = ApiKey("IST.not-a-real-key", SITE_ID)


class _Skipping(selectors.DefaultSelector):
    """Where the loop would wait, the clock jumps."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self.now += max(timeout, 0.0)
        return ready


@pytest.fixture
def simulate() -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Run a coroutine function in a loop of its own whose time passes in no time."""

    def run(main: Callable[[], Awaitable[Any]]) -> Any:
        selector = _Skipping()
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main())  # type: ignore[arg-type]

    return run


@dataclass
class Script:
    """A Wix that answers as told, and keeps what it was asked.

    Answers are taken in turn; the last one stays. Each is a JSON value for a 200, an
    `httpx.Response`, an exception to raise, or a function of the request that returns one of these.
    """

    answers: list[Any] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return httpx.Response(200, json=answer)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def wix(script: Script) -> AsyncIterator[WixClient]:
    """A client whose Wix is `script`."""
    client = WixClient(KEY, transport=httpx.MockTransport(script), budget=Budget(0))
    yield client
    await client.aclose()


@dataclass
class Stage:
    """The sandbox behind a client."""

    client: WixClient
    http: httpx.AsyncClient
    sandbox: Sandbox

    async def seed(self, *contacts: dict[str, Any]) -> None:
        answer = await self.http.post(
            "/_sandbox/contacts", json=list(contacts), headers={"wix-site-id": SITE_ID}
        )
        assert answer.is_success, answer.text

    async def faults(self, **settings: Any) -> None:
        assert (await self.http.post("/_sandbox/faults", json=settings)).is_success

    async def stats(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get("/_sandbox/stats")).json()
        return found


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    app = create_app()
    transport = httpx.ASGITransport(app=app)
    client = WixClient(KEY, transport=transport, budget=Budget(0))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        yield Stage(client, http, app.state.sandbox)
    await client.aclose()


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """Build an `Outgoing` from what matters to a test."""

    def build(text: str = "Is Saturday free?", **changes: Any) -> Outgoing:
        fields: dict[str, Any] = {
            "conversation_id": "a4e3de1e-13ad-351e-a2e1-f33bf18a2325",
            "content": BasicMessage(text=text),
            "badge": Badge(text="Facebook", icon_url="https://cdn.example.net/facebook.png"),
            "direction": "inbound",
            "visibility": "business",
        }
        return Outgoing(**{**fields, **changes})

    return build


@pytest.fixture
def example() -> Callable[[str], Any]:
    """Read one JSON example of the article on example flows."""
    return lambda name: json.loads((HERE / "examples" / f"{name}.json").read_text())


@pytest.fixture
async def live_sandbox() -> AsyncIterator[str]:
    """A sandbox behind a real server on loopback: its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving
