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

pytestmark = pytest.mark.slow

WIX_HEADERS = {"Authorization": "the-api-key", "wix-site-id": "site-1"}
ARTICLE = {
    "conversationId": "0a3f9c1e-0000-4000-8000-000000000001",
    "direction": "PARTICIPANT_TO_BUSINESS",
    "message": {"visibility": "BUSINESS", "content": {"basic": {"items": [{"text": "Hi"}]}}},
}
READY_SECONDS = 60.0
END_SECONDS = 10.0
AS_COMMAND = "os.execv(sys.executable, [sys.executable, '-m', 'inboxbridge', *sys.argv[1:]])"


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
async def process(
    *arguments: str, before: str = "", descriptors: tuple[int, ...] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a command, in Python after the lines *before*."""
    command = ["-m", "inboxbridge"]
    if before:
        command = ["-c", f"import os, sys\n{before}\n{AS_COMMAND}"]
    started = await asyncio.create_subprocess_exec(
        sys.executable, *command, *arguments, pass_fds=descriptors,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


@contextlib.asynccontextmanager
async def running(*arguments: str, **how: Any) -> AsyncIterator[Running]:
    async with process(*arguments, **how) as started:
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


@contextlib.asynccontextmanager
async def silent_wix(workspace: Any) -> AsyncIterator[asyncio.Event]:
    """A Wix that does not answer. Yields what is set once it was asked."""

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    asked = asyncio.Event()
    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    delivered_to(workspace, f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    yield asked
    silent.close()


async def stored(workspace: Any) -> int:
    found = await asyncio.to_thread(
        workspace.in_journal, lambda journal: journal.read(reads.count_states)
    )
    return sum(found.values())


async def test_the_end_comes_in_time_while_wix_does_not_answer(workspace: Any) -> None:
    async with silent_wix(workspace) as asked, running("serve", "--port", "0") as served:
        assert await post(f"{served.url}/hooks/open") == 200
        await asyncio.wait_for(asked.wait(), 30)

        code, seconds, _, _ = await served.end(signal.SIGINT)

    assert code == 0
    assert seconds < END_SECONDS


async def test_to_the_end_deliveries_are_taken_while_wix_does_not_answer(workspace: Any) -> None:
    async with silent_wix(workspace) as asked, running("serve", "--port", "0") as served:
        assert await post(f"{served.url}/hooks/open") == 200
        await asyncio.wait_for(asked.wait(), 30)
        ending = asyncio.ensure_future(served.end())
        taken, last = 1, time.monotonic()
        began = last
        while True:
            try:
                status = await post(f"{served.url}/hooks/open", id=f"late-{taken}")
            except httpx.TransportError:
                break
            assert status == 200
            taken, last = taken + 1, time.monotonic()
            await asyncio.sleep(0.02)
        code, seconds, _, _ = await ending

    assert code == 0
    assert seconds < END_SECONDS
    assert last - began > 4.0, "the courier has five seconds to finish"
    assert began + seconds - last < 2.5, "hardly a moment without a listener"
    assert await stored(workspace) == taken


async def test_sighup_is_no_end(workspace: Any) -> None:
    async with running("serve", "--port", "0") as served:
        for _ in range(3):
            served.process.send_signal(signal.SIGHUP)
            assert await post(f"{served.url}/hooks/open") == 200
        code, _, _, errors = await served.end()

    assert code == 0
    assert "sighup_ignored" in errors


async def test_a_flood_of_what_is_no_http_is_ten_lines_in_the_log(workspace: Any) -> None:
    async with running("serve", "--port", "0") as served:
        port = int(served.url.rpartition(":")[2])
        for _ in range(40):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01 no HTTP\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()
        _, _, _, errors = await served.end()

    told = [json.loads(line) for line in errors.splitlines()]
    refused = [line for line in told if line["level"] == "warning"]
    assert [line["reason"] for line in refused[:10]] == ["not HTTP"] * 10
    assert [line["suppressed"] for line in refused[10:]] == [30]


async def test_a_socket_that_is_handed_over_refuses_nobody_between_two_starts(
    workspace: Any,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as bound:
        number = bound.fileno()
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/hooks/open"
        listening: dict[str, Any] = {"descriptors": (number,)}
        async with running("serve", "--fd", str(number), **listening) as first:
            assert url.startswith(first.url)
            ended = asyncio.Event()

            async def keep_posting() -> list[int]:
                answers = []
                while not ended.is_set() or len(answers) < 5:
                    answers.append(await post(url, id=f"e-{len(answers)}"))
                return answers

            posting = asyncio.ensure_future(keep_posting())
            await asyncio.sleep(0.3)
            code, _, _, _ = await first.end()
            assert code == 0
            async with running("serve", "--fd", str(number), **listening) as second:
                assert url.startswith(second.url)
                ended.set()
                answers = await asyncio.wait_for(posting, READY_SECONDS)

    assert set(answers) == {200}
    assert await stored(workspace) == len(answers)


async def test_systemds_socket_is_listened_on(workspace: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        before = (
            f"os.dup2({bound.fileno()}, 3)\n"
            "os.environ |= {'LISTEN_FDS': '1', 'LISTEN_PID': str(os.getpid())}"
        )
        how: dict[str, Any] = {"before": before, "descriptors": (bound.fileno(),)}
        async with running("serve", "--port", "1", **how) as served:
            assert served.url == f"http://127.0.0.1:{bound.getsockname()[1]}"
            assert await post(f"{served.url}/hooks/open") == 200
            code, _, out, _ = await served.end()

    assert (code, out) == (0, "")


def test_a_descriptor_that_does_not_listen_ends_with_2(workspace: Any) -> None:
    with socket.socket() as not_listening:
        idle = workspace.run("serve", "--fd", not_listening.fileno())
        assert not_listening.fileno() >= 0
    with open(workspace.config) as file:
        no_socket = workspace.run("serve", "--fd", file.fileno())

    assert (idle.exit_code, no_socket.exit_code) == (2, 2)
    assert "is not a TCP socket that listens" in idle.stderr
    assert "is not a socket that this process was started with" in no_socket.stderr


async def test_several_hosts_are_listened_on_at_one_port(workspace: Any) -> None:
    hosts = ("--host", "127.0.0.1", "--host", "::1")
    async with running("serve", *hosts, "--port", "0") as served:
        port = served.url.rpartition(":")[2]
        assert served.url == f"http://127.0.0.1:{port}"
        assert await post(f"http://127.0.0.1:{port}/hooks/open") == 200
        assert await post(f"http://[::1]:{port}/hooks/open", id="e2") == 200
        code, _, out, _ = await served.end()

    assert (code, out) == (0, "")
    assert await stored(workspace) == 2


async def test_what_gateway_is_set_to_is_what_it_does(workspace: Any) -> None:
    settings = (
        '[gateway]\npublic_url = "https://example.com/bridge"\nkeep_alive_seconds = 1\n'
        'max_connections = 2\nmax_body_bytes = 300\n[connectors.old]\nplugin = "webhook"\n'
        "enabled = false\n"
    )
    workspace.config.write_text(workspace.config.read_text() + settings)
    async with running("serve", "--port", "0") as served:
        port = int(served.url.rpartition(":")[2])
        assert await post(f"{served.url}/bridge/hooks/open") == 200
        assert await post(f"{served.url}/hooks/open", id="e2", text="x" * 300) == 413
        assert await post(f"{served.url}/hooks/old") == 401
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        began = time.monotonic()
        for reader, _ in pairs:
            assert await asyncio.wait_for(reader.read(), 10) == b""
        assert time.monotonic() - began > 0.9, "the last two were idle for a second"
        for _, writer in pairs:
            writer.close()
        _, _, _, errors = await served.end()

    assert "the connection old is switched off" in errors
    assert "too many connections" in errors


async def test_slow_clients_leave_descriptors_for_all_others(workspace: Any) -> None:
    """More of them than the process may have descriptors; it has 256, as 1,024 has it for 1,100."""
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))"
    async with running("serve", "--port", "0", before=limit) as served:
        port = int(served.url.rpartition(":")[2])
        slow = []
        for _ in range(300):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /hooks/open HTTP/1.1\r\nX-")
            slow.append(writer)
        await asyncio.sleep(0.5)

        for number in range(5):
            assert await post(f"{served.url}/hooks/open", id=f"e{number}") == 200
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{served.url}/readyz")).status_code == 200
        for writer in slow:
            writer.close()
        code, _, _, errors = await served.end()

    assert code == 0
    assert "too many connections" in errors
    assert await stored(workspace) == 5


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
    assert "connection_skipped" in errors
    assert await stored(workspace) == 1


def test_a_courier_that_dies_ends_serve_with_1(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(_: Courier) -> None:
        raise RuntimeError("dana@example.com")

    monkeypatch.setattr(Courier, "run", dies)

    result = workspace.run("serve", "--port", "0")

    assert result.exit_code == 1
    assert result.stdout.startswith("ready ")
    assert "essential_part_ended" in result.stderr
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
