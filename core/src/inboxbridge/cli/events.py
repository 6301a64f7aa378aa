"""``events``: the journal, newest first."""

from __future__ import annotations

from pathlib import Path

from inboxbridge.cli.console import age, console, print_json, styled_state
from inboxbridge.cli.opening import reading, usable_config
from inboxbridge.journal import finding, reads
from inboxbridge.journal.finding import Wanted
from inboxbridge.journal.reader import JournalReader
from inboxbridge.model.records import EventRecord
from inboxbridge.operate.finding import asked, expect_connection, expect_state
from inboxbridge.operate.objects import as_object
from inboxbridge.operate.waiting import TURN, waiting_for

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
    person: str | None = None,
    text: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> int:
    """Print events newest first. Returns the exit code.

    Raises:
        ConfigError: There is no such state or connection, or a time is not one.
    """
    if state is not None:
        expect_state(state)
    wanted = asked(
        person=person, text=text, state=state, connection=connection, since=since, until=until
    )
    config = usable_config(config_path)
    with reading(config) as read:
        if connection is not None and connection not in config.connections:
            # One that is not configured any more may have left events.
            expect_connection(connection, {*config.connections, *read(reads.connection_names)})
        found = newest_first(read, wanted, limit=limit, before=before)
        why = {}
        for start in range(0, len(found), PAGE):
            why.update(read(waiting_for, found[start : start + PAGE], hold=config.courier.hold))
    if as_json:
        for record in found:
            print_json(as_object(record, why[record.id]))
    else:
        _print_table(found, why, limit)
    return 0


def newest_first(
    read: JournalReader, wanted: Wanted, *, limit: int, before: int | None = None
) -> list[EventRecord]:
    """Return the newest events that are wanted, page by page."""
    found: list[EventRecord] = []
    while len(found) < limit:
        size = min(limit - len(found), PAGE)
        page = read(finding.find, wanted, before_id=before, limit=size)
        found += [one.record for one in page.events]
        before = page.next_before
        if before is None:
            break
    return found


def _print_table(records: list[EventRecord], why: dict[int, str | None], limit: int) -> None:
    from inboxbridge.cli.layout import print_rows

    if not records:
        console(stderr=True).print("no events")
        return
    out = console()
    shows_contact = out.width >= WITH_CONTACT
    rows = []
    for record in records:
        who = f"contact {record.contact_id}" if record.contact_id and shows_contact else ""
        is_open = record.state in ("pending", "retrying") and why[record.id] != TURN
        reason = f"waits for {why[record.id]}" if is_open else record.reason
        rows.append(
            (
                str(record.id),
                styled_state(record.state),
                age(record.received_at),
                record.connection,
                f"{record.direction} {record.kind}",
                str(record.attempts),
                "; ".join(filter(None, (reason, who))),
            )
        )
    last = "why, and which contact" if shows_contact else "why"
    header = ("id", "state", "age", "connection", "what", "tries", last)
    print_rows(out, header, rows, right=frozenset({"id", "tries"}))
    if len(records) == limit:
        older = f"older ones: --before {records[-1].id}; one event's story: inboxbridge show ID"
        console(stderr=True).print(older, style="dim")
