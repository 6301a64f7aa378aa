from __future__ import annotations

from importlib.metadata import entry_points

import pytest
from inboxbridge import Connector, Providers

ENTRY_POINTS = entry_points(group="inboxbridge.connectors", name="sms")


def test_the_package_is_found_by_its_entry_point() -> None:
    (found,) = ENTRY_POINTS
    connector = found.load()

    assert isinstance(connector, Providers)
    assert connector.default == "twilio"


@pytest.mark.parametrize("provider", ["twilio", "vonage", "telnyx"])
def test_every_provider_loads_a_connector(provider: str) -> None:
    (found,) = ENTRY_POINTS
    loaded = found.load().load(provider)

    assert issubclass(loaded, Connector)
    assert loaded.label
    assert loaded.Settings is not Connector.Settings
