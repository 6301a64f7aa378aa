"""Back up a SQLite journal, and detect that an older copy was restored."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from inboxbridge.errors import InboxbridgeError
from inboxbridge.journal.database import sqlite_path, unavailable
from inboxbridge.journal.files import PRIVATE
from inboxbridge.journal.schema import UNFINISHED, attempts, events

PAGES = 1000
"""How many pages are copied before writers have their turn."""


class CannotCopy(InboxbridgeError):
    """A copy cannot be made there, or not of this journal. The text says what to do."""


def back_up(engine: Engine, target: Path) -> int:
    """Write a consistent copy of a SQLite journal, also while other processes work on it.

    Args:
        engine: The journal.
        target: The file to make; only its owner may read it.

    Returns:
        Its size in bytes.

    Raises:
        CannotCopy: *target* exists or cannot be made, or the journal is on PostgreSQL.
        JournalUnavailable: The journal cannot be read.
    """
    if sqlite_path(engine) is None:
        raise CannotCopy(
            "this journal is on PostgreSQL, which has its own tool for that: "
            "pg_dump --format=custom --file=FILE DATABASE"
        )
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    except FileExistsError:
        raise CannotCopy(f"{target} exists; name a file that does not, or remove it") from None
    except OSError as error:
        raise CannotCopy(f"{target} cannot be made: {error.strerror}") from None
    try:
        _copy(engine, target)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            target.unlink()
        raise unavailable(error, engine) from error
    return target.stat().st_size


def _copy(engine: Engine, target: Path) -> None:
    source = engine.raw_connection()
    try:
        with contextlib.closing(sqlite3.connect(target)) as copy:
            opened: Any = source.driver_connection
            opened.backup(copy, pages=PAGES)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    finally:
        source.close()
    with target.open("rb") as written:
        os.fsync(written.fileno())


@dataclass(frozen=True, slots=True)
class HighWater:
    """How far a SQLite journal has come.

    Attributes:
        identity: A random number that the journal was given when it was made.
        events: The highest number of an event.
        attempts: The highest number of a try.
    """

    identity: int
    events: int
    attempts: int

    def is_behind(self, other: HighWater) -> bool:
        """Whether this is an older state of the journal that *other* was read of."""
        return self.identity == other.identity and (
            self.events < other.events or self.attempts < other.attempts
        )


_COUNTED = (events, attempts)


def high_water(connection: Connection) -> HighWater:
    """How far the journal has come."""
    identity = connection.exec_driver_sql("PRAGMA application_id").scalar() or 0
    newest = [connection.execute(select(func.max(table.c.id))).scalar() for table in _COUNTED]
    return HighWater(identity, *(number or 0 for number in newest))


def identify(connection: Connection, batch: Sequence[None]) -> list[None]:
    """Give the journal its random number unless it has one."""
    if not connection.exec_driver_sql("PRAGMA application_id").scalar():
        number = secrets.randbelow(2**31 - 1) + 1
        connection.exec_driver_sql(f"PRAGMA application_id = {number}")
    return [None] * len(batch)


def mark_restored(connection: Connection, batch: Sequence[None]) -> list[int]:
    """Have everything unfinished looked for in the Inbox before it is sent.

    Returns how many events there are.
    """
    since = func.coalesce(events.c.look_since, events.c.received_at)
    statement = (
        update(events).where(events.c.state.in_(UNFINISHED)).values(look_since=since, due_at=None)
    )
    return [connection.execute(statement).rowcount for _ in batch]


class Marker:
    """The file beside a SQLite journal that tells how far it had come when last looked at.

    Args:
        file: An open file, to read and to write; its owner holds its lock.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._written: HighWater | None = None

    def read(self) -> HighWater | None:
        """What was written last; None where nothing was, or it cannot be read."""
        self._file.seek(0)
        try:
            return HighWater(**json.loads(self._file.read())["journal"])
        except (ValueError, TypeError, KeyError):
            return None

    def write(self, reached: HighWater) -> None:
        """Write how far the journal has come, unless that is there already."""
        if reached == self._written:
            return
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": os.getpid(), "journal": asdict(reached)}))
        self._file.flush()
        self._written = reached
