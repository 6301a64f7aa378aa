"""Several gateways and couriers on one PostgreSQL, killed at random while sources deliver."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from harness import SandboxServer, Worker, contact, event, tables, verdict, wait_until
from inboxbridge.journal import open_engine, reads
from inboxbridge.journal.schema import OPEN, attempts, events
from sqlalchemy import select

FAULTS = {
    "p_429": 0.05,
    "p_500": 0.05,
    "p_500_after_commit": 0.03,
    "p_reset": 0.03,
    "p_reset_after_commit": 0.03,
}


@dataclass
class Report:
    """What a run came to."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    kills: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)
    landed_after_seconds: float = 0.0

    @property
    def summary(self) -> str:
        """The verdict in a line."""
        found = ", ".join(f"{len(texts)} {fault}" for fault, texts in self.faults.items())
        return f"{len(self.sent)} events, {self.kills} processes killed: {found}"


class Cluster:
    """Processes that are started again whenever they are killed."""

    def __init__(
        self, journal_url: str, sandbox: SandboxServer, *, gateways: int, couriers: int, sites: int
    ) -> None:
        # A send that a killed courier left behind may still be on its way to Wix.
        self._config = tables(journal_url, sandbox.url, sites=sites, settle_seconds=1.5)
        self._lock = threading.Lock()
        self._workers: dict[str, Worker] = {}
        for number in range(gateways):
            self._start(f"gateway{number}")
        for number in range(couriers):
            self._start(f"courier{number}")

    def _start(self, name: str) -> None:
        is_gateway = name.startswith("gateway")
        started = Worker(self._config, gateway=is_gateway, courier=not is_gateway)
        with self._lock:
            self._workers[name] = started

    @property
    def gateway_urls(self) -> list[str]:
        with self._lock:
            return [one.url for name, one in self._workers.items() if name.startswith("gateway")]

    @property
    def names(self) -> list[str]:
        return list(self._workers)

    def kill_and_restart(self, name: str) -> None:
        self._workers[name].kill()
        self._start(name)

    def log(self) -> str:
        return "\n".join(f"--- {name}\n{one.log}" for name, one in self._workers.items())

    def close(self) -> None:
        for one in self._workers.values():
            one.kill()


def run(
    journal_url: str,
    sandbox: SandboxServer,
    *,
    seconds: float,
    seed: int,
    gateways: int = 2,
    couriers: int = 3,
    sites: int = 6,
    threads: int = 18,
    every_seconds: float = 2.0,
) -> Report:
    """Deliver for *seconds* while processes die, then wait for everything and judge."""
    rng = random.Random(seed)
    report = Report()
    sandbox.seed(*(contact(n) for n in range(threads)))
    sandbox.faults(**FAULTS, retry_after=False, seed=seed)
    cluster = Cluster(journal_url, sandbox, gateways=gateways, couriers=couriers, sites=sites)
    stop = threading.Event()
    sources = [
        threading.Thread(target=_source, args=(cluster, number, sites, stop, report, seed + number))
        for number in range(threads)
    ]
    try:
        for source in sources:
            source.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            stop.wait(every_seconds)
            cluster.kill_and_restart(rng.choice(cluster.names))
            report.kills += 1
        stop.set()
        for source in sources:
            source.join()
        ended = time.monotonic()
        _wait_for_all(journal_url, len(report.sent))
        report.landed_after_seconds = time.monotonic() - ended
        stop.wait(2.0)  # what would still be sent twice has the time to be
        report.faults = verdict(report.sent, sandbox.messages())
    finally:
        stop.set()
        for source in sources:
            source.join()
        cluster.close()
    return report


def _wait_for_all(journal_url: str, events: int) -> None:
    """Wait until the journal has nothing left to do, for as long as there is progress.

    The journal says so in no time; the sandbox would have to list all that it has.
    """
    engine = open_engine(journal_url)

    def settled() -> int:
        with engine.connect() as connection:
            states = reads.count_states(connection)
        return sum(states.values()) - sum(states.get(state, 0) for state in OPEN)

    while (before := settled()) < events:
        wait_until(lambda: settled() > before, f"more than {before} of {events} to land", 60)
    engine.dispose()


def _source(
    cluster: Cluster, number: int, sites: int, stop: threading.Event, report: Report, seed: int
) -> None:
    """One thread of one source: each event is repeated until it is answered 2xx."""
    rng = random.Random(seed)
    with httpx.Client(timeout=10) as http:
        for count in itertools.count():
            # Less than a thread can take under these faults, so that an hour leaves no mountain.
            if stop.wait(rng.uniform(0.4, 1.2)):
                return
            one = event(f"source{number}", count, number)
            accepted = 0
            while accepted < (2 if rng.random() < 0.05 else 1):
                with contextlib.suppress(httpx.TransportError):
                    url = rng.choice(cluster.gateway_urls)
                    answer = http.post(f"{url}/hooks/shop{number % sites}", json=one)
                    accepted += answer.is_success
            report.sent.append(one)


def stories(journal_url: str, report: Report) -> str:
    """What the journal says of the events that went wrong, for the message of a failed test."""
    engine = open_engine(journal_url)
    wrong = {text for texts in report.faults.values() for text in texts}
    lines = []
    with engine.connect() as connection:
        for one in report.sent:
            if one["text"] not in wrong:
                continue
            query = select(events).where(events.c.source_id == one["id"])
            row = connection.execute(query).one()
            lines.append(f"{one['text']}: {row._mapping}")
            tries = select(attempts).where(attempts.c.event_id == row.id).order_by(attempts.c.id)
            lines += [f"   {found._mapping}" for found in connection.execute(tries)]
    engine.dispose()
    return "\n".join(lines)
