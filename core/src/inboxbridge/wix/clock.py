"""How far Wix's clock is from ours, though one answer may be dated wrongly."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median_low
from typing import Final

from inboxbridge.wix.answers import http_date

ANSWERS: Final = 5


class ServerClock:
    """Compares the ``Date`` of answers with our clock.

    Args:
        now: Our clock: seconds since the Unix epoch.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = ""
        self._offsets: deque[float] = deque(maxlen=ANSWERS)

    def hear(self, date: str) -> None:
        """Take note of the ``Date`` of an answer that came just now; "" where it has none."""
        if date == self._last:
            return
        moment = http_date(date)
        if moment is not None:
            self._last = date
            # The header is cut to the second; half of one is the best guess.
            self._offsets.append(moment + 0.5 - self._now())

    @property
    def offset_seconds(self) -> float:
        """Wix's clock minus ours, right to a second; 0.0 until a dated answer came.

        The middle of the last five answers of different seconds; of two, the one nearer to ours.
        """
        if not self._offsets:
            return 0.0
        if len(self._offsets) == 2:
            return min(self._offsets, key=abs)
        return median_low(self._offsets)
