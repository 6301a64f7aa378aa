"""What is told of an event, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime

from inboxbridge import hookimpl
from inboxbridge.model.records import EventRecord
from inboxbridge.telemetry.reporter import Reporter

RECORD = EventRecord(
    1, "shop", "default", "a", "message", "inbound", "parked", "who?", 0,
    datetime(2026, 11, 27, tzinfo=UTC), None, None, None, None,
)  # fmt: skip


class Listening:
    def __init__(self) -> None:
        self.heard: list[EventRecord] = []

    @hookimpl
    def event_parked(self, record: EventRecord) -> None:
        self.heard.append(record)


def test_a_record_is_made_for_observers_and_for_nobody_else() -> None:
    made: list[EventRecord] = []

    def record() -> EventRecord:
        made.append(RECORD)
        return RECORD

    Reporter().settled("shop", "parked", record, event_id=1)
    assert made == []

    listening = Listening()
    Reporter([listening]).settled("shop", "parked", record, event_id=1)
    assert listening.heard == made == [RECORD]
