"""Gateways and couriers on several machines, of which any may die at any time."""

from __future__ import annotations

import os

import cluster
import pytest
from harness import ALL_WELL, SandboxServer

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("INBOXBRIDGE_CLUSTER_SECONDS", "60"))


def test_two_gateways_and_three_couriers_killed_at_random_lose_double_and_reorder_nothing(
    postgres_url: str, sandbox: SandboxServer
) -> None:
    report = cluster.run(postgres_url, sandbox, seconds=SECONDS, seed=20261122)

    print(report.summary)
    assert report.faults == ALL_WELL, cluster.stories(postgres_url, report)
    assert report.kills >= SECONDS / 10
    assert len(report.sent) > SECONDS
