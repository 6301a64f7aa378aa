from __future__ import annotations

import pytest
from inboxbridge import Attachment, MalformedBody
from inboxbridge_sms.fields import identifier, items, mapping, media, scalar


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (7, "7"), (True, "true"), (False, "false"), (1.5, ""), (None, ""), ([], "")],
)
def test_a_scalar_is_text_or_blank(value: object, text: str) -> None:
    assert scalar(value) == text


@pytest.mark.parametrize(
    ("content_type", "kind", "mime_type"),
    [
        ("Image/JPEG", "image", "image/jpeg"),
        ("audio/ogg", "file", "audio/ogg"),
        ("", "file", None),
        (None, "file", None),
        ("image/\x00", "file", None),
        ("imagé/png", "file", None),
    ],
)
def test_media_are_pictures_or_files(
    content_type: object, kind: str, mime_type: str | None
) -> None:
    made = media("https://x.example/1", content_type, "a.bin")

    assert made is not None
    assert (made.kind, made.mime_type, made.filename) == (kind, mime_type, "a.bin")


def test_a_picture_may_be_known_without_its_type() -> None:
    assert media("https://x.example/1", "", image=True) == Attachment(
        kind="image", url="https://x.example/1"
    )


@pytest.mark.parametrize("value", [None, "", "  ", [], {}, 1.5])
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
