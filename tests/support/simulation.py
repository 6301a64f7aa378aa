"""A courier and a sandbox in one event loop whose time passes in no time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import selectors
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from typing import Any

import httpx
from inboxbridge.config import config_from
from inboxbridge.courier import Courier
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.journal.rows import LIVE
from inboxbridge.model import Event, Person
from inboxbridge.plugins import connect_all
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge_sandbox import Sandbox, SandboxOptions, create_app

# httpx's ASGITransport looks for it on the disk at every call, a sixth of a simulation's time.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

START = 1_793_966_400.0
"""When a simulation begins: 2026-11-06, 12:00 UTC."""


class _Skipping(selectors.DefaultSelector):
    """Where the loop would wait, the clock jumps."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self.now += max(timeout, 0.0)
        return ready


def loop_of_its_own() -> asyncio.Runner:
    """A runner of coroutines whose loop's time jumps to what comes next."""
    selector = _Skipping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    return asyncio.Runner(loop_factory=lambda: loop)


def simulate(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function in a loop of its own whose time jumps to what comes next."""
    with loop_of_its_own() as runner:
        return runner.run(main())  # type: ignore[arg-type]


def now() -> float:
    """The simulated time, in seconds since the Unix epoch."""
    return START + asyncio.get_running_loop().time()


def site_id(number: int) -> str:
    """Wix's id of a simulated site."""
    return f"5a10a000-0000-4000-8000-{number:012d}"


def email(person: int) -> str:
    """A simulated person's address."""
    return f"person{person}@example.com"


@dataclass
class World:
    """What is simulated.

    Attributes:
        journal: The courier's journal.
        sandbox: The stand-in for Wix.
        http: A client of the sandbox.
        courier: The courier, not running before `start`.
        make_courier: Makes another one on the same journal.
        clock_ahead: By how many seconds the courier's clock is ahead of Wix's, in one item.
    """

    journal: Journal
    sandbox: Sandbox
    http: httpx.AsyncClient
    courier: Courier
    make_courier: Callable[[], Courier]
    clock_ahead: list[float] = field(default_factory=lambda: [0.0])
    _numbers: Counter[str] = field(default_factory=Counter)
    _running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let the courier work."""
        await self.courier.start()
        self._running = asyncio.create_task(self.courier.run())

    async def crash(self) -> None:
        """End the courier where it is, as a kill does, and start another one."""
        assert self._running is not None
        sites = [*self.courier.sites.values()]
        self._running.cancel()
        for site in sites:
            site.abandon()
            site.health.close()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.courier.give_up()
        self.courier = self.make_courier()
        await self.start()

    async def stop(self) -> None:
        """Let the courier end, and close the journal."""
        if self._running is not None:
            self.courier.stop()
            await self._running
        await self.journal.close()

    async def seed(self, people: Sequence[int], *, site: int = 0) -> None:
        """Make people contacts of a site."""
        found = [{"info": {"emails": {"items": [{"email": email(p)}]}}} for p in people]
        where = {"site": site_id(site)}
        answer = await self.http.post("/_sandbox/contacts", json=found, params=where)
        answer.raise_for_status()

    async def accept(
        self,
        people: Sequence[int],
        *,
        site: int = 0,
        label: str = "event",
        thread: str | None = None,
        lane: int = LIVE,
        age_seconds: float = 0.0,
        connection: str | None = None,
        occurred_at: datetime | None = None,
    ) -> None:
        """Store one event about each of *people*, one delivery each.

        An event's text is the label, the thread and a number that counts within these two.
        """
        await asyncio.gather(
            *(
                self.journal.accept(
                    Accepted(
                        site=f"site{site}",
                        connection=connection or f"shop{site}",
                        request=None,
                        received_at=now() - age_seconds,
                        events=(
                            self._event(label, person, thread or f"p{person}", site, occurred_at),
                        ),
                        lane=lane,
                    )
                )
                for person in people
            )
        )

    def _event(
        self, label: str, person: int, thread: str, site: int, occurred_at: datetime | None
    ) -> Event:
        key = f"{site} {label} {thread}"
        self._numbers[key] += 1
        text = f"{label} {thread} {self._numbers[key]}"
        return Event(
            id=f"{site} {text}",
            person=Person(email=email(person)),
            text=text,
            thread=thread,
            occurred_at=occurred_at,
        )

    async def delivered(self, count: int) -> None:
        """Wait until so many events are delivered."""
        while (await self.journal.read(reads.count_states)).get("delivered", 0) < count:
            await asyncio.sleep(1.0)

    @property
    def messages(self) -> list[tuple[float, str]]:
        """When each message arrived and what it says, in order of arrival."""
        return [
            (int(one.message["id"]) / 1e6, one.message["content"]["basic"]["items"][0]["text"])
            for one in self.sandbox.arrivals
        ]

    @property
    def calls(self) -> Counter[str]:
        """Calls by Wix's method."""
        return self.sandbox.stats.calls

    @property
    def refused(self) -> int:
        """How often the sandbox answered 429."""
        return self.sandbox.stats.answers["429"]


class Dated(httpx.AsyncBaseTransport):
    """Gives answers the ``Date`` that a server on the network gives them."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        answer.headers.setdefault("Date", formatdate(now(), usegmt=True))
        return answer


@contextlib.asynccontextmanager
async def world(
    *,
    sites: int = 1,
    calls_per_minute: int = 200,
    rate_per_minute: int | None = 200,
    latency_ms: float = 80,
    started: bool = True,
    more_connections: Sequence[str] = (),
    at_step: Callable[[str], None] = lambda step: None,
    site: Mapping[str, Any] | None = None,
    **courier: Any,
) -> AsyncIterator[World]:
    """Run a courier against a sandbox that refuses what goes beyond its limit.

    Args:
        sites: How many.
        calls_per_minute: What the courier keeps to, for each site.
        rate_per_minute: What the sandbox holds it to; None for no limit.
        latency_ms: How long the sandbox takes to answer.
        started: Whether the courier works from the beginning.
        at_step: Called with the name of each step of a delivery.
        site: Other credentials of the sites.
        more_connections: Names of further connections of the first site.
        courier: Settings of ``[courier]``.
    """
    app = create_app(SandboxOptions(now=now))
    sandbox: Sandbox = app.state.sandbox
    transport = Dated(httpx.ASGITransport(app=app))
    tables = {
        "courier": courier,
        "sites": {
            f"site{number}": {
                **(site or {"site_id": site_id(number), "api_key": "simulated"}),
                "base_url": "http://sandbox",
                "calls_per_minute": calls_per_minute,
            }
            for number in range(sites)
        },
        "connectors": {
            f"shop{number}": {"plugin": "webhook", "signature": "none", "site": f"site{number}"}
            for number in range(sites)
        }
        | {
            name: {"plugin": "webhook", "signature": "none", "site": "site0"}
            for name in more_connections
        },
    }
    ahead = [0.0]
    with tempfile.TemporaryDirectory(prefix="inboxbridge-simulation-") as folder:
        config = config_from({"journal": {"url": f"sqlite:///{folder}/journal.db"}, **tables}, {})
        connections, broken = connect_all(config, inline=True)
        assert not broken, broken
        journal = Journal(config.journal.url, inline=True)

        def make_courier() -> Courier:
            return Courier(
                config,
                journal,
                connections,
                Reporter(),
                transport=lambda site: transport,
                now=lambda: now() + ahead[0],
                clock=asyncio.get_running_loop().time,
                at_step=at_step,
                rng=random.Random(1),
            )

        sandbox.faults.update({"rate_per_minute": rate_per_minute, "latency_ms": latency_ms})
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
            made = World(journal, sandbox, http, make_courier(), make_courier, ahead)
            try:
                if started:
                    await made.start()
                yield made
            finally:
                await made.stop()
