"""What the README tells people to write is what the connectors take."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from inboxbridge_email import connector

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^ *```toml\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_connection_in_it_is_valid(block):
    for name, table in tomllib.loads(textwrap.dedent(block))["connectors"].items():
        assert table.pop("plugin", name) == "email"
        chosen = connector.load(table.pop("provider", connector.default))
        secrets = {key: "s" for key, value in table.items() if isinstance(value, dict)}
        chosen(chosen.Settings(**{**table, **secrets}))


def test_every_provider_and_setting_is_in_it():
    names = [
        *connector.formats,
        *(name for one in connector.formats for name in connector.load(one).Settings.model_fields),
    ]

    assert len(BLOCKS) == len(connector.formats)
    assert [name for name in names if f"`{name}`" not in README] == []
