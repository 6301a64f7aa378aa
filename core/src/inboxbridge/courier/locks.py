"""A lock for each key, kept only while somebody holds or wants it."""

from __future__ import annotations

import asyncio


class KeyedLocks:
    """``async with locks(key):`` lets one at a time through per key, in the order of asking."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}

    def __len__(self) -> int:
        return len(self._locks)

    def __call__(self, key: str) -> _Lock:
        """Return the lock of *key*, to be entered at once."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = _Lock(self._locks, key)
        return lock


class _Lock:
    __slots__ = ("_key", "_lock", "_locks", "_users")

    def __init__(self, locks: dict[str, _Lock], key: str) -> None:
        self._locks = locks
        self._key = key
        self._lock = asyncio.Lock()
        self._users = 0

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._users -= 1
        if not self._users:
            del self._locks[self._key]
