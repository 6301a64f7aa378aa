"""How webhooks made in Quo's app before 2026 are signed.

Source: https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

from inboxbridge import Secrets, Signature, WebhookRequest
from inboxbridge.signing import (
    DEFAULT_TOLERANCE_SECONDS,
    decode_base64,
    keys_of,
    outside_window,
    same,
)

HEADER = "openphone-signature"


@dataclass(frozen=True)
class OpenPhoneSignature(Signature):
    """``hmac;1;<milliseconds>;<base64>``: HMAC-SHA256 of ``{timestamp}.{body}``.

    Attributes:
        secrets: The webhook's signing key (base64 of the HMAC key), or several live ones. Those
            that are not base64 never match.
        tolerance_seconds: How far the timestamp may be off, both ways.
    """

    secrets: Secrets = field(repr=False)
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        signature = request.headers.get(HEADER)
        if not signature:
            return f"the header {HEADER} is missing"
        parts = signature.strip().split(";")
        if len(parts) != 4 or parts[0] != "hmac" or parts[1] != "1":
            return f"the header {HEADER} is not of the form hmac;1;timestamp;signature"
        stamp, signature = parts[2:]
        stale = outside_window(stamp, now, self.tolerance_seconds, per_second=1000)
        if stale:
            return stale
        matches = [same(made, signature) for made in self._digests(stamp, request.body)]
        return None if any(matches) else f"the signature in {HEADER} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        stamp = str(int(now * 1000))
        made = self._digests(stamp, request.body)[0].decode()
        return request.with_headers({HEADER: f"hmac;1;{stamp};{made}"})

    def _digests(self, stamp: str, body: bytes) -> list[bytes]:
        content = stamp.encode() + b"." + body
        keys = (decode_base64(key.removeprefix(b"whsec_")) for key in keys_of(self.secrets))
        return [base64.b64encode(hmac.digest(key, content, "sha256")) for key in keys if key]
