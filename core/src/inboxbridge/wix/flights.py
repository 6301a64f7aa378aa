"""Work that several ask for at once is done once, and its end, whatever it is, reaches them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from inboxbridge.wix.errors import Scope, Unanswered

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Does the same work once for all who ask while it is under way.

    One of them that gives up takes nothing from the others. Work that is itself cut short (a
    cancellation, or another end that is no `Exception`) is for each of them a failure that may
    pass, never a cancellation of their own.

    Args:
        scope: What the work is about.
    """

    def __init__(self, scope: Scope = "contact") -> None:
        self._scope: Scope = scope
        self._flights: dict[str, asyncio.Task[T]] = {}

    async def __call__(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what *work* returns, or what the same work already under way does.

        Raises:
            Unanswered: The work was cut short.
        """
        task = self._flights.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._flights[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        await asyncio.wait([task])
        if task.cancelled():
            raise cut_short(self._scope)
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            raise cut_short(self._scope) from error
        return task.result()

    def _landed(self, key: str, task: asyncio.Task[T]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # those who asked may be gone; nobody need be told then


def cut_short(scope: Scope) -> Unanswered:
    """Return the error for shared work that ended before it had an end of its own."""
    return Unanswered(
        "A question to Wix that several waited for was cut short; it is asked again.",
        effect="none",
        scope=scope,
    )
