"""Open a journal's database (SQLite or PostgreSQL) and migrate its schema."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from inboxbridge.errors import ConfigError, InboxbridgeError
from inboxbridge.journal.files import create_private, open_private
from inboxbridge.journal.shown import shown, without_secrets

_MIGRATION_LOCK = 0x1B0B_0001


class JournalUnavailable(InboxbridgeError):
    """The journal cannot be read or written just now. The text says why and what to do.

    Attributes:
        bare: The reason for anybody: it names no host, user, file or database.
    """

    bare = "the journal cannot be used"


class JournalRefused(InboxbridgeError):
    """The database does not take this very write: the data is at fault, not the database."""


def is_about_data(error: BaseException) -> bool:
    """Whether a write failed over what it holds: a value that is there already or cannot be."""
    cause = getattr(error, "orig", None) or error
    return isinstance(error, (IntegrityError, DataError)) or isinstance(
        cause, (ValueError, OverflowError)
    )


def open_engine(url: str) -> Engine:
    """Return an engine for a journal URL, ``sqlite:///file.db`` or ``postgresql://…``.

    Raises:
        ConfigError: The URL is not one of these, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(
            'the journal\'s url cannot be read; write "sqlite:///inboxbridge.db" or '
            '"postgresql://user:password@host/database"'
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigError("the journal must be a file: sqlite:///inboxbridge.db")
        engine = create_engine(parsed, poolclass=QueuePool, pool_size=4, max_overflow=4)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        arguments: dict[str, Any] = {
            "connect_timeout": 5,
            "application_name": "inboxbridge",
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        }
        try:
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                paramstyle="format",  # by place, as SQLite has them
                poolclass=QueuePool,
                pool_size=4,
                pool_pre_ping=True,
                connect_args=arguments,
            )
        except ModuleNotFoundError:
            raise ConfigError(
                "a postgresql:// journal needs a driver: pip install 'inboxbridge[postgres]'"
            ) from None
    raise ConfigError(f"a journal on {backend} is not supported; use sqlite or postgresql")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file; purging gives space back
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -8000")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # The driver's own BEGIN is switched off: a writer takes its lock at once, so that it never
    # has to upgrade a read lock and fail. Readers ask for a deferred one.
    deferred = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


def sqlite_path(engine: Engine) -> Path | None:
    """Return the file of a SQLite journal, None for PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(str(engine.url.database))


_MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions() -> frozenset[str]:
    """The revisions of the schema that this release knows."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return frozenset(file.name.partition("_")[0] for file in files)


def newest_revision() -> str:
    """The revision that this release's schema is at."""
    return max(known_revisions())


def pending_migration(engine: Engine) -> str | None:
    """Return the revision that the schema is to be brought to, or None if it is up to date."""
    path = sqlite_path(engine)
    newest = newest_revision()
    if path is not None and not path.exists():
        return newest
    with engine.connect().execution_options(read_only=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            if inspect(connection).has_table("events"):
                raise JournalUnavailable(
                    f"the journal {shown(engine.url)} has tables but lost the one that says which "
                    "release made them (alembic_version); restore it from a backup"
                )
            return newest
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        is_empty = not inspect(connection).has_table("events")
    if current is None and not is_empty:
        raise JournalUnavailable(
            f"the journal {shown(engine.url)} has tables but does not say which release made them "
            "(its alembic_version is empty); restore it from a backup"
        )
    if current is not None and current not in known_revisions() and current <= newest:
        raise JournalUnavailable(
            f"the journal {shown(engine.url)} is at an unknown revision ({current}); it is not one "
            "of inboxbridge's: check [journal] url, or restore it from a backup"
        )
    if current is not None and current > newest:
        place = shown(engine.url)
        raise JournalUnavailable(
            f"the journal {place} was written by a newer inboxbridge (schema {current}; this "
            f"release knows {newest}); upgrade inboxbridge here too"
        )
    return None if current == newest else newest


def _upgrade(connection: Connection) -> None:
    # Imported here because it takes a third of the start-up time and is seldom needed.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def migrate(engine: Engine) -> None:
    """Bring the schema up to date; several processes may call this at once.

    Raises:
        JournalUnavailable: The database cannot be opened or changed.
    """
    try:
        with _only_one(engine):
            if pending_migration(engine) is None:
                return
            if (path := sqlite_path(engine)) is not None:
                create_private(path)
            with engine.begin() as connection:
                _upgrade(connection)
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(error, engine) from error


@contextlib.contextmanager
def _only_one(engine: Engine) -> Iterator[None]:
    path = sqlite_path(engine)
    if path is not None:
        with open_private(path.with_name(path.name + ".migrate")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    pool_free = create_engine(engine.url, poolclass=NullPool)
    with pool_free.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        yield


def unavailable(error: BaseException, engine: Engine) -> JournalUnavailable:
    """Say in words why the database cannot be used, without its password."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    said = without_secrets(said, engine.url)
    known, hint = next((one for one in _ADVICE if one[0] in said.lower()), ("", ""))
    told = JournalUnavailable(f"the journal {shown(engine.url)} cannot be used: {said}{hint}")
    told.bare = f"the journal cannot be used{known and f': {known}'}"
    return told


_ADVICE = (
    ("disk is full", "; free some space, work then goes on by itself"),
    ("no space left", "; free some space, work then goes on by itself"),
    ("readonly", "; the file or its folder is read-only for this user"),
    ("unable to open", "; does its folder exist, and may this user write there?"),
    ("malformed", "; the file is damaged: stop, keep a copy, and restore or run sqlite3 .recover"),
    ("not a database", "; the file is something else or damaged: move it away or restore it"),
    ("locked", "; another program holds the file"),
    ("connection refused", "; is PostgreSQL running there?"),
    ("password authentication", "; check the user and password in [journal] url"),
)
