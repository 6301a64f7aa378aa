"""Logging: pretty on a terminal, JSON lines elsewhere; never people or what they wrote."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError, to_json

ENV = "INBOXBRIDGE_LOG"

# Only from the beginning of a word: from each letter of a long one it would take its square.
_EMAIL = re.compile(r"(?<![^\s@<>\"',;:])[^\s@<>\"',;:]+@[^\s@<>\"',;:]+\.[^\s@<>\"',;:]+")
_PHONE = re.compile(r"\+\d[\d\s().\-]{6,}\d")


Line = MutableMapping[str, Any]


def scrub(_logger: object, _method: str, line: Line) -> Line:
    """Blank out anything that looks like an email address or a phone number."""
    for key, value in line.items():
        if isinstance(value, str) and key != "timestamp":
            line[key] = _scrubbed(value)
    return line


def _scrubbed(text: str) -> str:
    if "@" in text:
        text = _EMAIL.sub("[email]", text)
    return _PHONE.sub("[phone]", text) if "+" in text else text


class _Stderr:
    """Writes to whatever stderr is at that moment, a whole line at a time."""

    def _write(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    msg = log = debug = info = warning = warn = error = critical = exception = failure = _write


def configure_logs(style: str | None = None, level: int = logging.INFO) -> None:
    """Set up structlog for this process, writing to stderr.

    Args:
        style: ``console`` or ``json``; by default ``INBOXBRIDGE_LOG``, else by whether stderr is a
            terminal.
        level: The least level that is written.
    """
    style = style or os.environ.get(ENV) or ("console" if sys.stderr.isatty() else "json")
    structlog.configure(
        processors=[*STEPS, _console()] if style == "console" else [as_json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Stderr(),
        cache_logger_on_first_use=True,
    )
    for name in ("uvicorn", "uvicorn.access", "httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of each request that is not HTTP; we do so too, at a bounded rate.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    others = logging.getLogger()
    for handler in [one for one in others.handlers if isinstance(one, _Others)]:
        others.removeHandler(handler)
    others.addHandler(_Others(logging.WARNING))


class _Others(logging.Handler):
    """What libraries log, such as asyncio of a task that failed, written as our own lines are.

    Only the first line of a message and the places of an exception: the rest may quote anything.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*."""
        # Python's own way to tell of a failure to log would print what must not be printed.
        with contextlib.suppress(Exception):
            said = record.getMessage().partition("\n")[0]
            log = structlog.get_logger("inboxbridge")
            trace = record.exc_info if record.exc_info and record.exc_info[0] else None
            log.log(record.levelno, said, logger=record.name, exc_info=trace)


def written(line: Line, **_: Any) -> str:
    try:
        return to_json(line, fallback=repr).decode()
    except PydanticSerializationError:  # half a surrogate pair, which no UTF-8 can hold
        return json.dumps(line, default=repr)


def _console() -> Any:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _places_only(exc_info: Any) -> str:
    """An exception as its type and the places it came through, without its text or any values."""
    kind, _, trace = exc_info
    if kind is None:
        return "no exception"
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{kind.__name__} at " + " < ".join(reversed(places))


def _without_empty(_logger: object, _method: str, line: Line) -> Line:
    return {key: value for key, value in line.items() if value is not None}


STEPS: tuple[Any, ...] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_empty,
    structlog.processors.ExceptionRenderer(_places_only),
    scrub,
)
"""What becomes of each line before it is written."""


def as_json(logger: object, method: str, line: Line) -> str:
    """A line as JSON: what `STEPS` make of it, in one pass, for two are written of each event."""
    if "exc_info" in line:
        for step in STEPS:
            line = step(logger, method, line)
        return written(line)
    told: dict[str, Any] = {}
    for key, value in line.items():
        if isinstance(value, str):
            told[key] = _scrubbed(value) if "@" in value or "+" in value else value
        elif value is not None:
            told[key] = value
    structlog.processors.add_log_level(logger, method, told)
    told["timestamp"] = f"{datetime.now(UTC).isoformat()[: -len('+00:00')]}Z"
    return written(told)
