"""Erases what is old."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from inboxbridge.journal.rows import delivery_key
from inboxbridge.journal.schema import UNFINISHED, attempts, deliveries, events


def purge(connection: Connection, batch: Sequence[tuple[float, float, int]]) -> list[int]:
    """Erase what is old. Returns how many rows were touched.

    Each argument is (personal data of finished events before, finished events before, most rows).
    What waits for a person (parked, dead, unreadable) stays, with its raw delivery.
    """
    return [_purge(connection, *argument) for argument in batch]


def _purge(connection: Connection, personal_before: float, all_before: float, limit: int) -> int:
    finished = events.c.state.in_(("delivered", "ignored"))
    oldest = select(events.c.id).where(finished).order_by(events.c.id).limit(limit)
    gone = list(connection.execute(oldest.where(events.c.received_at < all_before)).scalars())
    if gone:
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
    return len(gone) + len(scrubbed) + raw.rowcount
