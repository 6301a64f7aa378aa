from collections.abc import Callable
from datetime import UTC, datetime

from inboxbridge import EventRecord, hookimpl


class Pager:
    def __init__(self, page: Callable[[str], None] = print) -> None:
        self.page = page

    @hookimpl
    def event_dead_lettered(self, record: EventRecord) -> None:
        self.page(f"{record.connection}: event {record.id} was given up: {record.reason}")


record = EventRecord(
    id=7,
    connection="sms",
    site="default",
    source_id="SM1",
    kind="message",
    direction="inbound",
    state="dead",
    reason="Wix refused it",
    attempts=1,
    received_at=datetime(2026, 11, 7, 12, 0, 0, tzinfo=UTC),
    delivered_at=datetime(2026, 11, 7, 12, 0, 2, tzinfo=UTC),
    contact_id=None,
    conversation_id=None,
    message_id=None,
)
said: list[str] = []
Pager(said.append).event_dead_lettered(record=record)
assert said == ["sms: event 7 was given up: Wix refused it"]
