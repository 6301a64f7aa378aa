"""The statements that run for every event: compiled once, run by the driver, found by an index."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from inboxbridge import Event, Person, WebhookRequest
from inboxbridge.journal import Accepted, Journal, driver, reads, remembering, writes
from inboxbridge.journal.rows import (
    AttemptBegun,
    AttemptEnded,
    ContactConversation,
    Link,
    Settled,
)
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import ClauseElement

A_SCAN = re.compile(r"SCAN (events|deliveries|attempts|links|conversations|seen)\b")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    await opened.close()


async def first_message(journal: Journal, number: int) -> None:
    """Everything that the journal does for a message of somebody new."""
    someone = Event(id=str(number), person=Person(email=f"p{number}@example.com"), text="Hello")
    request = WebhookRequest(url="https://hooks.example.com/hooks/shop", body=b"{}")
    await journal.accept(Accepted("default", "shop", request, 1.0, (someone,)))
    await journal.read(reads.open_events, "default", 0, 50)
    await journal.read(reads.open_events, "default", 0, 50, live_only=True, without=("old",))
    await journal.read(reads.thread_events, "default", "shop/a", 5)
    await journal.read(reads.thread_events, "default", "shop/a", 5, hold=True)
    await journal.read(reads.linked_contacts, "default", ["email:a", "phone:b"])
    await journal.read(reads.conversation_of, "default", "contact")
    link = Link("default", f"email:p{number}@example.com", "contact", "lookup", 1.0)
    await journal.write(remembering.remember, link)
    await journal.write(remembering.remember, link._replace(origin="manual"))
    conversation = ContactConversation("default", "contact", "conversation", 1.0)
    await journal.write(remembering.remember_conversations, conversation)
    begun = AttemptBegun(number, 0, 1.0, "contact", "conversation", "print")
    assert await journal.write(writes.begin_attempts, begun)
    ended = AttemptEnded(1.0, 2.0, "delivered", status=200)
    settled = Settled(number, "delivered", message_id=f"message {number}", attempt=ended)
    assert await journal.write(writes.settle, settled)


async def test_what_is_open_is_found_through_its_index_however_much_is_delivered(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes a partial index only for a query that repeats its condition to the letter."""
    plans: dict[str, str] = {}
    run = driver.run

    def explain(connection: Connection, text: str, parameters: Any) -> Any:
        told = run(connection, f"EXPLAIN QUERY PLAN {text}", parameters)
        plans[" ".join(text.split())] = " ".join(str(row[-1]) for row in told)
        return run(connection, text, parameters)

    monkeypatch.setattr(driver, "run", explain)
    await first_message(journal, 1)

    assert len(plans) == 16
    for text, plan in plans.items():
        assert not A_SCAN.search(plan), f"{text}: {plan}"
    found = [plan for text, plan in plans.items() if "state IN" in text and "SELECT" in text]
    assert ["ix_events_open" in plan for plan in found] == [True, True, False, False]
    assert ["ix_events_thread" in plan for plan in found] == [False, False, True, True]


async def test_a_statement_is_compiled_for_its_first_run_alone(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await first_message(journal, 1)
    built: list[ClauseElement] = []
    monkeypatch.setattr(ClauseElement, "compile", lambda self, *_, **__: built.append(self))

    def through_sqlalchemy(_: object, statement: ClauseElement, *__: object) -> None:
        built.append(statement)

    event.listen(journal.engine, "before_execute", through_sqlalchemy)

    await first_message(journal, 2)

    assert built == []
    assert [one.state for one in await journal.read(reads.list_events)] == ["delivered"] * 2


async def test_what_the_driver_refuses_is_told_as_sqlalchemy_would(journal: Journal) -> None:
    with journal.engine.connect() as connection, pytest.raises(OperationalError) as told:
        driver.run(connection, "SELECT thing FROM nowhere WHERE a = ?", ("dana@example.com",))

    assert "no such table: nowhere" in str(told.value)
    assert "dana" not in str(told.value)
    assert not told.value.connection_invalidated


async def test_of_two_links_of_one_person_in_a_batch_the_later_stands(journal: Journal) -> None:
    old = Link("default", "email:dana@example.com", "one", "lookup", 1.0)
    with journal.engine.begin() as connection:
        remembering.remember(connection, [old, old._replace(contact_id="two", updated_at=2.0)])

    found = await journal.read(reads.linked_contacts, "default", ["email:dana@example.com"])

    assert found == {"email:dana@example.com": ("two", "lookup", 2.0)}


async def test_a_link_made_by_hand_is_not_overwritten_by_a_look_up(journal: Journal) -> None:
    by_hand = Link("default", "email:dana@example.com", "one", "manual", 1.0)
    await journal.write(remembering.remember, by_hand)

    looked_up = by_hand._replace(contact_id="two", origin="lookup", updated_at=2.0)
    await journal.write(remembering.remember, looked_up)

    found = await journal.read(reads.linked_contacts, "default", ["email:dana@example.com"])
    assert found == {"email:dana@example.com": ("one", "manual", 1.0)}
