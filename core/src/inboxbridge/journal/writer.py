"""One thread that writes, and lets everything that waits share one transaction (group commit).

A commit costs one fsync, however many writes it holds. While one transaction is on its way to the
disk, further writes gather and become the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from inboxbridge.journal.database import (
    JournalRefused,
    JournalUnavailable,
    is_about_data,
    sqlite_path,
    unavailable,
)
from inboxbridge.journal.files import OpenedFiles

A = TypeVar("A")
R = TypeVar("R")

Operation: TypeAlias = Callable[[Connection, Sequence[A]], Sequence[R]]
"""Writes a batch of arguments and returns one result for each, in order."""


class _Job(NamedTuple, Generic[A, R]):
    operation: Operation[A, R]
    argument: A
    result: asyncio.Future[R]


_Settled: TypeAlias = tuple["asyncio.Future[Any]", Any, bool]
"""A job's future, its result or error, and whether it succeeded."""

MAX_BATCH = 1000

FILE_REPLACED = (
    "the journal's file was deleted or replaced while it was open; nothing is taken until a "
    "restart. Put the right file back first"
)
LOG_LOST = "the journal's write-ahead log was removed while it was open; it is opened again"


class Writer:
    """Takes operations from the event loop and writes them in order, many to a transaction.

    Operations submitted one after the other take effect in that order. Neighbouring arguments of
    the same operation reach it as one batch. If a transaction fails over its data, each of its
    operations is tried once more alone, so that one bad write cannot fail its neighbours.

    Args:
        engine: The database.
        on_session_lost: Called in the event loop when the database session ended unexpectedly, and
            with it every session-level lock.
        inline: Write in the event loop itself, at the end of its current turn: for simulations in
            which only the loop's own time may pass.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        on_session_lost: Callable[[], None] = lambda: None,
        inline: bool = False,
    ) -> None:
        self._engine = engine
        self._on_session_lost = on_session_lost
        self._inline = inline
        self._waiting: list[_Job[Any, Any]] = []
        self._batches: queue.SimpleQueue[list[_Job[Any, Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._connection: Connection | None = None
        path = sqlite_path(engine)
        self._files = None if path is None else OpenedFiles(path)
        self._thread: threading.Thread | None = None
        self._flush_scheduled = False
        self._writing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.transactions = 0
        if not inline:
            self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
            self._thread.start()

    def submit(self, operation: Operation[A, R], argument: A) -> asyncio.Future[R]:
        """Queue one write; the future is done once it is on disk."""
        future: asyncio.Future[R] = self._loop.create_future()
        if self._closed:
            future.set_exception(JournalUnavailable("the journal is closed"))
            return future
        self._waiting.append(_Job(operation, argument, future))
        self._idle.clear()
        if not self._flush_scheduled and not self._writing:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)
        return future

    async def close(self) -> None:
        """Finish what is queued, then end the thread and the session."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        if self._thread is not None:
            self._batches.put(None)
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        self._discard()

    def _flush(self) -> None:
        """Hand over what has gathered as one transaction."""
        self._flush_scheduled = False
        if self._writing or not self._waiting:
            return
        jobs, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        self._writing = True
        if self._inline:
            self._written(self._write(jobs))
        else:
            self._batches.put(jobs)

    def _run(self) -> None:
        while (jobs := self._batches.get()) is not None:
            settled = self._write(jobs)
            with contextlib.suppress(RuntimeError):  # the loop may be closing
                self._loop.call_soon_threadsafe(self._written, settled)

    def _written(self, settled: list[_Settled]) -> None:
        self._writing = False
        _settle(settled)
        if not self._waiting:
            self._idle.set()
        # Those who waited run first, so that what they write next shares the transaction.
        self._flush_scheduled = True
        self._loop.call_soon(self._loop.call_soon, self._flush)

    def _write(self, jobs: list[_Job[Any, Any]]) -> list[_Settled]:
        try:
            results = self._transaction(jobs)
            return [(job.result, result, True) for job, result in zip(jobs, results, strict=True)]
        except Exception as error:
            if len(jobs) == 1 or _concerns_the_database(error):
                failure = self._explain(error)
                return [(job.result, failure, False) for job in jobs]
        settled: list[_Settled] = []
        for job in jobs:
            settled.extend(self._write([job]))
        return settled

    def _transaction(self, jobs: list[_Job[Any, Any]]) -> list[Any]:
        connection = self._connect()
        results: list[Any] = []
        try:
            with connection.begin():
                start = 0
                while start < len(jobs):
                    operation = jobs[start].operation
                    end = start + 1
                    while end < len(jobs) and jobs[end].operation is operation:
                        end += 1
                    batch = [job.argument for job in jobs[start:end]]
                    results.extend(operation(connection, batch))
                    start = end
        except Exception as error:
            if _session_is_gone(error):
                self._discard()
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._on_session_lost)
            raise
        self._check_files(connection)
        self.transactions += 1
        return results

    def _check_files(self, connection: Connection) -> None:
        """After a commit: is it in files that will be there after a restart?"""
        files = self._files
        if files is None:
            return
        files.look()
        if files.is_replaced:
            raise _lost(FILE_REPLACED)
        if files.has_lost_log:
            # The log that is open still holds what was committed: bring that into the database,
            # then open it anew. What was just written is reported as not kept, and comes again.
            _outside_of_transactions(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
            self._discard()
            self._engine.dispose()
            files.opened_again()
            raise _lost(LOG_LOST)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()

    def _explain(self, error: Exception) -> Exception:
        if is_about_data(error):
            return JournalRefused(f"the journal cannot keep this: {type(error).__name__}")
        if isinstance(error, (SQLAlchemyError, OSError)):
            return unavailable(error, self._engine)
        return error


def _lost(reason: str) -> JournalUnavailable:
    error = JournalUnavailable(reason)
    error.bare = reason
    return error


def _outside_of_transactions(connection: Connection, statement: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.fetchall()
    cursor.close()


def _concerns_the_database(error: BaseException) -> bool:
    """Whether every write would fail alike: a full disk, a lock, a lost session."""
    return isinstance(error, (OperationalError, InterfaceError, OSError)) or _session_is_gone(error)


def _session_is_gone(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _settle(settled: list[_Settled]) -> None:
    for future, value, succeeded in settled:
        if future.done():
            continue
        if succeeded:
            future.set_result(value)
        else:
            future.set_exception(value)
