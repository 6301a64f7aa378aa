"""One-line texts that a business owner understands."""

from __future__ import annotations

from inboxbridge import reading

_LONGEST = 500


def one_line(text: str, limit: int = _LONGEST) -> str:
    """Return *text* on one line, cut to *limit* characters."""
    return reading.one_line(text, limit)


def cancelled_text(what: str, who: str | None, reason: str | None) -> str:
    """Return ``Cancelled Deep tissue 60, Sat …, by Dana Reyes: Sick``."""
    by = f", by {one_line(who, 100)}" if who else ""
    because = f": {one_line(reason)}" if reason else ""
    return f"Cancelled {what}{by}{because}"
