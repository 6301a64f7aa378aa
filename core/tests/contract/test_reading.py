"""Untrusted JSON gives a value of its type or an error that names the path, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge import Event, MalformedBody, Person
from inboxbridge.reading import (
    array_at,
    as_object,
    event_id,
    fingerprint,
    id_at,
    iso_moment,
    moment_at,
    object_at,
    one_line,
    required,
    text_at,
    web_link,
)

Reader = Callable[[dict[str, Any], str, str], Any]

AT = datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC)
READERS: list[tuple[Reader, Any, object]] = [
    (object_at, {}, {"a": 1}),
    (array_at, [], [1]),
    (text_at, "", "Is Saturday free?"),
    (id_at, "", "m_1"),
    (moment_at, None, 1794000031),
]

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@pytest.mark.parametrize(("reader", "empty", "value"), READERS)
def test_what_is_absent_or_null_is_empty_and_what_is_right_comes_back(
    reader: Reader, empty: object, value: object
) -> None:
    assert reader({}, "key", "entry") == empty
    assert reader({"key": None}, "key", "entry") == empty
    assert reader({"key": value}, "key", "entry") == (AT if reader is moment_at else value)


@pytest.mark.parametrize(("reader", "empty", "_"), READERS)
@given(value=json)
def test_any_other_value_is_refused_by_its_path_and_not_quoted(
    reader: Reader, empty: object, _: object, value: object
) -> None:
    refused, found = "", empty
    try:
        found = reader({"key": value}, "key", "entry[0]")
    except MalformedBody as error:
        refused = str(error)

    assert isinstance(found, (type(empty), datetime))
    assert not refused or refused.startswith("entry[0].key is n")
    assert len(refused) < 60


def test_the_whole_must_be_an_object() -> None:
    assert as_object({"a": 1}, "entry[0]") == {"a": 1}
    with pytest.raises(MalformedBody, match=r"^entry\[0\] is not an object$"):
        as_object([1], "entry[0]")


def test_what_is_needed_and_blank_is_named() -> None:
    assert required("m_1", "message.mid") == "m_1"
    with pytest.raises(MalformedBody, match=r"^message\.mid is missing$"):
        required("", "message.mid")


@pytest.mark.parametrize(("given_as", "text"), [(42, "42"), (" 42 ", "42"), (0, "0")])
def test_an_id_is_text_however_it_came(given_as: object, text: str) -> None:
    assert id_at({"id": given_as}, "id", "entry") == text


@pytest.mark.parametrize("value", [1794000031, 1794000031000, "1794000031", "1794000031000"])
def test_seconds_and_milliseconds_are_told_apart(value: object) -> None:
    assert moment_at({"time": value}, "time", "entry") == AT


@pytest.mark.parametrize("value", [-1, 1e300, float("nan"), True, "soon", "²", "9" * 25, [1]])
def test_what_is_no_moment_is_refused(value: object) -> None:
    with pytest.raises(MalformedBody, match=r"^entry\.time is not a time"):
        moment_at({"time": value}, "time", "entry")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-06T21:20:31Z", AT),
        ("2026-11-06T23:20:31+02:00", AT),
        ("2026-11-06 21:20:31", AT),
        ("0001-01-01T00:00:00+10:00", None),
        ("soon", None),
        (1794000031, None),
        (None, None),
    ],
)
def test_an_iso_moment_is_utc_or_nothing(text: object, at: datetime | None) -> None:
    read = iso_moment(text)

    assert read == at
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://x.example/1", "https://x.example/1"),
        ("http://x.example/é", "http://x.example/é"),
        ("https://x.example/a b", None),
        ("https://x.example/\n", None),
        ("https://x.example/\ud800", None),
        ("data:text/html,x", None),
        ({}, None),
    ],
)
def test_a_link_is_a_web_address_or_nothing(value: object, address: str | None) -> None:
    assert web_link(value) == address


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_an_event_id_is_the_same_each_time_and_survives_as_it_is(parts: list[str]) -> None:
    made = event_id("m", *parts)

    assert made == event_id("m", *parts)
    assert made.isprintable()
    if made == made.strip() and len(made) <= 512:
        assert Event(id=made, person=Person(id="u")).id == made


def test_a_fingerprint_tells_parts_apart_and_shows_none() -> None:
    assert fingerprint("read", "ab", "c") != fingerprint("read", "a", "bc")
    assert fingerprint("read", "dana@example.com").startswith("read:")
    assert "dana" not in fingerprint("read", "dana@example.com")


def test_one_line_is_one_line() -> None:
    assert one_line(" Is\r\n Saturday\t free? ") == "Is Saturday free?"
