"""Samples as deliveries, and ways to damage them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from inboxbridge import Event, WebhookRequest

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture(scope="session")
def sample() -> Callable[[str], WebhookRequest]:
    """Read one sample as the delivery of it."""
    return lambda name: WebhookRequest(body=(SAMPLES / f"{name}.json").read_bytes())


@pytest.fixture(scope="session")
def samples() -> Callable[[str], dict[str, bytes]]:
    """Read the bodies of all samples of one format."""

    def read(prefix: str) -> dict[str, bytes]:
        paths = [p for p in SAMPLES.glob(f"{prefix}-*.json") if ".expected" not in p.suffixes]
        found = {path.stem: path.read_bytes() for path in paths}
        assert found
        return found

    return read


@pytest.fixture(scope="session")
def delivery() -> Callable[[Any], WebhookRequest]:
    """Make a delivery of any JSON value."""
    return lambda value: WebhookRequest(body=json.dumps(value).encode())


@pytest.fixture(scope="session")
def stored() -> Callable[[Event], Event]:
    """Send an event through storage."""
    return lambda event: Event.model_validate_json(event.model_dump_json())


@pytest.fixture(scope="session")
def damaged() -> Callable[[list[bytes]], st.SearchStrategy[bytes]]:
    """Make bodies in which some values are replaced by any JSON."""
    return lambda bodies: st.builds(
        _damage,
        st.sampled_from([json.loads(body) for body in bodies]),
        st.lists(st.tuples(st.integers(0, 10_000), ANY_JSON), min_size=1, max_size=3),
    )


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 0, 1e308, "1e999", "\ud800", "\x00", " ", "é" * 600])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def _damage(body: Any, changes: list[tuple[int, Any]]) -> bytes:
    body = json.loads(json.dumps(body))
    for number, value in changes:
        places = list(_places(body))
        if not places:
            break
        holder, key = places[number % len(places)]
        holder[key] = value
    return json.dumps(body).replace('"1e999"', "1e999").encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)
