from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_chat import connector

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"

TestIntercom = contract_suite(
    connector,
    provider="intercom",
    settings={"client_secret": "intercom-client-secret"},
    samples=SAMPLES,
    minimum="gold",
)

TestCrisp = contract_suite(
    connector,
    provider="crisp",
    settings={"signing_secret": "crisp-signing-secret"},
    samples=SAMPLES,
    minimum="gold",
)

TestCrispWebsiteHooks = contract_suite(
    connector,
    provider="crisp",
    settings={"url_token": "crisp-url-token"},
    samples=SAMPLES,
    minimum="gold",
)

TestTawkTo = contract_suite(
    connector,
    provider="tawkto",
    settings={"secret": "tawk-secret"},
    samples=SAMPLES,
    minimum="gold",
)
