"""The demo does the main job."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_demo_lands_every_event_once_and_prints_the_conversations() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inboxbridge", "demo", "--exit", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["events"] == shown["delivered"] == 16
    by_name = {
        one["contact"]["name"] or one["contact"]["phone"]: one for one in shown["conversations"]
    }
    assert set(by_name) == {"Dana Reyes", "Noa Levin (Studio)", "Facebook 000042", "+14155550188"}
    dana = by_name["Dana Reyes"]["messages"]
    assert {one["badge"] for one in dana} == {"Facebook", "SMS", "Intercom", None}
    assert {one["type"] for one in dana} == {"BASIC", "MINIMAL"}
    assert {one["direction"] for one in dana} == {
        "PARTICIPANT_TO_BUSINESS",
        "BUSINESS_TO_PARTICIPANT",
    }
    assert {one["visibility"] for one in dana} == {"BUSINESS"}
    texts = [one["text"] for one in dana]
    assert texts.count("Can I bring my sister along?") == 1
    assert "Sent by this app" not in texts
    assert "She always asks." not in texts
    assert texts.index("Missed call") < texts.index("Voicemail, 0:18")
