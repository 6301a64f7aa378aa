"""Estimate the offset between Wix's clock and ours."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from statistics import median_low
from typing import Final

from inboxbridge.wix.answers import http_date

ANSWERS: Final = 5


class ServerClock:
    """Compares the ``Date`` of answers with our clock.

    Wix's clock is followed by a steady one in between, so that setting ours changes nothing of
    what is known of Wix's.

    Args:
        now: Our clock: seconds since the Unix epoch.
        steady: A clock that nobody sets, in seconds.
    """

    def __init__(
        self, now: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._steady = steady
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
            self._offsets.append(moment + 0.5 - self._steady())

    @property
    def is_known(self) -> bool:
        """Whether a dated answer has come."""
        return bool(self._offsets)

    @property
    def offset_seconds(self) -> float:
        """Wix's clock minus ours, right to a second; 0.0 until a dated answer came.

        The middle of the last five answers of different seconds; of two, the one nearer to ours.
        """
        if not self._offsets:
            return 0.0
        ours = self._now() - self._steady()
        offsets = [round(offset - ours, 1) for offset in self._offsets]
        return min(offsets, key=abs) if len(offsets) == 2 else median_low(offsets)
