"""Every scheme fails closed: on any doubt it refuses with a reason and never raises."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import (
    AnyOf,
    Ed25519Signature,
    Headers,
    HmacSignature,
    NoSignature,
    SharedToken,
    Signature,
    StandardWebhooks,
    TimestampedHmac,
    UrlFormSignature,
    WebhookRequest,
)

NOW = 1_700_000_000.0
SEED = bytes(range(32))
PUBLIC = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
KEY = base64.b64encode(b"k" * 24).decode()

WINDOWED: dict[str, Signature] = {
    "hmac with timestamp": HmacSignature(
        "s3cret-value", "x-sig", content="{timestamp}.{body}", timestamp_header="x-time"
    ),
    "timestamped hmac": TimestampedHmac("s3cret-value", "x-sig"),
    "standard webhooks": StandardWebhooks("whsec_" + KEY),
    "standard webhooks v1a": StandardWebhooks("whsk_" + base64.b64encode(SEED).decode()),
    "ed25519": Ed25519Signature(PUBLIC, "x-sig", "x-time", private_key=SEED),
}
TIMELESS: dict[str, Signature] = {
    "hmac": HmacSignature("s3cret-value", "x-sig", prefix="sha256="),
    "hmac with url": HmacSignature("s3cret-value", "x-sig", content="{url}{body}"),
    "url form": UrlFormSignature("s3cret-value"),
    "token in header": SharedToken("s3cret-value", header="x-sig"),
    "token in body": SharedToken("s3cret-value", body_field="token"),
    "any of": AnyOf((SharedToken("other", header="x-a"), HmacSignature("s3cret-value", "x-sig"))),
}
SCHEMES = WINDOWED | TIMELESS
BODY = b'{"text":"Is Saturday free?"}'


def signed(scheme: Signature, now: float = NOW) -> WebhookRequest:
    return scheme.sign(WebhookRequest(url="https://hooks.example.com/h", body=BODY), now)


@pytest.fixture(params=SCHEMES.values(), ids=list(SCHEMES))
def scheme(request: pytest.FixtureRequest) -> Signature:
    one: Signature = request.param
    return one


@pytest.fixture(params=WINDOWED.values(), ids=list(WINDOWED))
def windowed(request: pytest.FixtureRequest) -> Signature:
    one: Signature = request.param
    return one


def test_what_a_scheme_signs_it_accepts(scheme: Signature) -> None:
    assert scheme.verify(signed(scheme), NOW) is None


def test_an_unsigned_delivery_is_refused(scheme: Signature) -> None:
    assert scheme.verify(WebhookRequest(body=BODY), NOW)


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_timestamp_within_five_minutes_is_accepted(windowed: Signature, age: int) -> None:
    assert windowed.verify(signed(windowed, NOW - age), NOW) is None


@pytest.mark.parametrize(("age", "word"), [(301, "old"), (-301, "early"), (10**9, "old")])
def test_a_timestamp_beyond_five_minutes_is_refused(
    windowed: Signature, age: int, word: str
) -> None:
    assert word in (windowed.verify(signed(windowed, NOW - age), NOW) or "")


def test_the_time_window_can_be_chosen() -> None:
    scheme = TimestampedHmac("s", "x-sig", tolerance_seconds=10)

    assert scheme.verify(signed(scheme, NOW - 10), NOW) is None
    assert scheme.verify(signed(scheme, NOW - 11), NOW)


def test_a_fresh_timestamp_on_an_old_signature_is_refused(windowed: Signature) -> None:
    """Otherwise a recorded delivery could be sent again at any time."""
    old = signed(windowed, NOW - 10_000)
    fresh = str(int(NOW))
    pairs = [
        (name, value.replace(str(int(NOW - 10_000)), fresh)) for name, value in old.headers.pairs()
    ]
    old.headers = Headers(pairs)

    assert "not match" in (reason := windowed.verify(old, NOW) or "") or "no signature" in reason


@pytest.mark.parametrize(
    "stamp",
    ["", " ", "now", "1700000000.0", "1.7e9", "-1700000000", "+1700000000", "0x65", "1_700_000_000",
     "１７００００００００", "9" * 400, "17000 00000", "\x00", "NaN", "inf", "\ud800"],
)  # fmt: skip
def test_a_timestamp_that_is_no_plain_number_is_refused(windowed: Signature, stamp: str) -> None:
    request = signed(windowed)
    fresh = str(int(NOW))
    request.headers = Headers([(n, v.replace(fresh, stamp)) for n, v in request.headers.pairs()])

    assert windowed.verify(request, NOW)


any_text = st.text(max_size=60) | st.sampled_from(
    ["t=", "t=1,v1=", "v1,", "v1a,====", ",", "=", "sha256=", "t=1,t=2,v1=a", "v1", "é", "\ud800"]
)


@settings(max_examples=40)
@given(data=st.data())
def test_no_header_makes_a_scheme_raise_or_accept(data: st.DataObject) -> None:
    for scheme in SCHEMES.values():
        request = signed(scheme)
        genuine = request.headers.pairs()
        pairs = [(name, data.draw(any_text)) for name, _ in genuine]
        body = data.draw(st.binary(max_size=40)) if not genuine else request.body
        forged = WebhookRequest(url=request.url, headers=Headers(pairs), body=body)

        assert isinstance(scheme.verify(forged, NOW), str)


@settings(max_examples=40)
@given(
    url=st.text(max_size=60), body=st.binary(max_size=60), method=st.sampled_from(["GET", "POST"])
)
def test_no_url_and_no_body_makes_a_scheme_raise(url: str, body: bytes, method: str) -> None:
    for scheme in SCHEMES.values():
        request = signed(scheme)
        odd = WebhookRequest(method=method, url=url, headers=request.headers, body=body)

        assert isinstance(scheme.verify(odd, NOW), str | None)


@pytest.mark.parametrize("url", ["https://[::1/h", "//", "https://h:99999/", "http://h:x/?a[", "?"])
def test_a_public_url_that_is_no_url_is_a_refusal(url: str) -> None:
    request = WebhookRequest(url=url, headers={"X-Twilio-Signature": "AAAA"}, body=b"a=1")

    assert UrlFormSignature("s").verify(request, NOW)


def test_a_signature_for_one_url_is_no_good_for_another() -> None:
    for name in ("hmac with url", "url form"):
        request = signed(SCHEMES[name])
        request.url += "/other"

        assert SCHEMES[name].verify(request, NOW)


def rotated(old: Any, new: Any) -> list[tuple[Signature, list[Signature]]]:
    """For each kind of scheme: one with both secrets, and one with each secret alone."""

    def schemes(make: Any, first: Any, second: Any) -> tuple[Signature, list[Signature]]:
        return make([first, second]), [make(first), make(second)]

    return [
        schemes(lambda s: HmacSignature(s, "x-sig"), old, new),
        schemes(lambda s: TimestampedHmac(s, "x-sig"), old, new),
        schemes(lambda s: UrlFormSignature(s), old, new),
        schemes(lambda s: SharedToken(s, header="x-sig"), old, new),
        schemes(lambda s: SharedToken(s, body_field="token"), old, new),
        schemes(StandardWebhooks, "whsec_" + KEY, "whsec_" + KEY[::-1].replace("=", "a")),
        schemes(
            StandardWebhooks,
            "whsk_" + base64.b64encode(SEED).decode(),
            "whsk_" + base64.b64encode(SEED[::-1]).decode(),
        ),
    ]


def test_each_of_several_live_secrets_is_accepted() -> None:
    for both, each in rotated("old-secret", "new-secret"):
        for alone in each:
            assert both.verify(signed(alone), NOW) is None
        assert each[0].verify(signed(each[1]), NOW)


@pytest.mark.parametrize("secrets", ["", [], [""], (), b""])
def test_an_unset_secret_accepts_nothing_and_signs_nothing(secrets: Any) -> None:
    for make in (
        lambda: HmacSignature(secrets, "x-sig"),
        lambda: TimestampedHmac(secrets, "x-sig"),
        lambda: UrlFormSignature(secrets),
        lambda: SharedToken(secrets, header="x-sig"),
        lambda: StandardWebhooks(secrets),
    ):
        unset: Signature = make()
        for genuine in SCHEMES.values():
            assert unset.verify(signed(genuine), NOW)
        with pytest.raises(ValueError, match="no secret"):
            signed(unset)


def test_an_empty_signature_is_refused_under_an_unset_public_key() -> None:
    scheme = Ed25519Signature([], "x-sig", "x-time")

    assert scheme.verify(WebhookRequest(headers={"x-sig": "", "x-time": ""}), NOW)


def test_secrets_may_be_any_bytes() -> None:
    """Such as an environment variable that is not UTF-8: Python escapes its bytes as surrogates."""
    for make in (
        lambda s: HmacSignature(s, "x-sig"),
        lambda s: TimestampedHmac(s, "x-sig"),
        lambda s: UrlFormSignature(s),
    ):
        as_bytes, as_text = make(b"\xff\x00key"), make("\udcff\x00key")

        assert as_text.verify(signed(as_bytes), NOW) is None
    binary = SharedToken(b"\xff\xfe", header="x-sig")
    assert binary.verify(WebhookRequest(headers={"x-sig": "\udcff"}), NOW)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: StandardWebhooks("whsec_not base64!"),
        lambda: StandardWebhooks(["whsec_" + KEY, "whsec_%"]),
        lambda: StandardWebhooks("whsec_" + KEY[:4] + "!!!!" + KEY[4:]),
        lambda: StandardWebhooks("whpk_" + base64.b64encode(b"short").decode()),
        lambda: StandardWebhooks("whsk_" + base64.b64encode(b"short").decode()),
        lambda: Ed25519Signature("not base64!", "x-sig", "x-time"),
        lambda: Ed25519Signature(base64.b64encode(b"short").decode(), "x-sig", "x-time"),
        lambda: HmacSignature("not base64!", "x-sig", key_encoding="base64"),
        lambda: HmacSignature([KEY, "not base64!"], "x-sig", key_encoding="base64"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_when_declared(declare: Any) -> None:
    with pytest.raises(ValueError) as caught:
        declare()

    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize(
    "declare",
    [
        lambda: HmacSignature("s", "x-sig", content="{timestamp}{body}"),
        lambda: SharedToken("s"),
        lambda: SharedToken("s", header="a", body_field="b"),
        lambda: AnyOf(()),
    ],
)
def test_a_scheme_that_cannot_work_is_refused_when_declared(declare: Any) -> None:
    with pytest.raises(ValueError, match="give"):
        declare()


def test_signing_for_ed25519_needs_the_private_key() -> None:
    with pytest.raises(ValueError, match="private_key"):
        signed(Ed25519Signature(PUBLIC, "x-sig", "x-time"))


def test_any_of_gives_every_reason() -> None:
    scheme = AnyOf((SharedToken("a", header="x-one"), SharedToken("b", header="x-two")))

    reason = scheme.verify(WebhookRequest(), NOW) or ""

    assert "x-one" in reason
    assert "x-two" in reason


def test_any_of_signs_with_the_first_that_can() -> None:
    cannot = Ed25519Signature(PUBLIC, "x-sig", "x-time")

    made = AnyOf((cannot, SharedToken("b", header="x-two"))).sign(WebhookRequest(), NOW)

    assert made.headers["x-two"] == "b"
    with pytest.raises(ValueError, match="private_key"):
        AnyOf((cannot,)).sign(WebhookRequest(), NOW)


def test_no_signature_accepts_everything() -> None:
    assert NoSignature().verify(WebhookRequest(), NOW) is None


def test_secrets_are_never_printed(scheme: Signature) -> None:
    shown = repr(scheme) + str(scheme) + f"{scheme!r:>5}"
    for secret in (
        "s3cret-value",
        KEY,
        PUBLIC,
        "other",
        base64.b64encode(SEED).decode(),
        repr(SEED),
    ):
        assert secret not in shown
    assert type(scheme).__name__ in shown


def test_reasons_never_quote_secrets_or_bodies(scheme: Signature) -> None:
    request = signed(scheme)
    request.body = b'{"token":"guess", "text":"Is Saturday free?"}'
    request.headers = Headers([(n, v[:-9] + "guess") for n, v in request.headers.pairs()])

    reason = scheme.verify(request, NOW) or ""

    assert reason
    for private in ("s3cret-value", KEY, "guess", "Saturday"):
        assert private not in reason


def test_signing_leaves_the_request_itself_alone(scheme: Signature) -> None:
    request = WebhookRequest(url="https://h.example.com", body=BODY, headers={"x-kept": "1"})

    made = scheme.sign(request, NOW)

    assert request.body == BODY
    assert list(request.headers) == ["x-kept"]
    assert made.headers["x-kept"] == "1"
    assert made.received_at == request.received_at
