from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_phone import connector

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"

TestTwilio = contract_suite(
    connector,
    provider="twilio",
    settings={"auth_token": "twilio-auth-token-demo"},
    samples=SAMPLES,
    minimum="gold",
)

TestQuo = contract_suite(
    connector,
    provider="quo",
    settings={"signing_key": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    samples=SAMPLES,
    minimum="gold",
)

TestAircall = contract_suite(
    connector,
    provider="aircall",
    settings={"token": "45XXYYZZ"},
    samples=SAMPLES,
    minimum="gold",
)
