"""The result of delivering one event, for its thread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a thread may go on.

    Attributes:
        wait_seconds: None if the event is settled; else how long until it is tried again.
        about: The thing whose waiting events may go on now, once this one is settled.
    """

    wait_seconds: float | None = None
    about: str | None = None


READ_AFRESH = Outcome(wait_seconds=0.0)
"""The event is not as it was when it was read: the thread goes on from its head in the journal."""
