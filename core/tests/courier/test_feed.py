"""What the courier reads of the journal, and in which order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from inboxbridge import Event, Person
from inboxbridge.courier.feed import PER_THREAD, Feed
from inboxbridge.journal import Accepted, Journal, writes
from inboxbridge.journal.rows import BACKLOG, LIVE, Settled

WINDOW = 50
NOW = 1_795_000_000.0


class Read(Feed):
    """A feed whose events are settled one after the other."""

    def __init__(self, journal: Journal, window: int = WINDOW) -> None:
        super().__init__("default", journal, window=window, now=lambda: NOW)
        self.taken: list[str] = []

    async def take(self, count: int) -> None:
        """Take *count* events, one after the other, as a courier does."""
        for _ in range(count):
            if self.wants_refill:
                await self.refill()
            found = self.next_ready()
            assert found is not None
            thread, row, _ = found
            self.taken.append(row.source_id)
            await self._journal.write(writes.settle, Settled(row.id, "ignored"))
            self.finished(thread)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    yield opened
    await opened.close()


async def accept(
    journal: Journal, names: Iterable[str], *, lane: int = LIVE, at: float = NOW, threads: int = 30
) -> None:
    for number, name in enumerate(names):
        event = Event(id=name, person=Person(id=f"p{number % threads}"), text="x")
        await journal.accept(Accepted("default", "shop", None, at, (event,), lane=lane))


async def test_a_courier_that_keeps_up_reads_each_event_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Read(journal)
    rows: list[str] = []
    read_now = journal.read_now

    def counting(query: object, *args: object, **kwargs: object) -> object:
        found = read_now(query, *args, **kwargs)  # type: ignore[arg-type]
        if isinstance(found, list):
            rows.extend(row.source_id for row in found)
        return found

    monkeypatch.setattr(journal, "read_now", counting)
    names = [f"e{number}" for number in range(6 * WINDOW)]
    came = 2 * WINDOW
    await accept(journal, names[:came])
    await feed.take(10)
    while came < len(names):
        await accept(journal, names[came : came + 10])
        came += 10
        feed.announce()
        await feed.take(10)
    await feed.take(len(names) - len(feed.taken))

    assert sorted(rows) == sorted(names)


@pytest.mark.parametrize("behind", ["an import", "yesterday's"])
async def test_news_overtakes_what_was_there_before_it(journal: Journal, behind: str) -> None:
    old = [f"old{number}" for number in range(4 * WINDOW)]
    if behind == "an import":
        await accept(journal, old, lane=BACKLOG)
    else:
        await accept(journal, old, at=NOW - 86_400)
    feed = Read(journal)
    await feed.take(10)
    event = Event(id="news", person=Person(id="somebody else"), text="x")
    await journal.accept(Accepted("default", "shop", None, NOW, (event,)))
    feed.announce()
    await feed.refill()

    await feed.take(3)

    assert "news" in feed.taken


async def test_news_is_seen_when_a_look_from_the_start_begins_with_it(journal: Journal) -> None:
    await accept(journal, [f"old{number}" for number in range(180)], at=NOW - 86_400)
    feed = Read(journal, window=200)
    await feed.take(5)
    event = Event(id="news", person=Person(id="somebody else"), text="x")
    await journal.accept(Accepted("default", "shop", None, NOW, (event,)))
    feed.rescan()
    await feed.refill()

    await feed.take(3)

    assert "news" in feed.taken


async def test_a_thread_with_much_to_say_keeps_its_order_and_hides_no_other(
    journal: Journal,
) -> None:
    await accept(journal, [f"a{number}" for number in range(3 * PER_THREAD)], threads=1)
    event = Event(id="b", person=Person(id="other"), text="x")
    await journal.accept(Accepted("default", "shop", None, NOW, (event,)))
    feed = Read(journal)

    await feed.take(3 * PER_THREAD + 1)

    said = [name for name in feed.taken if name != "b"]
    assert said == [f"a{number}" for number in range(3 * PER_THREAD)]
    assert feed.taken.index("b") < 3
