"""The files of a SQLite journal: private to their user, and the very ones that were opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

PRIVATE = 0o600

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
    well it was synced.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._log = f"{path}-wal"
        self._database = _identity(self._path)
        self._written_log: _Identity | None = None

    def log_was_written(self) -> None:
        """Take the write-ahead log that is there now for the one in use."""
        self._written_log = _identity(self._log)

    @property
    def is_replaced(self) -> bool:
        """Whether the database is gone or another file."""
        return self._database is None or _identity(self._path) != self._database

    @property
    def has_lost_log(self) -> bool:
        """Whether the write-ahead log that was written to is gone or another file."""
        return self._written_log is None or _identity(self._log) != self._written_log


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
