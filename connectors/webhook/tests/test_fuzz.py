"""Whatever a body holds, the answer is events or MalformedBody, never another exception."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import Event, MalformedBody, WebhookRequest
from inboxbridge_webhook import WebhookConnector

PACKAGE = Path(__file__).parent.parent


def example(name: str) -> WebhookConnector:
    table = tomllib.loads((PACKAGE / "examples" / f"{name}.toml").read_text())["connectors"][name]
    del table["plugin"]
    return WebhookConnector(WebhookConnector.Settings(**{**table, "secret": "s"}))


CONNECTORS = {name: example(name) for name in ("stripe", "typeform", "tawkto")}
GENERIC = WebhookConnector(WebhookConnector.Settings(signature="none", region="US"))
SAMPLES = [
    *(
        (GENERIC, json.loads(path.read_text()))
        for path in sorted(PACKAGE.glob("samples/*.json"))
        if not path.name.endswith(".expected.json")
    ),
    *(
        (CONNECTORS[path.name.partition("-")[0]], json.loads(path.read_text()))
        for path in sorted(PACKAGE.glob("examples/*.json"))
    ),
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 10**30, 1e300, float("1e999"), "", " ", "\x00", "\ud800", "a@b"])
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
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
def damaged(draw: st.DrawFn) -> tuple[WebhookConnector, bytes]:
    """A sample of which some nodes are replaced by other JSON, or taken away."""
    connector, body = draw(st.sampled_from(SAMPLES))
    body = copy.deepcopy(body)
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


def check(connector: WebhookConnector, body: bytes) -> None:
    request = WebhookRequest(body=body, headers={"X-Hook-Event-Id": "hook-1"})
    try:
        events = connector.parse_event(request)
    except MalformedBody:
        return
    for event in events:
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert event.person.is_known or event.about
        connector.to_wix_message(event)
        connector.badge(event)


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_samples_are_events_or_malformed(case):
    check(*case)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_random_bytes_are_events_or_malformed(body):
    check(GENERIC, body)
    check(CONNECTORS["stripe"], body)


@settings(max_examples=100, deadline=None)
@given(json_values)
def test_random_json_is_events_or_malformed(value):
    check(GENERIC, json.dumps(value).encode())
    check(CONNECTORS["tawkto"], json.dumps(value).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 200, b'{"id": NaN}'])
def test_what_is_no_json_is_malformed(body):
    with pytest.raises(MalformedBody):
        GENERIC.parse_event(WebhookRequest(body=body))
