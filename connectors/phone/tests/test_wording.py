from __future__ import annotations

import pytest
from inboxbridge_phone.wording import (
    Direction,
    Outcome,
    call_line,
    recording_line,
    spoken,
    voicemail_line,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (3905, "1 h 5 min 5 s"),
    ],
)
def test_a_span_is_said_in_words(seconds: int, words: str) -> None:
    assert spoken(seconds) == words


@pytest.mark.parametrize(
    ("direction", "outcome", "seconds", "line"),
    [
        ("inbound", "answered", 252, "Call answered, 4 min 12 s"),
        ("inbound", "answered", None, "Call answered"),
        ("inbound", "picked_up", 252, "Call, 4 min 12 s"),
        ("inbound", "picked_up", None, "Call"),
        ("outbound", "picked_up", 120, "Called, 2 min"),
        ("inbound", "missed", 45, "Missed call"),
        ("outbound", "answered", 120, "Called, 2 min"),
        ("outbound", "missed", None, "Called, no answer"),
        ("outbound", "busy", None, "Called, the line was busy"),
        ("outbound", "failed", None, "Called, could not be connected"),
    ],
)
def test_a_call_is_one_line(
    direction: Direction, outcome: Outcome, seconds: int | None, line: str
) -> None:
    assert call_line(direction, outcome, seconds) == line


@pytest.mark.parametrize(
    ("seconds", "transcript", "line"),
    [
        (18, "", "Voicemail, 0:18"),
        (75, "", "Voicemail, 1:15"),
        (None, "", "Voicemail"),
        (0, "", "Voicemail"),
        (18, " Hi,\n\tDana\x00 here ", "Voicemail, 0:18: “Hi, Dana here”"),
    ],
)
def test_a_voicemail_is_one_line(seconds: int | None, transcript: str, line: str) -> None:
    assert voicemail_line(seconds, transcript) == line


def test_a_recording_without_a_length_is_still_named() -> None:
    assert (recording_line(240), recording_line(None)) == (
        "Call recording, 4 min",
        "Call recording",
    )
