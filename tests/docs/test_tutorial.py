"""The tutorial, done as it is written."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.slow

READY_SECONDS = 60.0
LAND_SECONDS = 60.0
_INSTALLS = re.compile(r"^(python3 -m venv|\. \.venv|pip install ).*$", re.MULTILINE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


class Walk:
    """Somebody who does what the page says, in a folder and three terminals.

    Ports are free ones instead of the page's; what is installed already is not installed again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8090": str(free_port()), "8080": str(free_port())}
        self.sandbox = f"http://127.0.0.1:{self.ports['8090']}"
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(folder / "installed"), str(folder / "src")]),
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
        }

    def typed(self, code: str) -> str:
        """What is typed, where the page says *code*."""
        for port, free in self.ports.items():
            code = code.replace(f":{port}", f":{free}")
        there = f"--url http://127.0.0.1:{self.ports['8080']}"
        return code.replace("inboxbridge send", f"inboxbridge send {there}")

    def run(self, code: str) -> None:
        """Type the lines in the first terminal; each must succeed."""
        script = _INSTALLS.sub("", self.typed(code)).replace("mkdir first-connector", "")
        script = script.replace("cd first-connector", "")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script + "\npwd > " + str(self.folder / "where")],
            cwd=self.here, env=self.environment, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        if "pip install -e ." in code:
            self._install()

    @property
    def here(self) -> Path:
        """The folder that the first terminal is in."""
        where = self.folder / "where"
        return Path(where.read_text().strip()) if where.exists() else self.folder

    def _install(self) -> None:
        """What `pip install -e .` does, without a network."""
        project = tomllib.loads((self.here / "pyproject.toml").read_text())["project"]
        info = self.folder / "installed" / "inboxbridge_acme-0.1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: 0.1.0\n")
        points = project["entry-points"]["inboxbridge.connectors"]
        lines = [f"{name} = {target}" for name, target in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[inboxbridge.connectors]", *lines]))
        paths = [str(self.folder / "installed"), str(self.here / "src")]
        self.environment["PYTHONPATH"] = os.pathsep.join(paths)

    def start(self, terminal: str, command: str) -> None:
        """Run a command that stays, in place of the one that runs in that terminal."""
        self.end(terminal)
        words = command.split()
        ports = ["--port", self.ports["8080"], "--sandbox-port", self.ports["8090"]]
        process = subprocess.Popen(
            [sys.executable, "-m", *words, *ports],
            cwd=self.here, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.running[terminal] = process
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("ready http://"):
            assert line, f"{command} has ended"

    def end(self, terminal: str) -> None:
        """Press Ctrl-C."""
        process = self.running.pop(terminal, None)
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout is not None
        process.stdout.close()

    def texts(self, count: int) -> list[str]:
        """The texts in the Inbox, once there are so many."""
        deadline = time.monotonic() + LAND_SECONDS
        while True:
            answer = httpx.get(f"{self.sandbox}/_sandbox/messages", timeout=10)
            contents = [one["message"]["content"] for one in answer.json()["messages"]]
            if len(contents) >= count or time.monotonic() > deadline:
                return [_text(content) for content in contents]
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running["terminal 2"].wait(0.1)


def _text(content: dict[str, Any]) -> str:
    if "minimal" in content:
        return str(content["minimal"]["text"])
    return " ".join(item.get("text", "") for item in content["basic"]["items"])


def _undated(text: str) -> str:
    """The text without the time that what arrives late begins with."""
    return text.partition("] ")[2] or text


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    walk = Walk(tmp_path)
    yield walk
    for process in walk.running.values():
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_tutorial_ends_with_acmes_messages_in_the_inbox(
    walk: Walk, find_page: Callable[[str], Any]
) -> None:
    page = find_page("docs/tutorial.md")
    first = ["Is Saturday free?", "It is. Shall I book you in at ten?"]

    for block in page.blocks("sh", "python", "json", "toml"):
        if block.title is None:
            if "samples/message-received.json samples" in block.code:
                walk.run(block.code)
                assert walk.texts(2) == first
                continue
            walk.run(block.code)
            if block.code.strip() == "inboxbridge send acme samples":
                assert sorted(map(_undated, walk.texts(5))) == sorted(
                    [
                        *first,
                        "Can you deliver on Saturday?",
                        "We can, before noon.",
                        "Parcel P-7 delivered",
                    ]
                )
        elif block.title.startswith("terminal"):
            walk.start(block.title, block.code.strip())
        else:
            file = walk.here / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(walk.typed(block.code), encoding="utf-8")
