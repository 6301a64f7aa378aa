"""Whose mail it is, and which way it went."""

from __future__ import annotations

import pytest
from inboxbridge import IgnoredPart, MalformedBody
from inboxbridge_email.settings import MailSettings
from pydantic import ValidationError

OWN = {"own_addresses": ["@salon.example"]}


def test_a_mail_is_its_senders(read):
    event = read()

    assert event.direction == "inbound"
    assert (event.person.email, event.person.name) == ("dana@example.com", "Dana Reyes")


@pytest.mark.parametrize(
    ("sender", "email", "name"),
    [
        ('"Reyes, Dana" <dana@example.com>', "dana@example.com", "Reyes, Dana"),
        ("=?utf-8?q?Reyes=2C_Dan=C3=A1?= <dana@example.com>", "dana@example.com", "Reyes, Daná"),
        ("Daná <dana@example.com>", "dana@example.com", "Daná"),
        ("dana@example.com (Dana)", "dana@example.com", "Dana"),
        ("DANA@EXAMPLE.COM", "dana@example.com", None),
        ("dana@example.com, other@example.com", "dana@example.com", None),
        ('"other@example.com" <dana@example.com>', "dana@example.com", "other@example.com"),
        (
            "=?utf-8?q?a=0D=0Ab@c.example,_d?= <dana@example.com>",
            "dana@example.com",
            "a b@c.example, d",
        ),
        ("=?7?= <dana@example.com>", "dana@example.com", "=?7?="),
    ],
)
def test_names_and_addresses_are_told_apart(read, sender, email, name):
    event = read(From=sender)

    assert event.person.email == email
    assert event.person.name == name


def test_a_web_forms_visitor_is_the_person_and_the_form_is_named(read):
    event = read(From="Site <wordpress@salon.example>", Reply_To="Bo Lind <bo@example.com>")

    assert (event.person.email, event.person.name) == ("bo@example.com", "Bo Lind")
    assert event.text.endswith("Sent by wordpress@salon.example")


def test_a_visitor_without_a_name_gets_none_from_the_forms_sender(read):
    event = read(From="Dana Reyes <wordpress@salon.example>", Reply_To="bo@example.com")

    assert event.person.name is None


@pytest.mark.parametrize(
    "answers_to",
    [
        "no-reply@example.com",
        "noreply+7@example.com",
        "a@example.com, b@example.com",
        "info@salon.example",
        "nobody",
        "",
    ],
)
def test_a_reply_to_that_is_no_one_person_does_not_count(read, answers_to):
    event = read(Reply_To=answers_to, settings=OWN)

    assert event.person.email == "dana@example.com"
    assert "Sent by" not in event.text


def test_a_reply_to_of_the_same_address_keeps_the_name(read):
    event = read(Reply_To="Dana@example.com")

    assert event.person.name == "Dana Reyes"
    assert "Sent by" not in event.text


def test_the_businesss_own_mail_is_shown_to_whom_it_went(read):
    event = read(
        From="info@salon.example",
        To="Staff <staff@salon.example>, Dana <dana@example.com>",
        settings=OWN,
    )

    assert event.direction == "outbound"
    assert (event.person.email, event.person.name) == ("dana@example.com", "Dana")


def test_the_businesss_own_mail_to_itself_is_left_out(read):
    part = read(From="info@salon.example", To="staff@salon.example", settings=OWN)

    assert part == IgnoredPart(kind="the business's own")


def test_a_mail_from_the_receiving_address_itself_is_the_businesss_own(read):
    part = read(From="info@salon.example", delivered={"recipients": ("info@salon.example",)})

    assert part == IgnoredPart(kind="the business's own")


def test_without_from_the_envelopes_sender_counts(read):
    event = read(From=None, delivered={"envelope_sender": "dana@example.com"})

    assert event.person.email == "dana@example.com"


@pytest.mark.parametrize("sender", [None, "", "Dana", "<>", "(" * 100_000, "@example.com"])
def test_a_mail_that_names_no_sender_is_malformed(read, sender):
    with pytest.raises(MalformedBody, match="names no sender"):
        read(From=sender)


@pytest.mark.parametrize("wrong", ["salon.example", "info@", "a b@salon.example", ""])
def test_an_own_address_that_is_none_is_refused(wrong):
    with pytest.raises(ValidationError, match="own_addresses"):
        MailSettings(own_addresses=[wrong])
