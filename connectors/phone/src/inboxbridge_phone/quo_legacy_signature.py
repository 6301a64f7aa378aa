"""How webhooks made in Quo's app before 2026 are signed.

Source: https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field

from inboxbridge import Headers, Secrets, Signature, WebhookRequest

HEADER = "openphone-signature"
TOLERANCE_SECONDS = 300.0


@dataclass(frozen=True)
class OpenPhoneSignature(Signature):
    """``hmac;1;<milliseconds>;<base64>``: HMAC-SHA256 of ``{timestamp}.{body}``.

    Attributes:
        secrets: The webhook's signing key (base64 of the HMAC key), or several live ones. Those
            that are no base64 never match.
        tolerance_seconds: How far the timestamp may be off, both ways.
    """

    secrets: Secrets = field(repr=False)
    tolerance_seconds: float = TOLERANCE_SECONDS

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        given = request.headers.get(HEADER)
        if not given:
            return f"the header {HEADER} is missing"
        parts = given.strip().split(";")
        if len(parts) != 4 or parts[0] != "hmac" or parts[1] != "1":
            return f"the header {HEADER} is not of the form hmac;1;timestamp;signature"
        stamp, signature = parts[2:]
        if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > 15:
            return "the timestamp is not a whole number"
        age = now - int(stamp) / 1000
        if abs(age) > self.tolerance_seconds:
            when = "old" if age > 0 else "early"
            window = f"the window is {self.tolerance_seconds:.0f} s"
            return f"the timestamp is {abs(age):.0f} s {when}; {window}"
        encoded = signature.encode("utf-8", "surrogatepass")
        if any(hmac.compare_digest(made, encoded) for made in self._digests(stamp, request.body)):
            return None
        return f"the signature in {HEADER} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        stamp = str(int(now * 1000))
        made = self._digests(stamp, request.body)[0].decode()
        kept = [pair for pair in request.headers.pairs() if pair[0] != HEADER]
        return WebhookRequest(
            method=request.method,
            url=request.url,
            headers=Headers([*kept, (HEADER, f"hmac;1;{stamp};{made}")]),
            body=request.body,
            received_at=request.received_at,
        )

    def _digests(self, stamp: str, body: bytes) -> list[bytes]:
        content = stamp.encode() + b"." + body
        keys = filter(None, (_key(secret.get_secret_value()) for secret in self.secrets))
        return [base64.b64encode(hmac.digest(key, content, "sha256")) for key in keys]


def _key(secret: str) -> bytes:
    text = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
