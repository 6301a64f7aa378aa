"""How deliveries are verified, and what a connection's settings make of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge import WebhookRequest
from inboxbridge_webhook import WebhookConnector

NOW = 1_700_000_000.0
BODY = b'{"id": "1", "email": "dana@example.com", "text": "Hi"}'


def reason(settings: dict[str, Any], headers: dict[str, str], body: bytes = BODY) -> str | None:
    """Return why the delivery is refused, or None if it passes."""
    connector = WebhookConnector(WebhookConnector.Settings(**settings))
    return connector.signature().verify(WebhookRequest(headers=headers, body=body), NOW)


def sha256_hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


GOOD = {"X-Hub-Signature-256": "sha256=" + sha256_hex("shop-secret", BODY)}


def test_a_secret_alone_means_hmac_sha256_in_the_usual_header():
    assert reason({"secret": "shop-secret"}, GOOD) is None


def test_the_contracts_own_example_verifies():
    settings = {
        "label": "Shop",
        "secret": "shop-secret",
        "signature": "hmac-sha256",
        "signature_header": "X-Hub-Signature-256",
        "signature_prefix": "sha256=",
    }

    assert reason(settings, GOOD) is None


def test_a_wrong_or_missing_signature_is_refused():
    settings = {"secret": "shop-secret"}

    assert reason(settings, {}) is not None
    assert reason(settings, {"X-Hub-Signature-256": "sha256="}) is not None
    assert reason(settings, GOOD, BODY + b" ") is not None
    assert reason({"secret": "other"}, GOOD) is not None


def test_both_secrets_of_a_rotation_pass():
    settings = {"secret": ["new-secret", "shop-secret"]}
    new = {"X-Hub-Signature-256": "sha256=" + sha256_hex("new-secret", BODY)}

    assert reason(settings, GOOD) is None
    assert reason(settings, new) is None


def test_a_bare_signature_needs_an_empty_prefix():
    bare = {"X-Sig": sha256_hex("shop-secret", BODY)}
    settings = {"secret": "shop-secret", "signature_header": "X-Sig"}

    assert reason({**settings, "signature_prefix": ""}, bare) is None
    assert "sha256=" in (reason(settings, bare) or "")


def test_a_timestamp_in_a_header_can_be_signed_too():
    settings = {
        "secret": "shop-secret",
        "signature_header": "X-Sig",
        "signature_prefix": "",
        "signature_content": "{timestamp}.{body}",
        "signature_timestamp_header": "X-Time",
        "signature_timestamp_unit": "ms",
        "tolerance_seconds": 60,
    }
    fresh, stale = "1699999970000", "1699999930000"
    signed = {
        stamp: {"X-Time": stamp, "X-Sig": sha256_hex("shop-secret", f"{stamp}.".encode() + BODY)}
        for stamp in (fresh, stale)
    }

    assert reason(settings, signed[fresh]) is None
    assert "70 s old" in (reason(settings, signed[stale]) or "")


def test_base64_secrets_can_be_decoded_first():
    key = base64.b64encode(b"shop-secret").decode()

    assert reason({"secret": key, "secret_encoding": "base64"}, GOOD) is None
    assert reason({"secret": key}, GOOD) is not None


def test_standard_webhooks_takes_the_specifications_own_vector():
    settings = {
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "signature": "standard-webhooks",
        "tolerance_seconds": 1e9,
    }
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    wrong = {**headers, "webhook-signature": headers["webhook-signature"].replace("OE=", "OA=")}
    body = b'{"test": 2432232314}'

    assert reason(settings, headers, body) is None
    assert reason(settings, wrong, body) is not None
    assert "window" in (reason({**settings, "tolerance_seconds": 300}, headers, body) or "")


def test_a_token_in_a_header_is_compared_whole():
    settings = {"secret": "t0ken", "signature": "token", "signature_header": "X-Token"}

    assert reason(settings, {"X-Token": "t0ken"}) is None
    assert reason(settings, {"X-Token": "t0ke"}) is not None
    assert reason(settings, {}) is not None


def test_none_must_be_written_out_and_then_verifies_nothing():
    assert reason({"signature": "none"}, {}) is None


VENDOR_VECTORS: list[tuple[str, dict[str, Any], dict[str, str], bytes]] = [
    (
        "Stripe",
        {
            "secret": "whsec_demo_not_decoded",
            "signature": "timestamped-hmac-sha256",
            "signature_header": "Stripe-Signature",
        },
        {
            "Stripe-Signature": "t=1700000000,"
            "v1=c5b21f6e682239eef81bdaab3c8b7bad44ca03c26aa7d89dd2ed44082cfa6b09,v0=00"
        },
        b'{"id":"evt_demo","object":"event"}',
    ),
    (
        "Typeform",
        {
            "secret": "typeform-secret",
            "signature_header": "Typeform-Signature",
            "signature_encoding": "base64",
        },
        {"Typeform-Signature": "sha256=EC1JFU0OVcXxNJo2R5BtaeIZEIAdil2TTmPaugjszvA="},
        b'{"event_id":"E1"}',
    ),
    (
        "tawk.to",
        {
            "secret": "tawk-secret",
            "signature": "hmac-sha1",
            "signature_header": "X-Tawk-Signature",
            "signature_prefix": "",
        },
        {"X-Tawk-Signature": "9cd4336770f7f74d075e7f19b9b82a82b1ad1c72"},
        b'{"event":"chat:start"}',
    ),
    (
        "Shopify",
        {
            "secret": "shopify-app-secret",
            "signature_header": "X-Shopify-Hmac-SHA256",
            "signature_prefix": "",
            "signature_encoding": "base64",
        },
        {"X-Shopify-Hmac-SHA256": "js2BXp3N4Om7nusIaVZEXUfooifCoYgp1IRckvZOgdA="},
        b'{"id":1}',
    ),
    (
        "Square",
        {
            "secret": "square-signature-key",
            "signature_header": "x-square-hmacsha256-signature",
            "signature_prefix": "",
            "signature_encoding": "base64",
            "signature_content": "{url}{body}",
        },
        {"x-square-hmacsha256-signature": "QgWfZ5dI3/F0MOY1+UHaqf8sA2Rp7eG+2Ssv8mBI5Tc="},
        b'{"type":"booking.created"}',
    ),
]


@pytest.mark.parametrize(
    ("settings", "headers", "body"),
    [vector[1:] for vector in VENDOR_VECTORS],
    ids=[vector[0] for vector in VENDOR_VECTORS],
)
def test_a_vendors_scheme_is_a_matter_of_settings(settings, headers, body):
    connector = WebhookConnector(WebhookConnector.Settings(**settings))
    url = "https://hooks.example.com/h/acme/square"
    delivery = WebhookRequest(url=url, headers=headers, body=body)
    tampered = WebhookRequest(url=url, headers=headers, body=body + b" ")

    assert connector.signature().verify(delivery, NOW) is None
    assert connector.signature().verify(tampered, NOW) is not None


@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_what_was_signed_passes_and_nothing_else_does(body, other):
    signature = WebhookConnector(WebhookConnector.Settings(secret="shop-secret")).signature()
    signed = signature.sign(WebhookRequest(body=body), NOW)
    forged = WebhookRequest(headers=signed.headers, body=other)

    assert signature.verify(signed, NOW) is None
    assert (signature.verify(forged, NOW) is None) == (body == other)
