"""Random people, odd answers, merges, deletions, clocks and crashes: each message once, in order.

The model is what was written: a list of texts for each thread. Whatever Wix answers, the Inbox must
show each of them at most once and in their order, and in the end every one that the journal calls
delivered; what it does not, it calls parked or dead. People whom nothing odd happens to are never
held up. INBOXBRIDGE_MODEL_SECONDS says how long to search; scripts/model does so for an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from inboxbridge.journal import reads
from simulation import email, loop_of_its_own, now, world

SECONDS = float(os.environ.get("INBOXBRIDGE_MODEL_SECONDS", "45"))
STEPS = 30
PEOPLE = [1, 2, 3]
BYSTANDER = 9
BYSTANDER_SECONDS = 5.0
CALLS_PER_EVENT, CALLS_PER_RULE = 12, 12

HTML: dict[str, Any] = {"headers": {"content-type": "text/html"}, "body": "<html>no</html>"}


def in_wix_form(status: int) -> dict[str, Any]:
    details = {"applicationError": {"code": "ODD", "description": "odd", "data": {}}}
    return {"status": status, "json": {"message": "odd", "details": details}}


REFUSALS = [in_wix_form(status) for status in (401, 403, 404, 429)]
OUTAGES: list[Any] = [
    {"status": 503, **HTML}, {"status": 404, **HTML}, {"status": 302, **HTML},
    in_wix_form(500), "reset", "slow",
]  # fmt: skip
NO_EVIDENCE: list[Any] = [
    {"body": ""}, {"json": None}, HTML, {"status": 204}, {"body": '{"mess'}, {"json": {}},
    {"json": {"messages": None}}, {"json": {"contacts": 7}}, {"json": []},
    {"status": 200, "headers": {"Date": "Fri, 06 Nov 2026 15:00:00 GMT"}, "json": {}},
]  # fmt: skip
ANSWERS = [*REFUSALS, *OUTAGES, *NO_EVIDENCE]
# Wix never does what it refuses, so these are the answers that may hide something done.
LOST_ANSWERS = [*OUTAGES, *NO_EVIDENCE]
CALLS = ["send", "list", "query", "create", "get", "conversation"]


class Inbox(RuleBasedStateMachine):
    """One site, three people whom odd things happen to, and a bystander."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = loop_of_its_own()
        self.stack = contextlib.AsyncExitStack()
        self.written: dict[str, list[str]] = defaultdict(list)
        self.written_at: dict[str, float] = {}
        self.rules: list[dict[str, Any]] = []
        self.odd_calls = 0
        self.restarts = 0
        self.everybody = False

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        async def start() -> None:
            self.world = await self.stack.enter_async_context(
                world(calls_per_minute=0, rate_per_minute=None, latency_ms=20)
            )
            await self.world.seed([*PEOPLE, BYSTANDER])

        self.run(start())
        self.write(BYSTANDER, 0, 1)
        self.run(self._settle(60.0))

    @rule(person=st.sampled_from(PEOPLE), thread=st.integers(0, 1), count=st.integers(1, 4))
    def write(self, person: int, thread: int, count: int) -> None:
        name = f"t{thread}of{person}"

        async def accept() -> None:
            for _ in range(count):
                await self.world.accept([person], thread=name)
                text = f"event {name} {len(self.written[name]) + 1}"
                self.written[name].append(text)
                self.written_at[text] = now()

        self.run(accept())

    @rule(
        call=st.sampled_from(CALLS),
        person=st.sampled_from([*PEOPLE, None]),
        times=st.integers(1, 4),
        answer=st.sampled_from(ANSWERS),
    )
    def answer_oddly(self, call: str, person: int | None, times: int, answer: Any) -> None:
        self._add_rule(call, person, times, answer, after_commit=False)

    @rule(
        call=st.sampled_from(["send", "send", "create", "conversation"]),
        person=st.sampled_from([*PEOPLE, None]),
        times=st.integers(1, 2),
        answer=st.sampled_from(LOST_ANSWERS),
    )
    def answer_oddly_after_the_work(
        self, call: str, person: int | None, times: int, answer: Any
    ) -> None:
        self._add_rule(call, person, times, answer, after_commit=True)

    def _add_rule(
        self, call: str, person: int | None, times: int, answer: Any, *, after_commit: bool
    ) -> None:
        added = {"call": call, "times": times, "answer": answer, "after_commit": after_commit}
        self.odd_calls += times
        if person is None:
            self.everybody = True
        elif call in ("query", "create"):
            added["text"] = email(person)
        else:
            contact = self.run(self._contact(person))
            if contact is None:
                return
            added["contact"] = contact
        self.rules.append(added)
        self.run(self._follow())

    async def _follow(self) -> None:
        content = json.dumps(self.rules)
        answer = await self.world.http.post("/_sandbox/rules", content=content)
        assert answer.status_code == 200, answer.text

    @rule()
    def answer_well_again(self) -> None:
        self.rules = []
        self.run(self._follow())

    @rule(into=st.sampled_from(PEOPLE), gone=st.sampled_from(PEOPLE))
    def merge(self, into: int, gone: int) -> None:
        async def do() -> None:
            target, source = await self._contact(into), await self._contact(gone)
            if target and source and target != source:
                body = {"targetContactId": target, "sourceContactIds": [source]}
                (await self.world.http.post("/_sandbox/merge", json=body)).raise_for_status()

        self.run(do())

    @rule(person=st.sampled_from(PEOPLE))
    def delete_contact(self, person: int) -> None:
        async def do() -> None:
            if contact := await self._contact(person):
                await self.world.http.delete(f"/_sandbox/contacts/{contact}")

        self.run(do())

    @rule(person=st.sampled_from(PEOPLE))
    def give_another_conversation(self, person: int) -> None:
        async def do() -> None:
            contact = await self._contact(person)
            found = (await self.world.http.get("/_sandbox/conversations")).json()
            for each in found["conversations"]:
                conversation = each["conversation"]
                if conversation["participant"].get("contactId") == contact:
                    path = f"/_sandbox/conversations/{conversation['id']}/replace"
                    (await self.world.http.post(path, json={})).raise_for_status()

        self.run(do())

    @rule(seconds=st.sampled_from([-3600.0, 0.0, 3600.0]))
    def set_our_clock(self, seconds: float) -> None:
        self.world.clock_ahead[0] = seconds

    @rule()
    def crash(self) -> None:
        self.restarts += 1
        self.run(self.world.crash())

    @rule(seconds=st.sampled_from([0.05, 0.5, 3.0, 40.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @precondition(lambda self: not self.everybody and not self.restarts)
    @rule()
    def a_bystander_writes(self) -> None:
        self.write(BYSTANDER, 0, 1)
        text = self.written[f"t0of{BYSTANDER}"][-1]

        async def arrive() -> None:
            written = now()
            while text not in self._texts():
                assert now() - written < BYSTANDER_SECONDS, "a bystander is held up"
                await asyncio.sleep(0.1)

        self.run(arrive())

    @invariant()
    def nothing_is_doubled_and_every_thread_is_in_order(self) -> None:
        if not hasattr(self, "world"):
            return
        texts = self._texts()
        twice = sorted({text for text in texts if texts.count(text) > 1})
        assert not twice, f"there twice: {[self.run(self._story(text)) for text in twice]}"
        place = {text: at for at, text in enumerate(texts)}
        for name, written in self.written.items():
            found = [place[text] for text in written if text in place]
            assert found == sorted(found), f"{name} is out of order"

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self._in_the_end()
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    def _in_the_end(self) -> None:
        self.answer_well_again()
        self.world.clock_ahead[0] = 0.0
        self.run(self._settle(3 * 3600.0))
        self.nothing_is_doubled_and_every_thread_is_in_order()
        texts = set(self._texts())
        records = self.run(self._records())
        for record in records:
            arrived = record.source_id.removeprefix("0 ") in texts
            may_be_there = "cannot be confirmed" in str(record.reason)
            assert record.state in ("delivered", "parked", "dead"), record
            assert arrived == (record.state == "delivered") or may_be_there, record
        calls = sum(self.world.calls.values())
        events = sum(map(len, self.written.values()))
        bound = 20 + CALLS_PER_EVENT * (events + self.restarts) + CALLS_PER_RULE * self.odd_calls
        assert calls <= bound, f"{calls} calls for {events} events and {self.odd_calls} odd answers"

    async def _settle(self, seconds: float) -> None:
        until = now() + seconds
        while now() < until:
            states = await self.world.journal.read(reads.count_states)
            if not states.get("pending") and not states.get("retrying"):
                return
            await asyncio.sleep(1.0)
        raise AssertionError(f"not settled after {seconds:g} s: {await self._records()}")

    async def _story(self, text: str) -> Any:
        """Where a text arrived, and every try of its event."""
        kept = (await self.world.http.get("/_sandbox/messages")).json()["messages"]
        places = [
            (each["conversation_id"], each["contact_id"], each["message"]["id"])
            for each in kept
            if each["message"]["content"]["basic"]["items"][0]["text"] == text
        ]
        [event] = [each for each in await self._records() if each.source_id == f"0 {text}"]
        tries = await self.world.journal.read(reads.event_attempts, event.id)
        return text, places, event, [tuple(each) for each in tries]

    async def _records(self) -> Any:
        return await self.world.journal.read(reads.list_events, limit=10_000)

    async def _contact(self, person: int) -> str | None:
        answer = await self.world.http.get("/_sandbox/contacts")
        for each in answer.json()["contacts"]:
            items = each["contact"]["info"].get("emails", {}).get("items", [])
            if email(person) in [item["email"] for item in items]:
                return str(each["contact"]["id"])
        return None

    def _texts(self) -> list[str]:
        return [text for _, text in self.world.messages]


@pytest.mark.slow
def test_whatever_happens_each_message_is_there_once_and_in_order() -> None:
    until = time.monotonic() + SECONDS
    runs = 0
    while True:
        chosen = settings(
            max_examples=20,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(Inbox, settings=chosen)
        runs += chosen.max_examples
        if time.monotonic() > until:
            break
    print(f"\n{runs} runs of up to {STEPS} steps each without a counterexample")
