"""``serve``, ``gateway``, ``courier`` and ``sandbox``, as processes on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from inboxbridge.courier import Courier
from inboxbridge.journal import reads

WIX_HEADERS = {"Authorization": "the-api-key", "wix-site-id": "site-1"}
ARTICLE = {
    "conversationId": "0a3f9c1e-0000-4000-8000-000000000001",
    "direction": "PARTICIPANT_TO_BUSINESS",
    "message": {"visibility": "BUSINESS", "content": {"basic": {"items": [{"text": "Hi"}]}}},
}
READY_SECONDS = 60.0
END_SECONDS = 10.0


class Running:
    """A command that has said it is ready, and what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, float, str, str]:
        """Send a signal. Returns exit code, seconds, further stdout, and stderr."""
        began = time.monotonic()
        self.process.send_signal(number)
        out, errors = await asyncio.wait_for(self.process.communicate(), 60)
        assert self.process.returncode is not None
        seconds = time.monotonic() - began
        return self.process.returncode, seconds, out.decode(), errors.decode()


@contextlib.asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "inboxbridge", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


@contextlib.asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Running]:
    async with process(*arguments) as started:
        assert started.stdout is not None
        line = await asyncio.wait_for(started.stdout.readline(), READY_SECONDS)
        if not line.startswith(b"ready "):
            _, errors = await asyncio.wait_for(started.communicate(), END_SECONDS)
            pytest.fail(errors.decode())
        yield Running(started, line.decode().removeprefix("ready ").strip())


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What *condition* (which may be a coroutine function) returns once it is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


def delivered_to(workspace: Any, url: str) -> None:
    text = workspace.config.read_text()
    workspace.config.write_text(text.replace("http://127.0.0.1:9", url))


async def messages(url: str) -> list[str]:
    async with httpx.AsyncClient() as client:
        found = (await client.get(f"{url}/_sandbox/messages")).json()["messages"]
    return [one["message"]["content"]["previewText"] for one in found]


async def post(url: str, **event: str) -> int:
    body = {"id": "e1", "email": "dana@example.com", "text": "Is Saturday free?", **event}
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=body, timeout=30)).status_code


async def test_serve_takes_a_webhook_to_the_inbox_and_ends_cleanly(workspace: Any) -> None:
    async with running("sandbox", "--port", "0") as wix:
        delivered_to(workspace, wix.url)
        async with running("serve", "--port", "0") as served:
            assert served.url.startswith("http://127.0.0.1:")
            assert await post(f"{served.url}/hooks/open") == 200
            await until(lambda: messages(wix.url))
            assert await messages(wix.url) == ["Is Saturday free?"]
            async with httpx.AsyncClient() as client:
                assert (await client.get(f"{served.url}/readyz")).status_code == 200
                strict = f"{wix.url}/inbox/v2/messages"
                answer = await client.post(strict, json=ARTICLE, headers=WIX_HEADERS)
                assert answer.status_code == 400

            code, seconds, out, errors = await served.end()

        assert code == 0
        assert seconds < END_SECONDS
        assert out == ""
        lines = [json.loads(line) for line in errors.splitlines()]
        assert {line["event"] for line in lines} >= {"stored", "delivered"}
        assert "Saturday" not in errors
        assert "dana" not in errors
        code, seconds, out, _ = await wix.end(signal.SIGINT)
        assert (code, out) == (0, "")
        assert seconds < END_SECONDS


async def test_the_end_comes_in_time_while_wix_does_not_answer(workspace: Any) -> None:
    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    asked = asyncio.Event()
    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    delivered_to(workspace, f"http://127.0.0.1:{port}")
    async with running("serve", "--port", "0") as served:
        assert await post(f"{served.url}/hooks/open") == 200
        await asyncio.wait_for(asked.wait(), 30)

        code, seconds, _, _ = await served.end(signal.SIGINT)

    silent.close()
    assert code == 0
    assert seconds < END_SECONDS


async def test_history_that_is_imported_beside_a_running_serve_arrives(workspace: Any) -> None:
    line = {
        "id": "old-1",
        "email": "dana@example.com",
        "text": "Hello",
        "occurred_at": "2026-11-06T21:20:31Z",
    }
    history = workspace.file("history.jsonl", json.dumps(line) + "\n")
    async with running("sandbox", "--port", "0") as wix:
        delivered_to(workspace, wix.url)
        async with running("serve", "--port", "0"):
            result = await asyncio.to_thread(workspace.run, "import", "open", history)
            assert result.exit_code == 0
            found = await until(lambda: messages(wix.url))

    assert found == ["[6 Nov 2026, 21:20 UTC] Hello"]


