"""The demo would notice if something were lost, doubled or out of order."""

from __future__ import annotations

import pytest
from inboxbridge import BasicMessage, Event, Person
from inboxbridge_demo.check import Expected, expected_text, faults


def _conversation(*texts: str) -> dict:
    raw = [{"content": {"basic": {"items": [{"text": text}]}}} for text in texts]
    return {"raw": raw}


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (("one", "two"), None),
        (("one",), "1 messages"),
        (("one", "two", "two"), "3 messages"),
        (("two", "one"), "in order"),
    ],
)
def test_the_demo_notices_what_is_lost_doubled_or_out_of_order(
    texts: tuple[str, ...], complaint: str | None
) -> None:
    expected = Expected()
    for number, text in enumerate(("one", "two")):
        event = Event(id=str(number), person=Person(email="dana@example.com"), text=text)
        expected.add("shop", event, expected_text(BasicMessage(text=text)))
        expected.add("shop", event, text)  # a repeated delivery expects nothing more
    found = faults(expected, [_conversation(*texts)])
    assert (not found) if complaint is None else any(complaint in fault for fault in found)
