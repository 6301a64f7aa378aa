"""Say why an event that is not finished waits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text

from inboxbridge.journal.schema import OPEN, UNFINISHED, events, sites, state_in
from inboxbridge.model.records import EventRecord

TURN = "its turn"
"""What an event waits for that is waiting for nothing else."""

UNSEEN_SECONDS = 60.0
"""After so long without a sign of life nobody works on a site."""


@dataclass(frozen=True, slots=True)
class SiteNow:
    """What the journal knows of a site. Moments are Unix seconds.

    Attributes:
        name: Its name.
        state: ``running`` or ``stopped``.
        reason: Why it is stopped, in words.
        changed_at: Since when it is so.
        calls: Calls of the last minute that count against its limit; None where nobody said so.
        busy_until: Until when the limit is used up, or Wix asked for a pause; None if it is not.
        seen_at: When a courier last said that it works on the site; None where none has.
    """

    name: str
    state: str
    reason: str | None
    changed_at: float
    calls: int | None = None
    busy_until: float | None = None
    seen_at: float | None = None

    def is_abandoned(self, now: float) -> bool:
        """Whether no courier has said for a while that it works on the site."""
        return self.seen_at is not None and now - self.seen_at > UNSEEN_SECONDS


def sites_now(connection: Connection) -> dict[str, SiteNow]:
    """What the journal knows of each site."""
    rows = connection.execute(
        select(
            sites.c.name, sites.c.state, sites.c.reason, sites.c.changed_at, sites.c.calls,
            sites.c.busy_until, sites.c.seen_at,
        ).order_by(sites.c.name)
    )  # fmt: skip
    return {row.name: SiteNow(*row) for row in rows}


def waiting_for(
    connection: Connection,
    records: Sequence[EventRecord],
    *,
    hold: bool = False,
    now: float | None = None,
) -> dict[int, str | None]:
    """Return for each event why it is not finished, in words; None for one that is.

    Args:
        connection: A connection to the journal.
        records: The events.
        hold: Whether parked and dead events hold back their thread.
        now: Unix seconds.
    """
    now = time.time() if now is None else now
    reasons: dict[int, str | None] = {record.id: _settled(record) for record in records}
    waiting = [record for record in records if record.state in OPEN]
    if not waiting:
        return reasons
    known = sites_now(connection)
    statement = select(
        events.c.id, events.c.site, events.c.thread, events.c.due_at, events.c.attempt_at
    )
    ids = [record.id for record in waiting]
    rows = {row.id: row for row in connection.execute(statement.where(events.c.id.in_(ids)))}
    heads = _heads(connection, {(row.site, row.thread) for row in rows.values()}, hold=hold)
    for record in waiting:
        row = rows.get(record.id)
        if row is not None:
            head = heads.get((row.site, row.thread), record.id)
            reasons[record.id] = _why(
                record, known.get(record.site), head, row.due_at, row.attempt_at, now
            )
    return reasons


def _settled(record: EventRecord) -> str | None:
    reason = f": {record.reason}" if record.reason else ""
    return {
        "parked": f"a person's decision{reason}",
        "dead": f"a person, for it was given up{reason}",
        "unreadable": f"its connector, which cannot read it{reason}",
    }.get(record.state)


def _why(
    record: EventRecord,
    site: SiteNow | None,
    head: int,
    due_at: float | None,
    attempt_at: float | None,
    now: float,
) -> str:
    if site is not None and site.is_abandoned(now):
        assert site.seen_at is not None
        return (
            f"a courier: none has worked on site {site.name} since {clock(site.seen_at, now)}. "
            "Is `inboxbridge serve` running?"
        )
    if site is not None and site.state == "stopped":
        since = clock(site.changed_at, now)
        return f"site {site.name}, which is stopped since {since}: {site.reason}"
    if head < record.id:
        return f"event {head}, which is before it in the same thread"
    if isinstance(due_at, float | int) and due_at > now:
        reason = f", after: {record.reason}" if record.reason else ""
        return f"its next try at {clock(due_at, now)}{reason}"
    if site is not None and site.busy_until is not None and site.busy_until > now:
        return f"Wix's limit of calls for site {site.name}, until {clock(site.busy_until, now)}"
    if attempt_at is not None:
        return "Wix's answer to its attempt; without one, it is looked for in the Inbox"
    return TURN


def _heads(
    connection: Connection, threads: set[tuple[str, str]], *, hold: bool
) -> dict[tuple[str, str], int]:
    """The first event of each thread that is still to come."""
    found: dict[tuple[str, str], int] = {}
    for site in {site for site, _ in threads}:
        of_site = sorted(thread for name, thread in threads if name == site)
        statement = (
            select(events.c.thread, func.min(events.c.id))
            .where(events.c.site == site, events.c.thread.in_(of_site))
            .where(text(state_in(UNFINISHED)))
            .group_by(events.c.thread)
        )
        if not hold:
            statement = statement.where(text(state_in(OPEN)))
        for thread, first in connection.execute(statement):
            found[site, thread] = first
    return found


def clock(moment: float, now: float) -> str:
    """A moment as ``09:41:07 UTC``, with the day where that is not today."""
    at = datetime.fromtimestamp(moment, UTC)
    is_today = at.date() == datetime.fromtimestamp(now, UTC).date()
    return at.strftime("%H:%M:%S UTC" if is_today else "%Y-%m-%d %H:%M:%S UTC")
