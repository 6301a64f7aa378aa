"""``inboxbridge console`` and ``serve --console``, as processes on loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

CONFIG = """\
[journal]
url = "sqlite:///journal.db"
[sites.default]
site_id = "site-1"
api_key = "key"
base_url = "http://127.0.0.1:9"
[connectors.shop]
plugin = "webhook"
signature = "none"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "connectors.toml").write_text(CONFIG)
    return tmp_path


@contextmanager
def running(
    folder: Path, *arguments: str, lines: int = 1, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "inboxbridge", *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline().strip() for _ in range(lines)]
    finally:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors


def test_without_a_password_one_for_this_run_is_printed(folder: Path) -> None:
    with running(folder, "console", "--port", "0") as (process, [line]):
        url = line.removeprefix("console ")
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/healthz").text == "ok\n"
        assert httpx.get(f"{url}/api/status").status_code == 401
        with httpx.Client(base_url=url, follow_redirects=True) as wrong:
            assert wrong.post("/login", data={"password": "wrong"}).status_code == 401
        code, errors = end(process)

    assert code == 0
    assert re.search(r"^password for this run: \S{12,}$", errors, re.MULTILINE)


def test_a_password_of_the_environment_is_not_printed(folder: Path) -> None:
    config = folder / "connectors.toml"
    config.write_text(CONFIG + '[console]\npassword = { env = "CONSOLE_PASSWORD" }\n')

    with running(
        folder, "console", "--port", "0", CONSOLE_PASSWORD="correct horse"
    ) as (process, [line]):  # fmt: skip
        url = line.removeprefix("console ")
        with httpx.Client(base_url=url, follow_redirects=True) as client:
            page = client.post("/login", data={"password": "correct horse"})
        _, errors = end(process)

    assert "Nothing needs you" in page.text
    assert "correct horse" not in errors
    assert "password for this run" not in errors


def test_served_beside_the_gateway_it_has_the_metrics_on_its_side(folder: Path) -> None:
    config = folder / "connectors.toml"
    config.write_text(CONFIG + '[console]\ntoken = "for-programs"\n')
    arguments = ("serve", "--port", "0", "--console", "--console-port", "0")

    with running(folder, *arguments, lines=2) as (process, [ready, console]):
        gateway, url = ready.removeprefix("ready "), console.removeprefix("console ")
        token = {"authorization": "Bearer for-programs"}
        stored = httpx.post(
            f"{gateway}/hooks/shop", json={"id": "1", "email": "d@example.com", "text": "Hi"}
        )
        found = httpx.get(f"{url}/api/find?q=d@example.com", headers=token)
        statuses = [
            httpx.get(f"{gateway}/metrics").status_code,
            httpx.get(f"{url}/metrics", headers=token).status_code,
            httpx.get(f"{gateway}/login").status_code,
        ]
        code, _ = end(process)

    assert stored.status_code == 200
    assert [one["source_id"] for one in found.json()["events"]] == ["1"]
    assert statuses == [404, 200, 404]
    assert code == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_listen_beyond_this_machine_without_a_password(folder: Path, host: str) -> None:
    for arguments in (
        ("console", "--host", host, "--port", "0"),
        ("serve", "--port", "0", "--console", "--console-host", host, "--console-port", "0"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "inboxbridge", *arguments],
            cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert "without a password or a token" in done.stderr
