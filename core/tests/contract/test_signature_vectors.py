"""Deliveries signed by, or by the documented formula of, real sources."""

from __future__ import annotations

import base64
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from inboxbridge import (
    Ed25519Signature,
    HmacSignature,
    SharedToken,
    Signature,
    StandardWebhooks,
    TimestampedHmac,
    UrlFormSignature,
    WebhookRequest,
)

T = 1_700_000_000
TWILIO_URL = "https://hooks.example.com/h/acme/twilio"
TWILIO_FORM = urlencode(
    {
        "MessageSid": "SM00000000000000000000000000000001",
        "From": "+15005550006",
        "To": "+15005550009",
        "Body": "Hi there",
        "NumMedia": "0",
    }
).encode()
VENDOR_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VENDOR_FORM = urlencode(
    {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
).encode()
REPEATED_FORM = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"
BODY_SHA256 = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
WHPK = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
V1A = "v1a,DA+4m4VqA33Hm9Wlha/1LaJIOTEvbTa2btJ5gtcP1KIJ83aMbtlDaDEj9gW4UzCjPd9EMUgy41eDWvfIiFddCQ=="


class Vector(NamedTuple):
    """A scheme and the headers with which a genuine delivery came."""

    scheme: Signature
    headers: dict[str, str]
    body: bytes
    url: str = "https://hooks.example.com/h/acme/source"
    now: float = T


def hmac_vector(secret: str, header: str, body: bytes, value: str, **scheme: object) -> Vector:
    return Vector(HmacSignature(secret, header, **scheme), {header: value}, body)  # type: ignore[arg-type]


def twilio(url: str, body: bytes, value: str, token: str, settings: str | None = None) -> Vector:
    headers = {"X-Twilio-Signature": value}
    if settings:
        headers["X-Twilio-Webhooks-Signature-Settings"] = settings
    return Vector(UrlFormSignature(token), headers, body, url)


VECTORS = {
    "standard webhooks v1": Vector(
        StandardWebhooks("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        now=1_614_265_330,
    ),
    "standard webhooks v1a": Vector(
        StandardWebhooks(WHPK),
        {"webhook-id": "msg_1", "webhook-timestamp": str(T), "webhook-signature": V1A},
        b'{"a":1}',
    ),
    "meta": hmac_vector(
        "app-secret-demo",
        "X-Hub-Signature-256",
        b'{"object":"page","entry":[]}',
        "sha256=68fae2f60878e809d1c7e0e59c22ac1ef42f92027d005f117f046efd1354a63b",
        prefix="sha256=",
    ),
    "meta, escaped non-ASCII": hmac_vector(
        "app-secret-demo",
        "X-Hub-Signature-256",
        rb'{"text":"caf\u00e9"}',
        "sha256=df8968b58c4a0ffef96396324bad2acc1eea95302dda6751376976db539b2c74",
        prefix="sha256=",
    ),
    "twilio form, SHA-1": twilio(
        TWILIO_URL, TWILIO_FORM, "RfYdHJj5DZ8NC07tF0iS8W/gNsI=", "twilio-auth-token-demo"
    ),
    "twilio form, SHA-256": twilio(
        TWILIO_URL,
        TWILIO_FORM,
        "wKkGpuw9DnSX1b3obuAPF93yyHxwfi04E2jD5AVh1OY=",
        "twilio-auth-token-demo",
        "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
    ),
    "twilio JSON": twilio(
        f"{TWILIO_URL}?bodySHA256={BODY_SHA256}",
        b'{"a":1}',
        "bc50TZKVpDcPLka57Ys/EuY7S6U=",
        "twilio-auth-token-demo",
    ),
    "twilio, vendor's own": twilio(
        VENDOR_URL, VENDOR_FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "12345"
    ),
    "twilio, port shown": twilio(
        VENDOR_URL.replace(".com/", ".com:1234/"),
        VENDOR_FORM,
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        "12345",
    ),
    "twilio repeated names": twilio(
        VENDOR_URL, REPEATED_FORM, "IK+Dwps556ElfBT0I3Rgjkr1wJU=", "12345"
    ),
    "square": Vector(
        HmacSignature(
            "square-signature-key",
            "x-square-hmacsha256-signature",
            encoding="base64",
            content="{url}{body}",
        ),
        {"x-square-hmacsha256-signature": "QgWfZ5dI3/F0MOY1+UHaqf8sA2Rp7eG+2Ssv8mBI5Tc="},
        b'{"type":"booking.created"}',
        "https://hooks.example.com/h/acme/square",
    ),
    "stripe": Vector(
        TimestampedHmac("whsec_demo_not_decoded", "Stripe-Signature"),
        {
            "Stripe-Signature": f"t={T},"
            "v1=c5b21f6e682239eef81bdaab3c8b7bad44ca03c26aa7d89dd2ed44082cfa6b09"
        },
        b'{"id":"evt_demo","object":"event"}',
    ),
    "calendly": Vector(
        TimestampedHmac("calendly-signing-key", "Calendly-Webhook-Signature"),
        {
            "Calendly-Webhook-Signature": f"t={T},"
            "v1=81a9bfd092b45e5532457d73f595f87d45462d421449a6bae3fa0fa5ec207239"
        },
        b'{"event":"invitee.created"}',
    ),
    "cal.com": hmac_vector(
        "cal-secret",
        "X-Cal-Signature-256",
        b'{"triggerEvent":"BOOKING_CREATED"}',
        "cf51df2893fd71b1980d99a59a5eee3d05546826f8dadd9e562d4cde9f50acf4",
    ),
    "acuity": hmac_vector(
        "acuity-api-key",
        "X-Acuity-Signature",
        b"action=scheduled&id=123456789&calendarID=42&appointmentTypeID=7",
        "exmaK8yyzn2SV433r5OrbcTiWQxxFgyIGMyCpipLUAI=",
        encoding="base64",
    ),
    "intercom": hmac_vector(
        "intercom-client-secret",
        "X-Hub-Signature",
        b'{"topic":"ping"}',
        "sha1=657c4b2773e904ea1f60c47d29b0f4cb53b118ce",
        algorithm="sha1",
        prefix="sha1=",
    ),
    "crisp": Vector(
        HmacSignature(
            "crisp-signing-secret",
            "X-Crisp-Signature",
            content="[{timestamp};{body}]",
            timestamp_header="X-Crisp-Request-Timestamp",
            timestamps_per_second=1000,
        ),
        {
            "X-Crisp-Signature": "c9e50d6f174c35785fe2903608e9e8c4a7e37dec55c8f20d70913d2ec33191ff",
            "X-Crisp-Request-Timestamp": f"{T}000",
        },
        b'{"event":"message:send"}',
    ),
    "tawk.to": hmac_vector(
        "tawk-secret",
        "X-Tawk-Signature",
        b'{"event":"chat:start"}',
        "9cd4336770f7f74d075e7f19b9b82a82b1ad1c72",
        algorithm="sha1",
    ),
    "callrail": hmac_vector(
        "callrail-company-key",
        "Signature",
        b'{"id":"CAL1"}',
        "WBa6keJ1C8FPs6nz9Yb12G7D7/A=",
        algorithm="sha1",
        encoding="base64",
    ),
    "shopify": hmac_vector(
        "shopify-app-secret",
        "X-Shopify-Hmac-SHA256",
        b'{"id":1}',
        "js2BXp3N4Om7nusIaVZEXUfooifCoYgp1IRckvZOgdA=",
        encoding="base64",
    ),
    "typeform": hmac_vector(
        "typeform-secret",
        "Typeform-Signature",
        b'{"event_id":"E1"}',
        "sha256=EC1JFU0OVcXxNJo2R5BtaeIZEIAdil2TTmPaugjszvA=",
        encoding="base64",
        prefix="sha256=",
    ),
    "telnyx": Vector(
        Ed25519Signature(
            WHPK.removeprefix("whpk_"), "telnyx-signature-ed25519", "telnyx-timestamp"
        ),
        {
            "telnyx-signature-ed25519": "NMQOthHKj00VoDxQbYGerZjOOFli2xhAkPDkJFo6ejSVzSWldlkGjrXx4f"
            "d+FqAwHXxSF3mTDGg9fXZ65b/+Cg==",
            "telnyx-timestamp": str(T),
        },
        b'{"data":{"event_type":"message.received"}}',
    ),
}


def request_of(vector: Vector) -> WebhookRequest:
    return WebhookRequest(url=vector.url, headers=vector.headers, body=vector.body)


@pytest.fixture(params=VECTORS.values(), ids=list(VECTORS))
def vector(request: pytest.FixtureRequest) -> Vector:
    genuine: Vector = request.param
    return genuine


def test_a_genuine_delivery_is_accepted(vector: Vector) -> None:
    assert vector.scheme.verify(request_of(vector), vector.now) is None


def test_a_changed_body_is_refused(vector: Vector) -> None:
    request = request_of(vector)
    request.body += b" "

    assert vector.scheme.verify(request, vector.now) is not None


def test_a_signature_with_one_changed_character_is_refused(vector: Vector) -> None:
    name = next(n for n, v in vector.headers.items() if len(v) > 15 and "algorithm" not in v and
                not v.isdigit() and not n.endswith("-id"))  # fmt: skip
    value = vector.headers[name]
    changed = value[:-10] + ("0" if value[-10] != "0" else "1") + value[-9:]
    request = WebhookRequest(
        url=vector.url, headers={**vector.headers, name: changed}, body=vector.body
    )

    assert vector.scheme.verify(request, vector.now) is not None


def test_each_missing_header_is_a_refusal(vector: Vector) -> None:
    for name in vector.headers:
        kept = {n: v for n, v in vector.headers.items() if n != name}
        request = WebhookRequest(url=vector.url, headers=kept, body=vector.body)

        assert vector.scheme.verify(request, vector.now) is not None


def test_hex_signatures_may_be_upper_case() -> None:
    meta = VECTORS["meta"]
    name, value = next(iter(meta.headers.items()))
    shouted = "sha256=" + value.removeprefix("sha256=").upper()
    request = WebhookRequest(headers={name: shouted}, body=meta.body)

    assert meta.scheme.verify(request, T) is None


def test_standard_webhooks_refuses_the_official_wrong_signature() -> None:
    official = VECTORS["standard webhooks v1"]
    wrong = official.headers["webhook-signature"].replace("OE=", "OA=")
    request = WebhookRequest(
        headers={**official.headers, "webhook-signature": wrong}, body=official.body
    )

    assert official.scheme.verify(request, official.now) is not None


def test_standard_webhooks_takes_the_svix_header_names() -> None:
    official = VECTORS["standard webhooks v1"]
    renamed = {n.replace("webhook-", "svix-"): v for n, v in official.headers.items()}

    request = WebhookRequest(headers=renamed, body=official.body)

    assert official.scheme.verify(request, official.now) is None


def test_standard_webhooks_private_key_signs_what_the_public_key_expects() -> None:
    private = "whsk_" + base64.b64encode(bytes(range(32))).decode()
    request = WebhookRequest(headers={"webhook-id": "msg_1"}, body=b'{"a":1}')

    signed = StandardWebhooks(private).sign(request, T)

    assert signed.headers["webhook-signature"] == V1A
    assert StandardWebhooks(WHPK).verify(signed, T) is None


def test_standard_webhooks_finds_the_matching_one_among_several_signatures() -> None:
    official = VECTORS["standard webhooks v1"]
    genuine = official.headers["webhook-signature"]
    several = f"v1,AAAA v2,zzz v1a,{'A' * 86}== {genuine}"
    request = WebhookRequest(
        headers={**official.headers, "webhook-signature": several}, body=official.body
    )

    assert official.scheme.verify(request, official.now) is None


@pytest.mark.parametrize(("before", "accepted"), [(19, True), (20, False), (1000, False)])
def test_standard_webhooks_tries_twenty_signatures_and_no_more(before: int, accepted: bool) -> None:
    official = VECTORS["standard webhooks v1"]
    genuine = official.headers["webhook-signature"]
    request = WebhookRequest(
        headers={**official.headers, "webhook-signature": "v1,AAAA " * before + genuine},
        body=official.body,
    )

    assert accepted == (official.scheme.verify(request, official.now) is None)


@pytest.mark.parametrize("version", ["v2", "v1a", "", "V1", "v11"])
def test_a_genuine_signature_under_another_version_is_refused(version: str) -> None:
    official = VECTORS["standard webhooks v1"]
    _, _, genuine = official.headers["webhook-signature"].partition(",")
    request = WebhookRequest(
        headers={**official.headers, "webhook-signature": f"{version},{genuine}"},
        body=official.body,
    )

    assert official.scheme.verify(request, official.now) is not None


@pytest.mark.parametrize("stray", ["!", "\n", " ", "é"])
def test_stray_characters_in_an_ed25519_signature_are_refused(stray: str) -> None:
    telnyx = VECTORS["telnyx"]
    name = "telnyx-signature-ed25519"
    value = telnyx.headers[name]
    request = WebhookRequest(
        headers={**telnyx.headers, name: value[:8] + stray + value[8:]}, body=telnyx.body
    )

    assert telnyx.scheme.verify(request, T) is not None


def test_a_symmetric_secret_never_verifies_an_asymmetric_signature() -> None:
    v1a = VECTORS["standard webhooks v1a"]
    scheme = StandardWebhooks("whsec_" + WHPK.removeprefix("whpk_"))

    assert scheme.verify(request_of(v1a), T) is not None


def test_twilio_accepts_the_default_port_signed_but_not_shown() -> None:
    with_port = "https://hooks.example.com:443/h/acme/twilio"
    scheme = UrlFormSignature("token")
    signed = scheme.sign(WebhookRequest(url=with_port, body=TWILIO_FORM), T)
    shown = WebhookRequest(url=TWILIO_URL, headers=signed.headers, body=TWILIO_FORM)

    assert scheme.verify(shown, T) is None


def test_twilio_get_signs_the_url_with_its_query_alone() -> None:
    scheme = UrlFormSignature("token")
    url = f"{TWILIO_URL}?Body=Hi+there&From=%2B15005550006"
    signed = scheme.sign(WebhookRequest(method="GET", url=url), T)

    assert scheme.verify(signed, T) is None
    moved = WebhookRequest(method="GET", url=url + "&To=x", headers=signed.headers)
    assert scheme.verify(moved, T) is not None


def test_twilio_refuses_an_algorithm_it_does_not_know() -> None:
    vector = VECTORS["twilio form, SHA-1"]
    headers = {**vector.headers, "X-Twilio-Webhooks-Signature-Settings": "algorithm=HMAC_MD5"}
    request = WebhookRequest(url=vector.url, headers=headers, body=vector.body)

    assert "unknown algorithm" in (vector.scheme.verify(request, T) or "")


def test_a_shared_token_in_a_header_is_compared_whole() -> None:
    scheme = SharedToken("tøken", header="X-Token")

    assert scheme.verify(WebhookRequest(headers={"X-Token": "tøken"}), T) is None
    for wrong in ("tøke", "tøkenn", "TØKEN", "", " tøken"):
        assert scheme.verify(WebhookRequest(headers={"X-Token": wrong}), T) is not None


def test_a_shared_token_in_the_body_must_be_text_at_the_top_level() -> None:
    scheme = SharedToken("abc", body_field="token")

    assert scheme.verify(WebhookRequest(body=b'{"token":"abc"}'), T) is None
    for body in (b'{"token":["abc"]}', b'{"a":{"token":"abc"}}', b'["token"]', b"", b"\xff"):
        assert scheme.verify(WebhookRequest(body=body), T) is not None
