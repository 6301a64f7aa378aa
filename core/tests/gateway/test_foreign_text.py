"""Text from outside is cleaned in a time that grows with its length and no faster."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from inboxbridge import MalformedBody, WebhookRequest
from inboxbridge.gateway.quoting import MAX_REASON_CHARACTERS, without_quotes
from inboxbridge.gateway.refusals import Refusals
from inboxbridge.gateway.routing import Routes
from inboxbridge.model.phone import normalize_phone
from inboxbridge.model.text import clean_key, clean_text, storable
from inboxbridge.telemetry.logs import scrub as scrub_line
from inboxbridge.wix.answers import refusal
from inboxbridge.wix.operations import SEND_MESSAGE
from inboxbridge.wix.redaction import scrub

pytestmark = pytest.mark.slow

SMALL, LARGE = 1_000, 1_000_000
FACTOR = 20
"""How much more than in proportion a text of a megabyte may take. The square would be 1,000."""

SHAPES: dict[str, Callable[[int], str]] = {
    "one word": lambda size: "a" * size,
    "a word before an @": lambda size: "a" * (size - 2) + " @",
    "ats": lambda size: "a@" * (size // 2),
    "dots": lambda size: "a@" + "b." * (size // 2),
    "digits": lambda size: "1" * size,
    "digits that end no number": lambda size: "(1-" * (size // 3),
    "spaced digits": lambda size: "1 " * (size // 2) + "x",
    "plus signs": lambda size: "+1 " * (size // 3),
    "a number and blanks": lambda size: "+1" + " " * size,
    "blanks": lambda size: " " * size + "x",
    "line ends": lambda size: "\r\n" * (size // 2),
    "control characters": lambda size: "\x00" * size,
    "surrogates": lambda size: "\ud800" * size,
    "slashes": lambda size: "/" * size,
    "what was sent, again and again": lambda size: "Dana Reyes " * (size // 11),
    "nearly what was sent": lambda size: ("Dana " * 20 + "x ") * (size // 102),
}
SENT = {"text": "Dana Reyes", "name": "Dana " * 20 + "y", "a": "a" * 40, "b": "aaaa"}


def refused_by_wix(text: str) -> object:
    body = {"message": text, "details": {"validationError": {"fieldViolations": [{"field": text}]}}}
    content = json.dumps(body).encode()
    return refusal(SEND_MESSAGE, 400, {"retry-after": text}, content, sent=SENT)


def quoted_whole(text: str) -> object:
    """A connector's error that quotes the body, of which each word is a value."""
    values = json.dumps([text[at : at + 10] + str(at) for at in range(0, len(text), 10)])
    request = WebhookRequest(body=values.encode())
    return without_quotes(MalformedBody(f"cannot read {values}"), request)


CLEANERS: dict[str, Callable[[str], object]] = {
    "a log line": lambda text: scrub_line(None, "", {"event": text}),
    "Wix's reason": lambda text: scrub(text, SENT),
    "Wix's refusal": refused_by_wix,
    "a connector's reason": quoted_whole,
    "a connector's reason for text": lambda text: without_quotes(
        MalformedBody(text), WebhookRequest(body=text.encode("utf-8", "replace"))
    ),
    "a text": clean_text,
    "a key": clean_key,
    "a JSON value": lambda text: storable([text, {"a": text}]),
    "a phone number": lambda text: normalize_phone(text, "US"),
    "a path": Routes({"shop": None}, "https://example.com/a").hook,
}


def seconds(clean: Callable[[str], object], text: str, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        clean(text)
    return (time.perf_counter() - began) / times


def in_proportion(clean: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Whether the large one takes no more than it may, in one of three rounds."""
    small, large = text(SMALL), text(LARGE)
    clean(small)
    return any(
        seconds(clean, large, 1) < max(seconds(clean, small, 10), 20e-6) * LARGE / SMALL * FACTOR
        for _ in range(3)
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("what", CLEANERS)
def test_a_megabyte_takes_no_more_than_its_length(what: str, shape: str) -> None:
    assert in_proportion(CLEANERS[what], SHAPES[shape])


@pytest.mark.parametrize("stem", ["", "aaaaaaaa"])
def test_a_body_of_many_values_takes_no_more_than_its_length(stem: str) -> None:
    def of(size: int) -> WebhookRequest:
        return _body([f"{stem}{number:08}" for number in range(size // 20)])

    def quote(size: int) -> float:
        request = of(size)
        reason = MalformedBody(request.text().replace("00", "aa"))
        return seconds(lambda _: without_quotes(reason, request), "", 1)

    assert any(quote(LARGE) < max(quote(SMALL), 20e-6) * LARGE / SMALL * FACTOR for _ in range(3))


NUMBER = re.compile(r"(?<![\w-])\+?\(?\d[\d\s().\-]{5,}\d(?![\w-])")
"""What a phone number is, as an expression that takes the square of a text's length."""


@settings(max_examples=500)
@given(st.text(alphabet="12(+). -ax\t", max_size=40))
@example("call +1 (415) 555-0132 or 415.555.0133x")
@example("12345678-1234-4000-8000-1234567890ab")
def test_numbers_are_taken_out_wherever_they_are(text: str) -> None:
    expected = " ".join(NUMBER.sub("[phone]", text).split())

    assert scrub(text, None) == expected


@pytest.mark.parametrize("length", range(1150, 1260, 7))
def test_a_value_at_which_a_long_reason_is_cut_leaves_nothing_of_itself(length: int) -> None:
    name = "Dana-Reyes-Montgomery"
    reason = " " * length + name + "." * 2000

    assert "Dan" not in scrub(reason, {"name": name})
    said = without_quotes(MalformedBody(reason.strip() + name), _body({"name": name}))
    assert "Dan" not in said
    prefix = ("x" * 9 + " ") * (length // 10)
    body = _body({"name": name, "noise": "xxxxxxxxx "})
    assert "Dan" not in without_quotes(MalformedBody(prefix + name + "." * 2000), body)


def test_what_a_long_reason_says_behind_a_long_quote_is_still_said() -> None:
    text = "Is Saturday free? " * 300

    assert scrub(f'the text "{text}" is too long', {"text": text}) == (
        'the text "[value]" is too long'
    )


def test_a_reason_is_short_whoever_gives_it() -> None:
    said = without_quotes(MalformedBody("no " * 1000), _body({}))

    assert len(said) == MAX_REASON_CHARACTERS


async def test_a_path_is_logged_cut_and_printable(caplog: Any, capsys: Any) -> None:
    logging.getLogger().setLevel(logging.WARNING)
    Refusals().log("", 401, "no", "/hooks/\x1b[2J" + "a" * 5000)

    told = "".join(capsys.readouterr())
    assert "/hooks/?[2Jaaaaa…" in told
    assert len(told) < 400


def _body(value: object) -> WebhookRequest:
    return WebhookRequest(body=json.dumps(value).encode())
