"""Couriers side by side: python tests/bench/bench_couriers.py [EVENTS]

One, two and four courier processes on one PostgreSQL, eight sites with known people, Wix at 0 ms
and at 50 ms. All of them, the database and the stand-in for Wix share this machine's processors.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import Counter

import common
import httpx
import structlog
from inboxbridge.journal import Accepted, Journal, accepting, migrate, open_engine, reads
from inboxbridge.model import Event, Person
from sqlalchemy import text

SITES = 8
PEOPLE = 100
SETTLE_SECONDS = 15


def accepted(site: int, number: int) -> Accepted:
    event = Event(
        id=f"event-{number}",
        person=Person(email=f"p{number % PEOPLE}@example.com"),
        text="Is Saturday free?",
    )
    name = f"site{site}" if site else "default"
    return Accepted(name, f"shop{site or ''}", None, time.time(), (event,))


async def store(journal: Journal, start: int, count: int) -> None:
    """Store events for every site in one transaction, so that all become visible at once."""
    batch = [accepted(n % SITES, start + n) for n in range(count)]

    def write() -> None:
        with journal.engine.begin() as connection:
            accepting.accept(connection, batch)

    await asyncio.to_thread(write)
    journal.announce({one.site for one in batch})


async def delivered(journal: Journal, count: int) -> None:
    while (await journal.read(reads.count_states)).get("delivered", 0) < count:
        await asyncio.sleep(0.02)


async def spread(journal: Journal, couriers: int) -> None:
    """Wait until the sites are shared out evenly."""
    query = text(
        "SELECT pid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    )
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        with journal.engine.connect() as connection:
            held = Counter(row.pid for row in connection.execute(query))
        # Each holds one lock for itself and one for each of its sites.
        if len(held) == couriers and set(held.values()) == {SITES // couriers + 1}:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the sites were not shared out")


async def couriers(number: int, latency: float, count: int) -> float:
    where = f"Wix at {latency * 1000:.0f} ms"
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(common.journal_url(postgres=True))
        wix_url = stack.enter_context(common.beside("standin.py", str(latency)))
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        processes = [
            stack.enter_context(
                common.process_beside("serving.py", "courier", url, wix_url, str(SITES))
            )
            for _ in range(number)
        ]
        journal = Journal(url)
        await spread(journal, number)
        warm = SITES * PEOPLE * 2
        await store(journal, 0, warm)
        await delivered(journal, warm)
        before = _spent(processes)
        await store(journal, warm, count)
        began = time.perf_counter()
        await delivered(journal, warm + count)
        rate = count / (time.perf_counter() - began)
        spent = (_spent(processes) - before) / count * 1000
        print(f"{f'couriers: {number}, {where}':<58}{rate:>10,.0f} /s{spent:>9.3f} ms in all each")
        sent = httpx.get(f"{wix_url}/sent").json()["sent"]
        assert sent == warm + count, sent
        await journal.close()
    return rate


def _spent(processes: list[common.Beside]) -> float:
    return sum(process.processor_seconds for process in processes)


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    print(f"{os.cpu_count()} processors")
    for latency in (0.0, 0.05):
        rates = [await couriers(number, latency, count) for number in (1, 2, 4)]
        common.ratio("two couriers against one", rates[1] / rates[0])
        common.ratio("four couriers against one", rates[2] / rates[0])


if __name__ == "__main__":
    common.run(main)
