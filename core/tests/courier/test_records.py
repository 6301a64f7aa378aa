"""What observers hear of an event is what the journal reads back, for every fate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from inboxbridge import Event, Person
from inboxbridge.config.tables import CourierSettings
from inboxbridge.courier.ledger import Destination, Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.journal import Accepted, Journal, reads
from inboxbridge.journal.rows import StoredEvent
from inboxbridge.model.records import EventRecord
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import Forbidden, ServerFault

NOW = 1_795_000_000.0
TO = Destination("contact", "conversation", "print")


class Heard(Reporter):
    """Keeps what observers would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[EventRecord] = []

    def settled(
        self, connection: str, state: str, record: Callable[[], EventRecord], **details: object
    ) -> None:
        self.records.append(record())


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    yield opened
    await opened.close()


async def begun(ledger: Ledger, row: StoredEvent) -> StoredEvent:
    found = await ledger.begin(row, at=NOW, after=None, to=TO)
    assert found is not None
    return found


async def delivered(ledger: Ledger, row: StoredEvent) -> Outcome:
    return await ledger.delivered(
        await begun(ledger, row), "17", started=NOW, outcome="delivered", why="found by email"
    )


async def found_there(ledger: Ledger, row: StoredEvent) -> Outcome:
    return await ledger.delivered(
        await begun(ledger, row), "17", started=NOW, outcome="found there", why="as before",
        contact_id="other", conversation_id="another",
    )  # fmt: skip


async def unknown(ledger: Ledger, row: StoredEvent) -> Outcome:
    fault = ServerFault("503")
    return await ledger.again(await begun(ledger, row), "503", started=NOW, error=fault, begun=True)


async def refused(ledger: Ledger, row: StoredEvent) -> Outcome:
    row = (await begun(ledger, row))._replace(attempt_at=None)
    return await ledger.again(row, "403", started=NOW, error=Forbidden("403"), begun=True)


async def unconfirmed(ledger: Ledger, row: StoredEvent) -> Outcome:
    return await ledger.unconfirmed(await begun(ledger, row), "404")


async def contact_gone(ledger: Ledger, row: StoredEvent) -> Outcome:
    row = (await begun(ledger, row))._replace(attempt_at=None)
    return await ledger.again(row, "404", started=NOW, begun=True, contact_id="")


FATES: dict[str, Callable[[Ledger, StoredEvent], Awaitable[Outcome]]] = {
    "delivered": delivered,
    "found there": found_there,
    "unknown": unknown,
    "refused": refused,
    "unconfirmed": unconfirmed,
    "contact gone": contact_gone,
    "ignored": lambda ledger, row: ledger.ignored(row, "no contact"),
    "parked": lambda ledger, row: ledger.parked(row, "who?"),
    "dead": lambda ledger, row: ledger.dead(row, "given up"),
    "dead after a refusal": lambda ledger, row: ledger.dead(
        row, "given up", error=Forbidden("403")
    ),
    "retrying": lambda ledger, row: ledger.again(row, "Wix failed", started=NOW),
}


@pytest.mark.parametrize("fate", FATES)
async def test_what_an_observer_hears_is_what_the_journal_reads_back(
    journal: Journal, fate: str
) -> None:
    heard = Heard()
    ledger = Ledger(journal, Retry(), CourierSettings(), heard, lambda: NOW)
    event = Event(id="a", person=Person(email="dana@example.com"), text="Hello")
    await journal.accept(Accepted("default", "shop", None, NOW - 5, (event,)))
    [row] = await journal.read(reads.open_events, "default", 0, 10)

    await FATES[fate](ledger, row)

    assert heard.records == [await journal.read(reads.get_event, 1)]
