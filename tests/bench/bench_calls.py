"""Calls to Wix and the pace of them: python tests/bench/bench_calls.py [SITES]

Everything runs in simulated time against the sandbox, which answers 429 beyond 200 calls a minute:
calls for each message, messages in one minute, an hour of backlog with live messages beside it, and
SITES sites at once (default 100) in one process.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict

import common
import simulation
import structlog
from inboxbridge.journal.rows import BACKLOG
from simulation import World, now, world

PEOPLE = 1000
HOUR_SECONDS = 3600
LIVE_EVERY_SECONDS = 10


async def plain_flow(one: World, person: int) -> bool:
    """What a connector without memory does for each message. Returns whether it was let through."""
    steps = (
        ("/contacts/v4/contacts/query", "contacts", lambda _: _query(person)),
        (
            "/inbox/v2/conversations",
            "conversation",
            lambda at: {"participantId": {"contactId": at}},
        ),
        ("/inbox/v2/messages", "message", _message),
    )
    found = ""
    for path, key, body in steps:
        headers = {"authorization": "key", "wix-site-id": simulation.site_id(0)}
        answer = await one.http.post(path, json=body(found), headers=headers)
        if answer.status_code == 429:
            return False
        held = answer.raise_for_status().json()[key]
        found = (held[0] if isinstance(held, list) else held)["id"]
    return True


def _query(person: int) -> dict[str, object]:
    condition = {"info.emails.email": {"$eq": simulation.email(person)}}
    return {"query": {"filter": condition, "fields": ["id"]}}


def _message(conversation_id: str) -> dict[str, object]:
    content = {"previewText": "hello", "basic": {"items": [{"text": "hello"}]}}
    side = {"direction": "PARTICIPANT_TO_BUSINESS", "visibility": "BUSINESS"}
    return {"conversationId": conversation_id, "message": {"content": content, **side}}


async def calls_per_message() -> None:
    print(f"calls for each message, {PEOPLE} people, one message each, no limit")
    async with world(calls_per_minute=0, rate_per_minute=None) as one:
        await one.seed(range(PEOPLE))
        one.calls.clear()
        for person in range(PEOPLE // 10):
            assert await plain_flow(one, person)
        common.ratio("   plain flow", one.calls.total() / (PEOPLE // 10), "calls")
        one.calls.clear()
        await one.accept(range(PEOPLE))
        await one.delivered(PEOPLE)
        common.ratio("   ours, people never seen before", one.calls.total() / PEOPLE, "calls")
        one.calls.clear()
        await one.accept(range(PEOPLE))
        await one.delivered(2 * PEOPLE)
        common.ratio("   ours, people known", one.calls.total() / PEOPLE, "calls")
    async with world() as one:
        await one.seed(range(PEOPLE))
        one.calls.clear()
        await one.accept(range(PEOPLE))
        await one.delivered(PEOPLE)
        label = "   ours, never seen before, at 200 calls a minute"
        common.ratio(label, one.calls.total() / PEOPLE, "calls")
        assert not one.refused


async def one_minute() -> None:
    print("messages in one minute where 200 calls are allowed")
    async with world(rate_per_minute=200) as one:
        await one.seed([0])
        await asyncio.sleep(61.0)
        until, count = now() + 60.0, 0
        while now() < until and await plain_flow(one, 0):
            count += 1
        print(f"{'   plain flow':<58}{count:>10}   then 429")
    async with world() as one:
        await one.seed(range(50))
        await one.accept(range(50))
        await one.delivered(50)
        await asyncio.sleep(61.0)
        for _ in range(50):
            await one.accept(range(50))
        began, already = now(), len(one.messages)
        await asyncio.sleep(60.0)
        first = len(one.messages) - already
        await asyncio.sleep(540.0)
        each = [0] * 10
        for at, _ in one.messages[already:]:
            each[int((at - began) // 60)] += 1
        print(f"{'   ours, people known, the first minute':<58}{first:>10}   {one.refused} × 429")
        average = sum(each[1:]) / 9
        common.ratio("   ours, people known, the nine after that", average, "each")


async def sites_at_once(sites: int) -> None:
    events = 220
    began = time.perf_counter()
    async with world(sites=sites) as one:
        for site in range(sites):
            await one.seed([0, 1, 2, 3, 4], site=site)
            await one.accept([0, 1, 2, 3, 4], site=site)
        await one.delivered(5 * sites)
        await asyncio.sleep(61.0)
        already = len(one.messages)
        for site in range(sites):
            await one.accept([n % 5 for n in range(events)], site=site)
        await asyncio.sleep(60.0)
        each = sorted(
            sum(arrived.conversation.site_id == site_id for arrived in arrivals)
            for site_id, arrivals in _by_site(one, already).items()
        )
        seconds = time.perf_counter() - began
        print(f"{sites} sites at once in one process, the first minute (took {seconds:.0f} s)")
        print(f"{'   least and most messages of a site':<58}{each[0]:>10} {each[-1]}")
        print(f"{'   429':<58}{one.refused:>10}")
    print(f"{'   most memory held, sandbox included':<58}{common.memory_mib():>10.0f} MiB")


def _by_site(one: World, already: int) -> dict[str, list]:  # type: ignore[type-arg]
    found = defaultdict(list)
    for arrived in one.sandbox.arrivals[already:]:
        found[arrived.conversation.site_id].append(arrived)
    return found


async def one_hour() -> None:
    """A backlog that takes the whole hour, half of it history and half an outage's."""
    backlog = HOUR_SECONDS // 60 * 190
    asked: dict[str, float] = {}
    began = time.perf_counter()
    async with world(started=False) as one:
        await one.seed(range(400))
        for _ in range(0, backlog, 400):
            await one.accept(range(200), label="import", lane=BACKLOG, age_seconds=86_400)
            await one.accept(range(200), label="outage", age_seconds=7200)
        await one.start()
        for number in range(HOUR_SECONDS // LIVE_EVERY_SECONDS):
            person = 200 + number % 200
            await one.accept([person], label="live", thread=f"live{number}")
            asked[f"live live{number} 1"] = now()
            await asyncio.sleep(LIVE_EVERY_SECONDS)
        await asyncio.sleep(60.0)
        waits = sorted(at - asked[text] for at, text in one.messages if text in asked)
        print(f"one hour, a backlog of {backlog:,} (took {time.perf_counter() - began:.0f} s)")
        print(f"{'   messages a minute':<58}{len(one.messages) / 61:>10.1f}")
        print(f"{'   429':<58}{one.refused:>10}")
        missing = len(asked) - len(waits)
        print(f"{'   live messages that arrived':<58}{len(waits):>10}   {missing} missing")
        if waits:
            worst, half = waits[-1], waits[len(waits) // 2]
            print(f"{'   wait of a live message, half and worst':<58}{half:>10.2f} {worst:.2f} s")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    sites = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    simulation.simulate(calls_per_message)
    simulation.simulate(one_minute)
    simulation.simulate(one_hour)
    simulation.simulate(lambda: sites_at_once(sites))


if __name__ == "__main__":
    main()
