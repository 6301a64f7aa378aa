"""Which courier process works on which site: one at a time.

On PostgreSQL a site is owned by a session-level advisory lock of the very session that writes the
courier's attempts: when that session ends, for whatever reason, the lock is free and nothing more
can be begun. Couriers find each other by another lock that each holds while it lives; both show in
``pg_locks``, so there is no heartbeat and no clock to agree on. On SQLite the process that holds
the file's lock owns every site.
"""

from __future__ import annotations

import contextlib
import fcntl
import random
import time
from collections.abc import Sequence
from typing import IO

import structlog
from sqlalchemy import Connection, text

from inboxbridge.errors import InboxbridgeError
from inboxbridge.journal import Journal, JournalUnavailable, copies
from inboxbridge.journal.copies import Marker
from inboxbridge.journal.database import sqlite_path
from inboxbridge.journal.files import open_private

MARK_SECONDS = 5.0
"""How often is written down how far a SQLite journal has come."""

_SITES = 0x1B0B_5173
_COURIERS = 0x1B0B_C001


class AlreadyRunning(InboxbridgeError):
    """Another process takes this journal's events to Wix."""


def share(sites: Sequence[str], couriers: Sequence[int], me: int) -> int:
    """How many of *sites* belong to courier *me*: as even as can be, the rest to the first ones."""
    ranked = sorted(set(couriers) | {me})
    each, rest = divmod(len(sites), len(ranked))
    return each + (1 if ranked.index(me) < rest else 0)


class FileOwnership:
    """SQLite: one courier process owns all sites, by a lock on a file beside the journal."""

    def __init__(self, journal: Journal) -> None:
        path = sqlite_path(journal.engine)
        assert path is not None
        self._path = path.with_name(path.name + ".courier")
        self._journal = journal
        self._clock = time.monotonic
        self._file: IO[str] | None = None
        self._marker: Marker | None = None
        self._mark_at = 0.0

    async def claim(self, sites: dict[str, int], busy: frozenset[str]) -> set[str]:
        """Return the sites that are ours now. Raises `AlreadyRunning`."""
        if self._file is None:
            file = open_private(self._path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                raise AlreadyRunning(
                    f"another process is already delivering from {self._path.stem}; a SQLite "
                    "journal has one courier at a time (use PostgreSQL for several)"
                ) from None
            self._file = file
            await self._notice_an_older_copy(Marker(file))
        elif self._clock() >= self._mark_at:
            await self._mark()
        return set(sites)

    async def _notice_an_older_copy(self, marker: Marker) -> None:
        self._marker = marker
        before = marker.read()
        await self._journal.write(copies.identify, None)
        reached = await self._journal.read(copies.high_water)
        if before is not None and reached.is_behind(before):
            marked = await self._journal.write(copies.mark_restored, None)
            structlog.get_logger("inboxbridge").warning(
                "older_journal_put_back", events=marked, looked_for_before_sending=True
            )
        await self._mark()

    async def _mark(self) -> None:
        self._mark_at = self._clock() + MARK_SECONDS
        assert self._marker is not None
        self._marker.write(await self._journal.read(copies.high_water))

    async def release(self, sites: dict[str, int]) -> None:
        """Single sites are never given up here."""

    async def close(self) -> None:
        """Let another process take over."""
        if self._marker is not None:
            with contextlib.suppress(JournalUnavailable):
                await self._mark()
        if self._file is not None:
            self._file.close()
            self._file = None


class SharedOwnership:
    """PostgreSQL: sites spread evenly over the couriers that live, by advisory locks."""

    def __init__(self, journal: Journal, *, rng: random.Random | None = None) -> None:
        self._journal = journal
        self._rng = rng or random.Random()
        self._me = self._rng.randrange(1, 2**31)
        self._owned: set[str] = set()

    async def claim(self, sites: dict[str, int], busy: frozenset[str]) -> set[str]:
        """Take or give up sites until the share is right. Returns those that are ours now.

        Sites in *busy* still have sends under way and are not given up yet.
        """
        numbers = {number: name for name, number in sites.items()}
        view = await self._journal.write(_look, self._me)
        self._owned = {numbers[n] for n in view.mine if n in numbers}
        due = share(list(sites), view.couriers, self._me)
        if len(self._owned) < due:
            free = [name for name, number in sites.items() if number not in view.taken]
            self._rng.shuffle(free)
            for name in free[: due - len(self._owned)]:
                if await self._journal.write(_try_lock, sites[name]):
                    self._owned.add(name)
        elif len(self._owned) > due:
            surplus = sorted(self._owned)[due:]
            return self._owned - set(surplus)
        return set(self._owned)

    async def release(self, sites: dict[str, int]) -> None:
        """Give up sites on which nothing is under way any more."""
        for name, number in sites.items():
            await self._journal.write(_unlock, number)
            self._owned.discard(name)

    def session_lost(self) -> None:
        """The session ended, and with it every lock."""
        self._owned.clear()

    async def close(self) -> None:
        """The session's end gives everything up."""
        self.session_lost()


class _View:
    def __init__(self, couriers: list[int], taken: set[int], mine: set[int]) -> None:
        self.couriers = couriers
        self.taken = taken
        self.mine = mine


_LOCKS = text(
    "SELECT classid::bigint AS kind, objid::bigint AS number, pid = pg_backend_pid() AS mine "
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid IN (:sites, :couriers)"
)


def _look(connection: Connection, batch: Sequence[int]) -> list[_View]:
    views = []
    for me in batch:
        rows = _locks(connection)
        if not any(kind == _COURIERS and mine for kind, _, mine in rows):
            connection.execute(
                text("SELECT pg_advisory_lock(:kind, :me)"), {"kind": _COURIERS, "me": me}
            )
            rows = _locks(connection)
        views.append(
            _View(
                couriers=[number for kind, number, _ in rows if kind == _COURIERS],
                taken={number for kind, number, _ in rows if kind == _SITES},
                mine={number for kind, number, mine in rows if kind == _SITES and mine},
            )
        )
    return views


def _locks(connection: Connection) -> list[tuple[int, int, bool]]:
    found = connection.execute(_LOCKS, {"sites": _SITES, "couriers": _COURIERS})
    return [(row.kind, row.number, row.mine) for row in found]


def _try_lock(connection: Connection, batch: Sequence[int]) -> list[bool]:
    statement = text("SELECT pg_try_advisory_lock(:kind, :number)")
    return [
        bool(connection.execute(statement, {"kind": _SITES, "number": number}).scalar())
        for number in batch
    ]


def _unlock(connection: Connection, batch: Sequence[int]) -> list[None]:
    statement = text("SELECT pg_advisory_unlock(:kind, :number)")
    for number in batch:
        connection.execute(statement, {"kind": _SITES, "number": number})
    return [None] * len(batch)


Ownership = FileOwnership | SharedOwnership
