"""Samples, and other bodies, as deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import IgnoredPart, MalformedBody, UnreadablePart, WebhookRequest

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def sample() -> Callable[[str], WebhookRequest]:
    """Read one sample as the delivery of it."""
    return lambda name: WebhookRequest(body=(SAMPLES / f"{name}.json").read_bytes())


@pytest.fixture(scope="session")
def delivery() -> Callable[[Any], WebhookRequest]:
    """Make a delivery of any JSON value."""
    return lambda value: WebhookRequest(body=json.dumps(value).encode())


@pytest.fixture(scope="session")
def kinds() -> Callable[[Any, WebhookRequest], list[str]]:
    """Name what a delivery holds that a connector leaves out."""

    def found(connector: Any, request: WebhookRequest) -> list[str]:
        parts = connector.parse_event(request)
        return [part.kind for part in parts if isinstance(part, IgnoredPart)]

    return found


@pytest.fixture(scope="session")
def reasons() -> Callable[[Any, WebhookRequest], str]:
    """Return what a connector says of a delivery, or of a part of it, that cannot be read."""

    def found(connector: Any, request: WebhookRequest) -> str:
        try:
            parts = connector.parse_event(request)
        except MalformedBody as error:
            return str(error)
        return "; ".join(part.reason for part in parts if isinstance(part, UnreadablePart))

    return found
