"""Give each event of a delivery to the connection of the account that it came to.

Some sources have one webhook URL for everything: Meta allows one callback for each app, so one
delivery may speak of several Pages and numbers. The connections that share a URL are told apart by
their ``recipients``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inboxbridge.gateway.intake import Stored
from inboxbridge.model import Event, UnreadablePart
from inboxbridge.plugins import Connection

UNCLAIMED = "is listed under recipients of no connection that shares this URL; add it, then replay"


def sharing(connections: Mapping[str, Connection]) -> dict[str, tuple[Connection, ...]]:
    """Return the connections whose deliveries come in by another one's URL, by that one's name."""
    shared: dict[str, tuple[Connection, ...]] = {}
    for connection in connections.values():
        if (via := connection.settings.via) is not None:
            shared[via] = (*shared.get(via, ()), connection)
    return shared


def share_out(
    case: Stored, connection: Connection, others: Sequence[Connection]
) -> list[tuple[Connection, Stored]]:
    """Return what each connection takes of a delivery, in the order of the connections.

    An event that names no recipient is for *connection*, and so is one that nobody claims while
    *connection* lists no recipients. Any other that nobody claims is kept as unreadable, with the
    recipient in its reason.

    Args:
        case: The delivery.
        connection: Whose URL it came by.
        others: Those that share the URL.
    """
    if not others and not connection.settings.recipients:
        return [(connection, case)]
    taken: dict[str, list[Event]] = {}
    unclaimed: list[UnreadablePart] = []
    for event in case.events:
        owner = _owner(event, connection, others)
        if owner is None:
            reason = f"{event.recipient} {UNCLAIMED}"
            unclaimed.append(UnreadablePart(reason=reason, id=event.id))
        else:
            taken.setdefault(owner.name, []).append(event)
    own = replace(
        case,
        events=tuple(taken.pop(connection.name, ())),
        unreadable=(*case.unreadable, *unclaimed),
    )
    shares = [
        (other, replace(case, events=tuple(taken[other.name]), unreadable=(), kinds=()))
        for other in others
        if other.name in taken
    ]
    return [(connection, own), *shares] if own.events or own.unreadable or not shares else shares


def share_of(case: Stored, connection: Connection) -> Stored:
    """Return what *connection* takes of a delivery that is read for it alone."""
    return share_out(case, connection, ())[0][1]


def _owner(event: Event, connection: Connection, others: Iterable[Connection]) -> Connection | None:
    if event.recipient is None:
        return connection
    for one in (connection, *others):
        if event.recipient in one.settings.recipients:
            return one
    return None if connection.settings.recipients else connection
