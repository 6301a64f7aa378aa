"""The main job on embedded parts: sandbox, gateway and courier, and a story told through them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from inboxbridge.config import config_from
from inboxbridge.gateway.listening import address, listen
from inboxbridge.gateway.server import serving
from inboxbridge.journal import reads, writes
from inboxbridge.journal.rows import Reopening
from inboxbridge.model import Event, WebhookRequest
from inboxbridge.model.records import EventRecord
from inboxbridge.plugins import Connection
from inboxbridge.runtime import Runtime, running
from inboxbridge.telemetry.logs import configure_logs
from inboxbridge_sandbox import create_app
from rich.console import Console
from rich.live import Live

from inboxbridge_demo import view
from inboxbridge_demo.check import Expected, expected_text, faults, text_of
from inboxbridge_demo.story import Step, Story, pictures, tables, tell, toml_of

LAND_SECONDS = 45.0
BREATH_SECONDS = 0.6
PICTURES = "/demo-pictures"
CONFIG = "connectors.toml"
YOURS = {"id": "yours-1", "email": "you@example.com", "name": "You", "text": "It works!"}
_GATEWAY_PATHS = ("/hooks/", "/healthz", "/readyz", "/metrics")


class _Stage:
    """One address for the demo: the gateway's paths, the story's pictures, else the sandbox."""

    def __init__(self, sandbox: Any) -> None:
        self._sandbox = sandbox
        self._pictures = pictures()
        self.gateway: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if path.startswith(PICTURES + "/"):
            await self._picture(path.rpartition("/")[2], send)
        elif self.gateway is not None and path.startswith(_GATEWAY_PATHS):
            await self.gateway(scope, receive, send)
        else:
            await self._sandbox(scope, receive, send)

    async def _picture(self, name: str, send: Any) -> None:
        found = self._pictures.get(name)
        headers = [(b"content-type", b"image/svg+xml")]
        status = 404 if found is None else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": found or b""})


def run_demo(*, exit_when_done: bool = False, as_json: bool = False, port: int = 0) -> int:
    """Run the demo.

    Args:
        exit_when_done: End when everything has landed.
        as_json: Print the conversations as JSON instead of drawing them.
        port: Where it listens; 0 for any free port.

    Returns:
        0 if every event is in the Inbox once and in order, else 1.
    """
    return asyncio.run(_run(exit_when_done, as_json, port))


async def _run(exit_when_done: bool, as_json: bool, port: int) -> int:
    configure_logs(level=logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="inboxbridge-demo-") as folder:
        async with (
            _stage(Path(folder), port) as (runtime, url),
            httpx.AsyncClient(base_url=url, timeout=15) as http,
        ):
            # With --exit --json the output is the JSON and nothing else.
            ready_to = sys.stderr if as_json and exit_when_done else sys.stdout
            print(f"ready {url}", file=ready_to, flush=True)
            console = Console(stderr=as_json)
            story = tell(time.time(), url + PICTURES)
            started = time.monotonic()
            expected = await _tell(runtime, http, story, console)
            failed = await _after_the_failure(runtime, http)
            seconds = time.monotonic() - started
            found = await _conversations(http)
            wrong = expected.not_accepted + faults(expected, found)
            records = await _records(runtime)
            events = [record for record in records if record.state != "ignored"]
            delivered = [record for record in events if record.state == "delivered"]
            if as_json:
                shown = [{key: one[key] for key in ("contact", "messages")} for one in found]
                summary = {
                    "events": len(events),
                    "delivered": len(delivered),
                    "conversations": shown,
                }
                print(json.dumps(summary, indent=2, ensure_ascii=False), flush=True)
            else:
                if exit_when_done or not sys.stdout.isatty():
                    view.conversations(console, found)
                left_out = len(records) - len(events)
                for line in view.summary(len(delivered), left_out, failed, seconds):
                    console.print(line, soft_wrap=True)
            for fault in wrong:
                print(f"not as it should be: {fault}", file=sys.stderr)
            if not exit_when_done:
                richest = max(found, key=lambda one: len(one["messages"]), default=None)
                page = f"{url}/?conversation={richest['id']}" if richest else f"{url}/"
                file = Path(folder) / CONFIG
                stopped = _on_signal()
                for line in view.next_steps(page, _curl(runtime, url), file, failed, url):
                    console.print(line, soft_wrap=True)
                await stopped.wait()
            return 1 if wrong else 0


@contextlib.asynccontextmanager
async def _stage(folder: Path, port: int) -> AsyncIterator[tuple[Runtime, str]]:
    app = _Stage(create_app())
    bound = listen("127.0.0.1", port)
    url = address(bound)
    described = tables(url, url + PICTURES, f"sqlite:///{folder / 'journal.db'}")
    (folder / CONFIG).write_text(toml_of(described), encoding="utf-8")
    config = config_from(described, environ={})
    async with serving(app, bound), running(config, strict=True, poll_seconds=0.5) as runtime:
        app.gateway = runtime.app
        yield runtime, url


async def _tell(
    runtime: Runtime, http: httpx.AsyncClient, story: Story, console: Console
) -> Expected:
    """Deliver the story, watch it land, and return what the Inbox must hold in the end."""
    expected = Expected()
    shown: list[tuple[Step, int, list[int]]] = []
    live = Live(console=console, refresh_per_second=8, transient=False)
    await http.post("/_sandbox/contacts", json=story.contacts)
    await http.post("/_sandbox/rules", json=[story.failure])
    with live:
        for step in story.steps:
            before = {record.id for record in await _records(runtime)}
            status = await _deliver(http, runtime.connections[step.connection], step, expected)
            ids = [r.id for r in await _records(runtime) if r.id not in before]
            shown.append((step, status, ids))
            await _breathe(runtime)
            records = await _records(runtime)
            live.update(view.table(shown, {record.id: record for record in records}))
        deadline = time.monotonic() + LAND_SECONDS
        while time.monotonic() < deadline:
            records = await _records(runtime)
            live.update(view.table(shown, {record.id: record for record in records}))
            if not any(record.state in ("pending", "retrying") for record in records):
                break
            await asyncio.sleep(0.05)
    expected.not_accepted = [
        f"{step.what}: not accepted" for step, status, _ in shown if not 200 <= status < 300
    ]
    return expected


async def _after_the_failure(runtime: Runtime, http: httpx.AsyncClient) -> int | None:
    """Correct what made Wix refuse one message and deliver it again. Returns the event's id."""
    dead = [record.id for record in await _records(runtime) if record.state == "dead"]
    await http.post("/_sandbox/rules", json=[])
    await runtime.journal.write(writes.reopen, Reopening(tuple(dead), "replayed by the demo"))
    runtime.journal.announce({"default"})
    deadline = time.monotonic() + LAND_SECONDS
    while time.monotonic() < deadline:
        states = {record.state for record in await _records(runtime)}
        if not states & {"pending", "retrying"}:
            break
        await asyncio.sleep(0.05)
    return dead[0] if dead else None


