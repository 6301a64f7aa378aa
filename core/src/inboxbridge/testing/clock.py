"""A clock for tests that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime

from inboxbridge.testing.samples import RECEIVED_AT


class FakeClock:
    """Call it for Unix seconds, as one calls ``time.time``.

    Args:
        moment: What it says first.
    """

    def __init__(self, moment: datetime = RECEIVED_AT) -> None:
        self._seconds = moment.timestamp()

    def __call__(self) -> float:
        return self._seconds

    @property
    def moment(self) -> datetime:
        """The same as a moment in UTC."""
        return datetime.fromtimestamp(self._seconds, UTC)

    def advance(self, seconds: float) -> None:
        """Go on by *seconds*; a clock never goes back."""
        if seconds < 0:
            raise ValueError("a clock never goes back")
        self._seconds += seconds
