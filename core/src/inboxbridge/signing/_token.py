"""Sources that sign nothing: a shared token, or no proof at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from inboxbridge.errors import MalformedBody
from inboxbridge.model import WebhookRequest
from inboxbridge.signing._base import Signature, first, keys_of, replace, same, with_headers


@dataclass(frozen=True)
class SharedToken(Signature):
    """A secret sent along with each delivery, in a header or in a field of the JSON body.

    Weaker than a signature: whoever sees one delivery can send others.

    Attributes:
        secrets: One token or several live ones.
        header: The header that carries it, or None.
        body_field: The top-level key of the JSON body that carries it, or None. The connector
            should take it out again in its ``redact`` hook.
    """

    secrets: Any = field(repr=False)
    header: str | None = None
    body_field: str | None = None
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.header is None) == (self.body_field is None):
            raise ValueError("give either header or body_field")
        object.__setattr__(self, "_keys", keys_of(self.secrets))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self._keys:
            return "no secret is set"
        place = f"the header {self.header}" if self.header else f"the body's {self.body_field}"
        given = self._given(request)
        if not isinstance(given, str) or not given:
            return f"{place} is missing"
        matches = [same(key, given) for key in self._keys]
        return None if any(matches) else f"{place} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        token = first(self._keys).decode()
        if self.header:
            return with_headers(request, {self.header: token})
        body = {**request.json_object(), str(self.body_field): token}
        return replace(request, body=json.dumps(body).encode())

    def _given(self, request: WebhookRequest) -> object:
        if self.header:
            return request.headers.get(self.header)
        try:
            return request.json_object().get(str(self.body_field))
        except MalformedBody:
            return None


@dataclass(frozen=True)
class NoSignature(Signature):
    """Nothing is verified: whoever knows the URL can write into the Inbox."""

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        return None

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        return request


@dataclass(frozen=True)
class AnyOf(Signature):
    """Passes if any of several schemes does; signs with the first that can.

    Attributes:
        schemes: At least one.
    """

    schemes: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.schemes:
            raise ValueError("give at least one scheme")

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        reasons = []
        for scheme in self.schemes:
            reason = scheme.verify(request, now)
            if reason is None:
                return None
            reasons.append(reason)
        return "; ".join(reasons)

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        reasons = []
        for scheme in self.schemes:
            try:
                return scheme.sign(request, now)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError("; ".join(reasons))
