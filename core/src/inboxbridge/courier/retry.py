"""Retry delays: exponential back-off with full jitter and a cap."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

LONGEST_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Retry:
    """The waiting policy.

    The wait before try *n* (from 1) is drawn evenly from 0 to ``base * 2 ** (n - 1)`` seconds, at
    most *cap*: with base 1 and cap 600 at most 1, 2, 4, 8 … 512, 600, 600 seconds.

    Attributes:
        base_seconds: The longest first wait.
        cap_seconds: The longest wait at all.
        throttled_seconds: How long a site rests after a 429 that names no time.
    """

    base_seconds: float = 1.0
    cap_seconds: float = 600.0
    throttled_seconds: float = 60.0
    rng: random.Random = field(default_factory=random.Random, repr=False)

    def wait(self, tries: int) -> float:
        """Return how long to wait after so many tries, in seconds."""
        longest = min(self.cap_seconds, self.base_seconds * 2.0 ** min(max(tries - 1, 0), 60))
        return self.rng.uniform(0.0, longest)

    def after_throttling(self, retry_after_seconds: float | None) -> float:
        """Return how long a site rests after a 429."""
        if retry_after_seconds is None:
            return self.throttled_seconds * self.rng.uniform(1.0, 1.1)
        return min(max(retry_after_seconds, 0.1), LONGEST_RETRY_AFTER_SECONDS)