def _curl(runtime: Runtime, url: str) -> str:
    """A command that sends a message of one's own, signed as the connection `shop` asks for."""
    body = json.dumps(YOURS)
    request = WebhookRequest(
        url=f"{url}/hooks/shop", headers={"content-type": "application/json"}, body=body.encode()
    )
    signed = runtime.connections["shop"].signature.sign(request, time.time())
    headers = " ".join(f"-H '{name}: {value}'" for name, value in signed.headers.pairs())
    return f"curl {headers} -d '{body}' {url}/hooks/shop"


async def _breathe(runtime: Runtime) -> None:
    """Let a delivery land before the next, as between people: the conversation reads better."""
    until = time.monotonic() + BREATH_SECONDS
    while time.monotonic() < until:
        if all(record.state not in ("pending", "retrying") for record in await _records(runtime)):
            return
        await asyncio.sleep(0.02)


async def _records(runtime: Runtime) -> list[EventRecord]:
    return await runtime.journal.read(reads.list_events, limit=1000)


async def _deliver(
    http: httpx.AsyncClient, connection: Connection, step: Step, expected: Expected
) -> int:
    request = WebhookRequest(
        url=connection.url or "", headers={"content-type": step.content_type}, body=step.body
    )
    for event in [part for part in connection.parts(request) if isinstance(part, Event)]:
        content, _ = connection.message(event)
        expected.add(connection.name, event, expected_text(content))
    status = 0
    for _ in range(step.times):
        signed = connection.signature.sign(request, time.time())
        answer = await http.post(
            f"/hooks/{connection.name}", content=step.body, headers=signed.headers.pairs()
        )
        status = answer.status_code
    return status


async def _conversations(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every conversation with its messages in order, as ``demo --json`` prints them."""
    contacts = {
        one["contact"]["id"]: one["contact"]
        for one in (await http.get("/_sandbox/contacts")).json()["contacts"]
    }
    grouped: dict[str, dict[str, Any]] = {}
    for kept in (await http.get("/_sandbox/messages")).json()["messages"]:
        contact_id = kept["contact_id"]
        one = grouped.setdefault(
            kept["conversation_id"],
            {
                "id": kept["conversation_id"],
                "contact": _contact(contact_id, contacts.get(contact_id, {})),
                "messages": [],
                "raw": [],
            },
        )
        one["messages"].append(_message(kept["message"]))
        one["raw"].append(kept["message"])
    return list(grouped.values())


def _contact(contact_id: str, contact: dict[str, Any]) -> dict[str, Any]:
    name = contact.get("info", {}).get("name", {})
    primary = contact.get("primaryInfo", {})
    return {
        "id": contact_id,
        "name": " ".join(part for part in (name.get("first"), name.get("last")) if part) or None,
        "email": primary.get("email"),
        "phone": primary.get("phone"),
    }


def _message(message: dict[str, Any]) -> dict[str, Any]:
    content = message["content"]
    minimal = content.get("minimal")
    badges = message.get("badges") or [{}]
    return {
        "type": "BASIC" if minimal is None else "MINIMAL",
        "direction": message["direction"],
        "visibility": message["visibility"],
        "text": text_of(message),
        "badge": badges[0].get("text") if minimal is None else None,
        "icon_url": badges[0].get("iconUrl") if minimal is None else minimal.get("iconUrl"),
    }


def _on_signal() -> asyncio.Event:
    """Return what is set by Ctrl-C or SIGTERM from now on."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped
