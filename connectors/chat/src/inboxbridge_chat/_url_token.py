"""A secret in the webhook's own address, for sources that sign nothing."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from urllib.parse import unquote_plus, urlencode

from inboxbridge import Secrets, Signature, WebhookRequest

PARAMETER = "token"


@dataclass(frozen=True)
class UrlToken(Signature):
    """``?token=…`` at the end of the webhook's address. Any of several live tokens passes.

    Weaker than a signature: whoever sees one delivery can send others.

    Attributes:
        secrets: The live tokens.
    """

    secrets: Secrets = field(repr=False)

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        given = [value for name, value in request.query if name == PARAMETER]
        if len(given) != 1 or not given[0]:
            return f"the address has no {PARAMETER} parameter"
        matches = [
            hmac.compare_digest(_bytes(secret.get_secret_value()), _bytes(given[0]))
            for secret in self.secrets
        ]
        return None if any(matches) else f"the {PARAMETER} in the address does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        bare = without_token(request)
        joiner = "&" if "?" in bare.url else "?"
        token = urlencode({PARAMETER: self.secrets[0].get_secret_value()})
        return _with_url(bare, f"{bare.url}{joiner}{token}")


def without_token(request: WebhookRequest) -> WebhookRequest:
    """Return *request* without the token in its address, all else as it was."""
    base, _, query = request.url.partition("?")
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) != PARAMETER]
    rest = "&".join(kept)
    return _with_url(request, f"{base}?{rest}" if rest else base)


def _with_url(request: WebhookRequest, url: str) -> WebhookRequest:
    return WebhookRequest(
        method=request.method,
        url=url,
        headers=request.headers,
        body=request.body,
        received_at=request.received_at,
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
