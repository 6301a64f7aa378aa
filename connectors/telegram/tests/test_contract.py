from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge.testing import contract_suite
from inboxbridge_telegram import Telegram

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"
SETTINGS = {"secret_token": "telegram-secret-1", "bot_token": "8000001:telegram-token-1"}

TestTelegram = contract_suite(
    Telegram,
    settings=SETTINGS,
    samples=SAMPLES,
    unknown=[b'{"update_id": 1, "poll_answer": {"poll_id": "5"}}'],
    minimum="gold",
)
