"""Statements that run for every event, handed to the driver ready-made and for many rows at once.

SQLAlchemy looks at each parameter of each row anew, which takes longer than the database does. And
each row that is a statement of its own costs a wait for Python's lock, which the event loop holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.types import TypeEngine

CHUNK = 100
"""Rows of one statement; databases allow 32,766 parameters at least."""

Row = tuple[Any, ...]

T = TypeVar("T")


class UpdateMany:
    """An UPDATE of many rows, each with values of its own.

    Args:
        table: What is updated.
        given: The values of a row, in order: their names and types.
        change: What is set, as SQL. ``{name}`` stands for a given value.
        where: Which row they are for, as SQL.
    """

    def __init__(
        self, table: Table, given: Mapping[str, TypeEngine[Any]], change: str, where: str
    ) -> None:
        self._table = table
        self._types = list(given.values())
        names = {name: f"given.column{place}" for place, name in enumerate(given, start=1)}
        self._change, self._where = change.format(**names), where.format(**names)
        self._text = lru_cache(maxsize=1000)(self._write)

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for *rows*, no two for the same. Returns how many there were to change."""
        changed = 0
        for chunk in _chunks(rows):
            written = self._text(connection.dialect, len(chunk))
            changed += connection.exec_driver_sql(written, _flat(chunk)).rowcount
        return changed

    def _write(self, dialect: Dialect, rows: int) -> str:
        mark = _mark(dialect)
        # PostgreSQL takes the columns' types from the first row, SQLite from the values.
        typed = ", ".join(f"CAST({mark} AS {kind.compile(dialect)})" for kind in self._types)
        first = typed if dialect.name == "postgresql" else ", ".join([mark] * len(self._types))
        others = ", ".join([mark] * len(self._types))
        values = ", ".join([f"({first})", *[f"({others})"] * (rows - 1)])
        return (
            f"UPDATE {self._table.name} SET {self._change} "
            f"FROM (VALUES {values}) AS given WHERE {self._where}"
        )


def insert_new(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    columns: tuple[str, ...],
    returning: tuple[str, ...] = (),
) -> list[Any]:
    """Insert *rows*, leaving out those that are there already.

    Args:
        connection: In a transaction.
        table: Where to.
        rows: Values in the order of *columns*.
        columns: Their names.
        returning: The columns to return of each row that was inserted, if any.
    """
    found: list[Any] = []
    for chunk in _chunks(rows):
        written = _insert_text(
            _mark(connection.dialect), table.name, len(chunk), columns, returning
        )
        result = connection.exec_driver_sql(written, _flat(chunk))
        if returning:
            found += result.all()
    return found


def present(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> set[Any]:
    """Which of *values* are in *column* of *table*."""
    found: set[Any] = set()
    for chunk in _chunks(values):
        written = _present_text(_mark(connection.dialect), table.name, column, len(chunk))
        found.update(row[0] for row in connection.exec_driver_sql(written, tuple(chunk)))
    return found


@lru_cache(maxsize=1000)
def _present_text(mark: str, table: str, column: str, values: int) -> str:
    return f"SELECT {column} FROM {table} WHERE {column} IN ({', '.join([mark] * values)})"


@lru_cache(maxsize=1000)
def _insert_text(
    mark: str, table: str, rows: int, columns: tuple[str, ...], returning: tuple[str, ...]
) -> str:
    one = f"({', '.join([mark] * len(columns))})"
    written = (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)} "
        "ON CONFLICT DO NOTHING"
    )
    return f"{written} RETURNING {', '.join(returning)}" if returning else written


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _flat(rows: Sequence[Row]) -> Row:
    return tuple(chain.from_iterable(rows))


def _mark(dialect: Dialect) -> str:
    return "?" if dialect.name == "sqlite" else "%s"
