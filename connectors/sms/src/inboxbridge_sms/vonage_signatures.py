"""How Vonage signs: a ``sig`` parameter on the SMS API, a JWT on the Messages API.

Sources: https://developer.vonage.com/getting-started/concepts/signing-messages and
https://developer.vonage.com/getting-started/concepts/webhooks
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from inboxbridge import MalformedBody, Secrets, Signature, WebhookRequest
from inboxbridge.reading import form_fields, is_json, mapping
from inboxbridge.signing import DEFAULT_TOLERANCE_SECONDS, keys_of, outside_window, same

Method = Literal["sha256", "sha512", "sha1", "md5", "md5hash"]
"""The account's signature method: four HMACs, and the older MD5 of parameters and secret."""


@dataclass(frozen=True)
class VonageParameters(Signature):
    """The ``sig`` parameter over all the others, sorted: Vonage's SMS API.

    Attributes:
        secrets: The account's signature secret; several while one is being rotated.
        method: As chosen in the account.
        tolerance_seconds: How far the ``timestamp`` parameter may be off, both ways.
    """

    secrets: Secrets = field(repr=False)
    method: Method = "sha256"
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        try:
            fields = form_fields(request)
            if _has_inner_values(request):
                return "the body holds more than the plain parameters that sig covers"
        except MalformedBody as error:
            return str(error)
        signature = fields.pop("sig", "")
        if not signature:
            return "the parameter sig is missing"
        stamp = fields.get("timestamp", "")
        stale = outside_window(stamp, now, self.tolerance_seconds)
        if stale:
            return stale
        if any(same(made, signature.lower()) for made in self._digests(fields)):
            return None
        return f"the parameter sig does not match (is {self.method} the account's method?)"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        if _has_inner_values(request):
            raise ValueError("sig covers plain parameters, and the body holds more than these")
        fields = form_fields(request) | {"timestamp": str(int(now))}
        fields.pop("sig", None)
        fields["sig"] = self._digests(fields)[0]
        url, body = request.url, request.body
        if request.method == "GET":
            url = f"{url.partition('?')[0]}?{urlencode(fields)}"
        else:
            body = (json.dumps(fields) if is_json(request) else urlencode(fields)).encode()
        return request.replace(url=url, body=body)

    def _digests(self, fields: dict[str, str]) -> list[str]:
        plain = str.maketrans("&=", "__")
        pairs = (f"&{name}={fields[name].translate(plain)}" for name in sorted(fields))
        content = "".join(pairs).encode("utf-8", "surrogatepass")
        keys = keys_of(self.secrets)
        if self.method == "md5hash":
            return [hashlib.md5(content + key).hexdigest() for key in keys]
        return [hmac.new(key, content, self.method).hexdigest() for key in keys]


@dataclass(frozen=True)
class VonageJwt(Signature):
    """A JWT (HS256) in the Authorization header with the body's hash in it: the Messages API.

    Attributes:
        secrets: The account's signature secret; several while one is being rotated.
        tolerance_seconds: How far the claim ``iat`` may be off, both ways.
    """

    secrets: Secrets = field(repr=False)
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        parts = token.strip().split(".")
        if scheme.lower() != "bearer" or len(parts) != 3 or not token.isascii():
            return "the header Authorization carries no JWT"
        if _claims(parts[0]).get("alg") != "HS256":
            return "the JWT is not signed with HS256"
        if not any(same(made, parts[2]) for made in self._digests(f"{parts[0]}.{parts[1]}")):
            return "the JWT's signature does not match"
        claims = _claims(parts[1])
        body_hash = claims.get("payload_hash")
        actual = hashlib.sha256(request.body).hexdigest()
        if not isinstance(body_hash, str) or not same(actual, body_hash.lower()):
            return "the JWT's payload_hash is not that of the body"
        issued = claims.get("iat")
        if not isinstance(issued, (int, float)) or not 0 < issued < 1e12:
            return "the JWT's iat is not a time in seconds"
        return outside_window(issued, now, self.tolerance_seconds)

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        claims = {
            "iat": int(now),
            "jti": "sample",
            "iss": "Vonage",
            "payload_hash": hashlib.sha256(request.body).hexdigest(),
        }
        head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        content = f"{head}.{_encoded(json.dumps(claims).encode())}"
        token = f"{content}.{self._digests(content)[0]}"
        return request.with_headers({"Authorization": f"Bearer {token}"})

    def _digests(self, content: str) -> list[str]:
        keys = keys_of(self.secrets)
        return [_encoded(hmac.digest(key, content.encode(), "sha256")) for key in keys]


def _has_inner_values(request: WebhookRequest) -> bool:
    if request.method == "GET" or not is_json(request):
        return False
    return any(isinstance(value, (dict, list)) for value in request.json_object().values())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _claims(part: str) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return mapping(json.loads(raw))
    except (binascii.Error, ValueError, RecursionError):
        return {}
