"""``events``: the journal, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inboxbridge.cli.console import age, console, iso, print_json, styled_state
from inboxbridge.cli.opening import reading, usable_config
from inboxbridge.config import nearest
from inboxbridge.errors import ConfigError
from inboxbridge.journal import reads
from inboxbridge.journal.reader import JournalReader
from inboxbridge.model.records import STATES, EventRecord

PAGE = 500
WITH_CONTACT = 100
"""From which width on the list names contacts: an id of Wix takes 36 characters."""


def list_events(
    config_path: Path | None,
    *,
    state: str | None,
    connection: str | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> int:
    """Print events newest first. Returns the exit code."""
    if state is not None and state not in STATES:
        raise ConfigError(f"there is no state {state!r}. {nearest(state, STATES)}")
    with reading(usable_config(config_path)) as read:
        found = newest_first(read, state=state, connection=connection, limit=limit, before=before)
        if as_json:
            for record in found:
                print_json(as_object(record))
        else:
            _print_table(list(found), limit)
    return 0


def newest_first(
    read: JournalReader,
    *,
    state: str | None = None,
    connection: str | None = None,
    limit: int,
    before: int | None = None,
) -> Iterator[EventRecord]:
    """Go through the journal page by page, each beginning where the last one ended."""
    while limit > 0:
        page = read(
            reads.list_events,
            state=state,
            connection_name=connection,
            before_id=before,
            limit=min(limit, PAGE),
        )
        yield from page
        if len(page) < min(limit, PAGE):
            return
        limit -= len(page)
        before = page[-1].id


def as_object(record: EventRecord) -> dict[str, Any]:
    """An event as the object that ``events --json`` prints."""
    return {
        "id": record.id,
        "connection": record.connection,
        "source_id": record.source_id,
        "kind": record.kind,
        "direction": record.direction,
        "state": record.state,
        "reason": record.reason,
        "attempts": record.attempts,
        "received_at": iso(record.received_at),
        "delivered_at": iso(record.delivered_at),
        "contact_id": record.contact_id,
        "conversation_id": record.conversation_id,
        "message_id": record.message_id,
    }


def _print_table(records: list[EventRecord], limit: int) -> None:
    from inboxbridge.cli.layout import print_rows

    if not records:
        console(stderr=True).print("no events")
        return
    out = console()
    shows_contact = out.width >= WITH_CONTACT
    rows = []
    for record in records:
        who = f"contact {record.contact_id}" if record.contact_id and shows_contact else ""
        why = "; ".join(filter(None, (record.reason, who)))
        rows.append(
            (
                str(record.id),
                styled_state(record.state),
                age(record.received_at),
                record.connection,
                f"{record.direction} {record.kind}",
                str(record.attempts),
                why,
            )
        )
    last = "why, and which contact" if shows_contact else "why"
    header = ("id", "state", "age", "connection", "what", "tries", last)
    print_rows(out, header, rows, right=frozenset({"id", "tries"}))
    if len(records) == limit:
        older = f"older ones: --before {records[-1].id}; one event's story: inboxbridge show ID"
        console(stderr=True).print(older, style="dim")
