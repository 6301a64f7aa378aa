"""Receive notifications of new events from other processes (PostgreSQL LISTEN)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from inboxbridge.journal import CHANNEL, FORGET, Journal

REST_SECONDS = 1.0


class Listener:
    """Keeps a connection on which PostgreSQL tells which sites have new events.

    If it breaks, polling goes on meanwhile and it is opened again.

    Args:
        journal: A journal on PostgreSQL.
        announce: Called with the names of sites that have new events.
        forget: Called with a site whose remembered contacts have changed.
    """

    def __init__(
        self,
        journal: Journal,
        announce: Callable[[set[str]], None],
        forget: Callable[[str], None],
    ) -> None:
        self._url = journal.engine.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        self._announce = announce
        self._forget = forget
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("inboxbridge")

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        import psycopg

        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for notice in connection.notifies():
                        self._take(notice.payload.split("\n"))
            except psycopg.Error as error:
                name = type(error).__name__
                self._log.warning("listen_failed", error=name, polling=True)
            await asyncio.sleep(REST_SECONDS)

    def _take(self, notices: list[str]) -> None:
        for notice in notices:
            if notice.startswith(FORGET):
                self._forget(notice.removeprefix(FORGET))
            else:
                self._announce({notice})
