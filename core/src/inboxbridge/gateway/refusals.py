"""Log refused requests at a bounded rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from inboxbridge.gateway.refusal_book import RefusalBook
from inboxbridge.model import WebhookRequest

LINES = 10
"""How many lines of one kind are written in each span of `SPAN_SECONDS`; the rest is counted."""

SPAN_SECONDS = 60.0
MAX_PATH_CHARACTERS = 16
"""How much of a path is shown: enough to see what is misspelt, too little for a token in it."""


KEPT = frozenset({400, 401, 408, 413, 503})
"""The statuses of deliveries that are kept in the journal, too; others are no deliveries."""

NO_CONNECTION = "no connection has this name, or it is switched off"


@dataclass(slots=True)
class _Span:
    end: asyncio.TimerHandle
    lines: int = 0
    suppressed: int = 0


class Refusals:
    """What was refused. A kind is a connection and a status.

    Args:
        span_seconds: After how long the lines of a kind are counted anew.
        book: Where refused deliveries are kept; None keeps none.
    """

    def __init__(
        self, *, span_seconds: float = SPAN_SECONDS, book: RefusalBook | None = None
    ) -> None:
        self._span_seconds = span_seconds
        self._book = book
        self._spans: dict[tuple[str, int], _Span] = {}
        self._log = structlog.get_logger("inboxbridge")

    def log(
        self,
        connection: str,
        status: int,
        reason: str | Callable[[], str],
        path: str | None = None,
        request: WebhookRequest | None = None,
    ) -> None:
        """Log a refusal, or count it if there were many of its kind.

        Args:
            connection: Its name, empty if it is none of ours: names that strangers make up are no
                kinds of their own.
            status: What was answered.
            reason: Why, without anything of the request; called only if it is written.
            path: What was asked for; cut, and only what can be printed is shown.
            request: The delivery, if it was read.
        """
        if self._book is not None and status in (KEPT if connection else (401,)):
            known = reason if isinstance(reason, str) else NO_CONNECTION
            self._book.add(connection, status, known, request)
        kind = connection, status
        span = self._spans.get(kind)
        if span is None:
            loop = asyncio.get_running_loop()
            span = _Span(loop.call_later(self._span_seconds, self._end, kind))
            self._spans[kind] = span
        if span.lines >= LINES:
            span.suppressed += 1
            return
        span.lines += 1
        text = reason if isinstance(reason, str) else reason()
        self._write(connection, status, reason=text, path=path and _printable(path))

    def close(self) -> None:
        """Say at once what was left out."""
        for kind in list(self._spans):
            self._end(kind)

    def _end(self, kind: tuple[str, int]) -> None:
        span = self._spans.pop(kind)
        span.end.cancel()
        if span.suppressed:
            reason = f"{span.suppressed} more like this within {self._span_seconds:g} s"
            self._write(*kind, reason=reason, suppressed=span.suppressed)

    def _write(self, connection: str, status: int, **said: object) -> None:
        self._log.warning("refused", connection=connection or None, status=status, **said)


def _printable(path: str) -> str:
    cut = path[:MAX_PATH_CHARACTERS] + ("…" if len(path) > MAX_PATH_CHARACTERS else "")
    return "".join(letter if letter.isprintable() else "?" for letter in cut)
