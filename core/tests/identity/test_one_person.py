"""One person is one contact, however they are spelled and whichever of their identities comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from inboxbridge.identity import Found, Park
from inboxbridge.model import emails, numbering

from .conftest import NEW, OLD, PHONE, People, contact

EMAIL, NUMBER = "dana@example.com", "+14155550132"
HOUR = 3600.0


def ids(*found: Any) -> list[str]:
    assert all(isinstance(one, Found) for one in found), found
    return [one.contact_ids[0] for one in found]


async def test_texts_and_a_form_at_once_make_one_contact_though_wix_finds_it_later(
    people: People,
) -> None:
    await people.control("faults", {"index_lag_seconds": 3, "latency_ms": 20})

    found = await asyncio.gather(
        people.resolve("sms", phone=NUMBER),
        people.resolve("shop", phone=NUMBER, email=EMAIL, name="Dana Reyes"),
        people.resolve("sms", phone=NUMBER),
    )

    assert len(set(ids(*found))) == 1
    assert len(await people.contacts()) == 1


async def test_what_was_learned_of_a_person_outlives_the_time_that_it_is_trusted(
    people: People,
) -> None:
    by_text = await people.resolve("sms", phone=NUMBER)
    by_booking = await people.resolve("bookings", phone=NUMBER, email=EMAIL)
    people.clock.seconds += HOUR + 1
    people.restarted()
    by_email = await people.resolve("shop", email=EMAIL)

    assert len(set(ids(by_text, by_booking, by_email))) == 1
    assert len(await people.contacts()) == 1


async def test_a_contact_that_is_gone_is_asked_for_and_made_anew(people: People) -> None:
    [first] = ids(await people.resolve("sms", phone=NUMBER, email=EMAIL))
    (await people.http.delete(f"/_sandbox/contacts/{first}")).raise_for_status()
    people.clock.seconds += HOUR + 1

    [again] = ids(await people.resolve("sms", phone=NUMBER))

    assert again != first
    assert len(await people.contacts()) == 1


async def test_all_identities_of_a_person_found_by_a_remembered_number_are_linked(
    people: People,
) -> None:
    by_text = await people.resolve("sms", phone=NUMBER)
    both = await people.resolve("chat", phone=NUMBER, id="u-77")

    assert ids(await people.resolve("chat", id="u-77")) == ids(by_text) == ids(both)


@pytest.mark.parametrize(
    ("policy", "goes_to", "the_number_is"), [("keep", NEW, PHONE), ("move", NEW, NEW)]
)
async def test_a_number_that_is_remembered_as_anothers_stays_so_unless_it_is_to_move(
    dana: People, policy: str, goes_to: str, the_number_is: str
) -> None:
    await dana.resolve("sms", phone=NUMBER)

    form = await dana.resolve("shop", email=EMAIL, phone=NUMBER, contradictory=policy)

    assert ids(form) == [goes_to]
    assert isinstance(form, Found)
    verb = "is" if policy == "keep" else "was"
    assert form.why == (
        f"newest of 2 contacts with this email; the phone {verb} that of contact {PHONE}"
    )
    assert ids(await dana.resolve("sms", phone=NUMBER)) == [the_number_is]
    dana.restarted()
    assert ids(await dana.resolve("sms", phone=NUMBER)) == [the_number_is]


async def test_a_person_may_decide_whose_a_number_is(dana: People) -> None:
    await dana.resolve("sms", phone=NUMBER)

    form = await dana.resolve("shop", email=EMAIL, phone=NUMBER, contradictory="park")

    assert isinstance(form, Park)
    assert PHONE in form.reason
    assert NEW in form.reason
    assert "`inboxbridge link CONNECTION phone:… CONTACT_ID`" in form.reason
    assert ids(await dana.resolve("sms", phone=NUMBER)) == [PHONE]


async def test_somebody_known_by_id_becomes_the_contact_of_their_address(dana: People) -> None:
    [by_id] = ids(await dana.resolve("chat", id="u-77", name="Dana"))

    found = await dana.resolve("chat", id="u-77", email=EMAIL)

    assert ids(found) == [NEW]
    assert isinstance(found, Found)
    assert f"the id was that of contact {by_id}" in found.why
    assert ids(await dana.resolve("chat", id="u-77")) == [NEW]


SPELLINGS = {
    "Mexico": ("+525512345678", "+5215512345678"),
    "Brazil": ("+5511987654321", "+551187654321"),
    "Argentina": ("+541123456789", "+5491123456789"),
    "Italy": ("+390612345678", "+39612345678"),
}


@pytest.mark.parametrize("country", SPELLINGS)
async def test_a_number_in_an_older_form_finds_the_contact(people: People, country: str) -> None:
    stored, told = SPELLINGS[country]
    held = contact(OLD, "2026-01-01T00:00:00.000Z", phone=stored)
    held["info"]["phones"]["items"][0].pop("countryCode")
    await people.control("contacts", [held])

    assert ids(await people.resolve("whatsapp", phone=told)) == [OLD]
    assert ids(await people.resolve("sms", phone=stored)) == [OLD]


@pytest.mark.parametrize("country", ["Mexico", "Brazil", "Italy"])
async def test_a_contact_is_made_with_the_form_of_today(people: People, country: str) -> None:
    today, older = SPELLINGS[country]

    first = await people.resolve("whatsapp", phone=older)
    again = await people.resolve("sms", phone=today)

    assert ids(first) == ids(again)
    [made] = await people.contacts()
    assert made["primaryInfo"]["phone"] == today


@pytest.mark.parametrize("number", ["+14155550132", "+393471234567", "+551131234567", "+49301234"])
def test_most_numbers_have_one_form(number: str) -> None:
    assert numbering.forms(number) == (number,)


def test_an_argentinian_number_is_kept_as_it_is_told() -> None:
    assert [numbering.current(n) for n in SPELLINGS["Argentina"]] == [*SPELLINGS["Argentina"]]


IDENTICAL = {
    "composed and decomposed": ("zoé@example.com", "zoe\u0301@example.com"),
    "punycode": ("dana@bücher.example", "dana@xn--bcher-kva.example"),
    "both": ("zoé@bücher.example", "zoe\u0301@xn--bcher-kva.example"),
}


@pytest.mark.parametrize("case", IDENTICAL)
async def test_the_spellings_of_an_address_are_one_person(people: People, case: str) -> None:
    one, other = IDENTICAL[case]

    first = await people.resolve("shop", email=one)
    people.clock.seconds += 2 * HOUR
    again = await people.resolve("chat", email=other)

    assert ids(first) == ids(again)
    assert len(await people.contacts()) == 1


async def test_a_contact_with_the_other_spelling_of_an_address_is_found(people: People) -> None:
    held = contact(OLD, "2026-01-01T00:00:00.000Z", email="dana@bücher.example")
    await people.control("contacts", [held])

    assert ids(await people.resolve("shop", email="dana@xn--bcher-kva.example")) == [OLD]


@pytest.mark.parametrize("email", ["a@b", "a@xn--", "a@.example", "a@-ü-.example", "ü@example.com"])
def test_an_address_with_an_impossible_domain_has_one_spelling(email: str) -> None:
    assert emails.forms(email) == (email,)
    assert emails.key(email) == email


async def test_what_was_remembered_too_long_ago_gives_way_to_what_wix_says_now(
    people: People,
) -> None:
    [first] = ids(await people.resolve("shop", email=EMAIL))
    (await people.http.delete(f"/_sandbox/contacts/{first}")).raise_for_status()
    await people.control("contacts", [contact(NEW, "2026-06-01T00:00:00.000Z", email=EMAIL)])
    people.clock.seconds += HOUR + 1

    found = await people.resolve("shop", email=EMAIL)

    assert found == Found((NEW,), "found by email")
    assert ids(await people.resolve("shop", email=EMAIL)) == [NEW]


async def test_a_merged_contact_is_followed_when_it_is_asked_for(people: People) -> None:
    [first] = ids(await people.resolve("sms", phone=NUMBER, email="else@example.com"))
    await people.control("contacts", [contact(NEW, "2026-06-01T00:00:00.000Z")])
    await people.control("merge", {"targetContactId": NEW, "sourceContactIds": [first]})
    people.clock.seconds += HOUR + 1

    found = await people.resolve("chat", phone=NUMBER, id="u-77")

    assert ids(found) == [NEW]
    assert ids(await people.resolve("chat", id="u-77")) == [NEW]
