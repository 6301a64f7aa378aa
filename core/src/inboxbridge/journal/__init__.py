"""The journal: events, their state, attempts, identity links and sites, on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, delete, insert, text

from inboxbridge.journal import accepting
from inboxbridge.journal.database import (
    JournalRefused,
    JournalUnavailable,
    migrate,
    open_engine,
    pending_migration,
    sqlite_path,
)
from inboxbridge.journal.notices import Notices
from inboxbridge.journal.reader import JournalReader
from inboxbridge.journal.rows import Accepted, AcceptedWithoutEvents, AnyAccepted
from inboxbridge.journal.schema import probes
from inboxbridge.journal.shown import shown
from inboxbridge.journal.writer import Operation, Writer

__all__ = [
    "CHANNEL",
    "FORGET",
    "Accepted",
    "AcceptedWithoutEvents",
    "AnyAccepted",
    "Journal",
    "JournalRefused",
    "JournalUnavailable",
    "migrate",
    "open_engine",
    "pending_migration",
]

CHANNEL = "inboxbridge"
"""Where PostgreSQL carries the names of sites that have new events."""

FORGET = "forget "
"""What stands before a site's name where something remembered has stopped being true."""

PROBE_BYTES = 65536
"""What a probe writes: as much as a large delivery."""

A = TypeVar("A")
R = TypeVar("R")
P = ParamSpec("P")
T = TypeVar("T")


class Journal:
    """A journal opened in a running event loop.

    Reads go through `read` with a function of `inboxbridge.journal.reads`, writes through `write`
    with one of `writes`, `remembering` or `purging` there; `accept` is the write of the gateway.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://…``.
        inline: Do everything in the event loop's own thread; see `Writer`.
        on_session_lost: Called when the writing session ended unexpectedly.

    Raises:
        ConfigError: The URL cannot be used.
        JournalUnavailable: The database cannot be opened or brought up to date.
    """

    def __init__(
        self,
        url: str,
        *,
        inline: bool = False,
        on_session_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine: Engine = open_engine(url)
        self.is_shared = sqlite_path(self.engine) is None
        """Whether several processes may work on this journal at once."""
        migrate(self.engine)
        self._inline = inline
        self._reader = JournalReader(self.engine)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="journal-reader")
        self._loop = asyncio.get_running_loop()
        self.writer = Writer(self.engine, on_session_lost=on_session_lost, inline=inline)
        self._notices = Notices()
        self._notifying: asyncio.Future[None] | None = None
        self.on_accepted: list[Callable[[set[str]], None]] = []
        """Called with the sites that have new events, after these are on disk."""
        self.on_forgotten: list[Callable[[str], None]] = []
        """Called with a site of which something remembered has stopped being true."""

    @property
    def shown(self) -> str:
        """Where the journal is, without what is secret in its URL."""
        return shown(self.engine.url)

    async def accept(self, accepted: AnyAccepted) -> list[int | None]:
        """Store a delivery's events. Returns once they are on disk.

        Returns:
            The id of each event in order, None for one that was stored before.

        Raises:
            JournalUnavailable: Nothing was stored.
        """
        ids = await self.writer.submit(accepting.accept, accepted)
        if isinstance(accepted, Accepted) and any(ids):
            self.announce({accepted.site})
        return ids

    def announce(self, sites: set[str]) -> None:
        """Say that *sites* have new events, here and (on PostgreSQL) to other processes."""
        for told in self.on_accepted:
            told(sites)
        self._tell_others(sites)

    def announce_forgotten(self, site: str) -> None:
        """Say that couriers must read again what they remember of *site*."""
        for told in self.on_forgotten:
            told(site)
        self._tell_others({FORGET + site})

    def _tell_others(self, notices: set[str]) -> None:
        if self.is_shared:
            self._notices.add(notices)
            if self._notifying is None or self._notifying.done():
                self._notifying = self._loop.run_in_executor(self._readers, self._notify)
                self._notifying.add_done_callback(_heard)

    def _notify(self) -> None:
        # In a transaction of its own, after the commit: inside the accept's it would make
        # PostgreSQL write one commit at a time (https://www.postgresql.org/docs/current/sql-notify.html).
        while payloads := self._notices.take():
            with self.engine.begin() as connection:
                connection.execute(
                    text("SELECT pg_notify(:channel, :notices)"),
                    [{"channel": CHANNEL, "notices": payload} for payload in payloads],
                )

    def write(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """Submit one write; see `Writer.submit`."""
        return self.writer.submit(operation, argument)

    async def read(
        self,
        query: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one read on a connection of its own.

        Raises:
            JournalUnavailable: The database did not answer.
        """
        if self._inline:
            return self.read_now(query, *args, **kwargs)
        return await self._loop.run_in_executor(
            self._readers, lambda: self.read_now(query, *args, **kwargs)
        )

    def read_now(
        self,
        query: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one read in the calling thread."""
        return self._reader(query, *args, **kwargs)

    async def check_writable(self) -> None:
        """Write something of the usual size, durably, and take it away again.

        Raises:
            JournalUnavailable: It could not be written: a full disk, a lock, a file that is not
                the one that was opened.
        """
        await self.write(_touch, None)

    async def close(self) -> None:
        """Finish what is being written and let go of the database."""
        await self.writer.close()
        self._readers.shutdown(wait=True)
        self.engine.dispose()


def _heard(notified: asyncio.Future[None]) -> None:
    """A notice that was not carried costs only time: the others poll."""
    if not notified.cancelled():
        notified.exception()


def _touch(connection: Connection, batch: Sequence[None]) -> list[None]:
    connection.execute(insert(probes).values(filler=bytes(PROBE_BYTES)))
    connection.execute(delete(probes))
    return [None] * len(batch)
