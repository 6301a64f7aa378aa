"""The journal keeps what it is given, once, through everything that may happen to its file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from inboxbridge import ConfigError, Event, Person, WebhookRequest
from inboxbridge.journal import (
    Accepted,
    Journal,
    JournalUnavailable,
    open_engine,
    purging,
    reads,
    writes,
)
from inboxbridge.journal.database import newest_revision, pending_migration
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled
from inboxbridge.journal.schema import WORDS, metadata
from sqlalchemy import text

DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{path}")
    yield opened
    await opened.close()


def accepted(*ids: str, received_at: float | None = None, thread: str | None = None) -> Accepted:
    events = tuple(
        Event(id=key, person=Person(email="dana@example.com"), text="Hello", thread=thread)
        for key in ids
    )
    return Accepted(
        site="default",
        connection="shop",
        request=WebhookRequest(
            url="https://hooks.example.com/hooks/shop",
            headers={"X-Hub-Signature-256": "sha256=00", "X-Kind": "order"},
            body=b'{"id": 1}',
        ),
        received_at=time.time() if received_at is None else received_at,
        events=events,
    )


async def deliver(journal: Journal, number: int, message_id: str = "1") -> None:
    begun = AttemptBegun(number, 0, time.time(), "contact", "conversation", "print")
    assert await journal.write(writes.begin_attempts, begun)
    ended = AttemptEnded(1.0, 2.0, "delivered", status=200)
    await journal.write(
        writes.settle,
        Settled(number, "delivered", delivered_at=2.0, message_id=message_id, attempt=ended),
    )


async def test_a_repeated_event_is_stored_once_whether_later_or_in_the_same_batch(
    journal: Journal,
) -> None:
    first = await asyncio.gather(*(journal.accept(accepted("a", "b")) for _ in range(5)))
    later = await journal.accept(accepted("b", "c", "c"))

    assert [ids for ids in first if ids != [None, None]] == [[1, 2]]
    assert later[0] is None
    assert [key is None for key in later] == [True, False, True]
    assert len(await journal.read(reads.list_events)) == 3


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_repeated_events_use_up_no_numbers(database: str, path: Path) -> None:
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{path}"
        if database == "postgresql":
            server = stack.enter_context(postgres_server.server())
            url = stack.enter_context(postgres_server.database(server))
        journal = Journal(url)
        try:
            first = await journal.accept(accepted("1", "2", "1"))
            for _ in range(3):
                assert await journal.accept(accepted("2", "1")) == [None, None]
            mixed = await journal.accept(accepted("2", "3", "1"))
            together = await asyncio.gather(
                journal.accept(accepted("4", "1")), journal.accept(accepted("4", "5"))
            )
        finally:
            await journal.close()

    assert first == [1, 2, None]
    assert mixed == [None, 3, None]
    assert together == [[4, None], [None, 5]]


async def test_writes_that_wait_together_share_one_transaction(journal: Journal) -> None:
    before = journal.writer.transactions
    await asyncio.gather(*(journal.accept(accepted(f"e{n}")) for n in range(200)))

    assert journal.writer.transactions - before <= 3


async def test_one_bad_write_does_not_fail_its_neighbours(journal: Journal) -> None:
    good, bad = accepted("good"), accepted("bad")
    object.__setattr__(bad, "received_at", None)
    results = await asyncio.gather(
        journal.accept(good), journal.accept(bad), return_exceptions=True
    )

    assert results[0] == [1]
    assert isinstance(results[1], Exception)
    assert [one.source_id for one in await journal.read(reads.list_events)] == ["good"]


async def test_an_event_that_changed_meanwhile_cannot_be_begun(journal: Journal) -> None:
    await journal.accept(accepted("a", "b"))
    stale = AttemptBegun(1, 0, 5.0, "contact", "conversation", "print")
    fresh = AttemptBegun(2, 0, 5.0, "contact", "conversation", "print")
    await journal.write(writes.begin_attempts, stale)

    again = await asyncio.gather(
        journal.write(writes.begin_attempts, AttemptBegun(1, 0, 6.0, "c", "v", "p")),
        journal.write(writes.begin_attempts, fresh),
    )

    assert again == [False, True]


async def test_headers_that_carry_signatures_or_credentials_are_not_stored(
    journal: Journal,
) -> None:
    await journal.accept(accepted("a"))
    raw = await journal.read(reads.raw_delivery, 1)

    assert raw is not None
    assert raw.request.headers.pairs() == [("x-kind", "order")]
    assert raw.request.body == b'{"id": 1}'


async def test_a_page_of_events_starts_before_the_last_id_of_the_one_before(
    journal: Journal,
) -> None:
    await journal.accept(accepted(*(f"e{n}" for n in range(7))))
    first = await journal.read(reads.list_events, limit=3)
    second = await journal.read(reads.list_events, limit=3, before_id=first[-1].id)

    assert [one.id for one in first + second] == [7, 6, 5, 4, 3, 2]


async def test_purging_erases_personal_data_first_and_keys_only_after_a_month(
    journal: Journal,
) -> None:
    now = time.time()
    for days, key in ((40, "ancient"), (10, "old"), (1, "new")):
        await journal.accept(accepted(key, received_at=now - days * DAY))
    for number in (1, 2, 3):
        await deliver(journal, number, str(number))

    while await journal.write(
        purging.purge, purging.Bounds(now - 7 * DAY, now - 30 * DAY, now - 400 * DAY, 100)
    ):
        pass

    kept = {one.source_id: one.id for one in await journal.read(reads.list_events)}
    assert set(kept) == {"old", "new"}
    assert await journal.read(reads.event_body, kept["old"]) is None
    assert await journal.read(reads.raw_delivery, kept["old"]) is None
    assert await journal.read(reads.event_body, kept["new"]) is not None
    assert await journal.accept(accepted("old")) == [None]


async def test_purging_leaves_alone_what_waits_for_a_person(journal: Journal) -> None:
    now = time.time()
    await journal.accept(accepted("parked", "dead", received_at=now - 90 * DAY))
    await journal.write(writes.settle, Settled(1, "parked", "decide"))
    await journal.write(writes.settle, Settled(2, "dead", "gave up"))

    await journal.write(
        purging.purge, purging.Bounds(now - 7 * DAY, now - 30 * DAY, now - 400 * DAY, 100)
    )

    assert [one.state for one in await journal.read(reads.list_events)] == ["dead", "parked"]
    assert await journal.read(reads.event_body, 1) is not None
    assert await journal.read(reads.raw_delivery, 1) is not None


async def test_a_full_disk_is_said_in_words_and_work_goes_on_once_there_is_room(
    journal: Journal,
) -> None:
    def pages(connection: Any, batch: Any) -> list[Any]:
        return [connection.exec_driver_sql(f"PRAGMA max_page_count = {batch[0]}").scalar()]

    used = await journal.write(pages, 1)  # cannot shrink below what is used: gives that back
    huge = Accepted(
        "default", "shop", WebhookRequest(body=b"x" * 500_000), 1.0, accepted("a").events
    )
    with pytest.raises(JournalUnavailable, match="free some space"):
        await journal.accept(huge)
    assert await journal.read(reads.list_events) == []

    await journal.write(pages, used + 10_000)
    assert await journal.accept(huge) == [1]


async def test_a_file_that_is_no_database_is_named_with_advice(path: Path) -> None:
    path.write_bytes(b"this is not a database, whatever its name says" * 100)

    with pytest.raises(JournalUnavailable, match=r"journal\.db.*(damaged|not a database)"):
        Journal(f"sqlite:///{path}")


async def test_a_damaged_page_is_reported_and_not_read_as_empty(path: Path) -> None:
    first = Journal(f"sqlite:///{path}")
    await first.accept(accepted(*(f"e{n}" for n in range(300))))
    await first.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 12] = os.urandom(4096 * 10)
    path.write_bytes(data)

    with pytest.raises(JournalUnavailable):
        second = Journal(f"sqlite:///{path}")
        try:
            for number in range(300):
                await second.read(reads.get_event, number)
                await second.accept(accepted(f"new{number}"))
        finally:
            await second.close()


async def test_a_journal_of_a_newer_release_is_refused_with_what_to_do(
    journal: Journal, path: Path
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(JournalUnavailable, match="upgrade inboxbridge"):
        pending_migration(journal.engine)


def of_the_schema(name: str | None, kind: str, parents: Any) -> bool:
    """Whether it is not SQLite's index of words, which the database keeps by itself."""
    return kind != "table" or not str(name).startswith(WORDS)


