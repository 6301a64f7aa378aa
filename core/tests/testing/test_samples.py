"""Captured deliveries are read from a folder by a plain convention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inboxbridge.testing import RECEIVED_AT, SAMPLE_URL, load_samples
from inboxbridge.testing.samples import difference


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def test_bodies_are_found_by_extension_and_sorted(tmp_path: Path) -> None:
    write(tmp_path, b__json="{}", a__form="x=1", README__md="no sample", c__xml="<no/>")

    samples = load_samples(tmp_path)

    assert [sample.name for sample in samples] == ["a.form", "b.json"]
    assert [sample.is_form for sample in samples] == [True, False]
    assert samples[0].content_type == "application/x-www-form-urlencoded"
    assert samples[1].content_type == "application/json"
    assert samples[0].body == b"x=1"


def test_companions_give_headers_url_and_expectations(tmp_path: Path) -> None:
    write(
        tmp_path,
        a__json="{}",
        a__headers__json='{"X-Acme": "1"}',
        a__url__txt="https://h.example.com/hooks/acme?x=1\n",
        a__expected__json='{"events": [{"id": "e"}]}',
    )

    (sample,) = load_samples(tmp_path)
    request = sample.request()

    assert request.headers["x-acme"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert request.url == "https://h.example.com/hooks/acme?x=1"
    assert request.received_at == RECEIVED_AT
    assert sample.expected is not None
    assert sample.expected.events == [{"id": "e"}]
    assert sample.expected.messages is None


def test_without_companions_there_are_defaults(tmp_path: Path) -> None:
    (sample,) = load_samples(write(tmp_path, a__json="{}"))

    assert sample.url == SAMPLE_URL
    assert sample.expected is None
    assert (sample.request(later_seconds=60).received_at - RECEIVED_AT).total_seconds() == 60
    assert sample.request(b"other").body == b"other"


def test_a_pattern_chooses(tmp_path: Path) -> None:
    write(tmp_path, twilio_1__form="", vonage_1__json="{}")

    assert [sample.name for sample in load_samples(tmp_path, "twilio_*")] == ["twilio_1.form"]


def test_a_folder_that_does_not_exist_has_no_samples(tmp_path: Path) -> None:
    assert load_samples(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a__expected__json": "{}"}, r"a.expected.json: there is no sample a.json or a.form"),
        ({"a__url__txt": "https://"}, r"a.url.txt: there is no sample"),
        ({"a__json": "{}", "a__headers__json": "["}, r"a.headers.json: not JSON"),
        ({"a__json": "{}", "a__headers__json": "[]"}, r"a.headers.json: expected a JSON object"),
        ({"a__json": "{}", "a__expected__json": '{"event": []}'}, r"unknown key 'event'"),
        ({"a__json": "{}", "a__expected__json": '{"events": {}}'}, r"events must be a list"),
    ],
)
def test_a_companion_that_makes_no_sense_is_named(
    tmp_path: Path, files: dict[str, str], says: str
) -> None:
    write(tmp_path, **files)

    with pytest.raises(ValueError, match=says):
        load_samples(tmp_path)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ([{}, {"a": 1}], [{"x": 1}, {"a": 1, "b": 2}]),
        ({"a": None}, {"a": None}),
        ({"sent_at": "2026-11-07T10:00:00-07:00"}, {"sent_at": "2026-11-07T17:00:00Z"}),
    ],
)
def test_what_holds_all_that_is_expected_does_not_differ(expected: Any, actual: Any) -> None:
    assert difference(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual", "says"),
    [
        ({"a": 1}, {}, "a is missing"),
        ({"a": None}, {}, "a is missing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b is 2, expected 1"),
        ({"a": [1, 2]}, {"a": [1]}, "a has 1 items, expected 2"),
        ([{"a": 1}], [{"a": 1}, {}], "the list has 2 items, expected 1"),
        ({"a": [{}, {"b": "x"}]}, {"a": [{}, {"b": "y"}]}, "a[1].b is 'y', expected 'x'"),
        ({"a": True}, {"a": 1}, "a is 1, expected True"),
        ({"a": {}}, {"a": None}, "a is None, expected {}"),
        ({"at": "2026-11-07T10:00:00+00:00"}, {"at": "2026-11-07T10:00:00Z"}, "at is"),
        ({"sent_at": "2026-11-07T10:00:00Z"}, {"sent_at": "2026-11-07T10:00:01Z"}, "sent_at is"),
    ],
)
def test_a_difference_is_named_by_its_place(expected: Any, actual: Any, says: str) -> None:
    assert (difference(expected, actual) or "").startswith(says)
