"""What a running inboxbridge answers and prints is what the pages say."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import SandboxServer

pytestmark = pytest.mark.slow

SECRET = "any-secret"
LAND_SECONDS = 60.0
MESSAGE = b'{"id": "m-1", "email": "dana@example.com", "name": "Dana Reyes", "text": "Hello"}'
OPEN = '\n[connectors.open]\nplugin = "webhook"\nsignature = "none"\n'


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


@dataclass
class Served:
    """`inboxbridge serve` on the configuration in the root, delivering to a sandbox."""

    folder: Path
    url: str
    environment: dict[str, str]
    process: subprocess.Popen[str]

    def command(self, *arguments: str, exit_codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "inboxbridge", *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode in exit_codes, done.stderr
        return done.stdout

    def landed(self) -> dict[str, Any]:
        """The newest delivered event, once there is one."""
        deadline = time.monotonic() + LAND_SECONDS
        while True:
            lines = self.command("events", "--state", "delivered", "--json").splitlines()
            if lines:
                return dict(json.loads(lines[0]))
            assert time.monotonic() < deadline, self.command("events", "--json")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)


@pytest.fixture
def served(root: Path, tmp_path: Path, sandbox: SandboxServer) -> Iterator[Served]:
    (tmp_path / "connectors.toml").write_text((root / "connectors.toml").read_text() + OPEN)
    environment = {
        **os.environ,
        "WIX_SITE_ID": "5a10a000-0000-4000-8000-000000000001",
        "WIX_API_KEY": "any",
        "WEBHOOK_SECRET": SECRET,
        "INBOXBRIDGE__SITES__DEFAULT__BASE_URL": sandbox.url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "inboxbridge", "serve", "--port", "0"],
        cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    ready = process.stdout.readline().split()
    try:
        assert ready[0] == "ready"
        yield Served(tmp_path, ready[1], environment, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def examples(page: Any) -> dict[str, Any]:
    """The page's JSON blocks by their headings."""
    found = re.findall(r"^## (\S+) --json$(.*?)(?=^## |\Z)", page.text, re.MULTILINE | re.DOTALL)
    return {
        name: json.loads(told.split("```json\n")[1].split("```")[0])
        for name, told in found
    }  # fmt: skip


def shape(value: Any) -> Any:
    """The keys of an output, and of what is within; nothing of maps that are free."""
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items() if key not in ("body", "headers")}
    return None


def test_the_configuration_in_the_root_serves_and_its_outputs_have_the_keys_of_the_page(
    served: Served, find_page: Callable[[str], Any]
) -> None:
    told = examples(find_page("docs/reference/json.md"))
    answer = httpx.post(f"{served.url}/hooks/webhook", content=MESSAGE, headers=signed(MESSAGE))
    assert answer.status_code == 200
    event = served.landed()
    file = served.folder / "message.json"
    file.write_bytes(MESSAGE)
    header = f"X-Hub-Signature-256: {signed(MESSAGE)['X-Hub-Signature-256']}"

    shown = json.loads(served.command("show", str(event["id"]), "--json"))
    connectors = json.loads(served.command("connectors", "--json"))
    tried = json.loads(
        served.command("try", "webhook", "message.json", "--header", header, "--json")
    )
    imported = json.loads(served.command("import", "webhook", "message.json", "--json"))
    checked = json.loads(served.command("check", "--json"))

    assert event.keys() == told["events"].keys()
    assert shown.keys() == {**told["events"], **told["show"]}.keys()
    for part in ("delivery", "contact", "tries", "request"):
        assert shape(shown[part]) == shape(told["show"][part]), part
    assert connectors[0].keys() == told["connectors"][0].keys()
    assert tried.keys() == told["try"].keys()
    assert tried["would"] == "deliver"
    assert shape(tried["requests"]) == shape(told["try"]["requests"])
    assert imported.keys() == told["import"].keys()
    assert imported["skipped"] == 1
    assert checked.keys() == told["check"].keys()
    assert checked["ok"] is True
    assert checked["hints"][0].keys() == told["check"]["problems"][0].keys()


def test_statuses_are_those_of_the_page(served: Served, find_page: Callable[[str], Any]) -> None:
    text = find_page("docs/reference/http.md").text
    hook, body = f"{served.url}/hooks/webhook", b"not json"
    with httpx.Client(timeout=20) as http:
        seen = {
            "stored": http.post(hook, content=MESSAGE, headers=signed(MESSAGE)),
            "kept though it cannot be read": http.post(hook, content=body, headers=signed(body)),
            "HEAD": http.head(hook),
            "unsigned": http.post(hook, content=MESSAGE),
            "no such connection": http.post(f"{served.url}/hooks/nobody", content=MESSAGE),
            "disabled": http.post(f"{served.url}/hooks/sms", content=MESSAGE),
            "malformed, and nothing verified": http.post(f"{served.url}/hooks/open", content=body),
            "another method": http.delete(hook),
            "too large": http.post(hook, content=b" " * (1024 * 1024 + 1)),
            "chunked and too large": http.post(hook, content=(b" " * 1024 for _ in range(1025))),
            "/healthz": http.get(f"{served.url}/healthz"),
            "/readyz": http.get(f"{served.url}/readyz"),
            "/metrics": http.get(f"{served.url}/metrics"),
        }

    assert {what: answer.status_code for what, answer in seen.items()} == {
        "stored": 200,
        "kept though it cannot be read": 200,
        "HEAD": 200,
        "unsigned": 401,
        "no such connection": 401,
        "disabled": 401,
        "malformed, and nothing verified": 400,
        "another method": 405,
        "too large": 413,
        "chunked and too large": 413,
        "/healthz": 200,
        "/readyz": 200,
        "/metrics": 200,
    }
    told = {int(status) for status in re.findall(r"\| (\d{3})", text)}
    assert {answer.status_code for answer in seen.values()} <= told


def test_every_metric_that_is_exposed_is_on_its_page(
    served: Served, find_page: Callable[[str], Any]
) -> None:
    text = find_page("docs/reference/metrics.md").text
    exposed = re.findall(r"^# TYPE (\w+) ", httpx.get(f"{served.url}/metrics").text, re.MULTILINE)
    names = [name for name in exposed if not name.endswith("_created")]

    assert names
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_demos_json_has_the_keys_of_the_page(find_page: Callable[[str], Any]) -> None:
    told = examples(find_page("docs/reference/json.md"))["demo"]

    done = subprocess.run(
        [sys.executable, "-m", "inboxbridge", "demo", "--exit", "--json"],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    shown = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert shape(shown) == shape(told)
