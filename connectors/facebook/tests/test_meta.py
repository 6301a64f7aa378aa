"""Signature, handshake and settings, the same for Meta's three products."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge import WebhookRequest
from inboxbridge_facebook import connector as formats

SECRET = "app-secret-demo"
EMPTY_BATCH = b'{"object":"page","entry":[]}'
EMPTY_BATCH_SIGNED = "sha256=68fae2f60878e809d1c7e0e59c22ac1ef42f92027d005f117f046efd1354a63b"
ESCAPED = b'{"text":"caf\\u00e9"}'
ESCAPED_SIGNED = "sha256=df8968b58c4a0ffef96396324bad2acc1eea95302dda6751376976db539b2c74"
NOW = 1_794_000_000.0


@pytest.fixture(params=sorted(formats.formats))
def connect(request: pytest.FixtureRequest) -> Any:
    """Make a connection of each format."""
    connector: Any = formats.load(request.param)

    def make(**changes: Any) -> Any:
        values = {"app_secret": SECRET, "verify_token": "kept-secret", **changes}
        return connector(connector.Settings(**values))

    return make


def signed(body: bytes, signature: str | None) -> WebhookRequest:
    headers = {} if signature is None else {"X-Hub-Signature-256": signature}
    return WebhookRequest(headers=headers, body=body)


@pytest.mark.parametrize(
    ("body", "signature"), [(EMPTY_BATCH, EMPTY_BATCH_SIGNED), (ESCAPED, ESCAPED_SIGNED)]
)
def test_a_signature_over_the_raw_bytes_passes(connect: Any, body: bytes, signature: str) -> None:
    assert connect().signature().verify(signed(body, signature), NOW) is None


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (EMPTY_BATCH, None),
        (EMPTY_BATCH, ""),
        (EMPTY_BATCH, EMPTY_BATCH_SIGNED.removeprefix("sha256=")),
        (EMPTY_BATCH, EMPTY_BATCH_SIGNED[:-1]),
        (EMPTY_BATCH, ESCAPED_SIGNED),
        (EMPTY_BATCH + b"\n", EMPTY_BATCH_SIGNED),
        ('{"text":"café"}'.encode(), ESCAPED_SIGNED),
    ],
)
def test_a_missing_or_wrong_signature_is_refused(
    connect: Any, body: bytes, signature: str | None
) -> None:
    assert connect().signature().verify(signed(body, signature), NOW)


def test_the_old_sha1_header_proves_nothing(connect: Any) -> None:
    request = WebhookRequest(headers={"X-Hub-Signature": "sha1=00"}, body=EMPTY_BATCH)

    assert connect().signature().verify(request, NOW)


def test_both_secrets_pass_while_one_replaces_the_other(connect: Any) -> None:
    rotating = connect(app_secret=["new", SECRET]).signature()

    assert rotating.verify(signed(EMPTY_BATCH, EMPTY_BATCH_SIGNED), NOW) is None
    assert rotating.verify(rotating.sign(signed(EMPTY_BATCH, None), NOW), NOW) is None
    assert (
        connect(app_secret="new").signature().verify(signed(EMPTY_BATCH, EMPTY_BATCH_SIGNED), NOW)
    )


def challenge(**changes: str) -> WebhookRequest:
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": "kept-secret",
        "hub.challenge": "1158201444",
        **changes,
    }
    return WebhookRequest(method="GET", url=f"https://hooks.example.com/hooks/f?{urlencode(query)}")


def test_the_challenge_is_answered_with_itself_as_plain_text(connect: Any) -> None:
    answer = connect().handshake(challenge())

    assert (answer.status, answer.body) == (200, "1158201444")
    assert answer.content_type.startswith("text/plain")


def test_either_verify_token_is_taken_while_one_replaces_the_other(connect: Any) -> None:
    assert connect(verify_token=["new", "kept-secret"]).handshake(challenge()) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"hub.verify_token": "guessed"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "kept-secret\ud83d".encode("utf-8", "replace").decode()},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
    ],
)
def test_a_wrong_handshake_is_not_answered(connect: Any, changes: dict[str, str]) -> None:
    assert connect().handshake(challenge(**changes)) is None


def test_a_plain_visit_is_no_handshake(connect: Any) -> None:
    request = WebhookRequest(method="GET", url="https://hooks.example.com/hooks/f")

    assert connect().handshake(request) is None


@given(token=st.text(max_size=20).filter(lambda text: text != "kept-secret"))
def test_no_other_token_is_taken(token: str) -> None:
    connector: Any = formats.load("messenger")
    made = connector(connector.Settings(app_secret=SECRET, verify_token="kept-secret"))
    safe = token.encode("utf-8", "replace").decode()

    assert made.handshake(challenge(**{"hub.verify_token": safe})) is None


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"app_secret": "s"},
        {"verify_token": "v"},
        {"app_secret": "", "verify_token": "v"},
        {"app_secret": [], "verify_token": "v"},
        {"app_secret": "s", "verify_token": "v", "app_sekret": "x"},
    ],
)
@pytest.mark.parametrize("provider", sorted(formats.formats))
def test_settings_that_are_missing_empty_or_misspelt_are_refused(
    provider: str, values: dict[str, Any]
) -> None:
    with pytest.raises(ValueError):
        formats.load(provider).Settings(**values)


@pytest.mark.parametrize("provider", sorted(formats.formats))
def test_secrets_do_not_show_when_printed(provider: str) -> None:
    connector: Any = formats.load(provider)
    made = connector(connector.Settings(app_secret="s3cret", verify_token="t0ken"))
    shown = f"{made.settings!r} {made.signature()!r}"

    assert "s3cret" not in shown
    assert "t0ken" not in shown
