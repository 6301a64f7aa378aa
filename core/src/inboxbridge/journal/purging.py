"""Delete old data (retention)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from inboxbridge.journal.accepting import digest_of
from inboxbridge.journal.driver import insert_new
from inboxbridge.journal.rows import delivery_key
from inboxbridge.journal.schema import UNFINISHED, attempts, audit, deliveries, events, seen

VACUUM_PAGES = 2000
"""How many free pages a purge gives back to the file system at once: 8 MB."""

_KEEP_IDS = insert_new(seen, ("digest", "at"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is old enough to go. Moments are Unix seconds.

    Attributes:
        personal_before: Personal data of finished events that were received before.
        all_before: Finished events that were received before; their ids stay known.
        ids_before: Ids of events that went before, and who decided what before.
        rows: How many rows of each kind to touch at most.
    """

    personal_before: float
    all_before: float
    ids_before: float
    rows: int


def purge(connection: Connection, batch: Sequence[Bounds]) -> list[int]:
    """Erase what is old. Returns how many rows were touched.

    What waits for a person (parked, dead, unreadable) stays, with its raw delivery.
    """
    touched = [_purge(connection, bounds) for bounds in batch]
    if any(touched) and connection.dialect.name == "sqlite":
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0
        for _ in range(min(free, VACUUM_PAGES)):
            # Each page is a step of the statement, and the driver takes one step of it.
            connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")
    return touched


def _purge(connection: Connection, bounds: Bounds) -> int:
    personal_before, all_before, limit = bounds.personal_before, bounds.all_before, bounds.rows
    finished = events.c.state.in_(("delivered", "ignored"))
    oldest = select(events.c.id).where(finished).order_by(events.c.id).limit(limit)
    going = oldest.where(events.c.received_at < all_before).add_columns(
        events.c.connection, events.c.source_id, events.c.received_at
    )
    rows = connection.execute(going).all()
    gone = [row.id for row in rows]
    if gone:
        ids = [(digest_of(row.connection, row.source_id), row.received_at) for row in rows]
        _KEEP_IDS(connection, ids)
        connection.execute(delete(attempts).where(attempts.c.event_id.in_(gone)))
        connection.execute(delete(events).where(events.c.id.in_(gone)))
    personal = oldest.where(events.c.received_at < personal_before, events.c.body.is_not(None))
    scrubbed = list(connection.execute(personal).scalars())
    if scrubbed:
        connection.execute(
            update(events).where(events.c.id.in_(scrubbed)).values(body=None, thread="", about=None)
        )
    waiting = select(events.c.delivery_id).where(
        events.c.state.in_((*UNFINISHED, "unreadable")), events.c.delivery_id.is_not(None)
    )
    old_raw = (
        select(deliveries.c.id)
        .where(deliveries.c.id < delivery_key(personal_before), deliveries.c.id.not_in(waiting))
        .limit(limit)
    )
    raw = connection.execute(delete(deliveries).where(deliveries.c.id.in_(old_raw)))
    old_ids = select(seen.c.digest).where(seen.c.at < bounds.ids_before).limit(limit)
    ids_gone = connection.execute(delete(seen).where(seen.c.digest.in_(old_ids)))
    old_deeds = select(audit.c.id).where(audit.c.at < bounds.ids_before).limit(limit)
    deeds_gone = connection.execute(delete(audit).where(audit.c.id.in_(old_deeds)))
    erased = len(gone) + len(scrubbed) + raw.rowcount
    return erased + ids_gone.rowcount + deeds_gone.rowcount
