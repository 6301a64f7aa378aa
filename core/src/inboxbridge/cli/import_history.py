"""``import``: store a source's history behind everything that is new."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inboxbridge.cli.captured import Captured, deliveries, total_bytes
from inboxbridge.cli.console import console, count, duration, print_json
from inboxbridge.cli.group import say_error
from inboxbridge.cli.opening import connect_one, usable_config
from inboxbridge.gateway.intake import Malformed, Progress, Stored, Unreadable, contents
from inboxbridge.gateway.lateness import as_history
from inboxbridge.gateway.recipients import share_of
from inboxbridge.journal import Accepted, Journal
from inboxbridge.journal.rows import BACKLOG
from inboxbridge.model import Event, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.telemetry.logs import configure_logs

BATCH = 200
SHOWN_FAULTS = 20

ShowProgress = Callable[[int], None]


@dataclass
class Tally:
    """What an import came to. The fields are those of ``import --json``.

    Attributes:
        deliveries: How many were read.
        events: How many events they told of.
        stored: How many are new in the journal (or would be, on a dry run at most).
        skipped: How many the journal knew already.
        undated: How many name no time, and so show none.
        unreadable: How many deliveries could not be read.
        faults: Why, for the first of them: ``{"where", "what"}``.
        calls: About how many calls to Wix the new ones need.
        eta_seconds: About how long these take at the site's pace; None without a limit.
        verified: Always false: captured history proves nothing about its sender.
    """

    deliveries: int = 0
    events: int = 0
    stored: int = 0
    skipped: int = 0
    undated: int = 0
    unreadable: int = 0
    faults: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    eta_seconds: float | None = None
    verified: bool = False


def import_history(
    config_path: Path | None, name: str, file: Path, *, dry_run: bool, as_json: bool
) -> int:
    """Store a source's history. Returns the exit code: 1 if some of it cannot be read.

    Raises:
        ConfigError: The configuration or the connection cannot be used.
        JournalUnavailable: The journal cannot be written; what was stored before is kept.
    """
    configure_logs()
    config = usable_config(config_path)
    connection = connect_one(config, name)
    importer = _Importer(connection, None if dry_run else config.journal.url)
    if not as_json:
        console(stderr=True).print(
            "Signatures are not checked: import only what you know to be genuine.", style="yellow"
        )
    with _progress(total_bytes(file), shown=not as_json) as progress:
        tally = asyncio.run(importer.run(deliveries(file), progress))
    site = config.sites.get(connection.settings.site)
    pace = site.calls_per_minute if site else 0
    tally.eta_seconds = round(tally.calls * 60 / pace, 1) if pace else None
    if as_json:
        print_json(asdict(tally), indent=2)
    else:
        _print_tally(tally, pace, dry_run)
    return 1 if tally.unreadable else 0


class _Importer:
    def __init__(self, connection: Connection, journal_url: str | None) -> None:
        self._connection = connection
        self._journal_url = journal_url
        self._tally = Tally()
        self._threads: set[str] = set()

    async def run(self, found: Iterator[Captured], progress: ShowProgress) -> Tally:
        """Read and store everything, many to a transaction."""
        async with self._journal() as journal:
            batch: list[list[Event]] = []
            for captured in found:
                self._tally.deliveries += 1
                batch.append(self._parsed(captured))
                if len(batch) == BATCH:
                    await self._store(journal, batch)
                    batch = []
                progress(captured.end)
            await self._store(journal, batch)
        # Each person's first message costs a look-up and a conversation besides.
        self._tally.calls = self._tally.stored + 2 * len(self._threads)
        return self._tally

    @contextlib.asynccontextmanager
    async def _journal(self) -> AsyncIterator[Journal | None]:
        if self._journal_url is None:
            yield None
            return
        journal = Journal(self._journal_url)
        try:
            yield journal
        finally:
            await journal.close()

    def _parsed(self, captured: Captured) -> list[Event]:
        fault = captured.fault
        if fault is None:
            request = WebhookRequest(
                url=self._connection.url or "", headers=captured.headers, body=captured.body
            )
            case = contents(self._connection, request, Progress())
            if isinstance(case, Stored):
                case = share_of(case, self._connection)
            if isinstance(case, Malformed | Unreadable):
                fault = case.reason
            else:
                events = case.events if isinstance(case, Stored) else ()
                for part in case.unreadable if isinstance(case, Stored) else ():
                    self._unreadable(captured.where, part.reason)
                self._tally.events += len(events)
                self._tally.undated += sum(event.occurred_at is None for event in events)
                return [as_history(event) for event in events]
        self._unreadable(captured.where, fault)
        return []

    def _unreadable(self, where: str, reason: str) -> None:
        self._tally.unreadable += 1
        if len(self._tally.faults) < SHOWN_FAULTS:
            self._tally.faults.append({"where": where, "what": reason})

    async def _store(self, journal: Journal | None, batch: list[list[Event]]) -> None:
        if journal is None:
            for events in batch:
                self._count(events, [0] * len(events))
            return
        settings = self._connection.settings
        accepted = [
            Accepted(
                site=settings.site,
                connection=settings.name,
                request=None,
                received_at=time.time(),
                events=tuple(events),
                lane=BACKLOG,
            )
            for events in batch
            if events
        ]
        stored = await asyncio.gather(*map(journal.accept, accepted))
        for one, ids in zip(accepted, stored, strict=True):
            self._count(one.events, ids)

    def _count(self, events: tuple[Event, ...] | list[Event], ids: list[int | None]) -> None:
        for event, key in zip(events, ids, strict=True):
            if key is None:
                self._tally.skipped += 1
            else:
                self._tally.stored += 1
                self._threads.add(event.thread_key)


@contextlib.contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[ShowProgress]:
    if not shown:
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress("reading", *columns, console=console(stderr=True)) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda end: bar.update(task, completed=end)


def _print_tally(tally: Tally, pace: int, dry_run: bool) -> None:
    read = f"{count(tally.events, 'event')} in {count(tally.deliveries, 'delivery')}"
    if dry_run:
        print(f"{read}; nothing was stored")
    else:
        print(f"{read}: {tally.stored:,} stored, {tally.skipped:,} known already and skipped")
    if tally.undated:
        print(f"the time of {count(tally.undated, 'event')} is not known, and none is shown")
    if tally.stored:
        wait = "" if tally.eta_seconds is None else f", about {duration(tally.eta_seconds)}"
        limit = f" at {pace} a minute" if pace else ""
        print(f"about {tally.calls:,} calls to Wix{limit}{wait}; what is new goes first")
        if not dry_run:
            print("`inboxbridge serve` takes them to the Inbox; this import can be repeated")
    for fault in tally.faults:
        say_error(f"{fault['where']}: {fault['what']}")
    if more := tally.unreadable - len(tally.faults):
        say_error(f"and {count(more, 'delivery')} more cannot be read")
