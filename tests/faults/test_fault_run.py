"""Everything goes wrong at once, and the Inbox is as if nothing had."""

from __future__ import annotations

import random

import httpx
import pytest
from harness import ALL_WELL, SandboxServer, contact, event, tables, verdict, wait_until, worker

pytestmark = pytest.mark.slow

EVENTS = 240
PEOPLE = 24
KILLS = 4


def test_under_errors_resets_repetitions_and_kills_nothing_is_lost_doubled_or_out_of_order(
    journal_url: str, sandbox: SandboxServer
) -> None:
    rng = random.Random(7)
    sandbox.seed(*(contact(n) for n in range(PEOPLE)))
    sandbox.faults(
        p_429=0.05,
        p_500=0.05,
        p_500_after_commit=0.03,
        p_reset=0.03,
        p_reset_after_commit=0.03,
        retry_after=False,
        seed=7,
    )
    config = tables(journal_url, sandbox.url)
    sent = [event(f"thread{n % PEOPLE}", n, n % PEOPLE) for n in range(EVENTS)]
    kill_at = set(rng.sample(range(20, EVENTS), KILLS))

    current = worker(config)
    running = current.__enter__()
    try:
        for number, one in enumerate(sent):
            for _ in range(2 if rng.random() < 0.05 else 1):
                while not _accepted(running.url, one):
                    pass
            if number in kill_at:
                running.kill()
                current = worker(config)
                running = current.__enter__()
        wait_until(lambda: len(sandbox.messages()) >= EVENTS, "all events to land", 120)
        assert running.stop() == 0
    finally:
        current.__exit__(None, None, None)

    assert verdict(sent, sandbox.messages()) == ALL_WELL


def _accepted(url: str, one: dict) -> bool:
    """Deliver as a source does: again until it is answered 2xx."""
    try:
        return httpx.post(f"{url}/hooks/shop0", json=one, timeout=10).is_success
    except httpx.TransportError:
        return False
