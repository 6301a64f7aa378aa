"""Sources that sign nothing: a shared token, or no proof at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from inboxbridge.errors import MalformedBody
from inboxbridge.model.request import WebhookRequest
from inboxbridge.signing._base import Signature, first, is_live, keys_of


@dataclass(frozen=True)
class SharedToken(Signature):
    """A secret sent along with each delivery: in a header, in the body or in the address.

    Weaker than a signature: whoever sees one delivery can send others. A token in the body or in
    the address is taken out before the delivery is stored.

    Attributes:
        secrets: One token or several live ones.
        header: The header that carries it, or None.
        body_field: The top-level key of the JSON body that carries it, or None.
        query_parameter: The parameter of the address that carries it, or None.
    """

    secrets: Any = field(repr=False)
    header: str | None = None
    body_field: str | None = None
    query_parameter: str | None = None

    def __post_init__(self) -> None:
        places = (self.header, self.body_field, self.query_parameter)
        if sum(place is not None for place in places) != 1:
            raise ValueError("give one of header, body_field and query_parameter")
        object.__setattr__(self, "secrets", keys_of(self.secrets))

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if not self.secrets:
            return "no secret is set"
        if self.header:
            place, token = f"the header {self.header}", request.headers.get(self.header)
        elif self.body_field:
            place, token = f"the body's {self.body_field}", self._in_body(request)
        else:
            place, token = f"the address's {self.query_parameter}", self._in_query(request)
        if not token:
            return f"{place} is missing"
        return None if is_live(self.secrets, token) else f"{place} does not match"

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        token = first(self.secrets).decode()
        if self.header:
            return request.with_headers({self.header: token})
        if self.body_field:
            body = {**request.json_object(), self.body_field: token}
            return request.replace(body=json.dumps(body).encode())
        bare = self.redact(request)
        joiner = "&" if "?" in bare.url else "?"
        written = urlencode({str(self.query_parameter): token})
        return bare.replace(url=f"{bare.url}{joiner}{written}")

    def redact(self, request: WebhookRequest) -> WebhookRequest:
        if self.body_field:
            try:
                body = request.json_object()
            except MalformedBody:
                return request
            without_token = {name: value for name, value in body.items() if name != self.body_field}
            return request.replace(body=json.dumps(without_token).encode())
        if self.query_parameter:
            base, _, query = request.url.partition("?")
            rest = [pair for pair in query.split("&") if not self._is_token(pair)]
            return request.replace(url="?".join(filter(None, (base, "&".join(rest)))))
        return request

    def _is_token(self, pair: str) -> bool:
        return unquote_plus(pair.partition("=")[0]) == self.query_parameter

    def _in_body(self, request: WebhookRequest) -> str | None:
        try:
            token = request.json_object().get(str(self.body_field))
        except MalformedBody:
            return None
        return token if isinstance(token, str) else None

    def _in_query(self, request: WebhookRequest) -> str | None:
        tokens = [value for name, value in request.query if name == self.query_parameter]
        return tokens[0] if len(tokens) == 1 else None


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

    def redact(self, request: WebhookRequest) -> WebhookRequest:
        for scheme in self.schemes:
            request = scheme.redact(request)
        return request

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        reasons = []
        for scheme in self.schemes:
            try:
                return scheme.sign(request, now)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError("; ".join(reasons))
