"""Which contact a person is, by stated policy."""

from __future__ import annotations

import asyncio

import pytest
from inboxbridge.errors import InboxbridgeError
from inboxbridge.identity import Drop, Found, Park, parse_identity

from .conftest import NEW, OLD, PHONE, People

EMAIL, NUMBER = "dana@example.com", "+1 (415) 555-0132"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("newest", (NEW,)), ("oldest", (OLD,)), ("all", (NEW, OLD))],
)
async def test_of_several_contacts_the_policy_chooses(
    dana: People, policy: str, expected: tuple[str, ...]
) -> None:
    found = await dana.resolve(email=EMAIL, ambiguous=policy)

    assert isinstance(found, Found)
    assert found.contact_ids == expected


async def test_of_several_contacts_a_person_may_choose(dana: People) -> None:
    found = await dana.resolve(email=EMAIL, ambiguous="park")

    assert isinstance(found, Park)
    assert "2 contacts have this email" in found.reason
    assert OLD in found.reason
    assert EMAIL not in found.reason


async def test_somebody_unknown_becomes_a_contact(people: People) -> None:
    found = await people.resolve(email="New@Example.com", phone=NUMBER, name="Dana Reyes")

    [made] = await people.contacts()
    assert isinstance(found, Found)
    assert found.contact_ids == (made["id"],)
    assert made["info"]["name"] == {"first": "Dana", "last": "Reyes"}
    assert made["primaryInfo"]["email"] == "new@example.com"


@pytest.mark.parametrize(("policy", "kind"), [("park", Park), ("drop", Drop)])
async def test_somebody_unknown_may_be_parked_or_dropped(
    people: People, policy: str, kind: type[Park] | type[Drop]
) -> None:
    found = await people.resolve(email=EMAIL, unmatched=policy)

    assert isinstance(found, kind)
    assert EMAIL not in found.reason
    assert await people.contacts() == []


async def test_the_email_counts_before_the_phone(dana: People) -> None:
    found = await dana.resolve(email=EMAIL, phone=NUMBER)

    assert found == Found((NEW,), "newest of 2 contacts with this email")


async def test_the_phone_counts_where_the_email_is_of_nobody(dana: People) -> None:
    assert await dana.resolve(email="else@example.com", phone=NUMBER) == Found(
        (PHONE,), "found by phone"
    )


async def test_the_sources_id_counts_last_and_is_learnt_on_the_way(dana: People) -> None:
    await dana.resolve(phone=NUMBER, id="u-77")

    assert await dana.resolve(id="u-77") == Found((PHONE,), "remembered link")
    by_email = await dana.resolve(email=EMAIL, id="u-77")
    assert isinstance(by_email, Found)
    assert by_email.contact_ids == (NEW,)


async def test_the_sources_id_counts_within_its_connection_only(people: People) -> None:
    here = await people.resolve("chat", id="5310")
    there = await people.resolve("facebook", id="5310")

    assert here != there
    assert len(await people.contacts()) == 2


@pytest.mark.parametrize("identity", [f"email:{EMAIL}", "phone:+14155550132", "id:shop:u-77"])
async def test_a_link_made_by_hand_comes_before_all(dana: People, identity: str) -> None:
    await dana.resolve(email=EMAIL, phone=NUMBER, id="u-77")
    await dana.link(identity, OLD)
    await dana.directory.take_up_links()

    found = await dana.resolve(email=EMAIL, phone=NUMBER, id="u-77")

    assert found == Found((OLD,), "linked by hand")
    dana.restarted()
    again = await dana.resolve(email=EMAIL, phone=NUMBER, id="u-77")
    assert isinstance(again, Found)
    assert again.contact_ids == (OLD,)


async def test_a_look_up_never_overwrites_a_link_made_by_hand(dana: People) -> None:
    await dana.link(f"email:{EMAIL}", OLD)
    await dana.resolve(email=EMAIL)
    dana.clock.seconds += 10 * 86400
    dana.restarted()

    found = await dana.resolve(email=EMAIL)

    assert isinstance(found, Found)
    assert found.contact_ids == (OLD,)


async def test_a_created_contact_is_known_at_once_though_wix_finds_it_later(
    people: People,
) -> None:
    await people.control("faults", {"index_lag_seconds": 60})

    first = await people.resolve(email=EMAIL, id="u-77")
    again = await people.resolve(email=EMAIL)
    people.restarted()
    after_a_crash = await people.resolve(email=EMAIL)

    assert isinstance(first, Found)
    assert isinstance(again, Found)
    assert isinstance(after_a_crash, Found)
    assert first.contact_ids == again.contact_ids == after_a_crash.contact_ids
    assert len(await people.contacts()) == 1


