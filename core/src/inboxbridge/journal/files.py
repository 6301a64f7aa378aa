"""Keep a SQLite journal's files private, and detect that they were replaced."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

PRIVATE = 0o600
SETTLED_SECONDS = 0.1
"""How old a change of a folder must be to be told from the next one by its moment."""

_Identity = tuple[int, int]


def create_private(path: Path) -> None:
    """Make an empty file for a database unless there is one; nobody else may read it.

    SQLite gives the write-ahead log and the index beside it the permissions of the database.

    Raises:
        OSError: The folder does not exist or may not be written to.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    except FileExistsError:
        return


def open_private(path: Path) -> IO[str]:
    """Open a file to read and to append to; nobody else may read it where it is new."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE), "a+")


class OpenedFiles:
    """Notices when a database or its write-ahead log is no longer the file that was opened.

    What is written to a file that has been deleted or replaced is gone with the process, however
    well it was synced. A look costs one system call as long as nothing has come into the folder or
    left it.

    Args:
        path: The database.
        now: Unix seconds, by the clock of the file system.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = str(path)
        self._log = f"{path}-wal"
        self._folder = str(path.parent)
        self._now = now
        self._database = _identity(self._path)
        self._written_log: _Identity | None = None
        self._folder_changed_at: int | None = None
        self.is_replaced = self._database is None
        """Whether the database is gone or another file. It stays so: what is there is not ours."""
        self.has_lost_log = False
        """Whether the write-ahead log that was written to is gone or another file."""

    def look(self) -> None:
        """Look again, after a commit."""
        changed_at = os.stat(self._folder).st_mtime_ns
        if changed_at == self._folder_changed_at:
            return
        # Of two changes at nearly the same time the second may have the moment of the first.
        is_past = self._now() - changed_at / 1e9 > SETTLED_SECONDS
        self._folder_changed_at = changed_at if is_past else None
        self.is_replaced = self.is_replaced or _identity(self._path) != self._database
        log = _identity(self._log)
        self.has_lost_log = self._written_log is not None and log != self._written_log
        self._written_log = self._written_log or log

    def opened_again(self) -> None:
        """A new write-ahead log is in use."""
        self._written_log = self._folder_changed_at = None
        self.has_lost_log = False


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
