"""Moments as sources write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Unit = Literal["s", "ms"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_MILLISECONDS = 100_000_000_000
"""Unix numbers from here on are milliseconds: in seconds this is the year 5138, in ms 1973."""


def read_moment(value: str | float, unit: Unit | None = None) -> datetime:
    """Return a moment in UTC.

    Args:
        value: ISO 8601 (without a zone it is UTC), or Unix time as a number or as digits.
        unit: Of Unix time: ``s`` or ``ms``. None tells them apart by size.

    Raises:
        ValueError: It is neither, or lies outside the years 1 to 9999.
    """
    if isinstance(value, str):
        value = value.strip()
        if not _is_number(value):
            return _utc(datetime.fromisoformat(value))
        value = float(value) if "." in value else int(value)
    if unit == "ms" or (unit is None and abs(value) >= _LEAST_MILLISECONDS):
        span = timedelta(milliseconds=value)
    else:
        span = timedelta(seconds=value)
    return _EPOCH + span


def _is_number(text: str) -> bool:
    # Eight digits are an ISO date (20261106), as fromisoformat reads them.
    digits = text.replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(text) not in (7, 8) and len(text) < 20


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
