"""How fast stored events become messages: python tests/bench/bench_courier.py [EVENTS]

Known contacts, a stand-in for Wix beside, SQLite. Compares the courier with the same number of bare
sends through the same client, at 0 ms and at 50 ms.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time

import common
import structlog
from inboxbridge.config import config_from
from inboxbridge.courier import Courier, wix_client
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.model import BasicMessage, Event, Person, WebhookRequest
from inboxbridge.plugins import connect_all
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import Outgoing

PEOPLE = 500


async def store(journal: Journal, count: int) -> None:
    request = WebhookRequest(body=b'{"id": "order-1001", "text": "Is Saturday free?"}')
    for start in range(0, count, 1000):
        await asyncio.gather(
            *(
                journal.accept(
                    Accepted(
                        site="default",
                        connection="shop",
                        request=request,
                        received_at=time.time(),
                        events=(
                            Event(
                                id=f"event-{number}",
                                person=Person(email=f"p{number % PEOPLE}@example.com"),
                                text="Is Saturday free?",
                            ),
                        ),
                    )
                )
                for number in range(start, min(start + 1000, count))
            )
        )


async def through_the_courier(label: str, wix_url: str, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = config_from(common.tables(f"sqlite:///{folder}/journal.db", wix_url), {})
        journal = Journal(config.journal.url)
        await store(journal, count + PEOPLE)
        connections, broken = connect_all(config)
        assert not broken
        courier = Courier(config, journal, connections, Reporter())
        await courier.start()
        task = asyncio.create_task(courier.run())
        await delivered(journal, PEOPLE)
        already = (await journal.read(reads.count_states))["delivered"]
        async with common.measured(label, count + PEOPLE - already) as result:
            await delivered(journal, count + PEOPLE)
        courier.stop()
        await task
        await journal.close()
        return result


async def delivered(journal: Journal, count: int) -> None:
    while (await journal.read(reads.count_states)).get("delivered", 0) < count:
        await asyncio.sleep(0.05)


async def bare(label: str, wix_url: str, count: int) -> dict[str, float]:
    config = config_from(common.tables("sqlite:///unused.db", wix_url), {})
    client = wix_client(config.sites["default"])
    numbers = iter(range(count))

    async def worker() -> None:
        for _ in numbers:
            content = BasicMessage(text="Is Saturday free?")
            await client.send(Outgoing("conversation", content, None, "inbound", "business"))

    async with common.measured(label, count) as result:
        await asyncio.gather(*(worker() for _ in range(32)))
    await client.aclose()
    return result


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with common.beside("standin.py") as wix_url:
        plain = await bare("bare sends, Wix at 0 ms", wix_url, count)
        ours = await through_the_courier("courier, Wix at 0 ms", wix_url, count)
    common.ratio("courier against bare sends", ours["rate"] / plain["rate"])
    common.ratio("the courier's own processor time", ours["cpu_ms"] - plain["cpu_ms"], "ms each")
    with common.beside("standin.py", "0.05") as wix_url:
        plain = await bare("bare sends, Wix at 50 ms", wix_url, count // 10)
        slow = await through_the_courier("courier, Wix at 50 ms", wix_url, count // 10)
    common.ratio("courier against bare sends", slow["rate"] / plain["rate"])
    print(f"most memory held: {common.memory_mib():.0f} MiB")


if __name__ == "__main__":
    common.run(main)
