from collections import Counter
from datetime import UTC, datetime

from inboxbridge import EventRecord, hookimpl


class Volume:
    def __init__(self) -> None:
        self.stored: Counter[str] = Counter()

    @hookimpl
    def event_stored(self, record: EventRecord) -> None:
        self.stored[record.connection] += 1


record = EventRecord(
    id=7,
    connection="sms",
    site="default",
    source_id="SM1",
    kind="message",
    direction="inbound",
    state="pending",
    reason=None,
    attempts=1,
    received_at=datetime(2026, 11, 7, 12, 0, 0, tzinfo=UTC),
    delivered_at=datetime(2026, 11, 7, 12, 0, 2, tzinfo=UTC),
    contact_id=None,
    conversation_id=None,
    message_id=None,
)
volume = Volume()
volume.event_stored(record=record)
assert volume.stored["sms"] == 1
