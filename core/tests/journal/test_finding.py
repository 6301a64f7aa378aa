"""Events are found by people, words, ids and time, on both databases, by their indexes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import postgres_server
import pytest
from inboxbridge import Event, Person, WebhookRequest
from inboxbridge.journal import Accepted, Journal, finding, overview, purging, writes
from inboxbridge.journal.finding import Wanted
from inboxbridge.journal.remembering import remember_conversations
from inboxbridge.journal.rows import (
    AttemptBegun,
    ContactConversation,
    GivingUp,
    Reopening,
    Settled,
)
from inboxbridge.journal.schema import events as events_table
from inboxbridge.operate import finding as typed
from sqlalchemy import event, insert, text

NOW = time.time()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    if request.param == "sqlite":
        opened = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
        yield opened
        await opened.close()
        return
    with postgres_server.database(request.getfixturevalue("postgres")) as url:
        opened = Journal(url)
        yield opened
        await opened.close()


def dana(key: str, text: str = "Is Saturday free?", **changes: Any) -> Event:
    person = Person(email="dana@example.com", phone="+14155550132", id="u-77", name="Dana Reyes")
    return Event(**{"id": key, "person": person, "text": text, **changes})


def noah(key: str, text: str = "Dana told me of you") -> Event:
    return Event(id=key, person=Person(phone="+441632960961", name="Noah Müller"), text=text)


async def store(
    journal: Journal, *events: Event, connection: str = "sms", at: float = NOW
) -> list[int]:
    request = WebhookRequest(url="https://hooks.example.com/hooks/sms", body=b"{}")
    ids = await journal.accept(Accepted("default", connection, request, at, events))
    return [key or 0 for key in ids]


async def found(journal: Journal, wanted: Wanted, **options: Any) -> list[str]:
    page = await journal.read(finding.find, wanted, **options)
    return [one.record.source_id for one in page.events]


@pytest.mark.parametrize(
    "said",
    [
        "dana@example.com", "DANA@Example.com", "email:dana@example.com",
        "+14155550132", "+1 (415) 555-0132", "(415) 555-0132", "415-555-0132", "14155550132",
        "Dana Reyes", "reyes dana", "u-77", "id:u-77",
    ],
)  # fmt: skip
async def test_a_person_is_found_by_whatever_an_operator_has(journal: Journal, said: str) -> None:
    await store(journal, dana("d1"), noah("n1"), dana("d2", "And Sunday?"))

    assert await found(journal, typed.person(said)) == ["d2", "d1"]
    assert set(await found(journal, typed.anything(said))) >= {"d2", "d1"}


async def test_who_is_only_spoken_of_is_not_the_person(journal: Journal) -> None:
    await store(journal, dana("d1"), noah("n1"))

    assert await found(journal, typed.person("dana")) == ["d1"]
    assert await found(journal, typed.anything("dana")) == ["n1", "d1"]
    assert await found(journal, typed.words("dana")) == ["n1"]


async def test_words_are_found_in_any_order_and_quoted_ones_together(journal: Journal) -> None:
    await store(journal, dana("d1", "Is Saturday free?"), dana("d2", "free on saturday\nat nine"))

    assert await found(journal, typed.words("saturday free")) == ["d2", "d1"]
    assert await found(journal, typed.words('"saturday free"')) == ["d1"]
    assert await found(journal, typed.anything('"Saturday free"')) == ["d1"]
    assert await found(journal, typed.words("nine")) == ["d2"]
    assert await found(journal, typed.words("text")) == []  # a key of the stored JSON


async def test_ids_of_every_kind_are_found(journal: Journal) -> None:
    first, second = await store(journal, dana("SM-1"), noah("SM-2"))
    for number, n in ((first, 1), (second, 2)):
        begun = AttemptBegun(number, 0, NOW, f"contact-{n}", f"conversation-{n}", "mark")
        await journal.write(writes.begin_attempts, begun)
        done = Settled(number, "delivered", delivered_at=NOW, message_id=f"message-{n}")
        await journal.write(writes.settle, done)
        known = ContactConversation("default", f"contact-{n}", f"conversation-{n}", NOW)
        await journal.write(remember_conversations, known)
    await journal.write(writes.register_sites, writes.SiteNames(("default",), NOW))

    for said in (str(first), "SM-1", "contact-1", "conversation-1", "message-1"):
        assert await found(journal, typed.anything(said)) == ["SM-1"], said


async def test_filters_go_with_what_is_looked_for(journal: Journal) -> None:
    await store(journal, dana("d1"), at=NOW - 7200)
    await store(journal, dana("d2", direction="outbound"), connection="chat", at=NOW - 60)
    [third] = await store(journal, dana("d3"), at=NOW)
    await journal.write(writes.settle, Settled(third, "dead", "no"))

    async def of_dana(**filters: Any) -> list[str]:
        return await found(journal, Wanted((("dana",),), **filters))

    assert await of_dana(connection="chat") == ["d2"]
    assert await of_dana(direction="inbound") == ["d3", "d1"]
    assert await of_dana(state="dead") == ["d3"]
    assert await of_dana(since=NOW - 3600, until=NOW - 30) == ["d2"]
    assert await found(journal, Wanted(until=NOW - 3600)) == ["d1"]
    assert await found(journal, Wanted(since=NOW + 60)) == []


async def test_pages_follow_each_other_without_gap_or_overlap(journal: Journal) -> None:
    await store(journal, *(dana(f"d{n}") for n in range(25)), *(noah(f"n{n}") for n in range(300)))

    seen: list[str] = []
    before = None
    while True:
        page = await journal.read(
            finding.find, typed.person("dana reyes"), before_id=before, limit=10
        )
        seen += [one.record.source_id for one in page.events]
        before = page.next_before
        if before is None:
            break

    assert seen == [f"d{n}" for n in reversed(range(25))]


async def test_what_is_erased_is_found_no_more(journal: Journal) -> None:
    [number] = await store(journal, dana("d1"), at=NOW - 10 * 86400)
    await journal.write(writes.settle, Settled(number, "ignored"))
    assert await found(journal, typed.anything("saturday")) == ["d1"]

    await journal.write(purging.purge, purging.Bounds(NOW - 86400, NOW - 40 * 86400, 0, 100))

    assert await found(journal, typed.anything("saturday")) == []
    assert await found(journal, typed.anything("d1")) == ["d1"]


async def test_who_decided_what_is_kept_as_long_as_ids_are(journal: Journal) -> None:
    for at in (NOW - 500 * 86400, NOW):
        await journal.write(overview.record_deeds, overview.Deed(at, "me", "replay", "event 1"))

    await journal.write(purging.purge, purging.Bounds(0, 0, NOW - 400 * 86400, 100))

    assert [deed.at for _, deed in await journal.read(overview.deeds)] == [NOW]


async def test_a_damaged_body_breaks_neither_the_write_nor_the_search(journal: Journal) -> None:
    ids = await store(journal, dana("d1"), dana("d2"), dana("d3"))
    with journal.engine.begin() as connection:
        for number, body in zip(ids, ("{not json", '"text"', "[1]"), strict=True):
            connection.execute(
                text("UPDATE events SET body = :body WHERE id = :id"), {"body": body, "id": number}
            )

    assert await found(journal, typed.anything("saturday")) == []
    assert await found(journal, typed.person("d2")) == []
    assert await found(journal, typed.anything("d2")) == ["d2"]


async def test_what_is_typed_is_never_a_query_of_its_own(journal: Journal) -> None:
    await store(journal, dana("d1"))

    for said in (
        '" OR "',
        "NEAR(dana)",
        "dana*",
        "words:dana",
        "'; DROP TABLE events",
        "%",
        "\x00",
    ):
        await found(journal, typed.anything(said))
    assert await found(journal, typed.anything("dana*")) == ["d1"]


async def test_finding_uses_the_indexes_on_a_large_journal(journal: Journal) -> None:
    """The plans, which are what makes 1,000,000 events take under a second."""
    rows = [
        {
            "site": "default", "connection": f"c{n % 5}", "source_id": f"SM{n}", "thread": "t",
            "kind": "message", "direction": "inbound", "lane": 0, "attempts": 1,
            "state": "delivered", "received_at": NOW + n, "conversation_id": f"v{n}",
            "message_id": f"m{n}",
            "body": json.dumps({"person": {"email": f"person{n}@example.com"}, "text": "hello"}),
        }
        for n in range(5000)
    ]  # fmt: skip
    with journal.engine.begin() as connection:
        connection.execute(insert(events_table), rows)
        connection.execute(text("ANALYZE"))

    plans: list[str] = []
    is_sqlite = journal.engine.dialect.name == "sqlite"

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.startswith("SELECT events") and "LIMIT" in statement:
            how = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
            cursor.execute(how + statement, parameters)
            plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))

    def plans_of(wanted: Wanted) -> str:
        plans.clear()
        event.listen(journal.engine, "before_cursor_execute", explain)
        try:
            journal.read_now(finding.find, wanted)
        finally:
            event.remove(journal.engine, "before_cursor_execute", explain)
        return "\n".join(plans)

    by_words = plans_of(Wanted((("person77 example com",),)))
    by_message = plans_of(Wanted(wix_id="m4711"))
    by_state = plans_of(Wanted(state="dead"))

    assert ("VIRTUAL TABLE INDEX" if is_sqlite else "ix_events_words") in by_words
    assert "ix_events_message" in by_message
    assert "uq_events_message" in by_message
    for plan in (by_words, by_message, by_state):
        assert "Seq Scan" not in plan
        assert "SCAN events\n" not in f"{plan}\n"


async def test_a_decision_is_about_the_state_that_was_seen(journal: Journal) -> None:
    """Two operators read the same state, and both write: the second changes nothing."""
    [number] = await store(journal, dana("d1"))
    await journal.write(writes.settle, Settled(number, "dead", "Wix refused it"))
    replayed = Reopening((number,), "replayed by hand", ("dead",))
    given_up = GivingUp((number,), "given up by hand", ("dead",))

    assert await journal.write(writes.reopen, replayed) == 1
    assert await journal.write(writes.reopen, replayed) == 0
    assert await journal.write(writes.give_up, given_up) == 0