async def test_a_second_serve_on_the_same_sqlite_journal_ends_with_1(workspace: Any) -> None:
    async with running("serve", "--port", "0"), process("serve", "--port", "0") as second:
        out, errors = await asyncio.wait_for(second.communicate(), 60)

    assert second.returncode == 1
    assert out == b""
    assert b"another process is already delivering" in errors
    assert b"Traceback" not in errors


async def test_gateway_and_courier_share_a_postgresql_journal(
    workspace: Any, postgres_url: str
) -> None:
    text = workspace.config.read_text()
    workspace.config.write_text(text.replace(workspace.journal_url, postgres_url))
    async with running("sandbox", "--port", "0") as wix:
        delivered_to(workspace, wix.url)
        async with running("gateway", "--port", "0") as gateway, process("courier") as courier:
            assert await post(f"{gateway.url}/hooks/open") == 200
            assert await until(lambda: messages(wix.url), 60) == ["Is Saturday free?"]
            listed = await asyncio.to_thread(workspace.json, "events")
            checked = await asyncio.to_thread(workspace.json, "check")
            assert (listed["id"], listed["connection"], checked["ok"]) == (1, "open", True)

            gateway_code, _, gateway_out, _ = await gateway.end()
            code, seconds, out, errors = await Running(courier, "").end()

    assert (gateway_code, gateway_out) == (0, "")
    assert (code, out) == (0, "")
    assert seconds < END_SECONDS
    assert '"delivered"' in errors


@pytest.mark.parametrize("command", ["gateway", "courier"])
def test_the_two_apart_refuse_a_sqlite_journal(workspace: Any, command: str) -> None:
    result = workspace.run(command)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Run `inboxbridge serve`" in result.stderr
    assert 'url = "postgresql://…"' in result.stderr
    assert not (workspace.folder / "journal.db").exists()


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_an_address_that_is_taken_ends_with_2(workspace: Any, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = workspace.run(command, "--port", port)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def test_an_unset_secret_stops_the_start_and_is_named(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_SECRET")

    result = workspace.run("serve", "--port", "0")

    assert result.exit_code == 2
    assert "[connectors.shop] secret: the environment variable SHOP_SECRET is not set" in (
        result.stderr
    )


BROKEN = '[connectors.mine]\nplugin = "parcel"\n'


def test_strict_refuses_to_start_with_a_broken_connection(workspace: Any) -> None:
    workspace.config.write_text(workspace.config.read_text() + BROKEN)

    result = workspace.run("serve", "--port", "0", "--strict")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "no installed connector is called 'parcel'" in result.stderr


async def test_without_strict_the_other_connections_run(workspace: Any) -> None:
    workspace.config.write_text(workspace.config.read_text() + BROKEN)

    async with running("serve", "--port", "0") as served:
        assert await post(f"{served.url}/hooks/open") == 200
        code, _, _, errors = await served.end()

    assert code == 0
    assert "connection skipped" in errors
    found = await asyncio.to_thread(
        workspace.in_journal, lambda journal: journal.read(reads.count_states)
    )
    assert sum(found.values()) == 1


def test_a_courier_that_dies_ends_serve_with_1(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(_: Courier) -> None:
        raise RuntimeError("dana@example.com")

    monkeypatch.setattr(Courier, "run", dies)

    result = workspace.run("serve", "--port", "0")

    assert result.exit_code == 1
    assert result.stdout.startswith("ready ")
    assert "an essential part ended" in result.stderr
    assert "dana" not in result.stderr


def test_what_is_loaded_by_the_start_is_kept_from_the_garbage_collector(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(_: Courier) -> None:
        raise RuntimeError

    monkeypatch.setattr(Courier, "run", dies)
    asked: list[str] = []
    for name in ("collect", "freeze", "set_threshold"):
        monkeypatch.setattr(gc, name, lambda *_, name=name: asked.append(name))

    workspace.run("serve", "--port", "0")

    assert asked == ["collect", "freeze", "set_threshold"]


async def test_a_sandbox_that_is_told_to_be_lenient_takes_the_article_form(workspace: Any) -> None:
    async with running("sandbox", "--port", "0", "--lenient") as wix, httpx.AsyncClient() as http:
        page = await http.get(wix.url)
        answer = await http.post(f"{wix.url}/inbox/v2/messages", json=ARTICLE, headers=WIX_HEADERS)

    assert page.status_code == 200
    assert answer.status_code == 404, "taken for good, but there is no such conversation"
