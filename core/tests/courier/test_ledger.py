"""What the ledger sets down of each try, read back from a real journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import Event, Person
from inboxbridge.config.tables import CourierSettings
from inboxbridge.courier import ledger as ledger_module
from inboxbridge.courier.ledger import TIMED_OUT, Destination, Ledger
from inboxbridge.courier.outcome import Outcome
from inboxbridge.courier.retry import Retry
from inboxbridge.journal import Accepted, Journal, JournalUnavailable, reads, writes
from inboxbridge.journal.rows import StoredEvent
from inboxbridge.telemetry.reporter import Reporter
from inboxbridge.wix import ServerFault, Unanswered

NOW = 1_795_000_000.0
TO = Destination("contact", "conversation", "print")
SETTINGS = CourierSettings(settle_seconds=2.0, max_age_seconds=3600.0)


class Sure(Retry):
    """Always the longest wait."""

    def wait(self, tries: int) -> float:
        return min(self.cap_seconds, self.base_seconds * 2.0 ** (tries - 1))


class House:
    """A ledger over a journal with one event, and a clock that stands still."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = NOW
        retry = Sure(base_seconds=1.0, cap_seconds=600.0)
        self.ledger = Ledger(journal, retry, SETTINGS, Reporter(), lambda: self.now)

    async def row(self) -> StoredEvent:
        [row] = await self.journal.read(reads.open_events, "default", 0, 10)
        return row

    async def begun(self) -> StoredEvent:
        row = await self.ledger.begin(await self.row(), at=self.now, after=None, to=TO)
        assert row is not None
        return row

    async def state(self, event_id: int = 1) -> tuple[str, str | None]:
        record = await self.journal.read(reads.get_event, event_id)
        assert record is not None
        return record.state, record.reason

    async def outcomes(self) -> list[str]:
        return [row.outcome for row in await self.journal.read(reads.event_attempts, 1)]

    async def failed(self, row: StoredEvent, **more: Any) -> Outcome:
        return await self.ledger.again(row, "Wix failed", started=self.now, **more)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", inline=True)
    event = Event(id="a", person=Person(id="dana"), text="Hello", about="call:9")
    await journal.accept(Accepted("default", "shop", None, NOW, (event,)))
    yield House(journal)
    await journal.close()


async def test_each_failed_try_counts_and_waits_longer(house: House) -> None:
    waits = [(await house.failed(await house.row())).wait_seconds for _ in range(4)]

    row = await house.row()
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert (row.attempts, row.due_at, row.failing_since) == (4, NOW + 8.0, NOW)
    assert await house.outcomes() == ["failed"] * 4


async def test_what_changed_meanwhile_is_tried_at_once(house: House) -> None:
    outcome = await house.failed(await house.row(), at_once=True, contact_id="")

    assert outcome.wait_seconds == 0.0
    assert not (await house.row()).contact_id


async def test_a_wait_that_wix_asks_for_is_kept(house: House) -> None:
    assert (await house.failed(await house.row(), at_least_seconds=30.0)).wait_seconds == 30.0


async def test_an_outcome_that_is_not_known_is_remembered_and_waits_to_settle(
    house: House,
) -> None:
    outcome = await house.failed(await house.begun(), begun=True, error=ServerFault("503"))

    row = await house.row()
    assert outcome.wait_seconds == SETTINGS.settle_seconds
    assert (row.state, row.attempts, row.attempt_at) == ("retrying", 1, NOW)
    assert await house.outcomes() == ["unknown"]


async def test_a_time_out_is_told_from_a_reset(house: House) -> None:
    error = Unanswered("no answer in time")
    error.timed_out = True

    await house.failed(await house.begun(), begun=True, error=error)

    assert await house.outcomes() == [TIMED_OUT]


async def test_a_look_in_vain_counts_as_a_look_and_not_as_a_try(house: House) -> None:
    await house.failed(await house.begun(), begun=True)

    await house.failed(await house.row(), looked=True)

    row = await house.row()
    assert (row.attempts, row.looks) == (1, 1)


async def test_what_fails_for_too_long_is_given_up(house: House) -> None:
    await house.failed(await house.row())
    house.now += SETTINGS.max_age_seconds + 1

    outcome = await house.failed(await house.row())

    assert outcome == Outcome(about="call:9")
    assert await house.state() == ("dead", "given up after 1 h: Wix failed")


@pytest.mark.parametrize("fate", ["parked", "dead"])
async def test_what_was_sent_perhaps_is_never_given_up_in_silence(house: House, fate: str) -> None:
    row = await house.begun()

    await getattr(house.ledger, fate)(row, "Wix refused")

    state, reason = await house.state()
    assert state == "parked"
    assert reason is not None
    assert reason.startswith("sent, cannot be confirmed: Wix refused.")
    assert "`inboxbridge replay --send-again 1`" in reason


async def test_an_event_that_was_begun_by_somebody_else_is_not_sent(house: House) -> None:
    row = await house.row()
    await house.begun()

    assert await house.ledger.begin(row, at=NOW + 1.0, after=None, to=TO) is None


async def test_what_is_settled_stays_settled(house: House) -> None:
    row = await house.begun()
    await house.ledger.delivered(row, "17", started=NOW, outcome="delivered", why="by email")

    await house.failed(row, begun=True)
    await house.ledger.dead(row, "given up")

    assert await house.state() == ("delivered", "by email")


async def test_the_same_message_id_for_two_is_delivered_with_the_oddity_told(
    house: House,
) -> None:
    await house.ledger.delivered(
        await house.begun(), "17", started=NOW, outcome="delivered", why="by email"
    )
    event = Event(id="b", person=Person(id="dana"), text="Hello?")
    await house.journal.accept(Accepted("default", "shop", None, NOW, (event,)))

    await house.ledger.delivered(
        await house.begun(), "17", started=NOW, outcome="delivered", why="by email"
    )

    state, reason = await house.state(2)
    assert state == "delivered"
    assert reason is not None
    assert reason.startswith("by email; Wix gave a message id that cannot be kept")


async def test_what_happened_at_wix_is_set_down_once_the_journal_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "FIRST_WAIT_SECONDS", 0.0)
    row = await house.begun()
    write: Callable[..., Awaitable[Any]] = house.journal.write
    refusals = iter([True, True])

    def away(operation: Any, argument: Any) -> Any:
        if operation is writes.settle and next(refusals, False):
            refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            refused.set_exception(JournalUnavailable("the disk is full"))
            return refused
        return write(operation, argument)

    monkeypatch.setattr(house.journal, "write", away)
    await house.ledger.delivered(row, "17", started=NOW, outcome="delivered", why="by email")

    assert await house.state() == ("delivered", "by email")


async def test_an_event_that_is_settled_lets_others_about_the_same_thing_go_on(
    house: House,
) -> None:
    outcome = await house.ledger.ignored(await house.row(), "no contact")

    assert outcome == Outcome(wait_seconds=None, about="call:9")
