"""Waits between tries grow, jitter, and end at the cap; sites are shared out evenly."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge.courier.ownership import share
from inboxbridge.courier.retry import Retry


@given(tries=st.integers(1, 10_000), seed=st.integers())
def test_a_wait_is_never_below_zero_nor_above_the_cap(tries: int, seed: int) -> None:
    retry = Retry(base_seconds=1.0, cap_seconds=600.0, rng=random.Random(seed))

    assert 0 <= retry.wait(tries) <= 600.0


def test_waits_grow_with_the_tries_until_the_cap() -> None:
    longest = [
        max(Retry(1.0, 60.0, rng=random.Random(seed)).wait(tries) for seed in range(200))
        for tries in range(1, 10)
    ]

    assert longest == sorted(longest)
    assert longest[0] <= 2.0
    assert longest[-1] > 50.0


def test_two_events_that_fail_together_do_not_come_back_together() -> None:
    retry = Retry(1.0, 600.0, rng=random.Random(7))

    assert len({retry.wait(5) for _ in range(50)}) == 50


@given(
    sites=st.lists(st.text(min_size=1), unique=True, max_size=40),
    couriers=st.sets(st.integers(1, 1000), min_size=1, max_size=12),
)
def test_sites_are_shared_out_whole_and_as_evenly_as_can_be(
    sites: list[str], couriers: set[int]
) -> None:
    shares = [share(sites, sorted(couriers - {me}), me) for me in couriers]

    assert sum(shares) == len(sites)
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("me", [1, 2, 3])
def test_a_courier_counts_itself_though_it_is_not_seen_yet(me: int) -> None:
    assert share(["a", "b"], [], me) == 2
