"""The connector that the README shows whole is one that the contract kit gives gold."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inboxbridge.testing import Scorecard, scorecard

pytestmark = pytest.mark.slow

PACKAGE = "inboxbridge_acme_of_the_readme"
LONGEST = 22
SAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "received": (
        {"id": "m-1", "type": "message.received", "email": "dana@example.com", "text": "Free?"},
        {
            "events": [{"id": "m-1", "direction": "inbound"}],
            "messages": [{"type": "BASIC", "text": "Free?", "badge": "Acme"}],
        },
    ),
    "edge-number": (
        {
            "id": 7,
            "type": "message.sent",
            "email": "Dana@Example.com",
            "name": "D",
            "text": " Yes ",
        },
        {"events": [{"id": "7", "direction": "outbound", "person": {"email": "dana@example.com"}}]},
    ),
    "typing": ({"id": "t-1", "type": "typing"}, {"events": [], "messages": []}),
}


@pytest.fixture
def code(find_page: Callable[[str], Any]) -> str:
    blocks = find_page("README.md").blocks("python")
    return next(block.code for block in blocks if "class Acme" in block.code)


@pytest.fixture
def card(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scorecard]:
    package = tmp_path / "src" / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "py.typed").touch()
    (tmp_path / "README.md").write_text("`secret` is what Acme signs with.")
    samples = tmp_path / "samples"
    samples.mkdir()
    for name, (body, expected) in SAMPLES.items():
        (samples / f"{name}.json").write_text(json.dumps(body))
        (samples / f"{name}.expected.json").write_text(json.dumps(expected))
    monkeypatch.syspath_prepend(str(package.parent))
    module = importlib.import_module(PACKAGE)
    yield scorecard(module.Acme, {"secret": "an-invented-secret"}, samples)
    del sys.modules[PACKAGE]


def test_the_readmes_connector_reaches_gold(card: Scorecard) -> None:
    assert card.level == "gold", str(card)


def test_the_readmes_connector_is_short(code: str) -> None:
    assert len([line for line in code.splitlines() if line.strip()]) <= LONGEST


def test_the_readme_can_be_read_in_a_few_minutes(find_page: Callable[[str], Any]) -> None:
    assert len(find_page("README.md").text.splitlines()) <= 120
