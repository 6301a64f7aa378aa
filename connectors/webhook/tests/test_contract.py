from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_webhook import connector

pytestmark = pytest.mark.slow

TestContract = contract_suite(
    connector,
    settings={"secret": "shop-secret-1", "timezone": "America/Denver"},
    samples=Path(__file__).parent.parent / "samples",
    minimum="gold",
)
