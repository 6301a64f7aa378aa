"""Statements that run for every event, handed to the driver ready-made.

SQLAlchemy looks at each parameter of each row anew, which takes longer than the database does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Table
from sqlalchemy.dialects import sqlite

CHUNK = 100
"""Rows of one INSERT; databases allow 32,766 parameters at least."""


class ForMany:
    """A statement that is run for many rows at once.

    Every parameter of it is a `bindparam` without a value, of a type that drivers take as it is:
    text, a number, None. Its constants are literals.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._written: dict[str, str] = {}

    def __call__(self, connection: Connection, rows: list[dict[str, Any]]) -> CursorResult[Any]:
        """Run it for each of *rows*, by the parameters' names."""
        dialect = connection.dialect
        written = self._written.get(dialect.name)
        if written is None:
            # sqlite3 takes parameters by name too, whatever SQLAlchemy prefers.
            by_name = sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect
            compiled = self._statement.compile(dialect=by_name)  # type: ignore[attr-defined]
            written = self._written[dialect.name] = str(compiled)
        return connection.exec_driver_sql(written, rows)


def insert_new(
    connection: Connection,
    table: Table,
    rows: Sequence[tuple[Any, ...]],
    columns: tuple[str, ...],
    returning: tuple[str, ...],
) -> list[Any]:
    """Insert *rows*, leaving out those that are there already.

    Args:
        connection: In a transaction.
        table: Where to.
        rows: Values in the order of *columns*.
        columns: Their names.
        returning: The columns to return of each row that was inserted.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    found: list[Any] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        written = _insert_text(mark, table.name, len(chunk), columns, returning)
        values = tuple(value for row in chunk for value in row)
        found += connection.exec_driver_sql(written, values).all()
    return found


@lru_cache(maxsize=1000)
def _insert_text(
    mark: str, table: str, rows: int, columns: tuple[str, ...], returning: tuple[str, ...]
) -> str:
    one = f"({', '.join([mark] * len(columns))})"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)} "
        f"ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}"
    )
