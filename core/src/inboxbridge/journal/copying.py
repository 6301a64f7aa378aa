"""Copy a SQLite journal to PostgreSQL with backlog and links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from inboxbridge.journal.copies import CannotCopy
from inboxbridge.journal.database import migrate, open_engine, sqlite_path, unavailable
from inboxbridge.journal.schema import metadata, probes

ROWS = 1000
"""How many rows go together, in one transaction of the target."""

TABLES = tuple(table for table in metadata.sorted_tables if table is not probes)


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of a table there are in both journals.

    Attributes:
        table: Its name.
        source: Rows in the journal that was copied.
        target: Rows in the copy.
    """

    table: str
    source: int
    target: int


def copy_journal(
    source_url: str, target_url: str, progress: Callable[[str, int], None] = lambda name, rows: None
) -> list[Copied]:
    """Copy a SQLite journal, which nobody may be writing to, to PostgreSQL.

    It may be ended at any time and called again: it goes on where it was.

    Args:
        source_url: ``sqlite:///…``.
        target_url: ``postgresql://…``: an empty database, or one that holds a part of this copy.
        progress: Called with a table's name and how many rows of it were copied just now.

    Returns:
        The counts of each table; they differ where something was written meanwhile.

    Raises:
        CannotCopy: The source is not SQLite, the target not PostgreSQL or another journal.
        JournalUnavailable: One of them cannot be opened, read or written.
    """
    source, target = open_engine(source_url), open_engine(target_url)
    try:
        path = sqlite_path(source)
        if path is None or sqlite_path(target) is not None:
            raise CannotCopy("a journal is copied from sqlite:///… to postgresql://…")
        if not path.exists():
            raise CannotCopy(f"there is no journal {path}")
        migrate(source)
        migrate(target)
        with _reading(source) as old:
            with target.connect() as new:
                _expect_the_same_journal(old, new)
            for table in TABLES:
                _copy_table(old, target, table, progress)
            with target.begin() as new:
                _set_sequences(new)
                return [
                    Copied(table.name, _count(old, table), _count(new, table)) for table in TABLES
                ]
    except SQLAlchemyError as error:
        raise unavailable(error, target) from error
    finally:
        source.dispose()
        target.dispose()


def _reading(engine: Engine) -> Any:
    return engine.connect().execution_options(read_only=True)


def _expect_the_same_journal(old: Connection, new: Connection) -> None:
    """The newest row of each table that the target has must be the source's."""
    for table in TABLES:
        if table.name in ("sites", "seen"):
            continue
        keys = list(table.primary_key.columns)
        last = new.execute(
            select(*_told_by(table)).order_by(*(key.desc() for key in keys)).limit(1)
        ).first()
        if last is None:
            continue
        same = [column == getattr(last, column.name) for column in keys]
        found = old.execute(select(*_told_by(table)).where(*same)).first()
        if found is None or tuple(found) != tuple(last):
            raise CannotCopy(
                f"the target holds another journal: its table {table.name} has rows that the "
                "source does not have. Name an empty database"
            )


def _told_by(table: Table) -> list[Any]:
    names = {"connection", "source_id", "event_id", "site", "identity", "conversation_id"}
    keys = {column.name for column in table.primary_key.columns}
    return [column for column in table.columns if column.name in names | keys]


def _copy_table(
    old: Connection, target: Engine, table: Table, progress: Callable[[str, int], None]
) -> None:
    insert = postgresql.insert(table).on_conflict_do_nothing()
    with target.connect() as new:
        after = _last_key(new, table)
    for rows in _pages(old, table, after):
        with target.begin() as new:
            new.execute(insert, rows)
        progress(table.name, len(rows))


def _last_key(new: Connection, table: Table) -> Any:
    keys = list(table.primary_key.columns)
    if len(keys) > 1 or table.name == "seen":
        return None  # small, or in no order of time: copied again, what is there is left alone
    return new.execute(select(func.max(keys[0]))).scalar()


def _pages(old: Connection, table: Table, after: Any) -> Iterator[list[dict[str, Any]]]:
    keys = list(table.primary_key.columns)
    place: tuple[Any, ...] | None = None if after is None else (after,)
    while True:
        statement = select(table).order_by(*keys).limit(ROWS)
        if place is not None:
            statement = statement.where(_beyond(keys, place))
        rows = [dict(row._mapping) for row in old.execute(statement)]
        if not rows:
            return
        yield rows
        place = tuple(rows[-1][key.name] for key in keys)


def _beyond(keys: list[Any], place: tuple[Any, ...]) -> Any:
    if len(keys) == 1:
        return keys[0] > place[0]
    first, *others = keys
    return (first > place[0]) | ((first == place[0]) & _beyond(others, place[1:]))


def _set_sequences(new: Connection) -> None:
    for table in TABLES:
        key = next(iter(table.primary_key.columns))
        if key.autoincrement is True:
            new.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "
                    f"greatest((SELECT max({key.name}) FROM {table.name}), 1))"
                )
            )


def _counted(old: Connection, new: Connection, table: Table) -> Copied:
    return Copied(table.name, _count(old, table), _count(new, table))


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar() or 0
