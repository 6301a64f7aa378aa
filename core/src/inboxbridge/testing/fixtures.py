"""Fixtures for connector authors.

Put ``pytest_plugins = ["inboxbridge.testing.fixtures"]`` into the topmost conftest.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from inboxbridge.testing.clock import FakeClock
from inboxbridge.testing.stage import Delivered, SandboxServer, sandbox_server
from inboxbridge.testing.stage import deliver as _deliver


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """A stand-in for Wix on a loopback address, empty."""
    with sandbox_server() as server:
        yield server


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that goes on only when it is told to; it begins when samples arrive."""
    return FakeClock()


@pytest.fixture
def captured_logs() -> Iterator[list[Any]]:
    """The log lines written during the test, each a dictionary."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def deliver(sandbox: SandboxServer, tmp_path: Path) -> Callable[..., Delivered]:
    """Post a delivery to a real gateway and wait until it is in the sandbox's Inbox.

    Takes the connector, a sample, and as keywords ``settings``, ``provider``, ``sign`` and
    ``signed``; see `inboxbridge.testing.stage.deliver`. Deliveries of one test share a journal.
    """
    return partial(_deliver, sandbox, tmp_path)
