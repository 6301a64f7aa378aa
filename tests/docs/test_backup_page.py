"""The commands of the page about copies, run as they stand there."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

URL = "postgresql://user:password@localhost/inboxbridge"


def test_the_commands_of_the_page_about_copies_work(
    find_page: Callable[[str], Any], tmp_path: Path, postgres_url: str
) -> None:
    (tmp_path / "connectors.toml").write_text(
        '[sites.default]\nsite_id = "sandbox"\napi_key = "any"\n'
        '[connectors.shop]\nplugin = "webhook"\nsignature = "none"\n'
    )
    commands = [
        line.replace(URL, postgres_url)
        for block in find_page("docs/how-to/backup.md").blocks("sh")
        for line in block.code.splitlines()
    ]
    _inboxbridge(tmp_path, "restored")  # makes the journal

    for command in commands:
        _, *words = shlex.split(command)
        ran = _inboxbridge(tmp_path, *words)
        assert ran.returncode == 0, f"{command}: {ran.stderr}"

    assert [shlex.split(command)[1] for command in commands] == ["backup", "restored", "journal"]
    assert (tmp_path / "copy-monday.db").exists()


def _inboxbridge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inboxbridge", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
