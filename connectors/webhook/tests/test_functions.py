"""The functions that a map may call beside JMESPath's own."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inboxbridge import MalformedBody
from inboxbridge_webhook.expressions import Expression, Run
from inboxbridge_webhook.functions import MapFunctions, Unusable
from inboxbridge_webhook.templates import Template


def call(expression: str, value: Any, zone: str = "UTC") -> Any:
    return Expression(expression).search(value, Run(MapFunctions(ZoneInfo(zone), {})))


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (4500, "usd", "45.00 USD"),
        (5, "EUR", "0.05 EUR"),
        (0, "usd", "0.00 USD"),
        (-4500, "usd", "-45.00 USD"),
        (123456789, "usd", "1,234,567.89 USD"),
        (4500.0, "usd", "45.00 USD"),
        (4500, "jpy", "4,500 JPY"),
        (4500, "KWD", "4.500 KWD"),
        (4500, "", "45.00"),
    ],
)
def test_money_writes_minor_units_for_people(minor, currency, text):
    assert call("money(a, c)", {"a": minor, "c": currency}) == text


@pytest.mark.parametrize("amount", [45.5, 1e300, float("inf"), float("nan"), 10**20])
def test_money_refuses_what_is_no_amount(amount):
    with pytest.raises(Unusable, match=r"money\(\) takes a whole number"):
        call("money(a, 'usd')", {"a": amount})


@pytest.mark.parametrize("amount", [None, "4500", [], True])
def test_money_takes_numbers_only(amount):
    with pytest.raises(Unusable, match=r"the function money\(\) takes number"):
        call("money(a, 'usd')", {"a": amount})


def test_date_and_datetime_write_in_the_connections_time_zone():
    moment = {"at": "2026-11-07T02:05:00Z"}

    assert call("date(at)", moment) == "Sat 7 Nov 2026"
    assert call("date(at)", moment, "America/Denver") == "Fri 6 Nov 2026"
    assert call("datetime(at)", moment, "America/Denver") == "Fri 6 Nov 2026 19:05"
    assert call("datetime(`1794000000`)", {}, "Asia/Tokyo") == "Sat 7 Nov 2026 06:20"


@pytest.mark.parametrize("value", ["soon", "", 1e300, "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_cannot_be_read_is_unusable(value):
    with pytest.raises(Unusable, match=r"datetime\(\) takes ISO 8601 or Unix time"):
        call("datetime(at)", {"at": value})


def test_plain_makes_text_of_html():
    html = "<p>Is <b>Saturday</b> free?<br/>Or Sunday &amp; Monday?</p><div>2 < 3</div>"

    assert call("plain(@)", html) == "Is Saturday free?\nOr Sunday & Monday?\n2 < 3"


@given(st.text(alphabet="<>&/abrp;!- \n\"'", max_size=200))
def test_plain_takes_any_text(text):
    assert isinstance(call("plain(@)", text), str)


def test_plain_is_quick_on_text_made_to_be_slow():
    """A tag's end is searched no further than the next tag's start: milliseconds, not minutes."""
    text = "<a" * 200_000
    started = time.process_time()

    assert call("plain(@)", text) == text

    assert time.process_time() - started < 5


def test_a_number_beyond_all_bounds_is_unusable():
    with pytest.raises(Unusable, match="the expression fails on this body"):
        call("ceil(@)", float("inf"))


def test_the_connections_time_zone_reaches_the_map(parse):
    table = {"id": "id", "external_id": "id", "text_template": "From {datetime(at)}"}
    body = {"id": "1", "at": "2026-11-07T17:00:00Z"}

    [event] = parse(body, map=table, timezone="America/Denver")

    assert event.text == "From Sat 7 Nov 2026 10:00"


def test_a_fault_in_a_function_names_the_key(parse):
    table = {"id": "id", "external_id": "id", "text": "money(id, 'usd')"}

    with pytest.raises(MalformedBody, match=r"^map\.text: the function money\(\) takes number"):
        parse({"id": "1"}, map=table)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{a}{b}", "12"),
        ("{{a}}", "{a}"),
        ("{ {x: a}.x }", "1"),
        ("{'}'}", "}"),
        ('{`"{"`}', "{"),
        ("{'it\\'s {'}", "it's {"),
        ("{yes} {no}", "yes no"),
        ("{list}", "1, x"),
        ("{f}", "1.5"),
        ("{missing}", ""),
    ],
)
def test_placeholders_end_at_their_own_brace(template, text):
    value = {"a": 1, "b": "2", "yes": True, "no": False, "list": [1, "x"], "f": 1.5}

    assert Template(template).fill(value, Run(MapFunctions(ZoneInfo("UTC"), {}))) == text


@given(st.text(alphabet="{}'\"`\\ab.", max_size=40))
def test_a_template_compiles_or_is_refused(text):
    with contextlib.suppress(ValueError):
        Template(text).fill({"a": "1"}, Run(MapFunctions(ZoneInfo("UTC"), {})))
