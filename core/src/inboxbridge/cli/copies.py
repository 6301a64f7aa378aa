"""``backup``, ``restored`` and ``journal copy``: copies of a SQLite journal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from inboxbridge.cli.console import count
from inboxbridge.cli.group import NotWell
from inboxbridge.cli.opening import reading, usable_config
from inboxbridge.config.tables import with_known_scheme
from inboxbridge.journal import Journal, open_engine
from inboxbridge.journal.copies import CannotCopy, back_up, mark_restored
from inboxbridge.journal.copying import copy_journal
from inboxbridge.telemetry.logs import configure_logs


def backup(config_path: Path | None, target: Path) -> int:
    """Write a consistent copy of the journal. Returns the exit code.

    Raises:
        NotWell: It cannot be made there, or not of this journal.
    """
    config = usable_config(config_path)
    with reading(config):
        pass  # says so if there is no journal yet
    engine = open_engine(config.journal.url)
    try:
        size = back_up(engine, target)
    except CannotCopy as error:
        raise NotWell(str(error)) from None
    finally:
        engine.dispose()
    print(f"{target}: {size} bytes, readable by you alone")
    return 0


def copy(source_url: str, target_url: str) -> int:
    """Take a SQLite journal to PostgreSQL. Returns the exit code: 1 if the counts differ.

    Raises:
        NotWell: It cannot be copied from there or to there.
    """
    try:
        tables = copy_journal(source_url, with_known_scheme(target_url))
    except CannotCopy as error:
        raise NotWell(str(error)) from None
    for table in tables:
        differs = "" if table.source == table.target else "  differs"
        print(f"{table.table:15}{table.source:>10} rows{table.target:>10} copied{differs}")
    if any(table.source != table.target for table in tables):
        raise NotWell(
            "the counts differ: was something still written? Stop every process on the old journal "
            "and run the same command again; it goes on where it was"
        )
    print("all is there; set [journal] url to the new one and start")
    return 0


def restored(config_path: Path | None) -> int:
    """Have everything unfinished looked for before it is sent. Returns the exit code."""
    config = usable_config(config_path)
    configure_logs()

    async def mark() -> int:
        journal = Journal(config.journal.url)
        try:
            marked = await journal.write(mark_restored, None)
            journal.announce(set(config.sites))
            return marked
        finally:
            await journal.close()

    marked = asyncio.run(mark())
    print(f"{count(marked, 'event')} will be looked for in the Inbox before being sent")
    return 0
