from __future__ import annotations

from pathlib import Path

import pytest
from inboxbridge import Ed25519Signature, Secrets, WebhookRequest
from inboxbridge.testing import contract_suite
from inboxbridge_sms import connector
from inboxbridge_sms.vonage_signatures import VonageJwt
from pydantic import TypeAdapter

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"

PUBLIC_KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
"""Of the private key that is the bytes 0 to 31."""

VONAGE = {"signature_secret": "vonage-signature-secret"}
VONAGE_EXEMPT = {
    "has_both_directions": "of texts that the business sent Vonage reports the status alone, "
    "without their words",
}


def sign_as_telnyx(request: WebhookRequest, now: float) -> WebhookRequest:
    scheme = Ed25519Signature(
        public_keys=[PUBLIC_KEY],
        header="telnyx-signature-ed25519",
        timestamp_header="telnyx-timestamp",
        private_key=bytes(range(32)),
    )
    return scheme.sign(request, now)


def sign_as_vonage_messages(request: WebhookRequest, now: float) -> WebhookRequest:
    secrets = TypeAdapter(Secrets).validate_python(VONAGE["signature_secret"])
    return VonageJwt(secrets).sign(request, now)


TestTwilio = contract_suite(
    connector,
    provider="twilio",
    settings={"auth_token": "twilio-auth-token-demo", "numbers": ["+15005550009"]},
    samples=SAMPLES,
    minimum="gold",
)

TestTelnyx = contract_suite(
    connector,
    provider="telnyx",
    settings={"public_key": PUBLIC_KEY},
    samples=SAMPLES,
    minimum="gold",
    sign=sign_as_telnyx,
)

TestVonageSmsApi = contract_suite(
    connector,
    provider="vonage",
    settings=VONAGE,
    samples=SAMPLES,
    minimum="gold",
    only="vonage-[!m]*",
    exempt=VONAGE_EXEMPT,
)

TestVonageMessagesApi = contract_suite(
    connector,
    provider="vonage",
    settings=VONAGE,
    samples=SAMPLES,
    minimum="gold",
    only="vonage-message*",
    sign=sign_as_vonage_messages,
    exempt=VONAGE_EXEMPT,
)
