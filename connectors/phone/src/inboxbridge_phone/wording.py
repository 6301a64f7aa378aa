"""The one line that a call, a voicemail or a recording becomes in the Inbox."""

from __future__ import annotations

from typing import Literal

from inboxbridge import Direction, clean_text
from inboxbridge.reading import one_line

Outcome = Literal["answered", "picked_up", "missed", "busy", "failed", "forwarded", "assistant"]
"""How a call ended for the two people: ``answered`` by a person, ``picked_up`` by a person or a
machine; ``missed`` is every way of nobody picking up."""

_LONGEST_QUOTE = 120
_LONGEST_REASON = 200

NO_TEXT = "(message without text)"
"""What stands for a text that has neither words nor a file that can be fetched."""

UNUSABLE_FILE = "(a file that cannot be shown)"
"""What stands for a file without an address that anybody can open."""

_INBOUND: dict[Outcome, str] = {
    "answered": "Call answered",
    "picked_up": "Call",
    "missed": "Missed call",
    "busy": "Missed call, the line was busy",
    "failed": "Missed call, it could not be connected",
    "forwarded": "Call forwarded",
    "assistant": "Call answered by the assistant",
}
_OUTBOUND: dict[Outcome, str] = {
    "answered": "Called",
    "picked_up": "Called",
    "missed": "Called, no answer",
    "busy": "Called, the line was busy",
    "failed": "Called, could not be connected",
    "forwarded": "Called",
    "assistant": "Called",
}
_LASTING: frozenset[Outcome] = frozenset({"answered", "picked_up", "assistant"})


def call_line(direction: Direction, outcome: Outcome, seconds: int | None = None) -> str:
    """Say how a call went: ``Missed call``, ``Call answered, 4 min 12 s``, ``Call, 2 min``.

    Args:
        direction: Who called.
        outcome: How it ended.
        seconds: How long it lasted; said only of a call that was picked up.
    """
    line = (_INBOUND if direction == "inbound" else _OUTBOUND)[outcome]
    if outcome in _LASTING and seconds:
        return f"{line}, {spoken(seconds)}"
    return line


def voicemail_line(seconds: int | None, transcript: str = "") -> str:
    """Say that there is a voicemail: ``Voicemail, 0:18``, and its transcript if there is one."""
    line = f"Voicemail, {seconds // 60}:{seconds % 60:02d}" if seconds else "Voicemail"
    words = one_line(clean_text(transcript))
    return f"{line}: “{words}”" if words else line


def recording_line(seconds: int | None) -> str:
    """Say that a call was recorded: ``Call recording, 4 min``."""
    return f"Call recording, {spoken(seconds)}" if seconds else "Call recording"


def not_delivered(reason: str = "", quoted: str = "") -> str:
    """Say that a text did not arrive: ``Your SMS was not delivered: the carrier refused it``."""
    line = "Your SMS was not delivered"
    if reason:
        line = f"{line}: {one_line(reason, _LONGEST_REASON)}"
    return f"{line} (“{one_line(quoted, _LONGEST_QUOTE)}”)" if quoted else line


def spoken(seconds: int) -> str:
    """Return a span in words: ``45 s``, ``4 min 12 s``, ``1 h 5 min``."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
