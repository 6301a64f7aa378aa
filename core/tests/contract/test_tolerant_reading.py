"""Fields that a source may vary give a value or nothing; an id is there or named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from inboxbridge import Attachment, MalformedBody, WebhookRequest
from inboxbridge.reading import (
    form_fields,
    identifier,
    items,
    local_time_text,
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


@pytest.mark.parametrize(
    ("content_type", "kind", "mime_type"),
    [
        ("Image/JPEG", "image", "image/jpeg"),
        ("audio/ogg", "file", "audio/ogg"),
        ("", "file", None),
        (None, "file", None),
        (7, "file", None),
        ("image/\x00", "file", None),
        ("imagé/png", "file", None),
    ],
)
def test_a_link_is_a_picture_or_a_file(
    content_type: object, kind: str, mime_type: str | None
) -> None:
    made = Attachment.from_link("https://x.example/1", mime_type=content_type, filename="a.bin")

    assert made is not None
    assert (made.kind, made.mime_type, made.filename) == (kind, mime_type, "a.bin")


def test_a_picture_may_be_known_without_its_type() -> None:
    assert Attachment.from_link("https://x.example/1", is_image=True) == Attachment(
        kind="image", url="https://x.example/1"
    )


@pytest.mark.parametrize("link", ["ftp://x.example/1", "", None, 7, "https://x.example/a b"])
def test_what_is_not_a_web_address_is_no_attachment(link: object) -> None:
    assert Attachment.from_link(link) is None


def test_parameters_are_read_from_the_query_a_form_or_json() -> None:
    get = WebhookRequest(method="GET", url="https://hooks.example.com/hooks/x?a=&a=1&b=2")
    form = WebhookRequest(body=b"a=&a=1&b=2")
    json = WebhookRequest(body=b' {"a": 1, "b": "2", "c": true, "d": {}, "e": null}')

    assert form_fields(get) == {"a": "1", "b": "2"}
    assert form_fields(form) == {"a": "1", "b": "2"}
    assert form_fields(json) == {"a": "1", "b": "2", "c": "true", "d": "", "e": ""}


def test_a_body_that_is_neither_form_nor_object_is_malformed() -> None:
    with pytest.raises(MalformedBody):
        form_fields(WebhookRequest(body=b"[1]"))


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("America/Denver", "Fri 6 Nov 2026 14:20 (America/Denver)"),
        ("Mars/Olympus", "Fri 6 Nov 2026 21:20 (UTC)"),
        (None, "Fri 6 Nov 2026 21:20 (UTC)"),
    ],
)
def test_a_moment_is_written_in_a_time_zone(zone: str | None, text: str) -> None:
    assert local_time_text(AT, zone) == text
