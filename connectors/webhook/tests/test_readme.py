"""What the README tells people to write is what the connector takes."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from inboxbridge_webhook import WebhookConnector
from inboxbridge_webhook.functions import MapFunctions
from inboxbridge_webhook.settings import MapSettings, WebhookSettings
from jmespath.functions import Functions

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_connection_in_it_is_valid(block):
    for table in tomllib.loads(block)["connectors"].values():
        assert table.pop("plugin") == "webhook"
        WebhookConnector(WebhookConnector.Settings(**{**table, "secret": "s"}))


def test_its_json_is_an_event(parse):
    [block] = blocks("json")

    [event] = parse(json.loads(block))

    assert event.attachments[0].kind == "image"


def test_every_setting_map_key_and_function_is_in_it():
    ours = set(MapFunctions.FUNCTION_TABLE) - set(Functions.FUNCTION_TABLE)

    missing = [
        *(name for name in WebhookSettings.model_fields if f"`{name}`" not in README),
        *(name for name in MapSettings.model_fields if f"`{name}`" not in README),
        *(name for name in ours if f"`{name}(" not in README),
    ]

    assert missing == []
