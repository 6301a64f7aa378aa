"""Run a real sandbox and a real inboxbridge on loopback."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
from inboxbridge_sandbox import SandboxOptions, create_app

from inboxbridge.config import config_from
from inboxbridge.connector import Connector, Providers
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import serving
from inboxbridge.journal import reads
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Installed
from inboxbridge.runtime import Runtime, running
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import Sign, Subject

T = TypeVar("T")

SITE_ID = "5a10a000-0000-4000-8000-000000000001"
START_SECONDS = 15.0
LAND_SECONDS = 20.0
"""How long a delivery may take to become messages before the test fails."""

_QUICK = {
    "retry_base_seconds": 0.05,
    "retry_cap_seconds": 0.5,
    "throttled_seconds": 0.2,
    "settle_seconds": 0.2,
}
_UNDER_WAY = ("pending", "retrying")


@dataclass(frozen=True)
class SandboxServer:
    """A stand-in for Wix that listens on a loopback address.

    Attributes:
        url: Its address; also that of the Inbox as a person sees it.
    """

    url: str

    def messages(self) -> list[dict[str, Any]]:
        """Return every message kept, in order of arrival, as List Messages returns them."""
        kept: list[dict[str, Any]] = self._call("GET", "messages").json()["messages"]
        return [one["message"] for one in kept]

    def texts(self) -> list[str]:
        """Return the text of every message kept, in order of arrival."""
        return [_text_of(message) for message in self.messages()]

    def seed(self, *contacts: Mapping[str, Any]) -> None:
        """Add contacts, each an object as in Wix's Contacts API."""
        self._call("POST", "contacts", json=list(contacts))

    def faults(self, **faults: Any) -> None:
        """Make it fail on purpose, such as ``p_500=0.5`` or ``latency_ms=50``."""
        self._call("POST", "faults", json=faults)

    def rules(self, *rules: dict[str, Any]) -> None:
        """Answer certain calls by script: ``{"call": "send", "times": 1, "answer": "reset"}``.

        These rules take the place of those before; none removes them.
        """
        self._call("POST", "rules", json=list(rules))

    def stats(self) -> dict[str, Any]:
        """Return calls by endpoint and answers by status."""
        found: dict[str, Any] = self._call("GET", "stats").json()
        return found

    def reset(self) -> None:
        """Forget everything."""
        self._call("POST", "reset")

    def _call(self, method: str, path: str, **given: Any) -> httpx.Response:
        answer = httpx.request(method, f"{self.url}/_sandbox/{path}", timeout=10, **given)
        if not answer.is_success:
            raise ValueError(f"/_sandbox/{path} was refused: {answer.text}")
        return answer


def _text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    if "minimal" in content:
        return str(content["minimal"]["text"])
    return "\n".join(item["text"] for item in content["basic"]["items"] if "text" in item)


@dataclass(frozen=True)
class Delivered:
    """What became of a delivery.

    Attributes:
        status: What the source was answered with.
        body: The answer's body.
        events: The records of all events of the connection, oldest first, none under way any more.
        messages: All messages in the sandbox, in order of arrival.
    """

    status: int
    body: bytes
    events: list[EventRecord]
    messages: list[dict[str, Any]]


@contextmanager
def sandbox_server(options: SandboxOptions | None = None) -> Iterator[SandboxServer]:
    """Run a sandbox in a thread of its own until the block ends."""

    @asynccontextmanager
    async def served() -> AsyncIterator[str]:
        bound = listen("127.0.0.1", 0)
        try:
            async with serving(create_app(options), bound) as url:
                yield url
        finally:
            bound.close()

    with in_background(served) as (url, _):
        yield SandboxServer(url)


def deliver(
    sandbox: SandboxServer,
    folder: Path,
    connector: type[Connector[Any]] | Providers,
    sample: Sample,
    *,
    settings: Mapping[str, Any],
    provider: str | None = None,
    sign: Sign | None = None,
    signed: bool = True,
) -> Delivered:
    """Post a delivery to a real gateway and wait until the courier is done with it.

    Args:
        sandbox: Where messages go.
        folder: Where the journal is. Deliveries of one folder share it, as in real life.
        connector: The connector class, or the entry point's `Providers`.
        sample: What to post.
        settings: The connection's settings.
        provider: Which of the providers.
        sign: Signs the request, where the declared scheme cannot.
        signed: Whether to sign at all.

    Raises:
        TimeoutError: It was not done within `LAND_SECONDS`; the text says how far it came.
    """
    subject = Subject(connector, provider=provider, settings=settings, sign=sign)
    name = subject.name.lower()
    address = sample.url.partition("?")[0]
    config = config_from(
        {
            "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
            "courier": _QUICK,
            "sites": {
                "default": {
                    "site_id": SITE_ID,
                    "api_key": "key-of-the-sandbox",
                    "base_url": sandbox.url,
                    "calls_per_minute": 0,
                }
            },
            "connectors": {name: {**settings, "plugin": name, "public_url": address}},
        },
        environ={},
    )
    available = {name: [Installed(name, subject.package, "0", cast("Any", _Given(subject.cls)))]}

    def run() -> AbstractAsyncContextManager[Runtime]:
        return running(config, available=available, strict=True)

    request = sample.request()
    if signed and subject.verifies:
        request = subject.signed(request, now=time.time())
    query = request.url.partition("?")[2]
    with in_background(run) as (runtime, call):
        answer = httpx.post(
            f"{runtime.url}/hooks/{name}?{query}".rstrip("?"),
            headers=request.headers.pairs(),
            content=request.body,
            timeout=10,
        )
        events = call(_landed(runtime))
    return Delivered(answer.status_code, answer.content, events, sandbox.messages())


class _Given:
    """Stands for the entry point of a connector that need not be installed."""

    def __init__(self, connector: type[Connector[Any]]) -> None:
        self.name = self.value = connector.__name__
        self._connector = connector

    def load(self) -> type[Connector[Any]]:
        return self._connector


async def _landed(runtime: Runtime) -> list[EventRecord]:
    """Return all events once the courier is done with each."""
    deadline = time.monotonic() + LAND_SECONDS
    while True:
        events = list(reversed(await runtime.journal.read(reads.list_events, limit=1000)))
        waiting = [event for event in events if event.state in _UNDER_WAY]
        if not waiting:
            return events
        if time.monotonic() > deadline:
            how = "; ".join(f"{e.source_id} is {e.state} ({e.reason})" for e in waiting)
            raise TimeoutError(f"not delivered within {LAND_SECONDS:.0f} s: {how}")
        await asyncio.sleep(0.02)


@contextmanager
def in_background(
    make: Callable[[], AbstractAsyncContextManager[T]],
) -> Iterator[tuple[T, Callable[[Any], Any]]]:
    """Enter an asynchronous context in an event loop of its own, in another thread.

    Yields what the context gives, and a function that runs a coroutine in that loop.
    """
    entered: Future[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def main() -> None:
        leave = asyncio.Event()
        async with make() as made:
            entered.set_result((made, asyncio.get_running_loop(), leave))
            await leave.wait()

    ended: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if entered.done():
                ended.append(error)
            else:
                entered.set_exception(error)

    thread = threading.Thread(target=run, daemon=True, name="inboxbridge-testing")
    thread.start()
    made, loop, leave = entered.result(START_SECONDS)
    try:
        yield made, lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(60)
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join(START_SECONDS)
    if ended:
        raise ended[0]
