"""What is remembered is bounded, gets old, and follows merges and deletions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge.identity import Found
from inboxbridge.identity.memory import Memory

from .conftest import NEW, OLD, PHONE, Clock, People

EMAIL = "dana@example.com"


def test_the_least_recently_used_entry_goes_first() -> None:
    memory: Memory[int] = Memory(None, Clock(), capacity=2)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.get("a")
    memory.put("c", 3)

    assert [memory.get(key) for key in "abc"] == [1, None, 3]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers()), max_size=50))
def test_memory_is_bounded_and_true(puts: list[tuple[str, int]]) -> None:
    memory: Memory[int] = Memory(None, Clock(), capacity=3)
    for key, value in puts:
        memory.put(key, value)

    assert len(memory) == min(3, len({key for key, _ in puts}))
    assert all(memory.get(key) in (None, value) for key, value in dict(puts).items())


def test_an_entry_is_good_until_its_time_is_over() -> None:
    clock = Clock()
    memory: Memory[int] = Memory(60, clock)
    memory.put("a", 1)
    memory.put("b", 2, since=clock() - 59)
    memory.put("c", 3, since=clock() - 60)
    memory.put("d", 4, forever=True)
    found = [[memory.get(key) for key in "abcd"]]
    for _ in range(2):
        clock.seconds += 30
        found.append([memory.get(key) for key in "abcd"])

    assert found == [[1, 2, None, 4], [1, None, None, 4], [None, None, None, 4]]


async def test_a_contact_is_asked_for_again_once_what_is_known_is_old(dana: People) -> None:
    await dana.resolve(email=EMAIL)
    await dana.resolve(email=EMAIL)
    once = sum((await dana.calls()).values())
    dana.clock.seconds += 3601
    await dana.resolve(email=EMAIL)

    assert (once, sum((await dana.calls()).values())) == (1, 2)


async def test_the_sources_id_has_nothing_but_its_link_and_keeps_it(people: People) -> None:
    first = await people.resolve(id="u-77")
    people.clock.seconds += 30 * 86400
    people.restarted()

    again = await people.resolve(id="u-77")

    assert isinstance(first, Found)
    assert isinstance(again, Found)
    assert first.contact_ids == again.contact_ids


async def test_a_contact_that_was_merged_away_leads_to_the_one_that_is_left(dana: People) -> None:
    await dana.resolve(phone="+14155550132", id="u-77")
    await dana.control("merge", {"targetContactId": OLD, "sourceContactIds": [PHONE]})

    left = await dana.directory.refresh(PHONE, "live")

    assert left == OLD
    for _ in range(2):
        found = await dana.resolve(id="u-77")
        assert isinstance(found, Found)
        assert found.contact_ids == (OLD,)
        dana.restarted()


async def test_a_contact_that_was_deleted_is_forgotten(dana: People) -> None:
    await dana.resolve(phone="+14155550132", id="u-77")
    await dana.directory.conversation(PHONE, "live")
    answer = await dana.http.delete(f"/_sandbox/contacts/{PHONE}")
    answer.raise_for_status()

    left = await dana.directory.refresh(PHONE, "live")
    found = await dana.resolve(id="u-77")

    assert left is None
    assert isinstance(found, Found)
    assert found.contact_ids not in ((PHONE,), (OLD,), (NEW,))


async def test_a_conversation_that_was_merged_is_asked_for_again(dana: People) -> None:
    known = await dana.directory.conversation(NEW, "live")
    before = sum((await dana.calls()).values())

    await dana.directory.forget_conversation(known)
    await dana.directory.conversation(NEW, "live")

    assert sum((await dana.calls()).values()) == before + 1


@pytest.mark.parametrize("who", [{"email": "dana@example.com"}, {"id": "u1"}])
async def test_somebody_who_is_known_costs_neither_a_call_nor_a_write(
    dana: People, who: dict[str, str]
) -> None:
    found = await dana.resolve(ambiguous="newest", **who)
    assert isinstance(found, Found)
    await dana.journal.check_writable()  # what was written on the way is through
    calls, transactions = await dana.calls(), dana.journal.writer.transactions

    again = await dana.resolve(ambiguous="newest", **who)

    assert isinstance(again, Found)
    assert again.contact_ids == found.contact_ids
    assert await dana.calls() == calls
    assert dana.journal.writer.transactions == transactions
