"""A process killed between any two steps loses nothing, doubles nothing and keeps the order."""

from __future__ import annotations

import httpx
import pytest
from harness import ALL_WELL, SandboxServer, contact, event, tables, verdict, wait_until, worker

pytestmark = pytest.mark.slow

STEPS = ["before begin", "after begin", "after send", "after settle"]


def _deliver(url: str, events: list[dict]) -> None:
    answer = httpx.post(f"{url}/hooks/shop0", json=events, timeout=30)
    assert answer.status_code == 200


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_of_a_delivery_leaves_every_event_once_and_in_order(
    step: str, journal_url: str, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1), contact(2))
    sent = [event(f"thread{n % 2}", n, n % 2 + 1) for n in range(8)]
    config = tables(journal_url, sandbox.url)

    with worker(config, crash_step=step, crash_count=3) as first:
        _deliver(first.url, sent)
        assert first.wait_for_death() == -9
    with worker(config):
        wait_until(lambda: len(sandbox.messages()) >= len(sent), "all events to land")

    assert verdict(sent, sandbox.messages()) == ALL_WELL


def test_a_kill_while_looking_for_an_uncertain_message_is_survived(
    journal_url: str, sandbox: SandboxServer
) -> None:
    sandbox.seed(contact(1))
    sent = [event("thread", n, 1) for n in range(3)]
    config = tables(journal_url, sandbox.url)

    with worker(config, crash_step="after send") as first:
        _deliver(first.url, sent)
        first.wait_for_death()
    with worker(config, crash_step="before look") as second:
        second.wait_for_death()
    with worker(config):
        wait_until(lambda: len(sandbox.messages()) >= len(sent), "all events to land")

    assert verdict(sent, sandbox.messages()) == ALL_WELL


@pytest.mark.parametrize("step", ["after begin", "after send"])
def test_two_identical_texts_in_a_row_arrive_twice_and_not_three_times(
    step: str, journal_url: str, sandbox: SandboxServer
) -> None:
    """An uncertain attempt must not take an earlier, already owned message for its own."""
    sandbox.seed(contact(1))
    sent = [event("thread", n, 1, text="Hello?") for n in range(2)]
    last = event("thread", 2, 1, text="Are you there?")
    config = tables(journal_url, sandbox.url)

    with worker(config, crash_step=step, crash_count=2) as first:
        _deliver(first.url, [*sent, last])
        assert first.wait_for_death() == -9
    with worker(config):
        wait_until(lambda: "Are you there?" in sandbox.texts(), "the last event to land")

    assert sandbox.texts() == ["Hello?", "Hello?", "Are you there?"]
