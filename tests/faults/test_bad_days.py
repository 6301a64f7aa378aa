"""What goes wrong around us: signals, locks, lost databases, clocks, refused credentials."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from harness import (
    ALL_WELL,
    SandboxServer,
    Worker,
    contact,
    event,
    tables,
    verdict,
    wait_until,
    worker,
)
from inboxbridge.config import config_from
from inboxbridge.courier import AlreadyRunning
from inboxbridge.journal import reads, writes
from inboxbridge.journal.rows import Reopening
from inboxbridge.runtime import Runtime, running

pytestmark = pytest.mark.slow


def _post(url: str, body: Any, connection: str = "shop0") -> int:
    return httpx.post(f"{url}/hooks/{connection}", json=body, timeout=30).status_code


async def _accepted(runtime: Runtime, body: Any) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{runtime.url}/hooks/shop0", json=body)
    assert answer.status_code == 200


async def _until(is_so: Any, what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not await is_so():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        await asyncio.sleep(0.02)


async def _state(runtime: Runtime, number: int = 1) -> str:
    record = await runtime.journal.read(reads.get_event, number)
    return record.state if record else ""


def test_sigterm_in_the_middle_ends_with_exit_0_and_the_rest_arrives_after_a_restart(
    journal_url: str, sandbox: SandboxServer
) -> None:
    sandbox.seed(*(contact(n) for n in range(6)))
    sandbox.faults(latency_ms=150)
    sent = [event(f"thread{n % 6}", n, n % 6) for n in range(36)]
    config = tables(journal_url, sandbox.url)

    with worker(config) as first:
        assert _post(first.url, sent) == 200
        wait_until(lambda: sandbox.messages(), "the first message")
        asked = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - asked < 10
    before = len(sandbox.messages())
    sandbox.faults(latency_ms=0)
    with worker(config):
        wait_until(lambda: len(sandbox.messages()) >= len(sent), "the rest to land")

    assert before < len(sent)
    assert verdict(sent, sandbox.messages()) == ALL_WELL


def test_a_database_that_drops_every_connection_again_and_again_costs_nothing(
    postgres_url: str, postgres: str, sandbox: SandboxServer
) -> None:
    sandbox.seed(*(contact(n) for n in range(4)))
    sandbox.faults(latency_ms=20)
    config = tables(postgres_url, sandbox.url, settle_seconds=0.5)
    name = postgres_url.partition("?")[0].rpartition("/")[2]
    sent = [event(f"thread{n % 4}", n, n % 4) for n in range(60)]

    with worker(config) as running_worker, psycopg.connect(postgres, autocommit=True) as admin:
        for number, one in enumerate(sent):
            while _post(running_worker.url, one) != 200:
                pass
            if number % 15 == 7:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [name],
                )
        wait_until(lambda: len(sandbox.messages()) >= len(sent), "all events to land")

    assert verdict(sent, sandbox.messages()) == ALL_WELL


def test_a_locked_sqlite_file_is_answered_503_and_taken_up_again_once_it_is_free(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    path = tmp_path / "journal.db"
    config = tables(f"sqlite:///{path}", sandbox.url)
    with worker(config) as running_worker:
        locker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        locker.execute("BEGIN IMMEDIATE")
        assert _post(running_worker.url, event("thread", 0, 1)) == 503
        ready = httpx.get(f"{running_worker.url}/readyz", timeout=30)
        locker.execute("ROLLBACK")
        locker.close()
        assert ready.status_code == 503
        assert "locked" in ready.text
        assert _post(running_worker.url, event("thread", 0, 1)) == 200
        wait_until(lambda: sandbox.messages(), "the event to land")


def test_several_processes_that_start_at_once_on_a_new_journal_all_come_up(
    journal_url: str, sandbox: SandboxServer
) -> None:
    config = tables(journal_url, sandbox.url)
    started: list[Worker] = []
    threads = [
        threading.Thread(target=lambda: started.append(Worker(config, courier=False)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [httpx.get(f"{one.url}/readyz").status_code for one in started]
    for one in started:
        one.kill()

    assert answers == [200] * 4


async def test_a_second_courier_on_one_sqlite_journal_is_refused_by_name(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    config = config_from(tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url), {})
    async with running(config):
        with pytest.raises(AlreadyRunning, match="already delivering"):
            async with running(config):
                pass


async def test_a_clock_set_back_an_hour_does_not_put_off_a_retry(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    ahead = 3600.0
    config = config_from(tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url), {})
    sandbox.faults(p_500=1.0)
    async with running(config, now=lambda: time.time() + ahead) as runtime:
        await _accepted(runtime, event("thread", 0, 1))

        async def is_retrying() -> bool:
            return await _state(runtime) == "retrying"

        await _until(is_retrying, "the first failure")
        ahead = 0.0
        sandbox.faults(p_500=0.0)

        async def is_delivered() -> bool:
            return await _state(runtime) == "delivered"

        await _until(is_delivered, "the retry")
    assert sandbox.texts() == ["thread 0"]


async def test_refused_credentials_stop_the_site_with_its_reason_and_without_a_storm(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    sandbox.http.post("/_sandbox/permissions", json={"permissions": []}).raise_for_status()
    config = config_from(tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url), {})
    async with running(config) as runtime:
        await _accepted(runtime, [event(f"thread{n}", n, n) for n in range(50)])

        async def is_stopped() -> bool:
            states = await runtime.journal.read(reads.site_states)
            return states["site0"][0] == "stopped"

        await _until(is_stopped, "the site to stop")
        _, reason = (await runtime.journal.read(reads.site_states))["site0"]
        await asyncio.sleep(0.5)
        calls = sum(sandbox.stats()["calls"].values())
        counts = await runtime.journal.read(reads.count_states)

    assert "403" in str(reason)
    assert calls <= 40
    assert sum(counts.get(state, 0) for state in ("pending", "retrying")) == 50


async def test_with_hold_a_dead_event_keeps_its_thread_waiting_until_it_is_replayed(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1), contact(2))
    config = config_from(
        tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url, hold=True, max_age_seconds=0.2),
        {},
    )
    sandbox.faults(p_500=1.0)
    async with running(config, poll_seconds=0.2) as runtime:
        await _accepted(runtime, [event("held", 0, 1)])

        async def is_dead() -> bool:
            return await _state(runtime) == "dead"

        await _until(is_dead, "the event to be given up")
        sandbox.faults(p_500=0.0)
        await _accepted(runtime, [event("held", 1, 1), event("other", 0, 2)])

        async def other_landed() -> bool:
            return "other 0" in sandbox.texts()

        await _until(other_landed, "the other thread to go on")
        assert sandbox.texts() == ["other 0"]
        await runtime.journal.write(writes.reopen, Reopening((1,), "replayed"))

        async def held_landed() -> bool:
            return len(sandbox.texts()) == 3

        await _until(held_landed, "the held thread to go on")
    assert sandbox.texts() == ["other 0", "held 0", "held 1"]


@pytest.fixture
def owners(postgres_url: str) -> Iterator[Any]:
    """How many sites each courier session owns just now, by its process id."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        def count() -> dict[int, int]:
            rows = connection.execute(
                "SELECT pid, count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND objsubid = 2 AND classid = %s GROUP BY pid",
                [0x1B0B_5173],
            )
            return dict(rows.fetchall())

        yield count


