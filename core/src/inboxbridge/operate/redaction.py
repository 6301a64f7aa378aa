"""Redact personal data from a request to Wix for display."""

from __future__ import annotations

from typing import Any

_KEPT = frozenset(
    {"conversationId", "contactId", "memberId", "direction", "visibility", "badgeVisibility"}
)
"""Ids and enumerations: they help and say nothing about a person."""


def redacted(value: Any, key: str = "") -> Any:
    """Return *value* with each text of a person replaced by its length."""
    if isinstance(value, dict):
        if key == "badges":
            return value
        return {name: redacted(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return value if key == "badges" else [redacted(one, key) for one in value]
    if isinstance(value, str) and key not in _KEPT:
        return f"<{len(value)} characters>"
    return value
