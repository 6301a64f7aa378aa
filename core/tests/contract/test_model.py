"""The contract's records: cleaned on the way in, whole after storage as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import Answer, Attachment, Badge, BasicMessage, Event, MinimalMessage, Person
from pydantic import BaseModel, ValidationError

any_text = st.text(max_size=60) | st.sampled_from(
    ["", " ", "\ud800", "a\x00b", "😀", "x" * 120_000]
)
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
people = st.builds(
    Person,
    email=st.none() | st.emails() | any_text,
    phone=st.none() | any_text | st.from_regex(r"\+?[0-9 ()-]{5,16}", fullmatch=True),
    id=st.none() | any_text,
    name=st.none() | any_text,
)
attachments = st.builds(
    Attachment,
    kind=st.sampled_from(["image", "file"]),
    url=any_text.map(lambda text: "https://files.example.com/" + text),
    filename=st.none() | any_text,
    mime_type=st.none() | any_text,
    width=st.none() | st.integers(0, 10_000),
)
events = st.builds(
    Event,
    id=any_text.map(lambda text: "e" + text),
    kind=st.sampled_from(["message", "activity"]),
    direction=st.sampled_from(["inbound", "outbound"]),
    person=people,
    text=any_text,
    occurred_at=st.none()
    | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001
    | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones),  # noqa: DTZ001
    thread=st.none() | any_text,
    about=st.none() | any_text,
    attachments=st.lists(attachments, max_size=2),
    url=st.none() | any_text,
    icon_url=st.none() | any_text,
    silent=st.booleans(),
    data=st.dictionaries(any_text, json_values, max_size=3),
)


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from chain.from_iterable(map(texts_in, value))
    elif isinstance(value, dict):
        yield from texts_in([*value, *value.values()])


@settings(max_examples=150)
@given(event=events)
def test_an_event_survives_storage_as_json(event: Event) -> None:
    stored = event.model_dump_json()

    assert event == Event.model_validate_json(stored)
    assert not any("\x00" in text for text in texts_in(json.loads(stored)))
    assert 1 <= len(event.id) <= 512
    assert 1 <= len(event.thread_key) <= 512
    assert event.occurred_at is None or event.occurred_at.tzinfo is UTC


@settings(max_examples=60)
@given(event=events)
def test_copying_an_event_field_by_field_changes_nothing(event: Event) -> None:
    """Cleaning is idempotent, so an enriched copy keeps its id and thread."""
    assert event == Event(**{name: getattr(event, name) for name in Event.model_fields})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_data_that_json_cannot_hold_is_refused(number: float) -> None:
    with pytest.raises(ValidationError):
        Event(id="e", data={"n": [number]})


def test_an_event_needs_an_id() -> None:
    for nothing in ("", "  ", "\x00", "\ud800"):
        with pytest.raises(ValidationError):
            Event(id=nothing)


def test_long_ids_are_shortened_but_stay_distinct_and_the_same() -> None:
    long, other = "m" * 5000, "m" * 4999 + "n"

    assert Event(id=long).id == Event(id=long).id
    assert Event(id=long).id != Event(id=other).id
    assert len(Event(id=long).id) == 512
    assert Event(id="m" * 512).id == "m" * 512
    same = Event(id="e", thread=long, about=long, person=Person(id=long))
    assert same.thread == same.about == same.person.id == Event(id=long).id


def test_naive_moments_are_utc_and_others_are_brought_to_it() -> None:
    naive = Event(id="e", occurred_at="2026-11-07T10:00:00")
    denver = Event(id="e", occurred_at="2026-11-07T10:00:00-07:00")

    assert datetime(2026, 11, 7, 10, tzinfo=UTC) == naive.occurred_at
    assert datetime(2026, 11, 7, 17, tzinfo=UTC) == denver.occurred_at


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
                                    "yesterday", "", float("nan"), 1e300])  # fmt: skip
def test_a_moment_that_is_none_is_refused_not_raised_through(moment: Any) -> None:
    with pytest.raises(ValidationError):
        Event(id="e", occurred_at=moment)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Dana@Example.COM ", "dana@example.com"),
        ("dana+wix@example.com", "dana+wix@example.com"),
        ("ünï@exämple.com", "ünï@exämple.com"),
        ("dana", None),
        ("@example.com", None),
        ("dana@", None),
        ("", None),
        ("Dana Reyes <dana@example.com>", None),
        ("dana@exam\nple.com", None),
        ("dana\x00@example.com", None),
        ("dana\u200b@example.com", None),
        ("dana\ud800@example.com", None),
        ("d" * 250 + "@example.com", None),
        (None, None),
    ],
)
def test_emails_are_trimmed_and_lowered_or_none(given: str | None, kept: str | None) -> None:
    assert kept == Person(email=given).email


@pytest.mark.parametrize(
    ("given", "kept"),
    [("+1 415-555-0132", "+14155550132"), ("15005550006", "+15005550006"), ("anonymous", None),
     ("", None), ("72645", None), (None, None)],
)  # fmt: skip
def test_phones_are_e164_or_none(given: str | None, kept: str | None) -> None:
    assert kept == Person(phone=given).phone


def test_a_person_with_nothing_to_find_them_by_is_unknown() -> None:
    assert not Person(name="Dana Reyes", email="none", phone="anonymous", id=" ").is_known
    assert Person(email="dana@example.com").is_known
    assert Person(phone="+14155550132").is_known
    assert Person(id="0").is_known


def test_the_thread_is_the_named_one_else_the_person_else_the_thing() -> None:
    everything: dict[str, Any] = {
        "thread": "t",
        "person": Person(id="i", phone="+14155550132", email="dana@example.com"),
        "about": "call-1",
    }

    assert Event(id="e", **everything).thread_key == "t"
    del everything["thread"]
    assert Event(id="e", **everything).thread_key == "i"
    everything["person"] = Person(phone="+14155550132", email="dana@example.com")
    assert Event(id="e", **everything).thread_key == "+14155550132"
    everything["person"] = Person(email="dana@example.com")
    assert Event(id="e", **everything).thread_key == "dana@example.com"
    del everything["person"]
    assert Event(id="e", **everything).thread_key == "call-1"
    assert Event(id="e").thread_key == "e"


@pytest.mark.parametrize(
    "record",
    [Event(id="e"), Person(), Badge(text="b"), BasicMessage(), MinimalMessage(text="m"), Answer(),
     Attachment(url="u")],
    ids=lambda record: type(record).__name__,
)  # fmt: skip
def test_records_are_frozen_and_refuse_unknown_fields(record: BaseModel) -> None:
    first = next(iter(type(record).model_fields))

    with pytest.raises(ValidationError):
        setattr(record, first, getattr(record, first))
    with pytest.raises(ValidationError):
        type(record)(**record.model_dump(), surprise=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda private: Event(id="e", kind=private),
        lambda private: Event.model_validate({"id": "e", "surprise": private}),
        lambda private: Event(id="e", person=Person.model_validate({"email": [private]})),
        lambda private: Person(phone={"n": private}),
        lambda private: BasicMessage(text=[private]),
        lambda private: Badge(text=private * 9),
        lambda private: Event.model_validate_json(f'{{"id": "e", "text": ["{private}"]}}'),
    ],
)
def test_errors_never_quote_what_a_person_wrote(make: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        make("Dana Reyes")

    assert "Dana" not in str(caught.value)


def test_a_badge_is_short_and_not_blank() -> None:
    assert Badge(text=" Facebook\x00 ").text == "Facebook"
    assert len(Badge(text="x" * 50).text) == 50
    for text in ("", " ", "x" * 51):
        with pytest.raises(ValidationError):
            Badge(text=text)


def test_a_minimal_message_is_not_blank() -> None:
    for text in ("", "\n", "\x00"):
        with pytest.raises(ValidationError):
            MinimalMessage(text=text)


def test_blank_addresses_are_none() -> None:
    event = Event(id="e", url="", icon_url=" ", attachments=(Attachment(url="u", mime_type=""),))

    assert (event.url, event.icon_url, event.attachments[0].mime_type) == (None, None, None)
    with pytest.raises(ValidationError):
        Attachment(url=" ")


@pytest.mark.parametrize("status", [199, 300, 403, 404, 406, 410, 500])
def test_an_answer_is_always_2xx(status: int) -> None:
    with pytest.raises(ValidationError):
        Answer(status=status)
