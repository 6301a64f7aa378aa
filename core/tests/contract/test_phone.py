"""Phone numbers in the spellings that sources use."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import normalize_phone
from inboxbridge.model.phone import country_of, spellings

moderately = settings(max_examples=150)

numbers = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)).map(
    lambda region: phonenumbers.example_number_for_type(
        region, phonenumbers.PhoneNumberType.MOBILE
    )
).filter(lambda number: number is not None)  # fmt: skip
E164 = phonenumbers.PhoneNumberFormat.E164


@pytest.mark.parametrize(
    ("given", "e164"),
    [
        ("+14155550132", "+14155550132"),
        ("+1 404-555-1234", "+14045551234"),
        ("+1 212-555-0100", "+12125550100"),
        ("15005550006", "+15005550006"),
        ("447911123456", "+447911123456"),
        ("00 44 7911 123456", "+447911123456"),
        ("+44 (0)7911 123456", "+447911123456"),
        ("  +1 (415) 555.0132 ", "+14155550132"),
        ("+1 415 555 0132 ext. 5", "+14155550132"),
        ("+１４１５５５５０１３２", "+14155550132"),
        ("+1４155550132", "+14155550132"),
        ("１４１５５５５０１３２", "+14155550132"),
    ],
)
def test_usual_spellings_become_e164(given: str, e164: str) -> None:
    assert e164 == normalize_phone(given)


@pytest.mark.parametrize(
    "text",
    ["", " ", None, "anonymous", "Anonymous", "+", "0", "72645", "+72645", "MYSHOP", "+123456",
     "15005", "+1 415", "+1415555013200000", "dana@example.com", "\x00", "\ud800",
     "+1" + "4" * 100_000, "client:dana",
        "+1" + "-" * 80 + "4155550132",
        "²²²²²²²²²²²", "１２３４５６７８９０"],
)  # fmt: skip
def test_what_is_no_phone_number_becomes_none(text: str | None) -> None:
    assert normalize_phone(text) is None


def test_a_national_number_needs_its_country() -> None:
    assert normalize_phone("(415) 555-0132", "US") == "+14155550132"
    assert normalize_phone("07911 123456", "GB") == "+447911123456"
    assert normalize_phone("07911 123456") is None
    assert normalize_phone("(415) 555-0132", "Atlantis") is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("06 12345678", "US"),  # a Dutch mobile number: no North American area code begins with 0
        ("555-0132", "US"),
        ("(123) 555-0132", "US"),
        ("06 12345678", "GB"),
    ],
)
def test_a_number_that_its_country_does_not_give_out_is_none(text: str, region: str) -> None:
    assert normalize_phone(text, region) is None


@pytest.mark.parametrize("text", ["+10612345678", "+1 061 234 5678", "\uff0b1 061 234 5678"])
def test_a_number_that_names_its_country_is_taken_at_its_word(text: str) -> None:
    assert normalize_phone(text, "US") == "+10612345678"


@moderately
@given(number=numbers)
def test_a_countrys_own_numbers_are_read_as_people_of_that_country_write_them(
    number: phonenumbers.PhoneNumber,
) -> None:
    region = phonenumbers.region_code_for_number(number)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)

    assert normalize_phone(national, region) == phonenumbers.format_number(number, E164)


@moderately
@given(number=numbers)
def test_every_countrys_mobile_numbers_are_read_in_every_spelling(
    number: phonenumbers.PhoneNumber,
) -> None:
    e164 = phonenumbers.format_number(number, E164)
    international = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    assert e164 == normalize_phone(e164)
    assert e164 == normalize_phone(international)
    if len(e164) > 10:
        assert e164 == normalize_phone(e164[1:])
        assert e164 == normalize_phone("00" + e164[1:])


@moderately
@given(text=st.text(max_size=80) | st.text("+0123456789 ()-.exta", max_size=30))
def test_any_text_is_a_number_or_none(text: str) -> None:
    e164 = normalize_phone(text)

    assert e164 is None or normalize_phone(e164) == e164
    if e164 is not None:
        assert e164[0] == "+"
        assert e164[1:].isascii()
        assert e164[1:].isdigit()
        assert len(e164) <= 16


def test_a_numbers_spellings_include_the_ways_people_type_it() -> None:
    found = spellings("+14155550132")

    assert found[0] == "+14155550132"
    assert {"14155550132", "+1 415-555-0132", "(415) 555-0132", "4155550132"} <= set(found)
    assert len(found) == len(set(found))


def test_spellings_and_country_of_what_is_no_number() -> None:
    assert spellings("+") == ("+",)
    assert country_of("+") is None
    assert country_of("+442079460958") == "GB"
