"""``inboxbridge dev``: sandbox and ``serve`` in one, which starts again when a file changes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge.cli.dev import Stage, environment, watched
from inboxbridge.config import read_config

SECONDS = 60.0


@pytest.fixture
def stage(workspace: Any) -> Any:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield Stage(workspace.config, "http://127.0.0.1:8090", "sqlite:////tmp/x.db", bound)


def test_every_site_is_the_sandbox_and_the_journal_one_of_this_run(
    workspace: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIX_API_KEY")
    workspace.config.write_text(
        workspace.config.read_text() + '[sites.the-other]\nsite_id = "2"\napi_key = "k"\n'
    )

    config, problems = read_config(workspace.config, environment(stage))

    assert problems == []
    assert config is not None
    assert {site.base_url for site in config.sites.values()} == {stage.sandbox_url}
    assert len(config.sites) == 2
    assert config.journal.url == stage.journal_url


def test_the_folder_of_the_configuration_and_the_connectors_packages_are_watched(
    workspace: Any,
) -> None:
    import inboxbridge_webhook

    package = Path(inboxbridge_webhook.__file__).parent

    assert watched(workspace.config) == [(workspace.folder, False), (package, True)]


def test_without_a_configuration_the_next_step_is_said(workspace: Any) -> None:
    workspace.config.unlink()

    result = workspace.run("dev")

    assert result.exit_code == 2
    assert "`inboxbridge new NAME` writes one" in result.stderr


class Terminal:
    """What ``dev`` prints, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def until(self, start: str) -> str:
        """The rest of the first line that begins with *start*."""
        assert self.process.stdout is not None
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
            assert line, f"it has ended before {start!r}"
            if line.decode().startswith(start):
                return line.decode().removeprefix(start).strip()


@contextlib.asynccontextmanager
async def running(workspace: Any) -> AsyncIterator[Terminal]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "inboxbridge", "dev", "--port", "0", "--sandbox-port", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Terminal(process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0


@pytest.mark.slow
async def test_what_is_sent_shows_in_the_inbox_and_a_change_starts_serve_again(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    file = workspace.file("order.json", {"id": "1", "email": "d@example.com", "text": "Free?"})
    async with running(workspace) as terminal, httpx.AsyncClient() as client:
        inbox = await terminal.until("Inbox")
        url = await terminal.until("ready ")
        sent = await asyncio.to_thread(workspace.run, "send", "shop", file, "--url", url)
        assert sent.exit_code == 0, sent.output
        async with asyncio.timeout(SECONDS):
            while "Free?" not in (await client.get(f"{inbox}_sandbox/messages")).text:
                await asyncio.sleep(0.05)

        text = workspace.config.read_text()
        workspace.config.write_text(text.replace("[connectors.open]", "[connectors.renamed]"))
        await terminal.until("a file has changed")
        monkeypatch.setenv("INBOXBRIDGE__JOURNAL__URL", "sqlite:///.inboxbridge/dev.db")
        assert "delivered" in workspace.run("events").stdout
        assert await terminal.until("ready ") == url
        answer = await client.post(f"{url}/hooks/renamed", json=[])
        assert answer.status_code == 200


@pytest.mark.slow
async def test_a_file_that_cannot_be_used_is_said_and_the_next_change_is_taken(
    workspace: Any,
) -> None:
    good = workspace.config.read_text()
    async with running(workspace) as terminal:
        await terminal.until("ready ")
        workspace.config.write_text("this is not TOML")
        await terminal.until("`serve` has ended")
        workspace.config.write_text(good)
        assert re.match(r"http://127\.0\.0\.1:\d+", await terminal.until("ready "))
