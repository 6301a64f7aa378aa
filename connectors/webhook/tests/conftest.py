from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import Event, WebhookRequest
from inboxbridge_webhook import WebhookConnector

PACKAGE = Path(__file__).parent.parent
RECEIVED_AT = datetime(2026, 11, 6, 21, 30, tzinfo=UTC)

Parse = Callable[..., list[Event]]


@pytest.fixture
def request_with() -> Callable[..., WebhookRequest]:
    """Make a delivery from bytes, text, or anything that JSON can hold."""

    def make(body: Any, **headers: str) -> WebhookRequest:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return WebhookRequest(
            url="https://hooks.example.com/hooks/shop",
            headers=names,
            body=body,
            received_at=RECEIVED_AT,
        )

    return make


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """Read one of the package's sample bodies by its path."""
    return lambda path: (PACKAGE / path).read_bytes()


@pytest.fixture
def connector() -> Callable[..., WebhookConnector]:
    """Make a connection from settings; it verifies nothing unless told otherwise."""

    def make(**settings: Any) -> WebhookConnector:
        if "secret" not in settings:
            settings.setdefault("signature", "none")
        return WebhookConnector(WebhookConnector.Settings(**settings))

    return make


@pytest.fixture
def parse(
    connector: Callable[..., WebhookConnector], request_with: Callable[..., WebhookRequest]
) -> Parse:
    """Parse one body on a connection with the given settings."""
    return lambda body, **settings: connector(**settings).parse_event(request_with(body))


@pytest.fixture
def example() -> Callable[[str], WebhookConnector]:
    """Make the connection of an example file, its secret replaced by text."""

    def make(name: str, secret: str = "demo-secret") -> WebhookConnector:
        tables = tomllib.loads((PACKAGE / "examples" / f"{name}.toml").read_text())
        table = tables["connectors"][name]
        assert table.pop("plugin") == "webhook"
        assert set(table["secret"]) == {"env"}
        return WebhookConnector(WebhookConnector.Settings(**{**table, "secret": secret}))

    return make
