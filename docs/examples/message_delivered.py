from datetime import UTC, datetime

from inboxbridge import EventRecord, hookimpl


class Delay:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    @hookimpl
    def message_delivered(self, record: EventRecord) -> None:
        assert record.delivered_at is not None
        self.seconds.append((record.delivered_at - record.received_at).total_seconds())


record = EventRecord(
    id=7,
    connection="sms",
    site="default",
    source_id="SM1",
    kind="message",
    direction="inbound",
    state="delivered",
    reason=None,
    attempts=1,
    received_at=datetime(2026, 11, 7, 12, 0, 0, tzinfo=UTC),
    delivered_at=datetime(2026, 11, 7, 12, 0, 2, tzinfo=UTC),
    contact_id=None,
    conversation_id=None,
    message_id=None,
)
delay = Delay()
delay.message_delivered(record=record)
assert delay.seconds == [2.0]
