"""Print the history of one event."""

from __future__ import annotations

import json
from typing import Any

from inboxbridge.cli.console import console, count, styled_state


def print_story(story: dict[str, Any]) -> None:
    """Print what `inboxbridge.cli.show.tell` returns."""
    from inboxbridge.cli.layout import print_fields

    fields: list[tuple[str, Any]] = []

    def add(label: str, value: Any) -> None:
        fields.append((label, value))

    add("event", f"{story['id']} · {story['connection']} · {story['source_id']}")
    add("state", styled_state(story["state"]))
    if story["reason"]:
        add("why", story["reason"])
    if story["state"] in ("pending", "retrying"):
        add("waits for", story["waiting_for"])
    add("received", _received(story))
    add("verified", _verified(story))
    add("parsed", _parsed(story))
    add("contact", _contact(story))
    add("tries", count(story["attempts"], "try"))
    for one in story["tries"]:
        add("", _try(one))
    add("message", _message(story))
    if story["request"] is not None:
        request = story["request"]
        add("request", f"{request['method']} {request['path']}")
        add("", json.dumps(request["body"], indent=2, ensure_ascii=False))
    for place, step in enumerate(story["next"]):
        add("" if place else "next", step)
    print_fields(console(), fields)


def _received(story: dict[str, Any]) -> str:
    delivery = story["delivery"]
    if delivery is None:
        return f"{story['received_at']} (its delivery is not kept, or no more)"
    return f"{story['received_at']} · {delivery['method']}, {delivery['bytes']:,} bytes"


def _verified(story: dict[str, Any]) -> str:
    if story["signature"] is None:
        return "yes, before it was stored (its connection cannot be set up now)"
    if story["signature"] == "NoSignature":
        return "no: this connection verifies nothing"
    return f"yes, before it was stored: {story['signature']}"


def _parsed(story: dict[str, Any]) -> str:
    if story["state"] == "unreadable":
        return "no"
    if story["event"] is None:
        return f"{story['direction']} {story['kind']}; its text is erased, or it never had one"
    fields = ", ".join(f"{name} {_short(value)}" for name, value in story["event"].items())
    return f"{story['direction']} {story['kind']}: {fields}"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _contact(story: dict[str, Any]) -> str:
    lines = [story["contact_id"] or "none yet"]
    if story["contact"]["why"]:
        lines.append(f"because: {story['contact']['why']}")
    for link in story["contact"]["links"]:
        known = link["contact_id"] or "being created"
        lines.append(f"remembered: {link['identity']} is {known} ({link['origin']}, {link['at']})")
    return "\n".join(lines)


def _try(one: dict[str, Any]) -> str:
    parts = [one["started_at"], one["outcome"]]
    if one["status"]:
        parts.append(f"status {one['status']}")
    if one["request_id"]:
        parts.append(f"request id {one['request_id']}")
    if one["detail"]:
        parts.append(one["detail"])
    return " · ".join(parts)


def _message(story: dict[str, Any]) -> str:
    if story["message_id"] is None:
        return "none yet"
    return (
        f"{story['message_id']} in conversation {story['conversation_id']}, "
        f"confirmed {story['delivered_at']}"
    )
