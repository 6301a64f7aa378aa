"""What befalls a journal's files, rows and ids costs no more than it must."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import Event, Person, WebhookRequest
from inboxbridge.journal import (
    Accepted,
    AcceptedWithoutEvents,
    Journal,
    JournalRefused,
    JournalUnavailable,
    accepting,
    purging,
    reads,
    writes,
)
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled, SiteState

DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{path}")
    yield opened
    await opened.close()


@pytest.fixture
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def accepted(key: str, *, at: float | None = None, **options: Any) -> Accepted:
    event = Event(id=key, person=Person(email="dana@example.com"), text="Hello")
    received_at = time.time() if at is None else at
    return Accepted("default", "shop", None, received_at, (event,), **options)


async def delivered(journal: Journal, number: int, message_id: str | None) -> bool:
    begun = AttemptBegun(number, 0, time.time(), "contact", "conversation", "print")
    assert await journal.write(writes.begin_attempts, begun)
    ended = AttemptEnded(1.0, 2.0, "delivered", status=200)
    settled = Settled(number, "delivered", "found by email", message_id=message_id, attempt=ended)
    return bool(await journal.write(writes.settle, settled))


@pytest.mark.usefixtures("open_to_all")
async def test_every_file_of_a_journal_is_private_whatever_the_umask(path: Path) -> None:
    journal = Journal(f"sqlite:///{path}")
    await journal.accept(accepted("a"))
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("journal.db*")
    }
    await journal.close()

    assert set(modes.values()) == {0o600}
    assert {"journal.db", "journal.db-wal"} <= set(modes)


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
async def test_a_file_that_is_not_the_one_that_was_opened_takes_nothing_more(
    journal: Journal, path: Path, replaced: bool
) -> None:
    await journal.accept(accepted("a"))
    path.unlink()
    if replaced:
        path.write_bytes(b"")

    with pytest.raises(JournalUnavailable, match="deleted or replaced"):
        await journal.accept(accepted("b"))
    with pytest.raises(JournalUnavailable, match="deleted or replaced"):
        await journal.check_writable()


async def test_what_was_accepted_outlives_the_removal_of_the_log_and_a_kill(
    journal: Journal, path: Path, tmp_path: Path
) -> None:
    await journal.accept(accepted("before"))
    path.with_name("journal.db-wal").unlink()

    with pytest.raises(JournalUnavailable, match="write-ahead log"):
        await journal.accept(accepted("refused"))
    await journal.accept(accepted("after"))
    # What another process finds after a kill: the files as they are now.
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        copy.with_name(f"copy.db{suffix}").write_bytes(
            path.with_name(f"journal.db{suffix}").read_bytes()
        )
    with sqlite3.connect(copy) as found:
        keys = [row[0] for row in found.execute("SELECT source_id FROM events ORDER BY id")]

    assert keys in (["before", "after"], ["before", "refused", "after"])


async def test_a_probe_finds_a_disk_without_room_for_a_delivery(journal: Journal) -> None:
    def pages(connection: Any, batch: Any) -> list[Any]:
        return [connection.exec_driver_sql(f"PRAGMA max_page_count = {batch[0]}").scalar()]

    await journal.check_writable()
    used = await journal.write(pages, 1)
    number = 0
    with pytest.raises(JournalUnavailable, match="full"):
        while number < 1000:
            number += 1
            event = Event(id=str(number), person=Person(id="p"), text="x" * 3000)
            await journal.accept(Accepted("default", "shop", None, 1.0, (event,)))

    with pytest.raises(JournalUnavailable, match="full"):
        await journal.check_writable()
    await journal.write(pages, used + 10_000)
    await journal.check_writable()


ODD_COLUMNS = {
    "received_at": "yesterday",
    "due_at": "soon",
    "attempts": "three",
    "lane": "fast",
    "thread": b"\x00\xff",
    "failing_since": b"x",
}


@pytest.mark.parametrize("column", ODD_COLUMNS)
async def test_a_row_with_a_value_of_another_type_says_so_and_the_rest_is_as_ever(
    journal: Journal, path: Path, column: str
) -> None:
    for key in ("a", "b", "c"):
        await journal.accept(accepted(key))
    with sqlite3.connect(path) as found:
        found.execute(f"UPDATE events SET {column} = ? WHERE id = 2", [ODD_COLUMNS[column]])
    found.close()

    rows = await journal.read(reads.open_events, "default", 0, 10)
    records = await journal.read(reads.list_events)

    assert [(row.id, row.fault is not None) for row in rows] == [(1, False), (2, True), (3, False)]
    assert column in str(rows[1].fault)
    assert [record.id for record in records] == [3, 2, 1]


async def test_a_moment_that_is_none_is_shown_as_damaged(journal: Journal, path: Path) -> None:
    await journal.accept(accepted("a"))
    with sqlite3.connect(path) as found:
        found.execute("UPDATE events SET received_at = 1e300")
    found.close()

    [record] = await journal.read(reads.list_events)

    assert "damaged" in str(record.reason)


async def test_a_settled_event_is_never_reopened_by_a_late_failure(journal: Journal) -> None:
    await journal.accept(accepted("a"))
    assert await delivered(journal, 1, "17")

    retrying = Settled(1, "retrying", "a late failure", due_at=1.0)
    written = await journal.write(writes.settle, retrying)

    [record] = await journal.read(reads.list_events)
    assert (written, record.state, record.message_id) == (False, "delivered", "17")


async def test_a_message_id_that_another_event_has_is_refused_as_data(journal: Journal) -> None:
    await journal.accept(accepted("a"))
    await journal.accept(accepted("b"))
    assert await delivered(journal, 1, "17")

    with pytest.raises(JournalRefused):
        await delivered(journal, 2, "17")


async def test_a_write_that_cannot_be_kept_fails_alone(journal: Journal) -> None:
    await journal.accept(accepted("a"))
    odd = journal.write(writes.settle, Settled(1, "retrying", "half a surrogate \ud83d"))
    sound = journal.write(writes.set_site_state, SiteState("default", "running", None, 1.0))

    with pytest.raises(JournalRefused):
        await odd
    await sound


async def test_a_delivery_that_is_sent_again_after_its_event_was_purged_stores_nothing(
    journal: Journal,
) -> None:
    now = time.time()
    old = now - 40 * DAY
    assert await journal.accept(accepted("captured", at=old)) == [1]
    assert await delivered(journal, 1, "17")
    bounds = purging.Bounds(now - 7 * DAY, now - 30 * DAY, now - 400 * DAY, 100)
    while await journal.write(purging.purge, bounds):
        pass

    again = await journal.accept(accepted("captured"))
    other = await journal.accept(accepted("another"))
    records = await journal.read(reads.list_events)
    later = purging.Bounds(now, now, now + 1, 100)
    while await journal.write(purging.purge, later):
        pass
    forgotten = await journal.accept(accepted("captured"))

    assert again == [None]
    assert [record.source_id for record in records] == ["another"]
    assert other != [None]
    assert forgotten != [None]


async def test_the_bodies_of_unreadable_deliveries_are_bounded_for_each_connection(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "UNREADABLE_BODIES", 3)
    for number in range(5):
        for name in ("shop", "other"):
            unreadable = AcceptedWithoutEvents(
                "default", name, WebhookRequest(body=b"?" * 100), 1.0,
                state="unreadable", reason="not JSON", source_id=f"{number}",
            )  # fmt: skip
            if name == "shop" or number == 0:
                await journal.accept(unreadable)

    records = await journal.read(reads.list_events, connection_name="shop")
    bodies = [await journal.read(reads.raw_delivery, record.id) for record in reversed(records)]

    assert [body is not None for body in bodies] == [True, True, True, False, False]
    assert "was not kept" in str(records[0].reason)
    assert await journal.read(reads.raw_delivery, 2) is not None


async def test_purging_gives_space_back_to_the_file_system(journal: Journal, path: Path) -> None:
    for number in range(30):
        event = Event(id=str(number), person=Person(id="p"), text="x")
        request = WebhookRequest(body=os.urandom(100_000))
        await journal.accept(Accepted("default", "shop", request, 1.0, (event,)))
        await delivered(journal, number + 1, str(number))
    before = _pages(path)
    bounds = purging.Bounds(time.time(), time.time(), 0.0, 1000)
    while await journal.write(purging.purge, bounds):
        pass

    assert _pages(path) < before / 5


def _pages(path: Path) -> int:
    with sqlite3.connect(path) as found:
        pages: int = found.execute("PRAGMA page_count").fetchone()[0]
    found.close()
    return pages


async def test_what_happened_long_before_it_was_told_leaves_room_for_what_happens_now(
    journal: Journal,
) -> None:
    now = datetime.now(UTC)
    for key, age in (("now", 0), ("late", 7200)):
        event = Event(
            id=key, person=Person(id="p"), text="x", occurred_at=now - timedelta(seconds=age)
        )
        await journal.accept(Accepted("default", "shop", None, now.timestamp(), (event,)))

    rows = await journal.read(reads.open_events, "default", 0, 10)

    assert [(row.source_id, row.lane) for row in rows] == [("now", 0), ("late", 1)]
