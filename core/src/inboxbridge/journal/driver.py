"""Statements that run for every event: written in SQLAlchemy Core, run by the driver.

Each is compiled once for a database, to its text and the order of its parameters. SQLAlchemy would
build it anew for each run, which takes many times longer than the database does. It runs on the
connection that SQLAlchemy's pool has given out, in the transaction that is open there. For many
rows it is one statement all the same: each row that is a statement of its own costs a wait for
Python's lock, which the event loop holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    CTE,
    Connection,
    Dialect,
    Table,
    and_,
    bindparam,
    cast,
    column,
    select,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter, ClauseElement
from sqlalchemy.types import TypeEngine

CHUNK = 100
"""Rows of one statement; databases allow 32,766 parameters at least."""

Row: TypeAlias = tuple[Any, ...]

_Parts: TypeAlias = tuple[str, str, str]
"""What is before the values of a row, these, and what is after them."""

T = TypeVar("T")

_ONE_ROW = re.compile(r"(?<=\bVALUES )\((?:[^()]|\([^()]*\))*\)")


class Prepared:
    """A statement with named parameters.

    Args:
        statement: It, with a `bindparam` for each value that is given when it runs.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...], Mapping[str, Any]]] = {}

    def __call__(self, connection: Connection, **given: Any) -> list[Row]:
        """Run it and return its rows. Raises `sqlalchemy.exc.DBAPIError`."""
        text, order, fixed = self._for(connection.dialect)
        parameters = tuple([given[name] if name in given else fixed[name] for name in order])
        return run(connection, text, parameters)

    def _for(self, dialect: Dialect) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = self._statement.compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            known = compiled.string, tuple(compiled.positiontup or ()), compiled.params
            self._compiled[dialect.name] = known
        return known


class ForEach:
    """A statement for many rows at once, each with values of its own.

    Args:
        columns: What a row holds, in order.
        write: Returns the statement for one row, given the database's name.
    """

    def __init__(self, columns: Sequence[str], write: Callable[[str], ClauseElement]) -> None:
        self._order = [_parameter(name) for name in columns]
        self._write = write
        self._parts: dict[str, _Parts] = {}

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> list[Row]:
        """Run it for *rows* and return what it returns. Raises `sqlalchemy.exc.DBAPIError`."""
        found: list[Row] = []
        parts = self._for(connection.dialect)
        for chunk in _chunks(rows):
            text = _for_rows(parts, len(chunk))
            found += run(connection, text, tuple(chain.from_iterable(chunk)))
        return found

    def _for(self, dialect: Dialect) -> _Parts:
        parts = self._parts.get(dialect.name)
        if parts is None:
            compiled = self._write(dialect.name).compile(dialect=dialect)
            assert isinstance(compiled, SQLCompiler)
            assert compiled.positiontup == self._order, "rows are in another order than parameters"
            text = compiled.string
            [found] = _ONE_ROW.finditer(text)
            parts = self._parts[dialect.name] = (
                text[: found.start()],
                found[0],
                text[found.end() :],
            )
        return parts


@lru_cache(maxsize=1000)
def _for_rows(parts: _Parts, rows: int) -> str:
    before, row, after = parts
    return f"{before}{', '.join([row] * rows)}{after}"


def insert_new(table: Table, columns: Sequence[str], returning: Sequence[str] = ()) -> ForEach:
    """Insert rows, leaving out those that are there already.

    Args:
        table: Where to.
        columns: What a row holds, in the order of the table.
        returning: The columns to return of each row that was inserted, if any.
    """

    def write(database: str) -> ClauseElement:
        statement = _insert(database, table, columns).on_conflict_do_nothing()
        return statement.returning(*(table.c[name] for name in returning))

    return ForEach(columns, write)


def upsert(table: Table, changed: Sequence[str], unless: Any = None) -> ForEach:
    """Insert rows of all columns; of one that is there already, *changed* are set.

    No two rows may be the same.

    Args:
        table: Where to.
        changed: The columns that are set.
        unless: The condition under which a row stays as it is.
    """

    def write(database: str) -> ClauseElement:
        statement = _insert(database, table, table.c.keys())
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: statement.excluded[name] for name in changed},
            where=None if unless is None else ~unless,
        )

    return ForEach(table.c.keys(), write)


def with_given(
    given: Mapping[str, TypeEngine[Any]], write: Callable[[CTE], ClauseElement]
) -> ForEach:
    """A statement over a table of given values.

    Args:
        given: The columns of that table: their names and types.
        write: Returns the statement.
    """

    def written(database: str) -> ClauseElement:
        marks: list[Any] = [bindparam(_parameter(name), type_=kind) for name, kind in given.items()]
        if database == "postgresql":  # SQLite takes the types from the values
            marks = [cast(mark, mark.type) for mark in marks]
        table = values(*(column(name, kind) for name, kind in given.items()), name="given")
        return write(table.data([tuple(marks)]).cte("given"))

    return ForEach(list(given), written)


def present(table: Table, *names: str) -> ForEach:
    """Return those of many values, or groups of values, that are in columns of *table*."""
    columns = [table.c[name] for name in names]

    def write(given: CTE) -> ClauseElement:
        same = and_(*(given.c[column.name] == column for column in columns))
        return select(*columns).select_from(given.join(table, same))

    return with_given({column.name: column.type for column in columns}, write)


def run(connection: Connection, text: str, parameters: Row) -> list[Row]:
    """Run a statement in the open transaction and return its rows."""
    driver = connection.connection
    try:
        cursor = driver.cursor()
        try:
            cursor.execute(text, parameters)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _wrapped(connection, text, error) from error


def _wrapped(connection: Connection, text: str, error: Any) -> DBAPIError:
    """The error as SQLAlchemy would raise it; a connection that broke is given up as it would."""
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, connection.connection, None)
    if is_gone:
        connection.invalidate(error)
    wrapped: DBAPIError = DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_gone,
        dialect=dialect,
    )
    return wrapped


def _insert(
    database: str, table: Table, columns: Sequence[str]
) -> sqlite.Insert | postgresql.Insert:
    insert = sqlite.insert if database == "sqlite" else postgresql.insert
    given: dict[str, BindParameter[Any]] = {name: bindparam(_parameter(name)) for name in columns}
    return insert(table).values(given).inline()


def _parameter(name: str) -> str:
    """What is given for a column; SQLAlchemy keeps the column's own name to itself."""
    return f"given_{name}"


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
