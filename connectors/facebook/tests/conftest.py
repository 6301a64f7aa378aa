"""Samples, and other bodies, as deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import WebhookRequest

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def sample() -> Callable[[str], WebhookRequest]:
    """Read one sample as the delivery of it."""
    return lambda name: WebhookRequest(body=(SAMPLES / f"{name}.json").read_bytes())


@pytest.fixture(scope="session")
def delivery() -> Callable[[Any], WebhookRequest]:
    """Make a delivery of any JSON value."""
    return lambda value: WebhookRequest(body=json.dumps(value).encode())
