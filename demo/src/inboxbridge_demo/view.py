"""The demo on a terminal: a live table of deliveries, then the Inbox's conversations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from inboxbridge.model.records import EventRecord
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from inboxbridge_demo.story import Step

_STYLES = {
    "delivered": "green",
    "pending": "yellow",
    "retrying": "yellow",
    "ignored": "dim",
    "parked": "magenta",
    "dead": "red",
    "unreadable": "red",
}


def table(steps: list[tuple[Step, int, list[int]]], records: dict[int, EventRecord]) -> Table:
    """One row per delivery so far: what it was, how it was answered, what became of its events."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("source")
    shown.add_column("delivery", overflow="fold")
    shown.add_column("answer", justify="right")
    shown.add_column("events")
    for step, status, ids in steps:
        states = Counter(records[key].state for key in ids if key in records)
        fate = Text(", ").join(
            Text(f"{count} {state}", style=_STYLES.get(state, ""))
            for state, count in states.items()
        )
        nothing = "nothing for the Inbox" if not ids else "…"
        shown.add_row(
            step.connection, step.what, str(status), fate if states else Text(nothing, style="dim")
        )
    return shown


def conversation(one: dict[str, Any]) -> RenderableType:
    """One conversation: the contact's words on the left, the business's on the right."""
    contact = one["contact"]
    lines: list[RenderableType] = []
    for message in one["messages"]:
        if message["type"] == "MINIMAL":
            lines.append(Align.center(Text(f"· {message['text']} ·", style="dim italic")))
            continue
        ours = message["direction"] == "BUSINESS_TO_PARTICIPANT"
        badge = Text(message["badge"] or "", style="dim")
        body = Text(message["text"] or "", style="white on blue" if ours else "")
        lines.append(Align(Group(body, badge), "right" if ours else "left"))
    who = contact["name"] or contact["email"] or contact["phone"] or contact["id"]
    known = " · ".join(value for value in (contact["email"], contact["phone"]) if value)
    return Panel(Group(*lines), title=who, subtitle=known or None, title_align="left", width=76)


def conversations(console: Console, found: list[dict[str, Any]]) -> None:
    """Print every conversation."""
    for one in found:
        console.print(conversation(one))


def summary(delivered: int, left_out: int, failed: int | None, seconds: float) -> list[str]:
    """What came of it all, in three lines that add up.

    Args:
        delivered: How many events are in the Inbox.
        left_out: How many are rightly not.
        failed: The event that Wix refused at first, if it did.
        seconds: How long it took.
    """
    told = "none failed"
    if failed is not None:
        told = f"event {failed} was refused by Wix at first, found among the dead, and replayed"
    return [
        f"{delivered + left_out} events: {delivered} in the Inbox, {left_out} rightly left out.",
        f"One failure, found and corrected: {told}.",
        f"{seconds:.1f} s, each once, in order, although some were delivered several times.",
    ]


def next_steps(page: str, curl: str, config: object, failed: int | None, url: str) -> list[str]:
    """What to do now, a line each.

    Args:
        page: The address of the fullest conversation.
        curl: Sends a message of one's own.
        config: The demo's configuration.
        failed: The event to look at.
        url: Where the demo listens.
    """
    return [
        "",
        f"Look:  {page}",
        f"Send:  {curl}",
        f"Ask:   inboxbridge events --config {config}",
        f"       inboxbridge show {failed or 1} --config {config}",
        f"Requests Wix received (JSON): {url}/_sandbox/messages",
        "Ctrl-C ends the demo.",
    ]
