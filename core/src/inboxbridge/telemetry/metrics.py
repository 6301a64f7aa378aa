"""Prometheus metrics, in one registry for the process."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

M = TypeVar("M", bound=MetricWrapperBase)

registry = CollectorRegistry()


MAX_KINDS = 100
"""Of each connection; further ones count as ``other``, so that no source fills the registry."""

_kinds: dict[str, set[str]] = {}


def left_out(connection: str, kinds: Iterable[str]) -> None:
    """Count the kinds that a delivery held and the Inbox does not show."""
    known = _kinds.setdefault(connection, set())
    for kind in kinds:
        if kind not in known and len(known) >= MAX_KINDS:
            kind = "other"
        known.add(kind)
        of(kinds_left_out, connection, kind).inc()


@cache
def of(metric: M, *labels: str) -> M:
    """The metric for these labels, found once."""
    return metric.labels(*labels)


deliveries = Counter(
    "inboxbridge_deliveries_total",
    "Requests from sources, by what they were answered with.",
    ["connection", "answer"],
    registry=registry,
)
kinds_left_out = Counter(
    "inboxbridge_kinds_left_out_total",
    "Deliveries with something that is not for the Inbox, by the source's own name of its kind.",
    ["connection", "kind"],
    registry=registry,
)
events_stored = Counter(
    "inboxbridge_events_stored_total",
    "Events put on disk; repeated ones are not counted.",
    ["connection"],
    registry=registry,
)
events_settled = Counter(
    "inboxbridge_events_settled_total",
    "Events by the state they came to.",
    ["connection", "state"],
    registry=registry,
)
events_open = Gauge(
    "inboxbridge_events_loaded",
    "Events of a site that the courier holds in memory.",
    ["site"],
    registry=registry,
)
site_running = Gauge(
    "inboxbridge_site_running",
    "1 while a site's events are taken to Wix, 0 while its circuit is open or it is stopped.",
    ["site"],
    registry=registry,
)
budget_used = Gauge(
    "inboxbridge_budget_used",
    "Wix calls of the last minute that count against the site's limit.",
    ["site"],
    registry=registry,
)
delivery_seconds = Histogram(
    "inboxbridge_delivery_seconds",
    "From acceptance to Wix's confirmation.",
    ["site"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
    registry=registry,
)
