"""A folder with a configuration and a real SQLite journal, and the command to run in it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import postgres_server
import pytest
import structlog
from inboxbridge.cli import app
from inboxbridge.journal import Accepted, AcceptedWithoutEvents, Journal, reads, writes
from inboxbridge.journal.rows import AttemptBegun, AttemptEnded, Settled
from inboxbridge.model import Event, Person, WebhookRequest
from inboxbridge.model.records import State
from typer.testing import CliRunner, Result

T = TypeVar("T")

CONFIG = """\
[journal]
url = "sqlite:///{folder}/journal.db"

[sites.default]
site_id = "site-1"
api_key = {{ env = "WIX_API_KEY" }}
base_url = "http://127.0.0.1:9"

[connectors.shop]
plugin = "webhook"
label = "Shop"
secret = {{ env = "SHOP_SECRET" }}

[connectors.open]
plugin = "webhook"
label = "Open"
signature = "none"
"""

SECRETS = {"WIX_API_KEY": "the-api-key", "SHOP_SECRET": "the-shop-secret"}


class Workspace:
    """A folder in which the command is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "connectors.toml"
        self.journal_url = f"sqlite:///{folder}/journal.db"
        self.config.write_text(CONFIG.format(folder=folder))

    def run(self, *arguments: object, **options: Any) -> Result:
        """Run the command in this process."""
        return CliRunner().invoke(app, [str(one) for one in arguments], **options)

    def json(self, *arguments: object, exit_code: int = 0) -> Any:
        """Run the command and return the JSON that it prints."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def file(self, name: str, content: object) -> Path:
        """Write a file; anything but text and bytes as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def in_journal(self, work: Callable[[Journal], Awaitable[T]]) -> T:
        """Do something with the journal."""

        async def opened() -> T:
            journal = Journal(self.journal_url)
            try:
                return await work(journal)
            finally:
                await journal.close()

        return asyncio.run(opened())

    def store(self, *events: Event, connection: str = "open") -> list[int]:
        """Accept one delivery with these events. Returns their ids."""
        accepted = Accepted(
            site="default",
            connection=connection,
            request=request(b'{"text": "as delivered"}'),
            received_at=time.time(),
            events=events,
        )
        return [key or 0 for key in self.in_journal(lambda j: j.accept(accepted))]

    def store_unreadable(self, body: bytes, connection: str = "open") -> int:
        """Accept one delivery that could not be parsed. Returns its id."""
        accepted = AcceptedWithoutEvents(
            site="default",
            connection=connection,
            request=request(body),
            received_at=time.time(),
            state="unreadable",
            reason="it could not be read",
            source_id=f"unreadable:{len(body)}",
        )
        return self.in_journal(lambda j: j.accept(accepted))[0] or 0

    def settle(self, event_id: int, state: State, reason: str | None = None) -> None:
        """Bring an event into a state, as a courier would."""
        settled = Settled(event_id, state, reason)
        self.in_journal(lambda j: j.write(writes.settle, settled))

    def settle_all(self, event_ids: list[int], state: State) -> None:
        """Bring many events into a state."""

        async def work(journal: Journal) -> None:
            settled = [Settled(event_id, state) for event_id in event_ids]
            await asyncio.gather(*(journal.write(writes.settle, one) for one in settled))

        self.in_journal(work)

    def deliver(self, event_id: int) -> None:
        """Set an event down as delivered."""

        async def work(journal: Journal) -> None:
            begun = AttemptBegun(event_id, 0, 1000.0, "contact-1", "conversation-1", "mark")
            await journal.write(writes.begin_attempts, begun)
            attempt = AttemptEnded(1000.0, 1000.25, "delivered", "found by email", 200, "req-1")
            await journal.write(
                writes.settle,
                Settled(
                    event_id,
                    "delivered",
                    "found by email",
                    delivered_at=1000.25,
                    message_id="m-1",
                    contact_id="contact-1",
                    attempt=attempt,
                ),
            )

        self.in_journal(work)

    def states(self) -> dict[int, str]:
        """The state of every event."""
        found = self.in_journal(lambda j: j.read(reads.list_events, limit=10_000))
        return {record.id: record.state for record in found}


def request(body: bytes) -> WebhookRequest:
    """A delivery as it is kept."""
    return WebhookRequest(
        url="http://127.0.0.1/hooks/open",
        headers={"content-type": "application/json"},
        body=body,
        received_at=datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC),
    )


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A folder with a configuration; the current one for as long as the test runs."""
    for name in list(os.environ):
        if name.startswith("INBOXBRIDGE") and name != postgres_server.NAMED:
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres_server.server() as server, postgres_server.database(server) as url:
        yield url


@pytest.fixture
def an_event() -> Callable[..., Event]:
    """Makes events of Dana Reyes."""

    def make(key: str = "e1", **changes: Any) -> Event:
        person = Person(email="dana@example.com", name="Dana Reyes")
        return Event(**{"id": key, "person": person, "text": "Is Saturday free?", **changes})

    return make


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Commands set up logging for the process that they end with."""
    yield
    structlog.reset_defaults()
