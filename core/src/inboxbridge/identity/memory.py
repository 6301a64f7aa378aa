"""A bounded cache with a time to live, for one site."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

CAPACITY = 50_000


class Memory(Generic[V]):
    """The most recently used entries, each dropped once it is too old.

    Args:
        ttl_seconds: How long an entry is good for; None for as long as there is room.
        now: The time in seconds.
        capacity: How many entries are kept.
    """

    def __init__(
        self, ttl_seconds: float | None, now: Callable[[], float], capacity: int = CAPACITY
    ) -> None:
        self._ttl = ttl_seconds
        self._now = now
        self._capacity = capacity
        self._entries: OrderedDict[str, tuple[V, float | None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> V | None:
        """Return the entry, or None if there is none that is still good."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, until = entry
        if until is not None and self._now() >= until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: V, *, since: float | None = None, forever: bool = False) -> None:
        """Remember *value*, which was true at *since* (now by default)."""
        until = None
        if self._ttl is not None and not forever:
            until = (self._now() if since is None else since) + self._ttl
            if until <= self._now():
                return
        self._entries[key] = (value, until)
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        """Forget one entry."""
        self._entries.pop(key, None)

    def drop_value(self, value: V) -> None:
        """Forget every entry with this value."""
        for key in [key for key, (entry, _) in self._entries.items() if entry == value]:
            del self._entries[key]

    def replace_value(self, old: V, new: V) -> None:
        """Put *new* in the place of *old*, wherever that is."""
        for key, (entry, until) in self._entries.items():
            if entry == old:
                self._entries[key] = (new, until)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
