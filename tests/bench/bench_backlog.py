"""A long backlog: python tests/bench/bench_backlog.py [EVENTS]

EVENTS (default 200,000) wait in SQLite when the courier starts: how soon the first is delivered,
what memory it takes then and after 20,000 deliveries, and how long the list of events takes. The
same beside a journal with 1,000 events.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import common
import structlog
from inboxbridge.config import config_from
from inboxbridge.courier import Courier
from inboxbridge.journal import Accepted, Journal, accepting, migrate, open_engine, reads
from inboxbridge.model import Event, Person
from inboxbridge.plugins import connect_all
from inboxbridge.telemetry.reporter import Reporter

PEOPLE = 500
WARM, DELIVERIES = 2000, 20_000
PAGE = 50
FEW = 1000


def fill(url: str, count: int) -> None:
    """Store pending events, a transaction for each 10,000."""
    engine = open_engine(url)
    migrate(engine)
    for start in range(0, count, 10_000):
        batch = [_accepted(number) for number in range(start, min(start + 10_000, count))]
        with engine.begin() as connection:
            accepting.accept(connection, batch)
    engine.dispose()


def _accepted(number: int) -> Accepted:
    person = Person(email=f"p{number % PEOPLE}@example.com", name="Dana Reyes")
    event = Event(id=f"event-{number}", person=person, text=f"event {number}")
    return Accepted("default", "shop", None, time.time() - 3600, (event,))


async def deliver(url: str, wix_url: str, deliveries: int) -> tuple[float, float]:
    """Return the seconds until the first delivery and the growth of memory afterwards in MiB."""
    config = config_from(common.tables(url, wix_url), {})
    began = time.perf_counter()
    journal = Journal(config.journal.url)
    connections, broken = connect_all(config)
    assert not broken
    first = asyncio.Event()
    reporter = Reporter()
    settled = 0

    def count(*_: Any, **__: Any) -> None:
        nonlocal settled
        settled += 1
        first.set()

    reporter.settled = count  # type: ignore[method-assign]
    courier = Courier(config, journal, connections, reporter)
    await courier.start()
    task = asyncio.create_task(courier.run())
    await first.wait()
    seconds = time.perf_counter() - began
    held = []
    for some in (min(WARM, deliveries), deliveries):
        while settled < some:
            await asyncio.sleep(0.01)
        held.append(common.memory_now_mib())
        print(f"{f'   memory after {some:,} deliveries':<58}{held[-1]:>10.0f} MiB")
    courier.stop()
    await task
    await journal.close()
    return seconds, held[1] - held[0]


def milliseconds(journal: Journal, **query: Any) -> float:
    def once() -> float:
        began = time.perf_counter()
        journal.read_now(reads.list_events, limit=PAGE, **query)
        return (time.perf_counter() - began) * 1000

    return min(once() for _ in range(5))


async def lists(url: str, count: int) -> None:
    journal = Journal(url)
    far = max(count - 1000 * PAGE, PAGE)
    print(f"a page of {PAGE} events of {count:,}, in ms:")
    for label, query in (
        ("newest first", {}),
        ("state = pending", {"state": "pending"}),
        ("state = delivered", {"state": "delivered"}),
        ("state = dead (none)", {"state": "dead"}),
        ("connection = shop, state = pending", {"connection_name": "shop", "state": "pending"}),
        ("a connection without events", {"connection_name": "quiet"}),
        ("the same, state = pending", {"connection_name": "quiet", "state": "pending"}),
    ):
        one = milliseconds(journal, **query)
        thousandth = milliseconds(journal, before_id=far, **query)
        print(f"{f'   {label}':<58}{one:>10.1f} first{thousandth:>9.1f} thousandth page")
    began = time.perf_counter()
    journal.read_now(reads.count_states)
    print(f"{'   counting the states':<58}{(time.perf_counter() - began) * 1000:>10.1f} once")
    await journal.close()


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with common.beside("standin.py") as wix_url:
        with common.journal_url() as url:
            fill(url, FEW)
            few, _ = await deliver(url, wix_url, FEW)
        with common.journal_url() as url:
            began = time.perf_counter()
            fill(url, count)
            print(f"{count:,} events stored in {time.perf_counter() - began:.0f} s")
            held = common.memory_now_mib()
            print(f"{'   memory before the courier starts':<58}{held:>10.0f} MiB")
            seconds, growth = await deliver(url, wix_url, min(DELIVERIES, count))
            await lists(url, count)
    common.ratio("from start to first delivery", seconds, "s")
    common.ratio("the same with 1,000 events, in a cold process", few, "s")
    common.ratio("growth of memory from 2,000 to 20,000 deliveries", growth, "MiB")


if __name__ == "__main__":
    common.run(main)
