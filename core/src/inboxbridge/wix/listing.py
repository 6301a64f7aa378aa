"""Read List Messages page by page, and accept only consistent pages as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from inboxbridge.model import Direction
from inboxbridge.wix.calls import Answer
from inboxbridge.wix.fingerprint import fingerprint
from inboxbridge.wix.forms import (
    ListedMessage,
    ListedMessages,
    message_moment,
    sequence_of,
    storable_id,
)
from inboxbridge.wix.outgoing import SeenMessage

_DIRECTIONS: Final[dict[str, Direction]] = {
    "PARTICIPANT_TO_BUSINESS": "inbound",
    "BUSINESS_TO_PARTICIPANT": "outbound",
}


class Listing:
    """One conversation's list, newest first, as its pages come.

    Attributes:
        cursor: Where the next page begins; None after the last.
    """

    def __init__(self) -> None:
        self.cursor: str | None = None
        self._cursors: set[str] = set()
        self._known: set[tuple[str, str]] = set()
        self._last: tuple[int | None, datetime] | None = None

    def of(self, answer: Answer) -> Iterator[SeenMessage]:
        """Go through the messages of the next page, each once.

        Raises:
            Unreadable: Before the first message, if any of the page is not as it must be; after
                the last, if the next page would be one that was read already.
        """
        page = answer.read(ListedMessages)
        found = []
        for message in page.messages:
            created_at = message_moment(message)
            if created_at is None:
                raise answer.unreadable("with a message that has no date")
            sequence = sequence_of(message)
            seen = _seen(storable_id(message.id), message, created_at, sequence)
            # By its contents, too: after a merge two different messages may have the same id.
            if (seen.id, seen.fingerprint) in self._known:
                continue
            self._known.add((seen.id, seen.fingerprint))
            if not self._follows(sequence, created_at):
                raise answer.unreadable("whose messages are not in order, newest first")
            self._last = (sequence, created_at)
            found.append(seen)
        yield from found
        self._turn(page, answer)

    def _follows(self, sequence: int | None, created_at: datetime) -> bool:
        if self._last is None:
            return True
        before, dated = self._last
        if sequence is not None and before is not None:
            return sequence <= before
        return created_at <= dated

    def _turn(self, page: ListedMessages, answer: Answer) -> None:
        cursors = page.paging_metadata.cursors if page.paging_metadata else None
        self.cursor = (cursors.next if cursors else None) or None
        if self.cursor is None:
            return
        if self.cursor in self._cursors:
            raise answer.unreadable("whose next page is one that was read before")
        self._cursors.add(self.cursor)


def _seen(
    message_id: str, message: ListedMessage, created_at: datetime, sequence: int | None
) -> SeenMessage:
    told = {"direction": message.direction, "content": message.content, "badges": message.badges}
    return SeenMessage(
        id=message_id,
        direction=_DIRECTIONS.get(str(message.direction)),
        created_at=created_at,
        fingerprint=fingerprint(told),
        sequence=sequence,
    )
