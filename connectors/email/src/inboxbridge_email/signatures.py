"""How Mailgun and SendGrid sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from inboxbridge import MalformedBody, Signature, WebhookRequest
from inboxbridge.reading import form_parts
from inboxbridge.signing import (
    DEFAULT_TOLERANCE_SECONDS,
    decode_base64,
    keys_of,
    outside_window,
    same,
)

MAILGUN_TOLERANCE_SECONDS: Final = 900.0
"""As in Mailgun's own examples: 15 minutes."""

_SIGNED = ("timestamp", "token", "signature")


@dataclass(frozen=True)
class MailgunSignature(Signature):
    """Hex HMAC-SHA256 of ``timestamp`` and ``token``, all three among the form's fields.

    It does not cover the mail. So what proves a delivery is made useless before it is stored.

    Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks

    Attributes:
        secrets: One HTTP webhook signing key or several live ones.
        tolerance_seconds: How far the timestamp may be off, both ways.
    """

    secrets: Any = field(repr=False)
    tolerance_seconds: float = MAILGUN_TOLERANCE_SECONDS
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", keys_of(self.secrets))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no secret is set"
        try:
            found = _signed_fields(request)
        except MalformedBody as error:
            return str(error)
        missing = [name for name in _SIGNED if not found.get(name)]
        if missing:
            return f"the form's field {missing[0]} is missing"
        stale = outside_window(found["timestamp"], now, self.tolerance_seconds)
        if stale:
            return stale
        content = (found["timestamp"] + found["token"]).encode("utf-8", "surrogatepass")
        given = found["signature"].lower()
        matches = [same(_hex_hmac(key, content), given) for key in self._keys]
        return None if any(matches) else "the form's field signature does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        if not self._keys:
            raise ValueError("no secret is set, so nothing can be signed")
        stamp, token = str(int(now)), random.token_hex(25)
        made = _hex_hmac(self._keys[0], (stamp + token).encode())
        values = (("timestamp", stamp), ("token", token), ("signature", made))
        content_type = request.headers.get("content-type", "")
        if content_type.lower().startswith("multipart/"):
            boundary, _, rest = request.body.partition(b"\r\n")
            fields = b"".join(
                b'%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
                % (boundary, name.encode(), value.encode())
                for name, value in values
            )
            return request.replace(body=fields + boundary + b"\r\n" + rest)
        joiner = b"&" if request.body else b""
        return request.replace(body=request.body + joiner + urlencode(values).encode())

    def redact(self, request: WebhookRequest) -> WebhookRequest:
        try:
            given = _signed_fields(request).get("signature", "").encode("utf-8", "surrogatepass")
        except MalformedBody:
            return request
        if not given:
            return request
        return request.replace(body=request.body.replace(given, b"0" * len(given)))


@dataclass(frozen=True)
class EcdsaSignature(Signature):
    """ECDSA (P-256, SHA-256) of timestamp and body: SendGrid.

    Source: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks

    Attributes:
        public_keys: One base64 public key (DER) or several live ones.
        header: The header that carries the base64 signature.
        timestamp_header: The header with the timestamp in seconds.
        tolerance_seconds: How far the timestamp may be off, both ways.
        private_key: Only to `sign` with.
    """

    public_keys: Any = field(repr=False)
    header: str
    timestamp_header: str
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    private_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    _keys: tuple[ec.EllipticCurvePublicKey, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        keys = tuple(_ecdsa_key(key) for key in keys_of(self.public_keys))
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
        signature = decode_base64(request.headers[self.header]) or b""
        content = stamp.encode() + request.body
        if any(_is_signed(key, signature, content) for key in self._keys):
            return None
        return f"the signature in {self.header} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        if self.private_key is None:
            raise ValueError("signing needs private_key; verification needs only public_keys")
        stamp = str(int(now))
        made = self.private_key.sign(stamp.encode() + request.body, ec.ECDSA(SHA256()))
        return request.with_headers(
            {self.header: base64.b64encode(made).decode(), self.timestamp_header: stamp}
        )


def _hex_hmac(key: bytes, content: bytes) -> str:
    return hmac.digest(key, content, hashlib.sha256).hex()


def _signed_fields(request: WebhookRequest) -> dict[str, str]:
    """The three fields; of one that comes twice none, as nobody knows which is meant."""
    found: dict[str, list[str]] = {}
    for part in form_parts(request):
        if part.name in _SIGNED and part.filename is None:
            found.setdefault(part.name, []).append(part.text())
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _ecdsa_key(text: bytes) -> ec.EllipticCurvePublicKey:
    raw = decode_base64(text)
    try:
        key = load_der_public_key(raw or b"")
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("the public key is not base64 of an ECDSA key, as SendGrid shows it")
    return key


def _is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
