"""Keep what was refused in the journal: counts, and the last few one by one.

A stranger can make any number of refused requests, so they are gathered in memory, within a bound,
and written together at intervals.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable

import structlog

from inboxbridge.journal import Journal, overview
from inboxbridge.journal.accepting import is_secret_header
from inboxbridge.journal.overview import OTHER, Refusal
from inboxbridge.model import WebhookRequest

WRITE_SECONDS = 2.0
KINDS = 200
"""So many kinds are told apart between two writes; of further ones the status alone."""

LAST = 50
"""So many are kept one by one between two writes."""

LONGEST_VALUE = 200
MOST_HEADERS = 50

Kind = tuple[str, int, str]


class RefusalBook:
    """Gathers refusals and writes them down.

    Args:
        journal: Where to.
        now: Unix seconds.
        write_seconds: How long refusals are gathered.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        now: Callable[[], float] = time.time,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._journal = journal
        self._now = now
        self._write_seconds = write_seconds
        self._counts: dict[Kind, tuple[int, float]] = {}
        self._last: deque[Refusal] = deque(maxlen=LAST)
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self, connection: str, status: int, reason: str, request: WebhookRequest | None = None
    ) -> None:
        """Take a refusal down.

        Args:
            connection: The connection; empty for a path that names none.
            status: What it was answered with.
            reason: Why, without anything of the request.
            request: The delivery, to keep what is told of it one by one.
        """
        now = self._now()
        kind = (connection, status, reason)
        if kind not in self._counts and len(self._counts) >= KINDS:
            kind = ("", status, OTHER)
        count, _ = self._counts.get(kind, (0, now))
        self._counts[kind] = (count + 1, now)
        if request is not None:
            self._last.append(_told(connection, status, reason, now, request))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._write_seconds, self._write)

    async def close(self) -> None:
        """Write what is gathered."""
        if self._timer is not None:
            self._timer.cancel()
            written = self._write()
            if written is not None:
                await asyncio.wait([written])

    def _write(self) -> asyncio.Future[None] | None:
        self._timer = None
        gathered = [
            Refusal(*kind, at=at, count=count) for kind, (count, at) in self._counts.items()
        ]
        gathered += self._last
        self._counts.clear()
        self._last.clear()
        if not gathered:
            return None
        written = self._journal.write(overview.record_refusals, gathered)
        written.add_done_callback(_heard)
        return written


def _told(connection: str, status: int, reason: str, at: float, request: WebhookRequest) -> Refusal:
    headers = [
        (name, "(not kept)" if is_secret_header(name) else value[:LONGEST_VALUE])
        for name, value in request.headers.pairs()[:MOST_HEADERS]
    ]
    digest = hashlib.sha256(request.body).hexdigest()[:16]
    return Refusal(
        connection, status, reason, at,
        headers=tuple(headers), size=len(request.body), digest=digest, count=0,
    )  # fmt: skip


def _heard(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (error := written.exception()) is not None:
        log = structlog.get_logger("inboxbridge")
        log.error("refusals_not_kept", reason=str(error))
