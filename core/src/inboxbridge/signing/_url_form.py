"""Signatures over the URL and the form's parameters, as Twilio makes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from inboxbridge.errors import MalformedBody
from inboxbridge.model.request import WebhookRequest
from inboxbridge.signing._base import (
    Algorithm,
    Signature,
    digest,
    first,
    keys_of,
    same,
)

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class UrlFormSignature(Signature):
    """Base64 HMAC of the public URL and the sorted form parameters: Twilio.

    A form's parameters follow the URL as name and value, sorted by name; values of a repeated name
    are sorted and counted once. A JSON body is covered by the ``bodySHA256`` parameter of the
    signed URL. A GET signs its URL alone. The URL is tried as configured, without its port, and
    with its scheme's default port.

    Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security and
    https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys

    Attributes:
        secrets: One secret or several live ones.
        header: The header that carries the signature.
        settings_header: The header in which the source names another algorithm
            (``key=…,algorithm=HMAC_SHA256``). Unknown algorithms are refused.
    """

    secrets: Any = field(repr=False)
    header: str = "X-Twilio-Signature"
    settings_header: str = "X-Twilio-Webhooks-Signature-Settings"
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", keys_of(self.secrets))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no secret is set"
        signature = request.headers.get(self.header)
        if not signature:
            return f"the header {self.header} is missing"
        algorithm = self._algorithm(request)
        if algorithm is None:
            return f"the header {self.settings_header} names an unknown algorithm"
        try:
            parameters = _parameters(request)
        except MalformedBody as error:
            return str(error)
        if parameters is None:
            return "the body's SHA-256 is not the one in the signed URL"
        for url in _spellings(request.url):
            content = url + parameters
            for key in self._keys:
                if same(digest(key, content, algorithm, "base64"), signature):
                    return None
        return f"the signature in {self.header} does not match (is public_url exactly the URL that the source calls?)"  # noqa: E501

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        parameters = _parameters(request) or b""
        content = request.url.encode("utf-8", "surrogatepass") + parameters
        algorithm = self._algorithm(request) or "sha1"
        return request.with_headers(
            {self.header: digest(first(self._keys), content, algorithm, "base64")}
        )

    def _algorithm(self, request: WebhookRequest) -> Algorithm | None:
        settings = request.headers.get(self.settings_header)
        if settings is None:
            return "sha1"
        items = dict(item.strip().partition("=")[::2] for item in settings.split(","))
        names: dict[str, Algorithm] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
        return names.get(items.get("algorithm", "HMAC_SHA1"))


def _parameters(request: WebhookRequest) -> bytes | None:
    """Return what follows the URL in the signed string, or None if the body hash is wrong."""
    if request.method == "GET":
        return b""
    query = dict(request.query)
    if "bodySHA256" in query:
        actual = hashlib.sha256(request.body).hexdigest()
        return b"" if same(actual, query["bodySHA256"].lower()) else None
    grouped: dict[str, set[str]] = {}
    for name, value in request.form():
        grouped.setdefault(name, set()).add(value)
    joined = "".join(name + value for name in sorted(grouped) for value in sorted(grouped[name]))
    return joined.encode()


def _spellings(url: str) -> Iterator[bytes]:
    yield url.encode("utf-8", "surrogatepass")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    host = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    other = host if port else f"{host}:{_DEFAULT_PORTS.get(parts.scheme, 443)}"
    head, _, tail = url.partition(f"//{parts.netloc}")
    yield f"{head}//{other}{tail}".encode("utf-8", "surrogatepass")
