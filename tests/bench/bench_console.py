"""What an open console costs the courier: python tests/bench/bench_console.py [EVENTS]

Stored events become messages with nobody looking, and with a console in the same process: a Live
page that listens, and an overview that is loaded every two seconds. Rounds take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator

import common
import httpx
import structlog
from bench_courier import PEOPLE, delivered, store
from inboxbridge.config import Config, config_from
from inboxbridge.courier import Courier
from inboxbridge.journal import Journal, reads
from inboxbridge.plugins import connect_all
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge_console import create_app

ROUNDS = 3
LOOK_SECONDS = 2.0


@contextlib.asynccontextmanager
async def looking(config: Config, journal: Journal, *, on: bool) -> AsyncIterator[None]:
    if not on:
        yield
        return
    app = create_app(config, journal, password=None, token="any")
    headers = {"authorization": "Bearer any"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://console", headers=headers
    ) as client:

        async def listen() -> None:
            async for _ in app.live.listen():
                pass

        async def look() -> None:
            while True:
                (await client.get("/")).raise_for_status()
                await asyncio.sleep(LOOK_SECONDS)

        tasks = [asyncio.create_task(listen()), asyncio.create_task(look())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await app.close()


async def deliver(wix_url: str, count: int, *, on: bool) -> float:
    """Deliver so many events. Returns how many a second."""
    label = "with the console open" if on else "without a console"
    with tempfile.TemporaryDirectory() as folder:
        config = config_from(common.tables(f"sqlite:///{folder}/journal.db", wix_url), {})
        journal = Journal(config.journal.url)
        await store(journal, count + PEOPLE)
        connections, broken = connect_all(config)
        assert not broken
        courier = Courier(config, journal, connections, Reporter())
        async with looking(config, journal, on=on):
            await courier.start()
            task = asyncio.create_task(courier.run())
            await delivered(journal, PEOPLE)
            already = (await journal.read(reads.count_states))["delivered"]
            async with common.measured(label, count + PEOPLE - already) as result:
                await delivered(journal, count + PEOPLE)
            courier.stop()
            await task
        await journal.close()
        return result["rate"]


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rates: dict[bool, list[float]] = {False: [], True: []}
    with common.beside("standin.py") as wix_url:
        for _ in range(ROUNDS):
            for on in (False, True):
                rates[on].append(await deliver(wix_url, count, on=on))
    ratio = statistics.median(rates[True]) / statistics.median(rates[False])
    common.ratio("courier with the console open against without", ratio)


if __name__ == "__main__":
    common.run(main)
