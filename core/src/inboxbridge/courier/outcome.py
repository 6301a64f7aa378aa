"""What the delivery of one event came to, for its thread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a thread may go on.

    Attributes:
        wait_seconds: None if the event is settled; else how long until it is tried again.
        about: The thing whose waiting events may go on now, once this one is settled.
        holds: The event needs a person, and may hold back its thread.
    """

    wait_seconds: float | None = None
    about: str | None = None
    holds: bool = False


SETTLED = Outcome()
