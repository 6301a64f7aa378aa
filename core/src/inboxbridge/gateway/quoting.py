"""Redact delivery contents from error texts."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from inboxbridge.errors import ConnectorError, MalformedBody
from inboxbridge.model import WebhookRequest

MAX_REASON_CHARACTERS = 300
MAX_READ_CHARACTERS = 4 * MAX_REASON_CHARACTERS
"""How much of a connector's words is looked at: a body of any size may be quoted in them."""

SHORTEST = 4
"""From which length on a text of a delivery is taken out."""

_SAY_WHAT_IT_IS = frozenset({"action", "event", "kind", "object", "status", "topic", "type"})
"""Keys whose values name a kind of thing, as every delivery of that kind has them."""


def without_quotes(error: ConnectorError, request: WebhookRequest) -> str:
    """The reason in the connector's words, but for what it quotes of the delivery."""
    if not isinstance(error, MalformedBody):
        return str(error)
    text = str(error)
    read = text[:MAX_READ_CHARACTERS]
    pieces = {read[at : at + SHORTEST] for at in range(len(read))}
    values = {value for value in _values(request) if value[:SHORTEST] in pieces}
    if len(read) < len(text):
        read = _before_a_quote(read, sorted(values))
    for value in sorted(values, key=len, reverse=True):
        read = read.replace(value, "…")
    return read[:MAX_REASON_CHARACTERS]


def _before_a_quote(text: str, values: list[str]) -> str:
    """Cut off the beginning of a value at the end of *text*, where it was cut itself.

    Args:
        text: What was kept.
        values: In the order of the alphabet.
    """
    for length in range(len(text), SHORTEST - 1, -1):
        end = text[-length:]
        at = bisect_left(values, end)
        if at < len(values) and values[at].startswith(end):
            return text[:-length]
    return text[: 1 - SHORTEST]


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
