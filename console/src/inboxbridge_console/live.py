"""New events as they happen, for pages and programs (server-sent events)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import structlog
from inboxbridge.journal import JournalUnavailable, finding, reads
from inboxbridge.journal.finding import FoundEvent, Wanted
from inboxbridge.operate.objects import as_object

from inboxbridge_console.desk import Desk
from inboxbridge_console.listing import person_of
from inboxbridge_console.masks import masked

POLL_SECONDS = 1.0
MOST_AT_ONCE = 50
"""So many events are told of at once; of a flood the newest."""

QUEUE = 200
ALIVE_SECONDS = 15.0


class Live:
    """Looks for new events once a second while somebody listens, for all listeners together.

    Args:
        desk: Where the events are.
        poll_seconds: How often to look.
    """

    def __init__(self, desk: Desk, poll_seconds: float = POLL_SECONDS) -> None:
        self._desk = desk
        self._poll_seconds = poll_seconds
        self._told: dict[asyncio.Queue[str], int] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    async def listen(self, after: int | None = None) -> AsyncIterator[str]:
        """Yield server-sent events until the listener goes or the console ends.

        Args:
            after: The newest event that the listener knows, so that none is missed between a page
                and its listening, or while a connection was lost. None for what comes from now on.
        """
        if after is None:
            after = await self._desk.read(reads.newest_id)
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
        self._told[queue] = after
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield ": listening\n\n"
            while not self._closed.is_set():
                try:
                    yield await asyncio.wait_for(queue.get(), ALIVE_SECONDS)
                except TimeoutError:
                    yield ": alive\n\n"
        finally:
            self._told.pop(queue, None)

    async def close(self) -> None:
        """End all listening."""
        self._closed.set()
        for queue in self._told:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(": end\n\n")
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _poll(self) -> None:
        while self._told:
            try:
                await self._look()
            except JournalUnavailable as error:
                log = structlog.get_logger("inboxbridge")
                log.error("journal_unavailable", reason=str(error))
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> None:
        newest = await self._desk.read(reads.newest_id)
        if newest <= min(self._told.values(), default=newest):
            return
        page = await self._desk.read(finding.find, Wanted(), limit=MOST_AT_ONCE)
        found = list(reversed(page.events))
        for queue, told in list(self._told.items()):
            for one in found:
                if one.record.id > told:
                    with contextlib.suppress(asyncio.QueueFull):
                        queue.put_nowait(_message(one))
            if queue in self._told:
                self._told[queue] = max([told, *(one.record.id for one in found)])


def _message(one: FoundEvent) -> str:
    return f"event: event\nid: {one.record.id}\ndata: {_data(one)}\n\n"


def _data(found: FoundEvent) -> str:
    told: dict[str, Any] = as_object(found.record)
    told["person"] = masked(person_of(found.body))
    return json.dumps(told, ensure_ascii=False)
