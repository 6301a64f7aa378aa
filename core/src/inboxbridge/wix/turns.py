"""A fair queue: groups take turns."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """First come, first served within a group; the groups take turns, one item each."""

    def __init__(self) -> None:
        self._groups: OrderedDict[str, deque[T]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def append(self, group: str, item: T) -> None:
        """Put *item* behind what its group has waiting."""
        self._groups.setdefault(group, deque()).append(item)

    def take(self, may: Callable[[str], bool] = lambda group: True) -> tuple[str, T] | None:
        """Take the first item of the group whose turn it is.

        Args:
            may: Says of a group whether it may have its turn now.

        Returns:
            The group and the item; None if there is none that may be taken.
        """
        for group in self._groups:
            if may(group):
                waiting = self._groups.pop(group)
                item = waiting.popleft()
                if waiting:
                    self._groups[group] = waiting
                return group, item
        return None
