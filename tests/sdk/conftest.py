"""Tests that need Node.js run only where they are asked for."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("INBOXBRIDGE_TEST_SDK") == "1":
        return
    left_out = [item for item in items if item.get_closest_marker("sdk")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("sdk")]
