"""What we sign and accept is what the sources' own libraries sign and accept."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import standardwebhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import (
    Ed25519Signature,
    StandardWebhooks,
    TimestampedHmac,
    UrlFormSignature,
    WebhookRequest,
)
from stripe import SignatureVerificationError, WebhookSignature
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

moderately = settings(max_examples=60)

bodies = st.text(st.characters(codec="utf-8"), max_size=200)
moments = st.integers(min_value=1, max_value=4_000_000_000)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8"), max_size=20)
tokens = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
urls = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["hooks.example.com", "localhost", "127.0.0.1"]),
    st.sampled_from(["", ":80", ":443", ":8443", ":1"]),
    st.sampled_from(["", "h/acme", "h/acme/", "caf%C3%A9"]),
    st.sampled_from(["", "?a=1", "?b=&a=%2B1&a=2", "?x=https%3A%2F%2Fy"]),
)
form_pairs = st.lists(st.tuples(st.sampled_from(["A", "a", "Body", "Bod", "é"]) | names, values))


class Repeated(dict[str, list[str]]):
    """A form as web frameworks hand it to Twilio's validator."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def repeated(pairs: list[tuple[str, str]]) -> Repeated:
    form = Repeated()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def form_request(url: str, pairs: list[tuple[str, str]], signature: str) -> WebhookRequest:
    return WebhookRequest(
        url=url, headers={"X-Twilio-Signature": signature}, body=urlencode(pairs).encode()
    )


@moderately
@given(key=st.binary(min_size=1, max_size=64), msg_id=names, body=bodies, now=moments)
def test_standard_webhooks_signs_like_the_reference_library(
    key: bytes, msg_id: str, body: str, now: int
) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    reference = standardwebhooks.Webhook(secret)
    expected = reference.sign(msg_id, datetime.fromtimestamp(now, UTC), body)
    request = WebhookRequest(headers={"webhook-id": msg_id}, body=body.encode())

    signed = StandardWebhooks(secret).sign(request, now)

    assert expected == signed.headers["webhook-signature"]
    assert StandardWebhooks(secret.rstrip("=")).verify(signed, now) is None
    assert StandardWebhooks(secret.removeprefix("whsec_")).verify(signed, now) is None


@moderately
@given(seed=st.binary(min_size=32, max_size=32), msg_id=names, body=st.binary(), now=moments)
def test_standard_webhooks_v1a_accepts_exactly_what_the_private_key_signed(
    seed: bytes, msg_id: str, body: bytes, now: int
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(f"{msg_id}.{now}.".encode() + body)
    scheme = StandardWebhooks("whpk_" + base64.b64encode(public).decode())
    headers = {
        "webhook-id": msg_id,
        "webhook-timestamp": str(now),
        "webhook-signature": "v1a," + base64.b64encode(signature).decode(),
    }

    assert scheme.verify(WebhookRequest(headers=headers, body=body), now) is None
    assert scheme.verify(WebhookRequest(headers=headers, body=body + b"x"), now) is not None


@moderately
@given(seed=st.binary(min_size=32, max_size=32), body=st.binary(), now=moments)
def test_ed25519_accepts_exactly_what_the_private_key_signed(
    seed: bytes, body: bytes, now: int
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    scheme = Ed25519Signature(
        base64.b64encode(public).decode(), "x-signature", "x-timestamp", private_key=seed
    )

    signed = scheme.sign(WebhookRequest(body=body), now)

    private.public_key().verify(
        base64.b64decode(signed.headers["x-signature"]), f"{now}|".encode() + body
    )
    assert scheme.verify(signed, now) is None
    signed.body += b"x"
    assert scheme.verify(signed, now) is not None


@moderately
@given(secret=tokens.map("whsec_".__add__), body=bodies, now=moments)
def test_timestamped_hmac_agrees_with_stripe_both_ways(secret: str, body: str, now: int) -> None:
    scheme = TimestampedHmac(secret, "Stripe-Signature")
    theirs = WebhookSignature.generate_signature_header(body, secret, now)
    request = WebhookRequest(headers={"Stripe-Signature": theirs}, body=body.encode())

    assert scheme.verify(request, now) is None

    ours = scheme.sign(WebhookRequest(body=body.encode()), now).headers["Stripe-Signature"]

    assert WebhookSignature.verify_header(body, ours, secret)
    with pytest.raises(SignatureVerificationError):
        WebhookSignature.verify_header(body + "x", ours, secret)


@moderately
@given(token=tokens, url=urls, pairs=form_pairs, algorithm=st.sampled_from(["sha1", "sha256"]))
def test_url_form_accepts_what_twilio_signs(
    token: str, url: str, pairs: list[tuple[str, str]], algorithm: str
) -> None:
    name = f"HMAC_{algorithm.upper()}"
    signature = RequestValidator(token).compute_signature(url, repeated(pairs), name)
    request = WebhookRequest(
        url=url,
        headers={
            "X-Twilio-Signature": signature,
            "X-Twilio-Webhooks-Signature-Settings": f"key=k, algorithm={name}",
        },
        body=urlencode(pairs).encode(),
    )

    assert UrlFormSignature(token).verify(request, 0) is None


@moderately
@given(token=tokens, url=urls, pairs=form_pairs)
def test_url_form_signs_what_twilio_accepts(
    token: str, url: str, pairs: list[tuple[str, str]]
) -> None:
    unsigned = form_request(url, pairs, "")

    signature = UrlFormSignature(token).sign(unsigned, 0).headers["X-Twilio-Signature"]

    assert RequestValidator(token).validate(url, repeated(pairs), signature)


@moderately
@given(
    token=tokens,
    pairs=form_pairs,
    more=st.tuples(names, values),
    scheme=st.sampled_from(["http", "https"]),
    shown=st.sampled_from(["", ":80", ":443", ":8443"]),
    signed=st.sampled_from(["", ":80", ":443", ":8443"]),
)
def test_url_form_agrees_with_twilio_on_ports_and_changed_forms(
    token: str,
    pairs: list[tuple[str, str]],
    more: tuple[str, str],
    scheme: str,
    shown: str,
    signed: str,
) -> None:
    validator = RequestValidator(token)
    shown_url = f"{scheme}://hooks.example.com{shown}/h"
    signed_url = f"{scheme}://hooks.example.com{signed}/h"
    signature = validator.compute_signature(signed_url, repeated(pairs))

    for form in (pairs, [*pairs, more]):
        theirs = validator.validate(shown_url, repeated(form), signature)
        ours = UrlFormSignature(token).verify(form_request(shown_url, form, signature), 0)

        assert theirs == (ours is None)


@moderately
@given(token=tokens, body=bodies, other=bodies)
def test_url_form_agrees_with_twilio_on_json_bodies(token: str, body: str, other: str) -> None:
    digest = hashlib.sha256(body.encode()).hexdigest()
    url = f"https://hooks.example.com/h?bodySHA256={digest}"
    validator = RequestValidator(token)
    signature = validator.compute_signature(url, {})

    for sent in (body, other):
        request = WebhookRequest(
            url=url, headers={"X-Twilio-Signature": signature}, body=sent.encode()
        )
        theirs = validator.validate(url, sent, signature)

        assert theirs == (UrlFormSignature(token).verify(request, 0) is None)
