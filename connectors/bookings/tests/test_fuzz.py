"""Whatever a body holds, a booking that is taken says whose it is; what was done is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import BasicMessage, Event, MalformedBody, WebhookRequest
from inboxbridge.testing import broken, load_samples, message_of
from inboxbridge_bookings.acuity import AcuityBookings
from inboxbridge_bookings.calcom import CalComBookings
from inboxbridge_bookings.calendly import CalendlyBookings

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"
ACUITY = AcuityBookings(AcuityBookings.Settings(user_id="1", api_key="k"))
CONNECTORS = {
    "calendly": CalendlyBookings(CalendlyBookings.Settings(signing_key="k", region="US")),
    "calcom": CalComBookings(CalComBookings.Settings(secret="k", timezone="America/Denver")),
    "acuity": ACUITY,
}


def check(connector: Any, request: WebhookRequest) -> None:
    try:
        events = connector.parse_event(request)
    except MalformedBody:
        return
    for event in events:
        if not isinstance(event, Event):
            continue
        assert event.person.is_known or event.about
        message = message_of(connector, event)
        assert message.text
        assert isinstance(message, BasicMessage) or "\n" not in message.text


@pytest.mark.parametrize("provider", CONNECTORS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_broken_booking_names_its_person_or_is_malformed(
    provider: str, data: st.DataObject
) -> None:
    sample = data.draw(st.sampled_from(load_samples(SAMPLES, only=f"{provider}-*")))

    check(CONNECTORS[provider], sample.request(data.draw(broken(sample))))


@settings(max_examples=100, deadline=None)
@given(
    action=st.sampled_from(["scheduled", "a.rescheduled", "canceled", "."]) | st.text(),
    key=st.integers().map(str) | st.text(max_size=30),
)
def test_any_action_of_acuity_names_its_appointment_or_is_malformed(action: str, key: str) -> None:
    body = f"action={action}&id={key}"

    check(ACUITY, WebhookRequest(body=body.encode("utf-8", "surrogatepass")))
