"""Which contact of an answer belongs to which of the values that were asked for."""

from __future__ import annotations

import pytest
from inboxbridge.model import emails
from inboxbridge.wix.contacts import emails_among, phones_among
from inboxbridge.wix.forms import Contact


def contact(number: int, *held: str, **phone: str) -> Contact:
    info = {"emails": {"items": [{"email": one} for one in held]}, "phones": {"items": [phone]}}
    return Contact.model_validate({"id": f"c{number}", "info": info})


def test_a_contact_has_an_address_in_every_spelling() -> None:
    held = emails_among(["dana@xn--bcher-kva.example", "kim@example.com", "Kim@example.com "])

    assert held(contact(1, "Dana@bücher.example")) == {"dana@xn--bcher-kva.example"}
    assert held(contact(2, "x@example.com", "kim@example.com")) == {
        "kim@example.com",
        "Kim@example.com ",
    }
    assert held(contact(3)) == set()


def test_a_contact_has_a_number_as_it_is_typed_and_not_one_of_another_country() -> None:
    held = phones_among(["+14155550132", "+442071838750"])

    assert held(contact(1, phone="(415) 555-0132")) == {"+14155550132"}
    assert held(contact(2, phone="+1 415 555 0132")) == {"+14155550132"}
    assert held(contact(3, phone="x", e164Phone="+442071838750")) == {"+442071838750"}
    assert held(contact(4, phone="+49 415 5550132")) == set()


def test_a_hundred_contacts_are_told_apart_by_looking_at_each_address_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    key = emails.key

    def look(email: str) -> str:
        looked.append(email)
        return key(email)

    monkeypatch.setattr(emails, "key", look)
    wanted = [f"p{number}@example.com" for number in range(100)]
    found = [contact(number, email) for number, email in enumerate(wanted)]

    held = emails_among(wanted)

    assert [held(one) for one in found] == [{email} for email in wanted]
    assert len(looked) == 200
