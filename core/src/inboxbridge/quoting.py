"""Takes what a source delivered out of what is said about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from inboxbridge.errors import ConnectorError, MalformedBody
from inboxbridge.model import WebhookRequest

MAX_REASON_CHARACTERS = 300
SHORTEST = 4
"""From which length on a text of a delivery is taken out."""

_SAY_WHAT_IT_IS = frozenset({"action", "event", "kind", "object", "status", "topic", "type"})
"""Keys whose values name a kind of thing, as every delivery of that kind has them."""


def without_quotes(error: ConnectorError, request: WebhookRequest) -> str:
    """The reason in the connector's words, but for what it quotes of the delivery."""
    if not isinstance(error, MalformedBody):
        return str(error)
    text = str(error)
    for value in sorted(set(_values(request)), key=len, reverse=True):
        text = text.replace(value, "…")
    return text[:MAX_REASON_CHARACTERS]


def _values(request: WebhookRequest) -> Iterator[str]:
    """The strings of a delivery that may be a person's, as far as it can be read."""
    found: list[Any] = [dict(request.query)]
    with contextlib.suppress(MalformedBody):
        found += [{name: value} for name, value in request.form()]
    try:
        found.append(request.json())
    except MalformedBody:
        found += request.body.decode("utf-8", "replace").split()
    while found:
        value = found.pop()
        if isinstance(value, str) and len(value) >= SHORTEST:
            yield value
        elif isinstance(value, list):
            found.extend(value)
        elif isinstance(value, dict):
            found.extend(one for key, one in value.items() if key not in _SAY_WHAT_IT_IS)
