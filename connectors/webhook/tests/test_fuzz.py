"""Whatever a body holds, an event that is taken says whose it is, mapped or not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import Event, MalformedBody, WebhookRequest
from inboxbridge.testing import Sample, broken, load_samples, message_of
from inboxbridge_webhook import WebhookConnector

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parent.parent
EXAMPLES = ("stripe", "typeform", "tawkto")


def example(name: str) -> WebhookConnector:
    table = tomllib.loads((PACKAGE / "examples" / f"{name}.toml").read_text())["connectors"][name]
    del table["plugin"]
    return WebhookConnector(WebhookConnector.Settings(**{**table, "secret": "s"}))


GENERIC = WebhookConnector(WebhookConnector.Settings(signature="none", region="US"))
CASES = [
    *((GENERIC, sample) for sample in load_samples(PACKAGE / "samples")),
    *(
        (connector, sample)
        for name, connector in ((name, example(name)) for name in EXAMPLES)
        for sample in load_samples(PACKAGE / "examples", only=f"{name}*")
    ),
]


@settings(max_examples=400, deadline=None)
@given(case=st.sampled_from(CASES), data=st.data())
def test_a_broken_delivery_names_its_person_or_is_malformed(
    case: tuple[WebhookConnector, Sample], data: st.DataObject
) -> None:
    connector, sample = case
    body = data.draw(broken(sample))
    request = WebhookRequest(body=body, headers={"X-Hook-Event-Id": "hook-1"})
    try:
        parts = connector.parse_event(request)
    except MalformedBody:
        return
    for event in (part for part in parts if isinstance(part, Event)):
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert event.person.is_known or event.about
        assert message_of(connector, event)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200, b'{"id": NaN}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        GENERIC.parse_event(WebhookRequest(body=body))