async def test_a_contact_that_wix_says_is_there_already_is_taken(dana: People) -> None:
    """The look-up does not see it yet; creating it is refused as a duplicate."""
    await dana.control("faults", {"index_lag_seconds": 60})
    body = {"info": {"emails": {"items": [{"email": "late@example.com", "primary": True}]}}}
    made = await dana.http.post(
        "/contacts/v4/contacts",
        json=body,
        headers={"authorization": "key", "wix-site-id": "5a10a000-0000-4000-8000-000000000001"},
    )
    contact_id = made.json()["contact"]["id"]

    assert await dana.resolve(email="late@example.com") == Found((contact_id,), "created")
    assert len(await dana.contacts()) == 4


async def test_ten_events_of_somebody_new_cost_one_look_up_and_one_creation(
    people: People,
) -> None:
    await people.control("faults", {"latency_ms": 50})

    found = await asyncio.gather(*(people.resolve(email=EMAIL) for _ in range(10)))

    assert len({one.contact_ids for one in found if isinstance(one, Found)}) == 1
    calls = await people.calls()
    assert sum(calls.values()) == 2, calls


async def test_conversations_are_asked_for_once(dana: People) -> None:
    found = await asyncio.gather(*(dana.directory.conversation(NEW, "live") for _ in range(10)))

    assert len(set(found)) == 1
    assert sum((await dana.calls()).values()) == 1
    dana.restarted()
    assert await dana.directory.conversation(NEW, "live") == found[0]
    assert sum((await dana.calls()).values()) == 1


async def test_look_ups_at_the_same_time_share_calls_and_come_back_apart(people: People) -> None:
    known = [
        {
            "id": f"c0000000-0000-4000-8000-{n:012d}",
            "info": {"emails": {"items": [{"email": f"person{n}@example.com"}]}},
        }
        for n in range(250)
    ]
    await people.control("contacts", known)
    await people.control("faults", {"latency_ms": 50})

    found = await asyncio.gather(
        *(people.resolve(email=f"person{n}@example.com") for n in range(250))
    )

    assert [one.contact_ids[0] for one in found if isinstance(one, Found)] == [
        one["id"] for one in known
    ]
    assert sum((await people.calls()).values()) <= 10


async def test_a_creation_that_a_crash_cut_short_is_found_again(people: People) -> None:
    """Wix refuses no second contact of a mere name, so we look before we make another."""
    first = await people.resolve(id="u-77", name="Dana Reyes")
    await people.journal.write(_forget_result, ("default", "id:shop:u-77"))
    people.restarted()

    again = await people.resolve(id="u-77", name="Dana Reyes")

    assert isinstance(first, Found)
    assert isinstance(again, Found)
    assert first.contact_ids == again.contact_ids
    assert len(await people.contacts()) == 1


def _forget_result(connection, batch):  # type: ignore[no-untyped-def]
    """As if the process had died between the creation at Wix and the next write."""
    from inboxbridge.journal.schema import links
    from sqlalchemy import update

    for site, identity in batch:
        connection.execute(
            update(links)
            .where(links.c.site == site, links.c.identity == identity)
            .values(contact_id=None, origin="creating")
        )
    return [None] * len(batch)


async def test_an_older_namesake_is_not_taken_for_the_creation_that_was_cut_short(
    people: People,
) -> None:
    await people.control(
        "contacts",
        [{"id": OLD, "createdDate": "2020-01-01T00:00:00.000Z",
          "info": {"name": {"first": "Dana", "last": "Reyes"}}}],
    )  # fmt: skip
    await people.resolve(id="u-77", name="Dana Reyes")

    found = await people.resolve(id="u-77")

    assert isinstance(found, Found)
    assert found.contact_ids != (OLD,)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("email: Dana@Example.com ", f"email:{EMAIL}"),
        ("phone:+1 415 555 0132", "phone:+14155550132"),
        ("id: u-77 ", "id:shop:u-77"),
    ],
)
def test_an_identity_may_be_typed_loosely(typed: str, key: str) -> None:
    assert parse_identity("shop", typed) == key


@pytest.mark.parametrize("typed", ["", "dana@example.com", "email:dana", "phone:12", "id:", "x:y"])
def test_what_is_no_identity_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InboxbridgeError, match="an identity is written"):
        parse_identity("shop", typed)
