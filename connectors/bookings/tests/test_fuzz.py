"""Whatever a body holds, the answer is events or MalformedBody, never another exception."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import Connector, Event, MalformedBody, WebhookRequest
from inboxbridge_bookings.acuity import AcuityBookings
from inboxbridge_bookings.calcom import CalComBookings
from inboxbridge_bookings.calendly import CalendlyBookings

SAMPLES = Path(__file__).parent.parent / "samples"
CALENDLY = CalendlyBookings(CalendlyBookings.Settings(signing_key="k", region="US"))
CALCOM = CalComBookings(CalComBookings.Settings(secret="k", timezone="America/Denver"))
ACUITY = AcuityBookings(AcuityBookings.Settings(user_id="1", api_key="k"))
BODIES = [path for path in sorted(SAMPLES.glob("*.json")) if ".expected." not in path.name]
FORMATS = [
    (connector, [json.loads(path.read_text()) for path in BODIES if path.name.startswith(name)])
    for name, connector in (("calendly", CALENDLY), ("calcom", CALCOM))
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["", " ", "\x00", "\ud800", "a@b", "x" * 600, "America/Denver", "Etc"])
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "20261107"])
    | st.datetimes().map(str)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every node in *value*."""
    found = [path]
    if isinstance(value, dict):
        pairs = list(value.items())
    else:
        pairs = list(enumerate(value)) if isinstance(value, list) else []
    for key, inner in pairs:
        found += places(inner, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Connector[Any], bytes]:
    """A sample of which some nodes are replaced by other JSON, or taken away."""
    connector, bodies = draw(st.sampled_from(FORMATS))
    body = copy.deepcopy(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(body)))
        if not path:
            body = draw(json_values)
            continue
        parent = body
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.booleans()):
            parent[path[-1]] = draw(json_values)
        else:
            del parent[path[-1]]
    return connector, json.dumps(body).encode()


def check(connector: Any, body: bytes) -> None:
    try:
        events = connector.parse_event(WebhookRequest(body=body))
    except MalformedBody:
        return
    for event in events:
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert event.person.is_known or event.about
        message = connector.to_wix_message(event)
        assert message.text
        assert "\n" not in message.text
        connector.badge(event)


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_samples_are_events_or_malformed(case):
    check(*case)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()))
@pytest.mark.parametrize("connector", [CALENDLY, CALCOM, ACUITY], ids=lambda c: c.label)
def test_anything_else_is_events_or_malformed(connector, body):
    check(connector, body)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "action": st.sampled_from(["scheduled", "a.rescheduled", "canceled", "."]) | st.text(),
            "id": st.integers().map(str) | st.text(max_size=30),
        },
    )
)
def test_any_form_is_events_or_malformed(fields):
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    check(ACUITY, body.encode("utf-8", "surrogatepass"))
