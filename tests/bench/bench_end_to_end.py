"""From webhook to Inbox: python tests/bench/bench_end_to_end.py [EVENTS] [--against COMMIT]

One `serve` process (SQLite) and a script that asks Wix inline (inline_script.py), each under the
same load, with known people: events a second with Wix at 0 ms and at 50 ms, how long a single event
takes at 10 a second, memory, and what becomes of events when the process is killed in the middle.

With ``--against``, instead: this tree and another commit by turns, with known people and with
everybody new, and the ratios of each pair of runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import common
import httpx

PEOPLE = 200
KILLED_EVENTS = 400


@contextmanager
def ours(wix_url: str, journal_url: str) -> Iterator[common.Beside]:
    with common.process_beside("serving.py", "serve", journal_url, wix_url, "1") as server:
        yield server


async def sent(wix_url: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=wix_url) as http:
        while (await http.get("/sent")).json()["sent"] < count:
            await asyncio.sleep(0.02)


async def through(
    label: str, server: common.Beside, wix_url: str, count: int, *, already: int
) -> float:
    """Deliver *count* events; returns how many reached Wix a second.

    *already* is how many reached it before.
    """
    await common.load(server.url, PEOPLE, people=PEOPLE, start=-PEOPLE)
    await sent(wix_url, already + PEOPLE)
    before, began = server.processor_seconds, time.perf_counter()
    told = await common.load(server.url, count, people=PEOPLE)
    assert not told.unanswered
    await sent(wix_url, already + PEOPLE + count)
    rate = count / (time.perf_counter() - began)
    processor = (server.processor_seconds - before) / count * 1000
    print(f"{label:<58}{rate:>10,.0f} /s{processor:>9.3f} ms processor each")
    told.print("   of which: answers to the source")
    return rate


async def rates(latency: float, count: int) -> None:
    where = f"Wix at {latency * 1000:.0f} ms"
    with (
        common.beside("standin.py", str(latency)) as wix_url,
        common.journal_url() as journal_url,
    ):
        with ours(wix_url, journal_url) as server:
            rate = await through(f"inboxbridge, {where}", server, wix_url, count, already=0)
            print(f"{'   memory held afterwards':<58}{server.resident_mib:>10.0f} MiB")
            already = PEOPLE + count
        with common.process_beside("inline_script.py", wix_url) as server:
            fewer = count // 5
            inline = await through(
                f"inline script, {where}", server, wix_url, fewer, already=already
            )
            print(f"{'   memory held afterwards':<58}{server.resident_mib:>10.0f} MiB")
    common.ratio("inboxbridge against the inline script", rate / inline)


async def single_events(latency: float, seconds: int) -> None:
    """How long one event takes from its arrival until Wix has answered, at 10 a second."""
    count = seconds * 10
    with (
        common.beside("standin.py", str(latency)) as wix_url,
        common.journal_url() as journal_url,
    ):
        with ours(wix_url, journal_url) as server:
            await common.load(server.url, PEOPLE, people=PEOPLE, start=-PEOPLE)
            await sent(wix_url, PEOPLE)
            told = await common.load(server.url, count, people=PEOPLE, rate=10)
            await sent(wix_url, PEOPLE + count)
            took = _from_accept_to_sent(journal_url, count)
            print(f"at 10 events a second, Wix at {latency * 1000:.0f} ms:")
            print(f"   inboxbridge, accepted to sent {_said(took)}")
            print(f"   inboxbridge, answer to the source {_said([told.p50_ms, told.p99_ms])}")
        with common.process_beside("inline_script.py", wix_url) as server:
            told = await common.load(server.url, count, people=PEOPLE, rate=10)
            print(f"   inline script, the same and its answer {_said([told.p50_ms, told.p99_ms])}")


def _from_accept_to_sent(journal_url: str, newest: int) -> list[float]:
    with closing(sqlite3.connect(journal_url.removeprefix("sqlite:///"))) as database:
        query = "SELECT delivered_at - received_at FROM events ORDER BY id DESC LIMIT ?"
        took = sorted(row[0] * 1000 for row in database.execute(query, (newest,)))
    return [took[len(took) // 2], took[int(len(took) * 0.99)]]


def _said(took: list[float]) -> str:
    return f"p50 {took[0]:.1f} ms, p99 {took[1]:.1f} ms"


async def killed(label: str, script: str, *arguments: str) -> None:
    """Kill the server under load, start it again, deliver again what was not answered."""
    with common.beside("serving.py", "sandbox") as wix_url:
        with httpx.Client(base_url=wix_url, timeout=30) as wix:
            wix.post("/_sandbox/contacts", json=[_contact(n) for n in range(PEOPLE)])
            wix.post("/_sandbox/faults", json={"latency_ms": 50})
        told_wix = [wix_url if one == "WIX" else one for one in arguments]
        with common.process_beside(script, *told_wix) as server:
            load = asyncio.create_task(common.load(server.url, KILLED_EVENTS, people=PEOPLE))
            while sum(_texts(wix_url).values()) < KILLED_EVENTS // 4:
                await asyncio.sleep(0.02)
            os.kill(server.pid, signal.SIGKILL)
            told = await load
        await asyncio.sleep(1.0)  # what was on its way to Wix arrives
        with common.process_beside(script, *told_wix) as server:
            await _quiet(wix_url)
            there = _texts(wix_url)
            lost = sum(1 for number in told.answered if number not in there)
            # The connections that broke had one delivery each under way; the rest were never sent.
            under_way = told.unanswered[:64]
            gone = sum(1 for number in under_way if number not in there)
            left = list(told.unanswered)
            while left:
                again = await common.load(server.url, 0, people=PEOPLE, numbers=left)
                left = list(again.unanswered)
            await _quiet(wix_url)
            there = _texts(wix_url)
        doubled = sum(1 for count in there.values() if count > 1)
        never = KILLED_EVENTS - len(there)
    print(f"{label}, killed after {len(told.answered)} of {KILLED_EVENTS} answers:")
    print(f"   answered 2xx and lost for good                    {lost:>6}")
    print(f"   under way and lost where the source never retries {gone:>6}")
    print(f"   doubled once the source retries                   {doubled:>6}")
    print(f"   missing once the source has retried               {never:>6}")


async def _quiet(wix_url: str) -> None:
    """Wait until nothing has arrived for two seconds: recovery looks before it sends again."""
    before = -1
    while (now := sum(_texts(wix_url).values())) != before:
        before = now
        await asyncio.sleep(3.0)


def _contact(number: int) -> dict[str, object]:
    return {"info": {"emails": {"items": [{"email": f"p{number}@example.com"}]}}}


def _texts(wix_url: str) -> Counter[int]:
    """The numbers of the events that are in the Inbox."""
    found = httpx.get(f"{wix_url}/_sandbox/messages", timeout=60).text
    return Counter(int(number) for number in re.findall(r'"text": ?"event (\d+)"', found))


class Run(NamedTuple):
    """What one run came to: each event's processor time, their rate, p99 of accepts, memory."""

    processor_ms: float
    rate: float
    accept_p99_ms: float
    resident_mib: float


