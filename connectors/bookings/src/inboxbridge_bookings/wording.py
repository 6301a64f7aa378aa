"""One-line texts that a business owner understands."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip

_LONGEST = 500


def one_line(text: str, limit: int = _LONGEST) -> str:
    """Return *text* on one line, cut to *limit* characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def time_text(moment: datetime, zone_name: str | None) -> str:
    """Return a moment for people: ``Sat 7 Nov 2026 10:00 (America/Denver)``.

    The same in every locale. A time zone that is not known gives ``(UTC)``.
    """
    zone = known_zone(zone_name) if zone_name else None
    try:
        local = moment.astimezone(zone or UTC)
    except OverflowError:
        local, zone = moment, None
    return f"{local_text(local)} ({zone_name if zone else 'UTC'})"


def local_text(moment: datetime) -> str:
    """Return a moment as its own clock shows it: ``Sat 7 Nov 2026 10:00``."""
    return (
        f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
        f" {moment:%H:%M}"
    )


@lru_cache(maxsize=256)
def known_zone(name: str) -> tzinfo | None:
    """Return the time zone called *name* (``America/Denver``), or None where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def cancelled_text(what: str, who: str | None, reason: str | None) -> str:
    """Return ``Cancelled Deep tissue 60, Sat …, by Dana Reyes: Sick``."""
    by = f", by {one_line(who, 100)}" if who else ""
    because = f": {one_line(reason)}" if reason else ""
    return f"Cancelled {what}{by}{because}"
