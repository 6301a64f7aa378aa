from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import WebhookRequest

SAMPLES = Path(__file__).parent.parent / "samples"
TYPES = {".form": "application/x-www-form-urlencoded", ".json": "application/json"}

Deliver = Callable[..., WebhookRequest]


@pytest.fixture(scope="session")
def sample() -> Deliver:
    """Give one of the sample bodies as a delivery: ``sample("twilio-missed.form")``."""

    def read(name: str) -> WebhookRequest:
        path = SAMPLES / name
        return WebhookRequest(
            url="https://hooks.example.com/hooks/phone",
            headers={"Content-Type": TYPES[path.suffix]},
            body=path.read_bytes(),
            received_at=datetime(2026, 11, 6, 21, 20, tzinfo=UTC),
        )

    return read


def _replaced(document: Any, place: int, value: Any) -> tuple[Any, int]:
    """Return *document* with its *place*-th node replaced, and the number of nodes passed."""
    if place == 0:
        return value, 1
    passed = 1
    if isinstance(document, dict):
        pairs: Any = list(document.items())
    elif isinstance(document, list):
        pairs = list(enumerate(document))
    else:
        return document, 1
    rebuilt = dict(pairs)
    for key, inner in pairs:
        rebuilt[key], count = _replaced(inner, place - passed, value)
        passed += count
    return (rebuilt if isinstance(document, dict) else list(rebuilt.values())), passed


@pytest.fixture(scope="session")
def with_node_replaced() -> Callable[[Any, int, Any], Any]:
    """Put a value in the place of one node of a JSON document, counted from its root (0)."""
    return lambda document, place, value: _replaced(document, place, value)[0]