async def one_run(tree: Path | None, count: int, people: int) -> Run:
    """Deliver *count* events of as many *people* at most, by the code of *tree*."""
    with (
        common.beside("standin.py") as wix_url,
        common.journal_url() as journal_url,
        common.process_beside(
            "serving.py", "serve", journal_url, wix_url, "1", tree=tree
        ) as server,
    ):
        await common.load(server.url, PEOPLE, people=people, start=-PEOPLE)
        await sent(wix_url, PEOPLE)
        before, began = server.processor_seconds, time.perf_counter()
        told = await common.load(server.url, count, people=people)
        assert not told.unanswered
        await sent(wix_url, PEOPLE + count)
        rate = count / (time.perf_counter() - began)
        processor_ms = (server.processor_seconds - before) / count * 1000
        return Run(processor_ms, rate, told.p99_ms, server.resident_mib)


async def against(commit: str, count: int, rounds: int) -> None:
    """Run this tree and *commit* by turns; prints each pair of runs and the ratios' medians."""
    everybody_new = 10**9
    with common.checked_out(commit) as tree:
        for label, people in (("known people", PEOPLE), ("everybody new", everybody_new)):
            print(f"{label}: this tree against {commit}, {rounds} pairs of {count:,} events")
            pairs: list[tuple[Run, Run]] = []
            for number in range(rounds):
                order = [None, tree] if number % 2 == 0 else [tree, None]
                runs = {one: await one_run(one, count, people) for one in order}
                pairs.append((runs[None], runs[tree]))
            for name in Run._fields:
                ours = [getattr(our, name) for our, _ in pairs]
                theirs = [getattr(their, name) for _, their in pairs]
                ratios = sorted(our / their for our, their in zip(ours, theirs, strict=True))
                told = f"{statistics.median(ours):>10.3f}{statistics.median(theirs):>10.3f}"
                spread = f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
                print(f"   {name:<16}{told}   ratio {statistics.median(ratios):.2f} {spread}")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=int, nargs="?", default=2000)
    parser.add_argument("--against", metavar="COMMIT")
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    count = told.events
    if told.against:
        await against(told.against, count, told.rounds)
        return
    await rates(0.0, count)
    await rates(0.05, count)
    await single_events(0.05, 5)
    with common.journal_url() as journal_url:
        await killed("inboxbridge", "serving.py", "serve", journal_url, "WIX", "1")
    await killed("inline script", "inline_script.py", "WIX")
    await killed("inline script that answers first", "inline_script.py", "WIX", "answer-first")


if __name__ == "__main__":
    common.run(main)
