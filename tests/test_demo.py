"""The demo does the main job."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
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
    assert shown["events"] == shown["delivered"] == 19
    by_name = {
        one["contact"]["name"] or one["contact"]["phone"]: one for one in shown["conversations"]
    }
    assert set(by_name) == {"Dana Reyes", "Noa Levin (Studio)", "Facebook 000042", "+14155550188"}
    dana = by_name["Dana Reyes"]["messages"]
    assert {one["badge"] for one in dana} == {
        "Facebook",
        "SMS",
        "Email",
        "Telegram",
        "Intercom",
        None,
    }
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
    assert "Re: Your booking\n\nSee you tomorrow!" in texts
    assert texts.index("Missed call") < texts.index("Voicemail, 0:18")


@pytest.fixture(scope="module")
def printed() -> Iterator[list[str]]:
    """What the demo prints while it stays up, by lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inboxbridge", "demo"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines: list[str] = []
    assert process.stdout is not None
    while line := process.stdout.readline():
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            break
    yield lines
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def after(lines: list[str], label: str) -> str:
    return next(one for one in lines if one.startswith(label)).removeprefix(label).strip()


def test_its_summary_adds_up(printed: list[str]) -> None:
    (line,) = [one for one in printed if "rightly left out" in one]
    number = re.findall(r"\d+", line)

    assert line == "24 events: 19 in the Inbox, 5 rightly left out."
    assert int(number[0]) == int(number[1]) + int(number[2])


def test_it_opens_on_the_fullest_conversation(printed: list[str]) -> None:
    page = httpx.get(after(printed, "Look:")).text

    assert "<title>Dana Reyes" in page


def test_a_message_of_ones_own_is_one_command_away(printed: list[str]) -> None:
    words = shlex.split(after(printed, "Send:"))
    assert words[0] == "curl"
    headers = [words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H"]
    body = words[words.index("-d") + 1]

    answer = httpx.post(words[-1], content=body, headers=[(name, said) for name, said in headers])

    assert answer.status_code == 200
    deadline = time.monotonic() + 30
    url = words[-1].removesuffix("/hooks/shop")
    while "It works!" not in httpx.get(f"{url}/_sandbox/messages").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_its_journal_tells_of_the_failure_and_of_the_replay(printed: list[str]) -> None:
    def run(command: str) -> str:
        words = [sys.executable, "-m", *shlex.split(command)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    events = run(after(printed, "Ask:"))
    story = run(next(one.strip() for one in printed if one.strip().startswith("inboxbridge show")))

    assert events.count("delivered") >= 15  # of the newest 20, which the command lists
    assert "delivered" in story
    assert "The message was refused, for the sake of the demo" in story
