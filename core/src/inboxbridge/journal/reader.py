"""Reads and probes a journal without an event loop, for commands beside a running process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from inboxbridge.journal.database import pending_migration, unavailable

P = ParamSpec("P")
T = TypeVar("T")

_CREATE = "CREATE TABLE inboxbridge_check (id INTEGER)"
_TOUCH = "UPDATE sites SET changed_at = changed_at WHERE id = 0"


class JournalReader:
    """Runs functions of `inboxbridge.journal.reads`, each on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(
        self,
        query: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one read in the calling thread. Raises `JournalUnavailable`."""
        try:
            with self._engine.connect().execution_options(read_only=True) as connection:
                return query(connection, *args, **kwargs)
        except (SQLAlchemyError, OSError) as error:
            raise unavailable(error, self._engine) from error


def probe(engine: Engine) -> bool:
    """Write to a journal and take it back. Returns whether its schema is this version's.

    Raises:
        JournalUnavailable: It cannot be opened or written.
    """
    try:
        is_due = pending_migration(engine) is not None
        with engine.connect() as connection:
            connection.execute(text(_CREATE if is_due else _TOUCH))
            connection.rollback()
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(error, engine) from error
    return not is_due
