"""Which sites have something to do, found without looking at each of their events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import Event, Person
from inboxbridge.journal import Accepted, Journal, driver, reads, writes
from inboxbridge.journal.rows import Settled
from sqlalchemy import Connection


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    yield opened
    await opened.close()


async def stored(journal: Journal, site: str, key: str) -> int:
    event = Event(id=key, person=Person(id="dana"), text="Hello")
    [event_id] = await journal.accept(Accepted(site, site, None, 1.0, (event,)))
    assert event_id is not None
    return event_id


async def test_a_site_has_something_to_do_while_an_event_of_it_is_open(journal: Journal) -> None:
    assert await journal.read(reads.with_open_events, ["a", "b"]) == []
    numbers = [await stored(journal, site, f"m{at}") for at, site in enumerate("bacba")]
    await journal.write(writes.settle, Settled(numbers[2], "ignored", "not for the Inbox"))

    assert await journal.read(reads.with_open_events, ["a", "b", "c", "d"]) == ["a", "b"]
    assert await journal.read(reads.with_open_events, []) == []


async def test_they_are_found_in_the_index_of_open_events(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[str] = []
    run = driver.run

    def explain(connection: Connection, text: str, parameters: Any) -> Any:
        plans.extend(row[-1] for row in run(connection, f"EXPLAIN QUERY PLAN {text}", parameters))
        return run(connection, text, parameters)

    monkeypatch.setattr(driver, "run", explain)
    await journal.read(reads.with_open_events, ["a", "b"])

    about_events = [plan for plan in plans if "events" in plan]
    assert about_events
    assert all("INDEX ix_events_open (site=?)" in plan for plan in about_events), plans
