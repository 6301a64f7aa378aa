from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from inboxbridge import WebhookRequest
from inboxbridge.testing import contract_suite
from inboxbridge_email import connector
from inboxbridge_email.signatures import EcdsaSignature

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"
OWN = {"own_addresses": ["info@salon.example"]}
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    PRIVATE_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def signed_by_sendgrid(request: WebhookRequest, now: float) -> WebhookRequest:
    scheme = connector.load("sendgrid")
    settings = scheme.Settings(public_key=PUBLIC_KEY)
    return EcdsaSignature(
        (PUBLIC_KEY,),
        settings.signature_header,
        settings.timestamp_header,
        private_key=PRIVATE_KEY,
    ).sign(request, now)


TestMailgun = contract_suite(
    connector,
    provider="mailgun",
    settings={**OWN, "signing_key": "mailgun-signing-key", "api_key": "mailgun-api-key-1"},
    samples=SAMPLES,
    minimum="gold",
    exempt={
        "is_refused_when_forged": "Mailgun signs a timestamp and a token, not the mail; "
        "test_signatures.py forges each of them"
    },
)

TestSendGrid = contract_suite(
    connector,
    provider="sendgrid",
    settings={**OWN, "url_token": "sendgrid-token-1"},
    samples=SAMPLES,
    minimum="gold",
)

TestSendGridSigned = contract_suite(
    connector,
    provider="sendgrid",
    settings={**OWN, "public_key": PUBLIC_KEY},
    samples=SAMPLES,
    sign=signed_by_sendgrid,
    minimum="gold",
)

TestPostmark = contract_suite(
    connector,
    provider="postmark",
    settings={**OWN, "credentials": "postmark:password-1"},
    samples=SAMPLES,
    minimum="gold",
)

TestResend = contract_suite(
    connector,
    provider="resend",
    settings={
        **OWN,
        "signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "api_key": "re_resend-key-1",
        "received_at": ["@inbound.example.com"],
    },
    samples=SAMPLES,
    minimum="gold",
)
