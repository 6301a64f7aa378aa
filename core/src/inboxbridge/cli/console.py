"""Format command output: JSON for programs, tables for people."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 180
"""How wide tables are where stdout is not a terminal, in characters."""


def print_json(value: object, *, indent: int | None = None) -> None:
    """Write one JSON value as a line of its own (several with *indent*)."""
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    sys.stdout.write(text + "\n")


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: no markup, nothing coloured by itself.

    It is as wide as the terminal, or as the environment variable COLUMNS says.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def duration(seconds: float) -> str:
    """A span in the largest unit that says enough: ``42 s``, ``5 min``, ``3 h``, ``12 d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def age(moment: datetime, now: datetime | None = None) -> str:
    """How long ago *moment* was."""
    return duration(((now or datetime.now(UTC)) - moment).total_seconds())


def count(number: int, noun: str) -> str:
    """``1 event``, ``2 events``, ``0 deliveries``."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {plural}"


STATE_STYLES = {
    "pending": "cyan", "retrying": "yellow", "parked": "magenta", "delivered": "green",
    "ignored": "dim", "unreadable": "red", "dead": "bold red",
}  # fmt: skip


def styled_state(state: str) -> Any:
    """A state in its colour."""
    from rich.text import Text

    return Text(state, style=STATE_STYLES.get(state, ""))
