"""What the tests across packages share: a sandbox on loopback, worker processes, the verdict."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import worker_process
from inboxbridge_sandbox import SandboxOptions, create_app

SITE_ID = "5a10a000-0000-4000-8000-00000000000{}"


class SandboxServer:
    """A sandbox behind a real server in a thread of this process."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.app = create_app(options)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app, log_config=None, access_log=False, lifespan="off", backlog=1024
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        wait_until(lambda: self._server.started, "the sandbox to start")
        self.http = httpx.Client(base_url=self.url, timeout=10)

    def close(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def messages(self) -> list[dict[str, Any]]:
        answer = self.http.get("/_sandbox/messages", timeout=600)  # an hour's are many
        answer.raise_for_status()
        return answer.json()["messages"]

    def texts(self) -> list[str]:
        return [text_of(one["message"]) for one in self.messages()]

    def stats(self) -> dict[str, Any]:
        return self.http.get("/_sandbox/stats").json()

    def faults(self, **faults: Any) -> None:
        self.http.post("/_sandbox/faults", json=faults).raise_for_status()

    def rules(self, *rules: dict[str, Any]) -> None:
        self.http.post("/_sandbox/rules", json=list(rules)).raise_for_status()

    def seed(self, *contacts: dict[str, Any]) -> None:
        self.http.post("/_sandbox/contacts", json=list(contacts)).raise_for_status()


def text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    if "minimal" in content:
        return content["minimal"]["text"]
    return "\n".join(item.get("text", "[file]") for item in content["basic"]["items"])


def contact(number: int, **info: Any) -> dict[str, Any]:
    return {
        "id": f"c0000000-0000-4000-8000-{number:012d}",
        "info": {
            "name": {"first": f"Person {number}"},
            "emails": {"items": [{"email": f"person{number}@example.com", "primary": True}]},
            **info,
        },
    }


def tables(journal_url: str, wix_url: str, *, sites: int = 1, **courier: Any) -> dict[str, Any]:
    """A configuration with one generic connection for each site: shop0, shop1, …"""
    settings = {
        "retry_base_seconds": 0.05,
        "retry_cap_seconds": 0.5,
        "throttled_seconds": 0.2,
        "settle_seconds": 0.2,
        "timeout_seconds": 5,
        **courier,
    }
    return {
        "journal": {"url": journal_url},
        "courier": settings,
        "sites": {
            f"site{n}": {
                "site_id": SITE_ID.format(n),
                "api_key": "test-key",
                "base_url": wix_url,
                "calls_per_minute": 0,
            }
            for n in range(sites)
        },
        "connectors": {
            f"shop{n}": {"plugin": "webhook", "signature": "none", "site": f"site{n}"}
            for n in range(sites)
        },
    }


# The fork server looks for what it preloads on the path that its environment names.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
)
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["worker_process"])


class Worker:
    """A running worker process; see worker_process.py.

    It is forked from a server that has imported everything, so it starts in milliseconds.
    """

    def __init__(self, config: dict[str, Any], **options: Any) -> None:
        handle, self._log_path = tempfile.mkstemp(prefix="worker-", suffix=".log")
        os.close(handle)
        ours, theirs = _processes.Pipe(duplex=False)
        self.process = _processes.Process(
            target=worker_process.run,
            args=({"config": config, **options}, theirs, self._log_path),
            daemon=True,
        )
        self.process.start()
        theirs.close()
        try:
            if not ours.poll(60):
                self.process.kill()
                raise EOFError
            self.url: str = ours.recv()
        except EOFError:
            self.process.join(5)
            # What an earlier one left may bring it to its step before it says where it listens.
            if not ("crash_step" in options and self.process.exitcode == -signal.SIGKILL):
                raise AssertionError(f"the worker did not start:\n{self.log}") from None
            self.url = ""
        finally:
            ours.close()

    @property
    def log(self) -> str:
        return Path(self._log_path).read_text()

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def stop(self) -> int | None:
        self.process.terminate()
        return self.wait_for_death(20)

    def wait_for_death(self, seconds: float = 30) -> int | None:
        self.process.join(seconds)
        return self.process.exitcode


@contextlib.contextmanager
def worker(config: dict[str, Any], **options: Any) -> Iterator[Worker]:
    started = Worker(config, **options)
    try:
        yield started
    finally:
        started.kill()
        Path(started._log_path).unlink()


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        pause.wait(0.02)


def event(thread: str, number: int, person: int, text: str | None = None) -> dict[str, Any]:
    return {
        "id": f"{thread}-{number}",
        "email": f"person{person}@example.com",
        "thread": thread,
        "text": f"{thread} {number}" if text is None else text,
    }


def verdict(sent: list[dict[str, Any]], messages: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What was lost, what doubled, and which threads are out of order."""
    texts = [text_of(one["message"]) for one in messages]
    counts: dict[str, int] = defaultdict(int)
    for text in texts:
        counts[text] += 1
    threads: dict[str, list[str]] = defaultdict(list)
    for one in sent:
        threads[one["thread"]].append(one["text"])
    place = {text: index for index, text in enumerate(texts)}
    return {
        "lost": [one["text"] for one in sent if counts[one["text"]] == 0],
        "doubled": [text for text, count in counts.items() if count > 1],
        "out of order": [
            thread
            for thread, wanted in threads.items()
            if (found := [place[text] for text in wanted if text in place]) != sorted(found)
        ],
    }


ALL_WELL: dict[str, list[str]] = {"lost": [], "doubled": [], "out of order": []}
