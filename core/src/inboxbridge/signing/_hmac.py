"""HMAC in a header, with and without a timestamp."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from inboxbridge.model.request import WebhookRequest
from inboxbridge.signing._base import (
    DEFAULT_TOLERANCE_SECONDS,
    Algorithm,
    Encoding,
    Signature,
    decode_base64,
    digest,
    first,
    keys_of,
    outside_window,
    same,
)


def signed_content(template: str, request: WebhookRequest, stamp: str = "") -> bytes:
    """Fill ``{body}``, ``{url}`` and ``{timestamp}`` into *template*, as bytes."""
    if template == "{body}":
        return request.body
    filled = template.encode().replace(b"{timestamp}", stamp.encode("utf-8", "surrogatepass"))
    before, body, after = filled.partition(b"{body}")
    url = request.url.encode("utf-8", "surrogatepass")
    content = before.replace(b"{url}", url)
    return content + request.body + after.replace(b"{url}", url) if body else content


@dataclass(frozen=True)
class HmacSignature(Signature):
    """An HMAC in one header: Meta, Intercom, Cal.com, Typeform, Shopify, Acuity, Square and more.

    Attributes:
        secrets: One secret or several live ones.
        header: The header that carries the signature.
        algorithm: ``sha256`` or ``sha1``.
        encoding: ``hex`` (any case) or ``base64``.
        prefix: What stands before the signature, such as ``sha256=``.
        content: What is signed, built from ``{body}``, ``{timestamp}`` and ``{url}`` (the public
            URL exactly as registered with the source, with its query).
        timestamp_header: The header with ``{timestamp}``; the time window applies to it.
        timestamps_per_second: 1 for seconds, 1000 for milliseconds.
        tolerance_seconds: How far the timestamp may be off, both ways.
        key_encoding: ``base64`` where the secret is base64 of the key.
    """

    secrets: Any = field(repr=False)
    header: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    content: str = "{body}"
    timestamp_header: str | None = None
    timestamps_per_second: float = 1
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    key_encoding: Literal["text", "base64"] = "text"
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if "{timestamp}" in self.content and self.timestamp_header is None:
            raise ValueError("content names {timestamp}: give timestamp_header too")
        keys = keys_of(self.secrets)
        if self.key_encoding == "base64":
            decoded = [decode_base64(key) for key in keys]
            if not all(decoded):
                raise ValueError("the secret is not base64")
            keys = tuple(key for key in decoded if key)
        object.__setattr__(self, "_keys", keys)

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no secret is set"
        signature = request.headers.get(self.header)
        if not signature:
            return f"the header {self.header} is missing"
        if not signature.startswith(self.prefix):
            return f"the header {self.header} does not start with {self.prefix!r}"
        signature = signature[len(self.prefix) :]
        if self.encoding == "hex":
            signature = signature.lower()
        stamp = ""
        if self.timestamp_header is not None:
            stamp = request.headers.get(self.timestamp_header, "")
            stale = outside_window(stamp, now, self.tolerance_seconds, self.timestamps_per_second)
            if stale:
                return stale
        content = signed_content(self.content, request, stamp)
        for key in self._keys:
            if same(digest(key, content, self.algorithm, self.encoding), signature):
                return None
        return f"the signature in {self.header} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        stamp = str(int(now * self.timestamps_per_second))
        content = signed_content(self.content, request, stamp)
        made = digest(first(self._keys), content, self.algorithm, self.encoding)
        headers = {self.header: self.prefix + made}
        if self.timestamp_header is not None:
            headers[self.timestamp_header] = stamp
        return request.with_headers(headers)


@dataclass(frozen=True)
class TimestampedHmac(Signature):
    """``t=…,v1=…`` in one header, HMAC-SHA256 of ``{t}.{body}``: Calendly, Stripe.

    The secret is used as text, never base64-decoded. Items of other versions (``v0``) are ignored;
    any of several ``v1`` may match.

    Attributes:
        secrets: One secret or several live ones.
        header: The header that carries timestamp and signatures.
        version: The item that is checked.
        tolerance_seconds: How far the timestamp may be off, both ways.
    """

    secrets: Any = field(repr=False)
    header: str
    version: str = "v1"
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", keys_of(self.secrets))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no secret is set"
        header = request.headers.get(self.header)
        if not header:
            return f"the header {self.header} is missing"
        items = [item.strip().partition("=") for item in header.split(",")]
        stamps = [value for name, _, value in items if name == "t"]
        signatures = [value.lower() for name, _, value in items if name == self.version]
        if len(stamps) != 1 or not signatures:
            return f"the header {self.header} is not of the form t=…,{self.version}=…"
        stale = outside_window(stamps[0], now, self.tolerance_seconds)
        if stale:
            return stale
        content = signed_content("{timestamp}.{body}", request, stamps[0])
        for key in self._keys:
            expected = digest(key, content, "sha256", "hex")
            if any(same(expected, signature) for signature in signatures):
                return None
        return f"the signature in {self.header} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        stamp = str(int(now))
        content = signed_content("{timestamp}.{body}", request, stamp)
        made = digest(first(self._keys), content, "sha256", "hex")
        return request.with_headers({self.header: f"t={stamp},{self.version}={made}"})
