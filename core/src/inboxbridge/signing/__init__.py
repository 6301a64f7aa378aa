"""Signature schemes, as data that a connector declares and the core checks.

Every scheme fails closed: a missing or malformed header, an unset secret, a wrong length or a stale
timestamp is a refusal with a reason, never an exception. Comparison is in constant time, over the
raw body. Several secrets may be live at once; any of them passes. A secret that cannot be one (not
base64 where the scheme wants base64) raises ValueError when the scheme is declared.

Each scheme can also `sign`, with which the demo and a connector's tests play the source.

A scheme of one's own is a class derived from `Signature`. `keys_of`, `is_live`, `same`,
`outside_window` and `decode_base64` are what the schemes here are made of.
"""

from inboxbridge.signing._base import (
    DEFAULT_TOLERANCE_SECONDS,
    Signature,
    decode_base64,
    is_live,
    keys_of,
    outside_window,
    same,
)
from inboxbridge.signing._hmac import HmacSignature, TimestampedHmac
from inboxbridge.signing._standard_webhooks import Ed25519Signature, StandardWebhooks
from inboxbridge.signing._token import AnyOf, NoSignature, SharedToken
from inboxbridge.signing._url_form import UrlFormSignature

__all__ = [
    "DEFAULT_TOLERANCE_SECONDS",
    "AnyOf",
    "Ed25519Signature",
    "HmacSignature",
    "NoSignature",
    "SharedToken",
    "Signature",
    "StandardWebhooks",
    "TimestampedHmac",
    "UrlFormSignature",
    "decode_base64",
    "is_live",
    "keys_of",
    "outside_window",
    "same",
]
