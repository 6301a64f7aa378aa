"""Each carrier's proof: its published or stated vector, and every way to forge it."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from inboxbridge import WebhookRequest
from inboxbridge_email import connector
from inboxbridge_email.signatures import EcdsaSignature, MailgunSignature
from pydantic import ValidationError

KEY = "mailgun-signing-key"
NOW = 1_700_000_000
FIELDS = {
    "timestamp": "1700000000",
    "token": "tok" * 16 + "ab",
    "signature": "f96c31462cf7b315df045ab230b9a553ff4936f76afeb2017df55ee9c76c5a19",
}
MULTIPART = {"content-type": "multipart/form-data; boundary=B"}


def form(**changed: str | None) -> WebhookRequest:
    fields = {"subject": "Saturday?", **FIELDS, **changed}
    given = {name: value for name, value in fields.items() if value is not None}
    return WebhookRequest(body=urlencode(given).encode())


def multipart(**fields: str) -> WebhookRequest:
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return WebhookRequest(headers=MULTIPART, body=f"{parts}--B--\r\n".encode())


def test_mailguns_signature_is_accepted():
    assert MailgunSignature(KEY).verify(form(), NOW) is None
    assert MailgunSignature(["new-key", KEY]).verify(form(), NOW + 900) is None
    assert MailgunSignature(KEY).verify(multipart(**FIELDS), NOW) is None
    assert MailgunSignature(KEY).verify(form(signature=FIELDS["signature"].upper()), NOW) is None


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (form(signature="0" * 64), "does not match"),
        (form(signature="é"), "does not match"),
        (form(token="tok" * 16 + "ac"), "does not match"),
        (form(timestamp="1700000001"), "does not match"),
        (form(timestamp="17000000000"), "early"),
        (form(timestamp="soon"), "not a whole number"),
        (form(signature=None), "signature is missing"),
        (form(token=""), "token is missing"),
        (form(timestamp=None), "timestamp is missing"),
        (WebhookRequest(body=form().body + b"&token=other"), "token is missing"),
        (WebhookRequest(body=b""), "timestamp is missing"),
        (WebhookRequest(headers={"content-type": "multipart/form-data"}), "no boundary"),
    ],
)
def test_a_forged_delivery_of_mailgun_is_refused(request_, reason):
    assert reason in MailgunSignature(KEY).verify(request_, NOW)


def test_mailguns_signature_with_another_key_or_none_is_refused():
    assert MailgunSignature("other-key").verify(form(), NOW) is not None
    assert MailgunSignature("").verify(form(), NOW) == "no secret is set"
    assert "901 s old" in MailgunSignature(KEY).verify(form(), NOW + 901)


@pytest.mark.parametrize("request_", [WebhookRequest(body=b"a=1"), multipart(a="1")])
def test_what_mailguns_scheme_signs_it_accepts(request_):
    scheme = MailgunSignature(KEY)

    assert scheme.verify(scheme.sign(request_, NOW), NOW) is None


@pytest.mark.parametrize("request_", [form(), multipart(**FIELDS)])
def test_a_kept_delivery_of_mailgun_proves_nothing_any_more(request_):
    scheme = MailgunSignature(KEY)
    kept = scheme.redact(request_)

    assert FIELDS["signature"].encode() not in kept.body
    assert "does not match" in scheme.verify(kept, NOW)


SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw"
    "+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SENDGRID_SIGNATURE = (
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAb"
    "PIqHh89M15TluLtEZtM="
)
SENDGRID_NOW = 1_600_112_502
SENDGRID_BODY = (
    json.dumps(
        [
            {
                "email": "hello@world.com",
                "event": "dropped",
                "reason": "Bounced Address",
                "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
                "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",  # noqa: E501
                "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
                "timestamp": 1600112492,
            }
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    + "\r\n"
).encode()
"""SendGrid's own vector: test/unit/test_eventwebhook.py of sendgrid/sendgrid-python."""


def sendgrid(
    body: bytes = SENDGRID_BODY,
    signature: str = SENDGRID_SIGNATURE,
    stamp: str = str(SENDGRID_NOW),
    now: float = SENDGRID_NOW,
    key: str = SENDGRID_KEY,
) -> str | None:
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    cls = connector.load("sendgrid")
    scheme = cls(cls.Settings(public_key=key)).signature()
    return scheme.verify(WebhookRequest(headers=headers, body=body), now)


def test_sendgrids_own_vector_is_accepted():
    assert sendgrid() is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": SENDGRID_BODY.strip()}, "does not match"),
        ({"stamp": "1600112503"}, "does not match"),
        ({"stamp": "timestamp"}, "not a whole number"),
        ({"now": SENDGRID_NOW + 301}, "old"),
        ({"signature": ""}, "Signature is missing"),
        ({"stamp": ""}, "Timestamp is missing"),
        ({"signature": "é"}, "does not match"),
        ({"signature": "AAAA"}, "does not match"),
    ],
)
def test_a_forged_delivery_of_sendgrid_is_refused(change, reason):
    assert reason in sendgrid(**change)


def test_without_a_key_nothing_of_sendgrid_is_accepted():
    scheme = EcdsaSignature((), "a", "b")

    assert scheme.verify(WebhookRequest(), 0) == "no public key is set"
    with pytest.raises(ValueError, match="private_key"):
        scheme.sign(WebhookRequest(), 0)


def of_another_kind() -> str:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("key", ["not base64!", "AAAA", "", of_another_kind()])
def test_a_public_key_that_is_none_is_refused_at_the_start(key):
    cls = connector.load("sendgrid")
    with pytest.raises(ValidationError, match="public_key"):
        cls.Settings(public_key=[key])


@pytest.mark.parametrize("provider", ["sendgrid", "postmark"])
def test_a_connection_that_would_prove_nothing_is_refused(provider):
    cls = connector.load(provider)
    with pytest.raises(ValidationError, match="url_token"):
        cls.Settings()


@pytest.mark.parametrize(
    ("settings", "url", "headers", "accepted"),
    [
        ({"credentials": "n:p"}, "", {"Authorization": "Basic bjpw"}, True),
        ({"credentials": ["n:q", "n:p"]}, "", {"Authorization": "Basic bjpw"}, True),
        ({"credentials": "n:p"}, "", {"Authorization": "Basic bjpx"}, False),
        ({"credentials": "n:p"}, "", {"Authorization": "bjpw"}, False),
        ({"credentials": "n:p"}, "", {}, False),
        ({"url_token": "t1"}, "?token=t1", {}, True),
        ({"url_token": "t1"}, "?token=t2", {}, False),
        ({"url_token": "t1", "credentials": "n:p"}, "", {"Authorization": "Basic bjpw"}, True),
        ({"url_token": "t1", "credentials": "n:p"}, "?token=t1", {}, True),
        ({"url_token": "t1", "credentials": "n:p"}, "", {}, False),
    ],
)
def test_postmark_proves_itself_by_what_the_address_holds(settings, url, headers, accepted):
    cls = connector.load("postmark")
    scheme = cls(cls.Settings(**settings)).signature()
    request = WebhookRequest(url=f"https://hooks.example.com/hooks/email{url}", headers=headers)

    assert (scheme.verify(request, 0) is None) is accepted
