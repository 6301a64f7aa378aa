from __future__ import annotations

from datetime import UTC, datetime

import pytest
from inboxbridge import MalformedBody
from inboxbridge_phone.fields import (
    identifier,
    items,
    mapping,
    rfc2822,
    scalar,
    unix_time,
    whole_seconds,
)

AT = datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (7, "7"), (True, ""), (1.5, ""), (None, ""), ([], "")]
)
def test_a_scalar_is_text_or_blank(value: object, text: str) -> None:
    assert scalar(value) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Fri, 06 Nov 2026 21:20:31 +0000", AT),
        ("Fri, 06 Nov 2026 23:20:31 +0200", AT),
        ("Fri, 06 Nov 2026 21:20:31 -0000", AT),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("soon", None),
        ("", None),
        (1794000031, None),
    ],
)
def test_a_mail_date_is_utc_or_nothing(text: object, at: datetime | None) -> None:
    read = rfc2822(text)

    assert read == at
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1794000031, AT),
        (1794000031.7, AT),
        ("1794000031", AT),
        (253402300799, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (253402300800, None),
        ("9" * 13, None),
        ("²", None),
        (0, None),
        (-1, None),
        (True, None),
        (None, None),
    ],
)
def test_a_unix_time_is_a_moment_or_nothing(value: object, at: datetime | None) -> None:
    assert unix_time(value) == at


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("18", 18),
        (" 18 ", 18),
        ("0", 0),
        (0, 0),
        (18.9, 18),
        ("999999999", 999999999),
        ("9999999999", None),
        (10**9, None),
        (-1, None),
        ("-1", None),
        ("²", None),
        (True, None),
        (None, None),
    ],
)
def test_a_span_is_whole_seconds_or_nothing(value: object, seconds: int | None) -> None:
    assert whole_seconds(value) == seconds


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, 1.5, True])
def test_a_missing_id_is_named_by_its_path(value: object) -> None:
    with pytest.raises(MalformedBody, match=r"^data\.id is missing$"):
        identifier(value, "data.id")


@pytest.mark.parametrize("value", ["x" * 201, "é", "a\x00b"])
def test_an_id_that_cannot_be_a_key_is_refused_unquoted(value: str) -> None:
    with pytest.raises(MalformedBody, match=r"^data\.id is not a plain id") as refused:
        identifier(value, "data.id")

    assert value not in str(refused.value)


def test_an_id_may_be_a_number_or_of_full_length() -> None:
    assert identifier(812, "data.id") == "812"
    assert identifier("x" * 200, "data.id") == "x" * 200


def test_what_is_no_object_or_array_is_an_empty_one() -> None:
    assert (mapping([1]), mapping({"a": 1})) == ({}, {"a": 1})
    assert (items({"a": 1}), items([1])) == ([], [1])
