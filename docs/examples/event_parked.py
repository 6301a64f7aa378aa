from datetime import UTC, datetime

from inboxbridge import EventRecord, hookimpl


class Desk:
    def __init__(self) -> None:
        self.todo: list[str] = []

    @hookimpl
    def event_parked(self, record: EventRecord) -> None:
        self.todo.append(f"event {record.id}: {record.reason}")


record = EventRecord(
    id=7,
    connection="sms",
    site="default",
    source_id="SM1",
    kind="message",
    direction="inbound",
    state="parked",
    reason="no contact has this phone",
    attempts=1,
    received_at=datetime(2026, 11, 7, 12, 0, 0, tzinfo=UTC),
    delivered_at=datetime(2026, 11, 7, 12, 0, 2, tzinfo=UTC),
    contact_id=None,
    conversation_id=None,
    message_id=None,
)
desk = Desk()
desk.event_parked(record=record)
assert desk.todo == ["event 7: no contact has this phone"]
