from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_bookings import connector

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"

TestCalendly = contract_suite(
    connector,
    provider="calendly",
    settings={"signing_key": "calendly-key-1"},
    samples=SAMPLES,
    minimum="gold",
)

TestCalCom = contract_suite(
    connector,
    provider="calcom",
    settings={"secret": "calcom-secret-1"},
    samples=SAMPLES,
    minimum="gold",
)

TestAcuity = contract_suite(
    connector,
    provider="acuity",
    settings={"user_id": "17", "api_key": "acuity-key-1"},
    samples=SAMPLES,
    minimum="gold",
    exempt={
        "ids_are_stable": "a second move of an appointment is delivered exactly like a repetition "
        "of the first; after five minutes it counts as another (see test_acuity.py)",
        "has_both_directions": "Acuity does not tell who moved or cancelled an appointment",
    },
)