def test_sites_spread_evenly_and_move_within_five_seconds_of_a_kill(
    postgres_url: str, sandbox: SandboxServer, owners: Any
) -> None:
    config = tables(postgres_url, sandbox.url, sites=8)
    with worker(config, gateway=False) as first:
        wait_until(lambda: sorted(owners().values()) == [8], "the first to own all")
        with worker(config, gateway=False), worker(config, gateway=False):
            wait_until(lambda: sorted(owners().values()) == [2, 3, 3], "an even spread")
            first.kill()
            killed = time.monotonic()
            wait_until(lambda: sorted(owners().values()) == [4, 4], "the rest to take over")
            assert time.monotonic() - killed < 5


async def test_what_a_connection_left_goes_on_in_order_once_it_runs_again(
    tmp_path: Path, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1), contact(2))
    document = tables(f"sqlite:///{tmp_path / 'journal.db'}", sandbox.url)
    document["connectors"]["other"] = {"plugin": "webhook", "signature": "none", "site": "site0"}
    sandbox.faults(p_500=1.0)
    async with running(config_from(document, {})) as runtime:
        await _accepted(runtime, [event("left", n, 1) for n in range(3)])
    sandbox.faults(p_500=0.0)
    stopped = {**document["connectors"], "shop0": {"plugin": "webhook", "enabled": False}}
    async with running(config_from({**document, "connectors": stopped}, {})) as runtime:
        async with httpx.AsyncClient() as http:
            await http.post(f"{runtime.url}/hooks/other", json=event("other", 0, 2))

        async def other_landed() -> bool:
            return sandbox.texts() == ["other 0"]

        await _until(other_landed, "the other connection's event")
        counts = await runtime.journal.read(reads.count_states)
    async with running(config_from(document, {})) as runtime:
        await _accepted(runtime, [event("left", 3, 1)])

        async def all_landed() -> bool:
            return len(sandbox.texts()) == 5

        await _until(all_landed, "what was left")

    assert counts.get("parked", 0) == 0
    assert sandbox.texts() == ["other 0", *(f"left {n}" for n in range(4))]
