"""Trouble on demand: slowness, refusals, and answers lost before or after the work was done."""

from __future__ import annotations

import difflib
import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inboxbridge_sandbox.errors import WixError, server_error, too_many_requests

WINDOW_SECONDS = 60.0


class FaultSettingError(ValueError):
    """A fault setting has an unknown name or an impossible value."""


@dataclass(slots=True)
class Faults:
    """What goes wrong, and how often. Every `p_…` is a probability from 0 to 1 for each call.

    latency_ms: wait before anything is done, in milliseconds.
    rate_per_minute: calls allowed for each site in any 60 s; `None` is no limit.
    retry_after: whether a 429 carries `Retry-After`, which Wix does not promise.
    retry_after_seconds: the value of that header; by default the wait until the limit has room, or
        1 s for a 429 drawn by chance.
    p_429, p_500, p_502_html, p_reset: refused, failed or cut off with nothing done.
    p_500_after_commit, p_reset_after_commit, p_hang_after_commit: what was asked is stored, and the
        caller gets a 500, a connection cut, or no answer at all.
    index_lag_seconds: how long Query and List contacts do not see a change.
    seed: makes the same calls meet the same faults.
    """

    latency_ms: float = 0
    rate_per_minute: int | None = None
    retry_after: bool = False
    retry_after_seconds: int | None = None
    p_429: float = 0.0
    p_500: float = 0.0
    p_502_html: float = 0.0
    p_reset: float = 0.0
    p_500_after_commit: float = 0.0
    p_reset_after_commit: float = 0.0
    p_hang_after_commit: float = 0.0
    index_lag_seconds: float = 0
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in SETTINGS}

    def update(self, changes: Mapping[str, Any]) -> None:
        """Take over some settings, all or none of them; raises `FaultSettingError`."""
        for name, value in changes.items():
            if name not in SETTINGS:
                near = difflib.get_close_matches(name, SETTINGS, n=1, cutoff=0.0)[0]
                raise FaultSettingError(f"Unknown fault {name!r}; did you mean {near!r}?")
            expected = _objection(name, value)
            if expected:
                raise FaultSettingError(f"{name} must be {expected}, not {value!r}.")
        for name, value in changes.items():
            setattr(self, name, value)


SETTINGS: tuple[str, ...] = tuple(Faults.__dataclass_fields__)


def _objection(name: str, value: Any) -> str | None:
    if name == "retry_after":
        return None if isinstance(value, bool) else "true or false"
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if name in ("rate_per_minute", "retry_after_seconds", "seed"):
        fine = value is None or (number and value == int(value) and value >= 0)
        return None if fine else "a whole number of at least 0, or null"
    if name.startswith("p_"):
        return None if number and 0 <= value <= 1 else "a probability from 0 to 1"
    return None if number and value >= 0 else "a number of at least 0"


class Dice:
    """Draws for the faults, and counts what was drawn."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.drawn: dict[str, int] = {}
        self._random = random.Random(faults.seed)

    def reseed(self) -> None:
        self._random = random.Random(self.faults.seed)

    def hits(self, name: str) -> bool:
        probability: float = getattr(self.faults, name)
        if probability <= 0 or self._random.random() >= probability:
            return False
        self.note(name)
        return True

    def note(self, name: str) -> None:
        """Count one fault as having happened."""
        self.drawn[name] = self.drawn.get(name, 0) + 1

    def refuse_by_chance(self) -> None:
        """Raise a 500 or an HTML 502 if one is due."""
        if self.hits("p_500"):
            raise server_error()
        if self.hits("p_502_html"):
            raise HtmlError()

    def throttle_by_chance(self) -> None:
        if self.hits("p_429"):
            raise too_many_requests(self.wait_told(1))

    def wait_told(self, seconds: float) -> int | None:
        """The value of `Retry-After`, or `None` when the header stays away."""
        if not self.faults.retry_after:
            return None
        fixed_seconds = self.faults.retry_after_seconds
        return max(1, math.ceil(seconds)) if fixed_seconds is None else fixed_seconds


class HtmlError(WixError):
    """What a gateway in front of Wix may answer instead of JSON."""

    def __init__(self) -> None:
        super().__init__(502, {})

    page = (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
        b"<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n"
    )


class RateWindow:
    """Calls of one site in the last 60 seconds. Refused calls do not count.

    Source: https://dev.wix.com/docs/rest/articles/get-started/rate-limits (200 a minute for each
    app instance; the kind of window is ours).
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._calls: deque[float] = deque()
        self.peak = 0

    def take(self, limit: int | None) -> float:
        """Count one call; returns 0, or the seconds until there is room again."""
        now = self._now()
        calls = self._calls
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if limit is not None and len(calls) >= limit:
            return calls[len(calls) - limit] + WINDOW_SECONDS - now if limit else WINDOW_SECONDS
        calls.append(now)
        self.peak = max(self.peak, len(calls))
        return 0.0
