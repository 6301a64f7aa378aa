"""Draw pages from templates, with everything escaped."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

from inboxbridge.model.records import STATES
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from inboxbridge_console import masks, plots

_ADVICE = re.compile(r"; (?:link|choose) one with `[^`]*`")

STATE_WORDS = {
    "pending": "Waiting",
    "retrying": "Will be retried",
    "parked": "Needs a decision",
    "delivered": "In the Inbox",
    "ignored": "Not for the Inbox",
    "unreadable": "Could not be read",
    "dead": "Given up",
}
"""What a state is called on the pages."""


def render(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    return HTMLResponse(environment().get_template(template).render(**values), status)


@cache
def environment() -> Environment:
    """The templates and what they use."""
    made = Environment(
        loader=PackageLoader("inboxbridge_console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters.update(
        moment=moment, ago=ago, seconds=seconds, tame=masks.tame, number=number, reason=reason
    )
    made.globals.update(
        state_words=STATE_WORDS, states=STATES, bars=plots.bars, meter=plots.meter, plural=plural
    )
    return made


def moment(value: str | datetime | float | None) -> Markup:
    """Return a moment with day and time; scripts turn it into the reader's time zone."""
    at = _datetime(value)
    if at is None:
        return Markup("–")
    local = at.astimezone()
    return Markup('<time datetime="{}" data-form="full">{}</time>').format(
        at.isoformat(timespec="seconds"), local.strftime("%d %b %Y, %H:%M:%S")
    )


def ago(value: str | datetime | float | None) -> Markup:
    """Return how long ago a moment was, with the moment itself to look at."""
    at = _datetime(value)
    if at is None:
        return Markup("–")
    span = seconds(time.time() - at.timestamp())
    shown = at.astimezone().strftime("%d %b %Y, %H:%M:%S")
    return Markup('<time datetime="{}" data-form="title" title="{}">{} ago</time>').format(
        at.isoformat(timespec="seconds"), shown, span
    )


def seconds(span: float | None) -> str:
    """Return a span in the largest unit that says enough: ``42 s``, ``5 min``, ``12 d``."""
    if span is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if span >= 2 * size:
            return f"{span / size:.0f} {unit}"
    return f"{max(span, 0):.0f} s"


def reason(text: str) -> str:
    """Return a reason without the commands to type, which are buttons here."""
    return _ADVICE.sub("", text)


def number(value: int) -> str:
    """``12,345``."""
    return f"{value:,}"


def plural(count: int, noun: str) -> str:
    """``1 event``, ``2 events``, ``3 deliveries``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _datetime(value: str | datetime | float | None) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
