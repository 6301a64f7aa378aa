"""Logging: pretty on a terminal, JSON lines elsewhere; never people or what they wrote."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ENV = "INBOXBRIDGE_LOG"

_EMAIL = re.compile(r"[^\s@<>\"',;:]+@[^\s@<>\"',;:]+\.[^\s@<>\"',;:]+")
_PHONE = re.compile(r"\+\d[\d\s().\-]{6,}\d")


Line = MutableMapping[str, Any]


def scrub(_logger: object, _method: str, line: Line) -> Line:
    """Blank out anything that looks like an email address or a phone number."""
    for key, value in line.items():
        if isinstance(value, str):
            if "@" in value:
                value = line[key] = _EMAIL.sub("[email]", value)
            if "+" in value and key != "timestamp":
                line[key] = _PHONE.sub("[phone]", value)
    return line


def configure_logs(style: str | None = None, level: int = logging.INFO) -> None:
    """Set up structlog for this process, writing to stderr.

    Args:
        style: ``console`` or ``json``; by default ``INBOXBRIDGE_LOG``, else by whether stderr is a
            terminal.
        level: The least level that is written.
    """
    style = style or os.environ.get(ENV) or ("console" if sys.stderr.isatty() else "json")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_empty,
    ]
    rendering: list[Any]
    if style == "console":
        formatter = structlog.dev.plain_traceback
        rendering = [scrub, structlog.dev.ConsoleRenderer(exception_formatter=formatter)]
    else:
        rendering = [
            structlog.processors.ExceptionRenderer(_places_only),
            scrub,
            structlog.processors.JSONRenderer(),
        ]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_empty(_logger: object, _method: str, line: Line) -> Line:
    return {key: value for key, value in line.items() if value is not None}


def _places_only(exc_info: Any) -> str:
    """An exception as its type and the places it came through, without its text or any values."""
    kind, _, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{kind.__name__} at " + " < ".join(reversed(places))
