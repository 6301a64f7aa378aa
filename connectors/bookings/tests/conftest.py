from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import WebhookRequest

SAMPLES = Path(__file__).parent.parent / "samples"
RECEIVED_AT = datetime(2026, 11, 6, 21, 30, tzinfo=UTC)


@pytest.fixture
def request_with() -> Callable[..., WebhookRequest]:
    """Make a delivery from bytes, or from anything that JSON can hold."""

    def make(body: Any, received_at: datetime = RECEIVED_AT, **headers: str) -> WebhookRequest:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return WebhookRequest(headers=names, body=body, received_at=received_at)

    return make


@pytest.fixture
def sample() -> Callable[[str], Any]:
    """Read one of the package's JSON samples by its name."""
    return lambda name: json.loads((SAMPLES / f"{name}.json").read_bytes())
