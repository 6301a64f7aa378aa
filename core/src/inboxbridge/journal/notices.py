"""What other processes are to be told, in as few notices as PostgreSQL takes them."""

from __future__ import annotations

import threading
from collections.abc import Collection

MAX_PAYLOAD_BYTES = 7_900
"""PostgreSQL takes less than 8,000 (https://www.postgresql.org/docs/current/sql-notify.html)."""


class Notices:
    """Gathers what is to be told, from the event loop, until a thread takes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()

    def add(self, notices: Collection[str]) -> None:
        """Tell *notices* with the next ones."""
        with self._lock:
            self._waiting.update(notices)

    def take(self) -> list[str]:
        """Return what waits, many to a payload, a line each; then nothing waits any more."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        return payloads(sorted(waiting))


def payloads(notices: Collection[str]) -> list[str]:
    """Return *notices* as few payloads, a line each, none longer than PostgreSQL takes."""
    packed: list[list[str]] = []
    room = 0
    for notice in notices:
        size = len(notice.encode()) + 1
        if size > room:
            packed.append([])
            room = MAX_PAYLOAD_BYTES
        packed[-1].append(notice)
        room -= size
    return ["\n".join(lines) for lines in packed]
