"""Leaves out what runs Wix's own SDK, unless it is asked for."""

from __future__ import annotations

import pytest
import wix_sdk


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if wix_sdk.is_asked_for():
        return
    left_out = [item for item in items if item.get_closest_marker("sdk")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
