from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_facebook import connector

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"
SETTINGS = {"app_secret": "app-secret-demo", "verify_token": "verify-token-demo"}

TestMessenger = contract_suite(
    connector,
    provider="messenger",
    settings=SETTINGS,
    samples=SAMPLES,
    minimum="gold",
)

TestInstagram = contract_suite(
    connector,
    provider="instagram",
    settings=SETTINGS,
    samples=SAMPLES,
    minimum="gold",
)

TestWhatsApp = contract_suite(
    connector,
    provider="whatsapp",
    settings=SETTINGS,
    samples=SAMPLES,
    minimum="gold",
)
