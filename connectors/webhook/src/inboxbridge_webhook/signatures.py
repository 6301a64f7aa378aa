"""How a connection's deliveries are signed, from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from inboxbridge import (
    HmacSignature,
    NoSignature,
    SharedToken,
    Signature,
    StandardWebhooks,
    TimestampedHmac,
)

if TYPE_CHECKING:
    from inboxbridge_webhook.settings import WebhookSettings

SignatureKind = Literal[
    "hmac-sha256", "hmac-sha1", "timestamped-hmac-sha256", "standard-webhooks", "token", "none"
]

_HMAC_HEADERS = {"hmac-sha256": "X-Hub-Signature-256", "hmac-sha1": "X-Hub-Signature"}
_HMAC_OPTIONS = {
    "signature_header",
    "signature_prefix",
    "signature_encoding",
    "signature_content",
    "signature_timestamp_header",
    "signature_timestamp_unit",
    "tolerance_seconds",
    "secret_encoding",
}
_OPTIONS: dict[SignatureKind, set[str]] = {
    "hmac-sha256": _HMAC_OPTIONS,
    "hmac-sha1": _HMAC_OPTIONS,
    "timestamped-hmac-sha256": {"signature_header", "tolerance_seconds"},
    "standard-webhooks": {"tolerance_seconds"},
    "token": {"signature_header"},
    "none": set(),
}


def build_signature(settings: WebhookSettings) -> Signature:
    """Return the scheme that *settings* ask for.

    Raises:
        ValueError: A secret or an option is missing, malformed, or without meaning for the scheme.
    """
    kind = _kind(settings)
    unused = sorted((settings.model_fields_set & _HMAC_OPTIONS) - _OPTIONS[kind])
    if unused:
        raise ValueError(f'{unused[0]} has no meaning with signature = "{kind}": remove it')
    if kind == "none":
        return NoSignature()
    if kind == "standard-webhooks":
        return StandardWebhooks(settings.secret, tolerance_seconds=settings.tolerance_seconds)
    if kind == "token":
        return SharedToken(settings.secret, header=_header(settings, kind))
    if kind == "timestamped-hmac-sha256":
        return TimestampedHmac(
            settings.secret,
            header=_header(settings, kind),
            tolerance_seconds=settings.tolerance_seconds,
        )
    return _hmac(settings, kind)


def _kind(settings: WebhookSettings) -> SignatureKind:
    kind = settings.signature
    if kind is None:
        if settings.secret is None:
            raise ValueError(
                'nothing says how deliveries are verified: give secret = { env = "NAME" } '
                '(signature = "hmac-sha256" is then the default), or write signature = "none" '
                "to let anyone who knows the URL write into the Inbox"
            )
        return "hmac-sha256"
    if kind == "none" and settings.secret is not None:
        raise ValueError(
            'signature = "none" verifies nothing, yet a secret is given: remove one of the two'
        )
    if kind != "none" and settings.secret is None:
        raise ValueError(f'signature = "{kind}" needs secret = {{ env = "NAME" }}')
    return kind


def _header(settings: WebhookSettings, kind: str) -> str:
    header = settings.signature_header or _HMAC_HEADERS.get(kind)
    if header is None:
        raise ValueError(f'signature = "{kind}" needs signature_header: the header to look into')
    return header


def _hmac(settings: WebhookSettings, kind: Literal["hmac-sha256", "hmac-sha1"]) -> Signature:
    algorithm: Literal["sha256", "sha1"] = "sha256" if kind == "hmac-sha256" else "sha1"
    if "{body}" not in settings.signature_content:
        raise ValueError("signature_content must name {body}, or the body would go unverified")
    stamped = "{timestamp}" in settings.signature_content
    if stamped != (settings.signature_timestamp_header is not None):
        raise ValueError(
            "signature_timestamp_header and {timestamp} in signature_content go together: "
            "give both or neither"
        )
    prefix = settings.signature_prefix
    return HmacSignature(
        settings.secret,
        header=_header(settings, kind),
        algorithm=algorithm,
        encoding=settings.signature_encoding,
        prefix=f"{algorithm}=" if prefix is None else prefix,
        content=settings.signature_content,
        timestamp_header=settings.signature_timestamp_header,
        timestamps_per_second=1000 if settings.signature_timestamp_unit == "ms" else 1,
        tolerance_seconds=settings.tolerance_seconds,
        key_encoding=settings.secret_encoding,
    )
