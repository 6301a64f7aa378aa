"""A site that keeps failing is probed with one event instead of all."""

from __future__ import annotations

from collections.abc import Callable

from inboxbridge.courier.retry import Retry

FAILURES_TO_OPEN = 5
STOPPED_PROBE_SECONDS = 300.0


class Circuit:
    """Counts a site's failures in a row and says when it may be called.

    Closed, everything may go. After five failures in a row it opens: nothing goes until the wait is
    over, then one event probes; success closes it, failure opens it for longer. `stop` opens it for
    credentials that Wix refuses, which no amount of trying mends: probed every five minutes.

    Args:
        retry: Gives the waits.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, retry: Retry, clock: Callable[[], float]) -> None:
        self._retry = retry
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self.stopped_because: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether events may go side by side."""
        return self._open_until is None

    @property
    def opens_at(self) -> float:
        """When the next probe may go, by the clock; now or earlier if one may go at once."""
        return self._open_until if self._open_until is not None else self._clock()

    def admits(self, running: int) -> bool:
        """Whether one more event may go while *running* others are under way."""
        if self._open_until is None:
            return True
        return running == 0 and self._clock() >= self._open_until

    def succeeded(self) -> bool:
        """Wix answered. Returns whether the site has just recovered."""
        recovered = self._open_until is not None
        self._failures = 0
        self._open_until = None
        self.stopped_because = None
        return recovered

    def failed(self) -> bool:
        """A call failed for no fault of its event. Returns whether the circuit has just opened."""
        was_closed = self._open_until is None
        self._failures += 1
        if self._failures < FAILURES_TO_OPEN:
            return False
        step = self._failures - FAILURES_TO_OPEN + 1
        wait = max(self._retry.wait(step), self._retry.base_seconds / 2)
        self._open_until = self._clock() + min(wait, 60.0)
        return was_closed

    def stop(self, reason: str) -> bool:
        """Wix refuses the credentials. Returns whether that is news."""
        news = self.stopped_because is None
        self.stopped_because = reason
        self._failures = max(self._failures, FAILURES_TO_OPEN)
        self._open_until = self._clock() + STOPPED_PROBE_SECONDS
        return news
