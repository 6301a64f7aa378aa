"""A line of JSON is what structlog's own steps make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from inboxbridge.telemetry import logs

MOMENT = datetime(2026, 11, 27, 14, 5, 9, 123456, UTC)

EMAIL, PHONE = "quetzal.canary@example.com", "+1 (415) 555-0199"
CANARIES = ("quetzal", "415", "555-0199")


class Text(str):
    """What a library may hand over in place of a text."""


def raised() -> BaseException:
    try:
        raise ValueError(f"no sense in {EMAIL} {PHONE}")
    except ValueError as error:
        return error


LINES: dict[str, dict[str, Any]] = {
    "delivered": {"event_id": 7, "connection": "shop", "reason": None, "seconds": 0.123},
    "numbers": {"event_ids": [1, 2], "repeated": 0, "is_due": False, "none": [None]},
    "empty": {"reason": "", "connection": ""},
    "an address": {"reason": f"no contact {EMAIL}, and none with {PHONE}."},
    "a number": {"reason": f"no contact with {PHONE}"},
    "a subclass of text": {"reason": Text(f"{EMAIL} {PHONE}")},
    "signs alone": {"reason": "a + b @ c", "path": "/hooks/a+b@c"},
    "keys that are ours": {"level": "none", "timestamp": f"{EMAIL}", "event_id": 1},
    "half a pair": {"reason": "\ud83d", "connection": "shöp \u2603"},
    "an object": {"error": MOMENT, "what": {"a": 1}, "who": object},
    "an exception": {"exc_info": raised(), "reason": EMAIL},
    "no exception": {"exc_info": True},
    "exc_info that is not": {"exc_info": None},
}


class _Clock(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return MOMENT.astimezone(tz)


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "datetime", _Clock)
    in_structlog = SimpleNamespace(datetime=_Clock, timezone=timezone)
    monkeypatch.setattr(structlog.processors, "datetime", in_structlog)


def in_steps(method: str, line: dict[str, Any]) -> str:
    for step in logs.STEPS:
        line = step(None, method, line)
    return str(structlog.processors.JSONRenderer(logs.written)(None, method, line))


@pytest.mark.parametrize("method", ["info", "warn", "exception", "error"])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_line_in_one_pass_is_the_one_that_the_steps_make(
    line: dict[str, Any], method: str
) -> None:
    line = {**line, "event": f"told of {EMAIL}"}

    said = logs.as_json(None, method, dict(line))

    assert said == in_steps(method, dict(line))
    assert list(json.loads(said)) == list(json.loads(in_steps(method, dict(line))))
    assert not any(canary in said for canary in CANARIES)


def test_a_process_that_logs_json_renders_in_one_pass(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = structlog.get_config()
    try:
        logs.configure_logs("json")
        assert structlog.get_config()["processors"] == [logs.as_json]
        structlog.get_logger("inboxbridge").bind(site="default").info("delivered", reason=EMAIL)
    finally:
        structlog.configure(**before)

    assert json.loads(capsys.readouterr().err) == {
        "site": "default",
        "reason": "[email]",
        "event": "delivered",
        "level": "info",
        "timestamp": "2026-11-27T14:05:09.123456Z",
    }