async def test_the_migrations_make_exactly_the_schema(journal: Journal) -> None:
    with journal.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": of_the_schema})
        differences = compare_metadata(context, metadata)

    assert differences == []
    assert pending_migration(journal.engine) is None


async def test_a_journal_that_is_not_there_yet_is_due_for_migration(path: Path) -> None:
    assert pending_migration(open_engine(f"sqlite:///{path}")) == newest_revision()


@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "nonsense", "sqlite://", "sqlite:///:memory:"]
)
async def test_a_url_that_is_no_journal_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_engine(url)


async def test_sqlite_syncs_every_commit(journal: Journal) -> None:
    with journal.engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


async def test_an_accepted_event_survives_the_death_of_the_process(path: Path) -> None:
    script = (
        "import asyncio, os, sys, time\n"
        "from inboxbridge import Event\n"
        "from inboxbridge.journal import Accepted, Journal\n"
        "async def main():\n"
        "    journal = Journal(sys.argv[1])\n"
        "    await journal.accept(Accepted('s', 'c', None, time.time(), (Event(id='e'),)))\n"
        "    os._exit(9)\n"
        "asyncio.run(main())\n"
    )
    url = f"sqlite:///{path}"
    assert subprocess.run([sys.executable, "-c", script, url], check=False).returncode == 9

    survivor = Journal(url)
    found = await survivor.read(reads.list_events)
    await survivor.close()
    assert [one.source_id for one in found] == ["e"]
