"""Signs of life: what a courier says of a site from time to time, for those who look at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from inboxbridge.journal import Journal, writes
from inboxbridge.journal.rows import SiteSigns
from inboxbridge.wix.budget import Budget

AT_LEAST_SECONDS = 20.0
"""So often a sign is given where nothing has changed."""


class Signs:
    """Writes down that a site is worked on, and how much of its limit is used.

    Args:
        site: The site's name.
        journal: Where to.
        budget: The site's.
        now: Unix seconds.
    """

    def __init__(
        self, site: str, journal: Journal, budget: Budget, now: Callable[[], float] = time.time
    ) -> None:
        self._site = site
        self._journal = journal
        self._budget = budget
        self._now = now
        self._told: tuple[int, bool] | None = None
        self._told_at = float("-inf")

    def give(self) -> None:
        """Say how it is, if that has changed or was not said for a while; waits for nothing."""
        now, waits = self._now(), self._budget.wait_seconds
        state = (self._budget.used, waits > 0)
        if state == self._told and 0 <= now - self._told_at < AT_LEAST_SECONDS:
            return
        self._told, self._told_at = state, now
        busy_until = now + waits if waits > 0 else None
        signs = SiteSigns(self._site, state[0], busy_until, now)
        self._journal.write(writes.note_signs, signs).add_done_callback(_heard)


def _heard(written: asyncio.Future[None]) -> None:
    """One that could not be written is followed by the next."""
    if not written.cancelled():
        written.exception()
