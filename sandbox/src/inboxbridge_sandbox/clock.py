"""Moments as Wix writes them: RFC 3339 in UTC, cut (never rounded) to milliseconds or micros."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(seconds: float) -> int:
    """Whole microseconds since the Unix epoch."""
    return int(seconds * 1_000_000)


def moment(at_micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_micros)


def iso_millis(at_micros: int) -> str:
    """`2026-03-04T09:15:27.418Z`"""
    second, rest = divmod(at_micros, 1_000_000)
    return f"{_second(second)}.{rest // 1000:03d}Z"


def iso_micros(at_micros: int) -> str:
    """`2026-03-04T09:18:41.102944Z`"""
    second, rest = divmod(at_micros, 1_000_000)
    return f"{_second(second)}.{rest:06d}Z"


def parse_moment(text: str) -> datetime:
    """The moment that an ISO 8601 string names, in UTC where it names no zone.

    Raises `ValueError` for anything else.
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def _second(second: int) -> str:
    return moment(second * 1_000_000).strftime("%Y-%m-%dT%H:%M:%S")
