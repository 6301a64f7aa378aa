"""Parse times from sources, and format them for people."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from inboxbridge.model.request import utc
from inboxbridge.reading._zones import time_zone

_END_OF_9999 = 253_402_300_800
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def iso_moment(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC, or None where it cannot be read. Without a zone it is UTC."""
    if not isinstance(value, str):
        return None
    try:
        return utc(datetime.fromisoformat(value))
    except ValueError:
        return None


def rfc2822(value: object) -> datetime | None:
    """Return ``Fri, 06 Nov 2026 21:20:31 +0000`` in UTC, or None where it cannot be read."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return utc(parsedate_to_datetime(value))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def unix_time(value: object) -> datetime | None:
    """Return Unix seconds, as a number or as digits, in UTC, or None where they cannot be read."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return datetime.fromtimestamp(int(value), UTC) if 0 < value < _END_OF_9999 else None


def date_text(moment: datetime) -> str:
    """Return a date for people, the same in every locale: ``Sat 7 Nov 2026``."""
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def clock_text(moment: datetime) -> str:
    """Return a moment as its own clock shows it: ``Sat 7 Nov 2026 10:00``."""
    return f"{date_text(moment)} {moment:%H:%M}"


def local_time_text(moment: datetime, zone_name: str | None) -> str:
    """Return a moment in a time zone, for people: ``Sat 7 Nov 2026 10:00 (America/Denver)``.

    A time zone that is not known gives ``(UTC)``.
    """
    zone = time_zone(zone_name) if zone_name else None
    try:
        local = moment.astimezone(zone or UTC)
    except OverflowError:
        local, zone = moment, None
    return f"{clock_text(local)} ({zone_name if zone else 'UTC'})"
