"""Wix's own SDK against the sandbox. Left out unless INBOXBRIDGE_TEST_SDK=1: it needs Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import SandboxServer

ROOT = Path(__file__).parents[2]


@pytest.mark.sdk
def test_wixs_own_sdk_is_content_with_the_sandbox(sandbox: SandboxServer) -> None:
    assert shutil.which("npm"), "INBOXBRIDGE_TEST_SDK=1 needs Node.js and npm"
    ran = subprocess.run(
        [ROOT / "scripts" / "sdk", sandbox.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ,
    )
    assert ran.returncode == 0, ran.stderr

    results = json.loads(ran.stdout)

    assert {name: each.get("error") for name, each in results.items() if not each["ok"]} == {}
    for name in ("list", "list flat"):
        texts = [message["content"] for message in results[name]["answer"]["messages"]]
        assert [sorted(content) for content in texts] == [
            ["contentType", "minimal", "previewText"],
            ["basic", "contentType", "previewText"],
        ], name
    assert sandbox.stats()["unknown_keys"] == {}
