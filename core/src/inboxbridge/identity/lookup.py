"""Look-ups that wait at the same time go to Wix together and come back apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar

from inboxbridge.wix import ContactMatch
from inboxbridge.wix.budget import Lane

T = TypeVar("T")

MAX_TOGETHER = 100


class Finder(Protocol):
    """What is asked of a Wix client."""

    def __call__(
        self, by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane
    ) -> Awaitable[dict[str, list[ContactMatch]]]: ...


class Lookup:
    """Finds contacts by one kind of value, at most one call under way for each lane.

    Values asked for while a call is under way (or in the same turn of the event loop) share the
    next one, up to 100; the same value asked for twice is looked up once. A live look-up does not
    wait for one of the backlog, which may stand in line for a long time.

    Args:
        find: Such as ``client.find_contacts``.
        by: The kind of value.
    """

    def __init__(self, find: Finder, by: Literal["email", "phone"]) -> None:
        self._find = find
        self._by = by
        self._waiting: dict[str, asyncio.Future[list[ContactMatch]]] = {}
        self._lanes: dict[str, Lane] = {}
        self._running: dict[Lane, asyncio.Task[None]] = {}

    async def __call__(self, value: str, lane: Lane) -> list[ContactMatch]:
        """Return the contacts with *value*, newest first. Raises `WixError`."""
        future = self._waiting.get(value)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[value] = future
            self._lanes[value] = lane
        elif lane == "live":
            self._lanes[value] = lane
        if lane not in self._running:
            self._running[lane] = asyncio.create_task(self._run(lane))
        return await asyncio.shield(future)

    async def _run(self, lane: Lane) -> None:
        try:
            await asyncio.sleep(0)  # let everything of this turn gather
            while lane in self._lanes.values():
                await self._look_up(lane)
                await asyncio.sleep(0)
        finally:
            del self._running[lane]
            for value in [value for value, its in self._lanes.items() if its == lane]:
                del self._lanes[value]
                self._waiting.pop(value).cancel()

    async def _look_up(self, lane: Lane) -> None:
        # A live call is filled up with the backlog's, which costs nothing; never the other way.
        mine = [value for value in self._waiting if self._lanes[value] == lane]
        others = [value for value in self._waiting if self._lanes[value] != lane]
        values = (mine + others if lane == "live" else mine)[:MAX_TOGETHER]
        futures = {value: self._waiting.pop(value) for value in values}
        for value in values:
            del self._lanes[value]
        try:
            found = await self._find(self._by, values, lane=lane)
        except asyncio.CancelledError:
            for future in futures.values():
                future.cancel()
            raise
        except Exception as error:
            _fail(futures.values(), error)
            return
        for value, future in futures.items():
            if not future.done():
                future.set_result(found.get(value, []))


def _fail(futures: object, error: Exception) -> None:
    for future in list(futures):  # type: ignore[call-overload]
        if not future.done():
            future.set_exception(error)
            future.exception()  # those who asked may be gone; nobody need be told then


class SingleFlight(Generic[T]):
    """Work that several ask for at once is done once, for all of them."""

    def __init__(self) -> None:
        self._flights: dict[str, asyncio.Task[T]] = {}

    async def __call__(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what *work* returns, or what the same work already under way does."""
        task = self._flights.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._flights[key] = task
            task.add_done_callback(lambda _: self._flights.pop(key, None))
        return await asyncio.shield(task)
