"""Open what commands work on: the configuration, a connection, the journal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from inboxbridge.cli.group import NotWell
from inboxbridge.config import Config, read_config
from inboxbridge.config.problems import config_error
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.journal.database import open_engine, pending_migration, sqlite_path, unavailable
from inboxbridge.journal.reader import JournalReader

if TYPE_CHECKING:
    from inboxbridge.plugins import Connection


def usable_config(path: Path | None) -> Config:
    """Return what can be used of the configuration, for commands that need no more than that.

    Looking into the journal does not need the secrets of every source.

    Raises:
        ConfigError: Nothing can be used of it.
    """
    config, problems = read_config(path)
    if config is None:
        raise config_error(problems)
    return config


def connect_one(config: Config, name: str) -> Connection:
    """Make one connection. Raises `ConfigError` or `Unusable`, whatever is wrong with others."""
    from inboxbridge.operate.decisions import connected

    return connected(config, name)


def connection_settings(config: Config, name: str) -> ConnectionSettings:
    """Return a connection's settings. Raises `ConfigError` where there is none of that name."""
    from inboxbridge.operate.decisions import connection_settings

    return connection_settings(config, name)


@contextlib.contextmanager
def reading(config: Config) -> Iterator[JournalReader]:
    """Open the journal for reading; nothing is created or changed.

    Raises:
        ConfigError: Its URL cannot be used.
        NotWell: There is none yet, or its schema is not this version's.
        JournalUnavailable: It cannot be opened.
    """
    engine = open_engine(config.journal.url)
    try:
        _expect_journal(engine)
        yield JournalReader(engine)
    finally:
        engine.dispose()


def _expect_journal(engine: Engine) -> None:
    path = sqlite_path(engine)
    if path is not None and not path.exists():
        raise NotWell(
            f"there is no journal at {path.absolute()} yet; `inboxbridge serve` makes it "
            "(a relative url in [journal] counts from the configuration's folder)"
        )
    try:
        due = pending_migration(engine)
    except (SQLAlchemyError, OSError) as error:
        raise unavailable(error, engine) from error
    if due is not None:
        raise NotWell(
            "the journal's schema is not the one of this version; "
            "starting `inboxbridge serve` brings it up to date"
        )


def ask(question: str, default: bool = False) -> bool:
    """Ask a person on the terminal for a yes or no."""
    import typer

    answer: Any = typer.confirm(question, default=default, err=True)
    return bool(answer)
