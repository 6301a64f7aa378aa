from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

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
