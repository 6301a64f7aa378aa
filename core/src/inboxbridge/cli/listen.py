"""``listen``: print events and what becomes of them as it happens, from the journal."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from inboxbridge.cli.console import STATE_STYLES, console, duration, print_json
from inboxbridge.cli.opening import connection_settings, reading, usable_config
from inboxbridge.journal import reads
from inboxbridge.journal.reader import JournalReader
from inboxbridge.model.records import EventRecord
from inboxbridge.operate.objects import as_object

EVERY_SECONDS = 0.3
WATCHED = 500
"""How many of the newest events are looked at each time."""


class Follower:
    """Says what has changed in the journal since it was last asked.

    What is there at the beginning is not told of until it changes.

    Args:
        read: An open journal.
        connection: Only events of this connection; of all if None.
    """

    def __init__(self, read: JournalReader, connection: str | None = None) -> None:
        self._read = read
        self._connection = connection
        self._known: OrderedDict[int, tuple[str, int]] = OrderedDict()
        self._last = 0
        self.changes()

    def changes(self) -> list[EventRecord]:
        """Return the events that are new or in another state, oldest first."""
        changed = []
        for record in self._newest():
            now = (record.state, record.attempts)
            if self._known.get(record.id) != now:
                changed.append(record)
            self._known[record.id] = now
        while len(self._known) > 2 * WATCHED:
            self._known.popitem(last=False)
        return changed

    def _newest(self) -> Iterator[EventRecord]:
        """The newest events, and all that came since the last time, oldest first."""
        found: list[EventRecord] = []
        while True:
            page = self._read(
                reads.list_events,
                connection_name=self._connection,
                before_id=found[-1].id if found else None,
                limit=WATCHED,
            )
            found += page
            if len(page) < WATCHED or not self._last or page[-1].id <= self._last:
                break
        if found:
            self._last = max(self._last, found[0].id)
        return reversed(found)


def listen(
    config_path: Path | None,
    *,
    connection: str | None,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Print changes until Ctrl-C. Returns the exit code.

    Args:
        config_path: The configuration, which names the journal.
        connection: Only this connection's events; all if None.
        as_json: Print ``events --json`` lines, one for each change.
        sleep: Waits the given seconds.

    Raises:
        ConfigError: There is no such connection.
        NotWell: There is no journal yet.
    """
    config = usable_config(config_path)
    if connection is not None:
        connection_settings(config, connection)
    with reading(config) as read:
        follower = Follower(read, connection)
        console(stderr=True).print("listening; Ctrl-C ends", style="dim")
        try:
            while True:
                for record in follower.changes():
                    print_json(as_object(record)) if as_json else _print(record)
                sys.stdout.flush()
                sleep(EVERY_SECONDS)
        except KeyboardInterrupt:
            return 0


def _print(record: EventRecord) -> None:
    out = console()
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    what = f"{now}  {record.state:<10}  event {record.id}  {record.connection}"
    out.print(what, style=STATE_STYLES.get(record.state, ""), soft_wrap=True)
    said = record.reason if record.state != "pending" else f"{record.direction} {record.kind}"
    if record.delivered_at is not None:
        took = duration((record.delivered_at - record.received_at).total_seconds())
        said = f"after {took}; {said}" if said else f"after {took}"
    if said:
        out.print(f"          {said}", soft_wrap=True)
