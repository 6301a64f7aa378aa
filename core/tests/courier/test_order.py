"""Whatever Wix does and whenever events come, each is one message, and its thread is in order."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import tempfile
import time
from collections import defaultdict
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inboxbridge import Event, Person
from inboxbridge.config import config_from
from inboxbridge.courier import Courier
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.plugins import connect_all
from inboxbridge.telemetry.reporter import Reporter

pytestmark = pytest.mark.slow

FATES = ["ok", "ok", "ok", "429", "500", "500 after", "lost", "lost after"]
TABLES: dict[str, Any] = {
    "courier": {
        "retry_base_seconds": 0.005,
        "retry_cap_seconds": 0.02,
        "throttled_seconds": 0.005,
        "settle_seconds": 0.0,
    },
    "sites": {
        "default": {"site_id": "site", "api_key": "key", "calls_per_minute": 0},
    },
    "connectors": {"shop": {"plugin": "webhook", "signature": "none"}},
}


class Wix:
    """A Wix in a few lines that answers as a list of fates says, and well once that is used up."""

    def __init__(self, fates: list[str]) -> None:
        self.fates = iter(fates)
        self.kept: list[dict[str, Any]] = []
        self._ids = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/query"):
            email = json.loads(request.content)["query"]["filter"]["info.emails.email"]
            wanted = email.get("$in") or [email["$eq"]]
            found = [{"id": one, "info": {"emails": {"items": [{"email": one}]}}} for one in wanted]
            return httpx.Response(200, json={"contacts": found})
        if path.endswith("/conversations"):
            contact = json.loads(request.content)["participantId"]["contactId"]
            return httpx.Response(200, json={"conversation": {"id": f"of-{contact}"}})
        if request.method == "GET":
            conversation = request.url.params["conversationId"]
            mine = [one for one in self.kept if one["conversation"] == conversation]
            return httpx.Response(200, json={"messages": [one["message"] for one in mine[::-1]]})
        return self._send(json.loads(request.content))

    def _send(self, body: dict[str, Any]) -> httpx.Response:
        fate = next(self.fates, "ok")
        if fate == "429":
            return httpx.Response(429, json={})
        if fate == "500":
            return httpx.Response(500, json={})
        if fate == "lost":
            raise httpx.ReadError("lost")
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
        message = {**body["message"], "id": str(next(self._ids)), "createdDate": created}
        self.kept.append({"conversation": body["conversationId"], "message": message})
        if fate == "500 after":
            return httpx.Response(500, json={})
        if fate == "lost after":
            raise httpx.ReadError("lost")
        return httpx.Response(200, json={"message": message})


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    fates=st.lists(st.sampled_from(FATES), max_size=40),
    plan=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30),
    seed=st.integers(0, 2**16),
)
def test_each_event_is_one_message_and_each_thread_in_order(
    fates: list[str], plan: list[tuple[int, int]], seed: int
) -> None:
    """*plan* says of each event its thread and its text; texts repeat on purpose."""
    wix = Wix(fates)
    asyncio.run(_run(wix, plan, seed))

    wanted: dict[int, list[str]] = defaultdict(list)
    for thread, text in plan:
        wanted[thread].append(f"text {text} of {thread}")
    found: dict[int, list[str]] = defaultdict(list)
    for one in wix.kept:
        text = one["message"]["content"]["basic"]["items"][0]["text"]
        found[int(text.rpartition(" ")[2])].append(text)
    assert found == wanted


async def _run(wix: Wix, plan: list[tuple[int, int]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = config_from({**TABLES, "journal": {"url": f"sqlite:///{folder}/j.db"}}, {})
        journal = Journal(config.journal.url, inline=True)
        connections, broken = connect_all(config, inline=True)
        assert not broken
        courier = Courier(
            config,
            journal,
            connections,
            Reporter(),
            transport=lambda site: httpx.MockTransport(wix),
            poll_seconds=0.05,
            rng=random.Random(seed),
        )
        await courier.start()
        task = asyncio.create_task(courier.run())
        rng = random.Random(seed)
        for number, (thread, text) in enumerate(plan):
            event = Event(
                id=str(number),
                person=Person(email=f"person{thread % 2}@example.com"),
                thread=str(thread),
                text=f"text {text} of {thread}",
            )
            accepted = Accepted("default", "shop", None, time.time(), (event,))
            await journal.accept(accepted)
            if rng.random() < 0.3:
                await asyncio.sleep(0.001)
        deadline = time.monotonic() + 20
        while (await journal.read(reads.count_states)).get("delivered", 0) < len(plan):
            if time.monotonic() > deadline:
                pytest.fail(f"not all landed: {await journal.read(reads.count_states)}")
            await asyncio.sleep(0.002)
        courier.stop()
        await task
        await journal.close()
