"""The Standard Webhooks specification, symmetric and asymmetric."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inboxbridge.model.request import WebhookRequest
from inboxbridge.signing._base import (
    DEFAULT_TOLERANCE_SECONDS,
    Signature,
    decode_base64,
    digest,
    first,
    keys_of,
    outside_window,
    same,
)

MAX_SIGNATURES = 20
"""How many items of a signature header are tried; more only cost time."""

_HEADERS = (
    ("webhook-id", "webhook-timestamp", "webhook-signature"),
    ("svix-id", "svix-timestamp", "svix-signature"),
)


@dataclass(frozen=True)
class StandardWebhooks(Signature):
    """``webhook-id``, ``webhook-timestamp``, ``webhook-signature``: Quo, Svix senders, many more.

    Secrets say what they are by their prefix: ``whsec_`` (or none) is a base64 HMAC key for ``v1``,
    ``whpk_`` a base64 Ed25519 public key for ``v1a``, ``whsk_`` the private key that signs for it.
    Items of unknown versions are ignored, and so are all after the first `MAX_SIGNATURES`.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

    Attributes:
        secrets: One secret or several live ones.
        tolerance_seconds: How far the timestamp may be off, both ways.
    """

    secrets: Any = field(repr=False)
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    _hmac_keys: tuple[bytes, ...] = field(init=False, repr=False)
    _public_keys: tuple[Ed25519PublicKey, ...] = field(init=False, repr=False)
    _private_keys: tuple[Ed25519PrivateKey, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        hmac_keys, public, private = [], [], []
        for secret in keys_of(self.secrets):
            kind, raw = _decode(secret)
            if kind == b"whpk_":
                public.append(Ed25519PublicKey.from_public_bytes(raw))
            elif kind == b"whsk_":
                private.append(Ed25519PrivateKey.from_private_bytes(raw[:32]))
                public.append(private[-1].public_key())
            else:
                hmac_keys.append(raw)
        object.__setattr__(self, "_hmac_keys", tuple(hmac_keys))
        object.__setattr__(self, "_public_keys", tuple(public))
        object.__setattr__(self, "_private_keys", tuple(private))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not (self._hmac_keys or self._public_keys):
            return "no secret is set"
        headers = request.headers
        id_header, stamp_header, signature_header = next(
            (names for names in _HEADERS if names[2] in headers), _HEADERS[0]
        )
        missing = [n for n in (id_header, stamp_header, signature_header) if not headers.get(n)]
        if missing:
            return f"the header {missing[0]} is missing"
        stamp = headers[stamp_header]
        stale = outside_window(stamp, now, self.tolerance_seconds)
        if stale:
            return stale
        content = _content(headers[id_header], stamp, request.body)
        expected = [digest(key, content, "sha256", "base64") for key in self._hmac_keys]
        for item in headers[signature_header].split(" ", MAX_SIGNATURES)[:MAX_SIGNATURES]:
            version, _, signature = item.partition(",")
            if version == "v1" and any(same(digest, signature) for digest in expected):
                return None
            if version == "v1a" and any(
                _ed25519_matches(key, signature, content) for key in self._public_keys
            ):
                return None
        return f"no signature in {signature_header} matches"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        message_id = request.headers.get("webhook-id", "msg_sample")
        stamp = str(int(now))
        content = _content(message_id, stamp, request.body)
        if self._hmac_keys:
            made = "v1," + digest(self._hmac_keys[0], content, "sha256", "base64")
        else:
            raw = first(self._private_keys).sign(content)
            made = "v1a," + base64.b64encode(raw).decode()
        headers = dict(zip(_HEADERS[0], (message_id, stamp, made), strict=True))
        return request.with_headers(headers)


@dataclass(frozen=True)
class Ed25519Signature(Signature):
    """A base64 Ed25519 signature in one header, a timestamp in another: Telnyx.

    Attributes:
        public_keys: One base64 public key or several live ones.
        header: The header that carries the signature.
        timestamp_header: The header with the timestamp in seconds.
        separator: What stands between timestamp and body in the signed bytes.
        tolerance_seconds: How far the timestamp may be off, both ways.
        private_key: Only to `sign` with: 32 raw bytes.
    """

    public_keys: Any = field(repr=False)
    header: str
    timestamp_header: str
    separator: bytes = b"|"
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    private_key: bytes | None = field(default=None, repr=False)
    _keys: tuple[Ed25519PublicKey, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        decoded = [_decode(key)[1] for key in keys_of(self.public_keys)]
        keys = tuple(Ed25519PublicKey.from_public_bytes(raw) for raw in decoded)
        object.__setattr__(self, "_keys", keys)

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no public key is set"
        for name in (self.header, self.timestamp_header):
            if not request.headers.get(name):
                return f"the header {name} is missing"
        stamp = request.headers[self.timestamp_header]
        stale = outside_window(stamp, now, self.tolerance_seconds)
        if stale:
            return stale
        content = stamp.encode() + self.separator + request.body
        signature = request.headers[self.header]
        if any(_ed25519_matches(key, signature, content) for key in self._keys):
            return None
        return f"the signature in {self.header} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        if self.private_key is None:
            raise ValueError("signing needs private_key; verification needs only public_keys")
        stamp = str(int(now))
        key = Ed25519PrivateKey.from_private_bytes(self.private_key)
        raw = key.sign(stamp.encode() + self.separator + request.body)
        return request.with_headers(
            {self.header: base64.b64encode(raw).decode(), self.timestamp_header: stamp},
        )


def _decode(secret: bytes) -> tuple[bytes, bytes]:
    for prefix in (b"whsec_", b"whpk_", b"whsk_"):
        if secret.startswith(prefix):
            break
    else:
        prefix = b""
    raw = decode_base64(secret[len(prefix) :])
    if not raw:
        raise ValueError("the secret is not base64 (Standard Webhooks secrets are whsec_…)")
    if prefix == b"whpk_" and len(raw) != 32:
        raise ValueError("a whpk_ public key must hold 32 bytes")
    return prefix, raw


def _content(message_id: str, stamp: str, body: bytes) -> bytes:
    return f"{message_id}.{stamp}.".encode("utf-8", "surrogatepass") + body


def _ed25519_matches(key: Ed25519PublicKey, signature: str, content: bytes) -> bool:
    raw = decode_base64(signature)
    if raw is None:
        return False
    try:
        key.verify(raw, content)
    except InvalidSignature:
        return False
    return True
