"""A copy of a journal, made while it is served and put back later, loses and doubles nothing."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import ALL_WELL, SandboxServer, contact, event, tables, verdict, wait_until, worker
from inboxbridge.journal import copying

pytestmark = pytest.mark.slow


def config_file(tmp_path: Path, config: dict[str, Any]) -> Path:
    """The same settings as a file, for commands."""
    lines = []
    for table, values in config.items():
        nested = {key: value for key, value in values.items() if isinstance(value, dict)}
        lines.append(f"[{table}]")
        lines += [f"{key} = {_toml(values[key])}" for key in values if key not in nested]
        for name, inner in nested.items():
            lines.append(f"[{table}.{name}]")
            lines += [f"{key} = {_toml(value)}" for key, value in inner.items()]
    path = tmp_path / "connectors.toml"
    path.write_text("\n".join(lines))
    return path


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def inboxbridge(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inboxbridge", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("by_hand", [True, False], ids=["restored", "noticed"])
def test_what_was_delivered_since_the_copy_is_not_sent_again(
    tmp_path: Path, sandbox: SandboxServer, by_hand: bool
) -> None:
    sandbox.seed(*(contact(n) for n in range(4)))
    journal = tmp_path / "journal.db"
    config = tables(f"sqlite:///{journal}", sandbox.url)
    file = config_file(tmp_path, config)
    sent = [event(f"thread{n % 4}", n, n % 4) for n in range(12)]
    sandbox.faults(latency_ms=4000)
    with worker(config) as running:
        assert httpx.post(f"{running.url}/hooks/shop0", json=sent, timeout=30).status_code == 200
        made = inboxbridge("backup", str(tmp_path / "copy.db"), "--config", str(file))
        sandbox.faults(latency_ms=0)
        wait_until(lambda: len(sandbox.messages()) == len(sent), "all to land")
        assert running.stop() == 0
    assert made.returncode == 0, made.stderr
    for left in tmp_path.glob("journal.db-*"):
        left.unlink()
    shutil.copy(tmp_path / "copy.db", journal)
    if by_hand:
        journal.with_name("journal.db.courier").unlink()
        said = inboxbridge("restored", "--config", str(file))
        assert "12 events will be looked for" in said.stdout, said.stderr

    more = [event(f"thread{n % 4}", n, n % 4) for n in range(12, 16)]
    with worker(config) as running:
        assert httpx.post(f"{running.url}/hooks/shop0", json=more, timeout=30).status_code == 200
        wait_until(lambda: len(sandbox.messages()) >= len(sent) + 4, "the new ones to land")
        assert running.stop() == 0

    assert verdict(sent + more, sandbox.messages()) == ALL_WELL


def test_a_copy_is_private_and_nothing_is_overwritten(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    config = tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url)
    file = config_file(tmp_path, config)
    with worker(config, courier=False):
        before = os.umask(0)
        try:
            first = inboxbridge("backup", str(tmp_path / "copy.db"), "--config", str(file))
            second = inboxbridge("backup", str(tmp_path / "copy.db"), "--config", str(file))
        finally:
            os.umask(before)

    assert first.returncode == 0, first.stderr
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert second.returncode == 1
    assert "exists" in second.stderr


def test_a_journal_on_postgresql_is_copied_by_its_own_tool(
    tmp_path: Path, sandbox: SandboxServer, postgres_url: str
) -> None:
    config = tables(postgres_url, sandbox.url)
    file = config_file(tmp_path, config)
    with worker(config, courier=False):
        said = inboxbridge("backup", str(tmp_path / "copy.db"), "--config", str(file))

    assert said.returncode == 1
    assert "pg_dump" in said.stderr
    assert not (tmp_path / "copy.db").exists()


def _with_backlog(tmp_path: Path, sandbox: SandboxServer, sent: list[dict[str, Any]]) -> str:
    """A SQLite journal in which some events are delivered and the rest wait."""
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    sandbox.seed(*(contact(n) for n in range(4)))
    config = tables(url, sandbox.url)
    with worker(config) as running:
        assert httpx.post(f"{running.url}/hooks/shop0", json=sent[:8]).status_code == 200
        wait_until(lambda: len(sandbox.messages()) == 8, "the first to land")
        assert running.stop() == 0
    with worker(config, courier=False) as running:
        assert httpx.post(f"{running.url}/hooks/shop0", json=sent[8:16]).status_code == 200
        assert running.stop() == 0
    return url


def test_a_journal_goes_on_in_postgresql_where_it_was_in_sqlite(
    tmp_path: Path, sandbox: SandboxServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [event(f"thread{n % 4}", n, n % 4) for n in range(20)]
    url = _with_backlog(tmp_path, sandbox, sent)
    monkeypatch.setattr(copying, "ROWS", 3)

    def cut(name: str, rows: int) -> None:
        if name == "events":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # ended in the middle, as by a person
        copying.copy_journal(url, postgres_url, cut)
    said = inboxbridge("journal", "copy", url, postgres_url)
    again = inboxbridge("journal", "copy", url, postgres_url)
    with worker(tables(postgres_url, sandbox.url)) as running:
        more = [sent[0], *sent[16:]]  # the first one is a repetition
        assert httpx.post(f"{running.url}/hooks/shop0", json=more).status_code == 200
        wait_until(lambda: len(sandbox.messages()) >= len(sent), "the backlog to land")
        assert running.stop() == 0

    assert said.returncode == again.returncode == 0, said.stderr + again.stderr
    assert "events                 16 rows        16 copied" in said.stdout
    assert verdict(sent, sandbox.messages()) == ALL_WELL


def test_another_journal_is_never_copied_over(
    tmp_path: Path, sandbox: SandboxServer, postgres_url: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = _with_backlog(tmp_path / "a", sandbox, [event("a", n, n % 4) for n in range(16)])
    sandbox.http.post("/_sandbox/reset").raise_for_status()
    second = _with_backlog(tmp_path / "b", sandbox, [event("b", n, n % 4) for n in range(16)])

    assert inboxbridge("journal", "copy", first, postgres_url).returncode == 0
    refused = inboxbridge("journal", "copy", second, postgres_url)

    assert refused.returncode == 1
    assert "another journal" in refused.stderr


def test_restored_marks_what_is_open_in_postgresql_too(
    tmp_path: Path, sandbox: SandboxServer, postgres_url: str
) -> None:
    sandbox.seed(contact(0))
    config = tables(postgres_url, sandbox.url)
    file = config_file(tmp_path, config)
    sent = [event("thread", n, 0) for n in range(3)]
    with worker(config, courier=False) as running:
        assert httpx.post(f"{running.url}/hooks/shop0", json=sent).status_code == 200
        said = inboxbridge("restored", "--config", str(file))
    with worker(config) as running:
        wait_until(lambda: len(sandbox.messages()) >= 3, "all to land")
        assert running.stop() == 0

    assert "3 events will be looked for" in said.stdout, said.stderr
    assert verdict(sent, sandbox.messages()) == ALL_WELL
    assert sandbox.stats()["calls"]["GET /inbox/v2/messages"] == 3
