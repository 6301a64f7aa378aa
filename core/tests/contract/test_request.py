"""Reading a delivery: whatever its bytes, one gets a value or `MalformedBody`."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import Headers, MalformedBody, WebhookRequest

moderately = settings(max_examples=100)
PRIVATE = "Dana Reyes"


def request(body: bytes | str) -> WebhookRequest:
    return WebhookRequest(body=body.encode() if isinstance(body, str) else body)


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "Dana Reyes',
        b"\xff\xfe",
        b'{"name": "\xed\xa0\x80 Dana Reyes"}',
        b'{"name": NaN, "who": "Dana Reyes"}',
        b"[Infinity]",
        b"[-Infinity]",
        b'{"who": "Dana Reyes", "much": 1e999}',
        b"[-1e999]",
        b"9" * 5000,
        b"'Dana Reyes'",
        b'{"a": 1} Dana Reyes',
        nested(101).encode(),
        nested(200_000).encode(),
        b'{"a":' * 101 + b"1" + b"}" * 101,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_a_body_that_is_no_json_is_malformed_and_not_quoted(body: bytes) -> None:
    with pytest.raises(MalformedBody) as caught:
        request(body).json()

    assert PRIVATE not in str(caught.value)
    assert caught.value.__cause__ is None


def test_json_may_nest_a_hundred_levels() -> None:
    assert json.loads(nested(100)) == request(nested(100)).json()


def test_brackets_in_text_are_no_nesting() -> None:
    text = "[{" * 500

    assert text == request(json.dumps([text])).json()[0]


def test_a_byte_order_mark_before_the_json_is_skipped() -> None:
    assert request(b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


def test_lone_surrogates_are_dropped_and_emoji_kept() -> None:
    body = rb'{"\ud800k": ["a\uDFFFb", "\ud83d\ude00", "\\ud800"], "n": 1.5}'

    assert request(body).json() == {"k": ["ab", "😀", "\\ud800"], "n": 1.5}


@pytest.mark.parametrize("escaped", [r"\ud800", r"\uD800", r"\udfff", r"\uDFFF", r"\uDbFf"])
def test_a_lone_surrogate_is_dropped_in_any_spelling(escaped: str) -> None:
    assert request(f'["a{escaped}b"]').json() == ["ab"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@moderately
@given(value=json_values, escaped=st.booleans())
def test_json_is_read_as_python_reads_it(value: object, escaped: bool) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "replace")

    assert json.loads(body) == request(body).json()


@moderately
@given(body=st.binary(max_size=80) | st.text(st.characters()).map(json.dumps).map(str.encode))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    for read in (WebhookRequest.text, WebhookRequest.json, WebhookRequest.json_object):
        with suppress(MalformedBody):
            json.dumps(read(request(body)), ensure_ascii=False, allow_nan=False).encode()
    with suppress(MalformedBody):
        json.dumps(request(body).form(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "found"),
    [("[]", "an array"), ('"x"', "a string"), ("true", "true or false"), ("null", "null"),
     ("0", "a number"), ("1.5", "a number")],
)  # fmt: skip
def test_json_of_another_type_than_object_is_named(body: str, found: str) -> None:
    with pytest.raises(MalformedBody, match=f"expected a JSON object, found {found}"):
        request(body).json_object()


def test_json_is_read_once() -> None:
    delivery = request('{"a": 1}')

    assert delivery.json() is delivery.json_object()


def test_a_form_keeps_repeated_names_and_blank_values_in_order() -> None:
    body = "b=2&a=&b=1&b=2&c&%C3%A9=%2B+%26"

    assert request(body).form() == [
        ("b", "2"),
        ("a", ""),
        ("b", "1"),
        ("b", "2"),
        ("c", ""),
        ("é", "+ &"),
    ]


@moderately
@given(
    pairs=st.lists(st.tuples(st.text(st.characters(codec="utf-8"), min_size=1),
                             st.text(st.characters(codec="utf-8"))))
)  # fmt: skip
def test_a_form_reads_back_what_was_encoded(pairs: list[tuple[str, str]]) -> None:
    assert pairs == request(urlencode(pairs)).form()


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%FF", b"a=%ED%A0%80", b"&".join([b"a=1"] * 1001)])
def test_a_form_that_is_not_utf8_or_endless_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        request(body).form()


def test_the_query_is_read_in_order_with_blank_values() -> None:
    delivery = WebhookRequest(url="https://h.example.com/hooks/x?b=&a=%2B1&a=2")

    assert delivery.query == [("b", ""), ("a", "+1"), ("a", "2")]
    assert WebhookRequest(url="https://h.example.com/hooks/x").query == []


@moderately
@given(url=st.text())
def test_no_url_makes_reading_the_query_raise(url: str) -> None:
    assert isinstance(WebhookRequest(url=url).query, list)


def test_received_at_is_in_utc() -> None:
    noon = datetime(2026, 11, 7, 12, tzinfo=timezone(timedelta(hours=-7)))

    assert UTC is WebhookRequest(received_at=noon).received_at.tzinfo
    assert noon == WebhookRequest(received_at=noon).received_at
    assert WebhookRequest(received_at=noon.replace(tzinfo=None)).received_at.tzinfo is UTC
    assert WebhookRequest().received_at.tzinfo is UTC


def test_a_request_is_printed_without_its_content() -> None:
    delivery = WebhookRequest(
        url="https://h/?token=abc", headers={"authorization": "abc"}, body=PRIVATE.encode()
    )

    assert "abc" not in repr(delivery) + repr(delivery.headers)
    assert PRIVATE not in repr(delivery)


def test_headers_are_found_in_any_case() -> None:
    headers = Headers({"X-Hub-Signature": "a"})

    assert headers["x-HUB-signature"] == "a"
    assert "X-hub-Signature" in headers
    assert headers.get("x-other") is None
    assert list(headers) == ["x-hub-signature"]
    with pytest.raises(KeyError):
        headers["x-other"]


def test_headers_keep_several_values_of_a_name() -> None:
    headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])

    assert headers["a"] == "1"
    assert headers.get_all("A") == ["1", "3"]
    assert headers.get_all("c") == []
    assert headers.pairs() == [("a", "1"), ("a", "3"), ("b", "2")]
    assert len(headers) == 2


def test_headers_made_from_headers_lose_nothing() -> None:
    headers = Headers([("a", "1"), ("a", "2")])

    assert headers.pairs() == Headers(headers).pairs()
    assert headers.pairs() == WebhookRequest(headers=headers).headers.pairs()
