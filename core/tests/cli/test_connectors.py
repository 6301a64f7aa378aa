"""``inboxbridge connectors``."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from inboxbridge.cli.connectors import Row, describe
from inboxbridge.plugins import GROUP, installed

KEYS = ["name", "package", "version", "api_version", "hooks", "enabled", "error"]
FIRST_PARTY = ["bookings", "chat", "email", "facebook", "phone", "sms", "telegram", "webhook"]

GOOD = """
from inboxbridge import Connector, NoSignature, Providers, hookimpl

class Good(Connector):
    @hookimpl
    def parse_event(self, request):
        return []

    @hookimpl
    def signature(self):
        return NoSignature()

class Badged(Good):
    @hookimpl
    def badge(self, event):
        return None

class Future(Good):
    api_version = 99

several = Providers({"old": "tried:Good", "new": "tried:Badged"}, default="new")
half = Providers({"old": "tried:Good", "new": "tried:Missing"}, default="old")
"""


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that entry points can name."""
    (tmp_path / "tried.py").write_text(GOOD)
    (tmp_path / "raises.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("tried", "raises"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)


def rows(**points: str) -> dict[str, Row]:
    available = installed([EntryPoint(name, value, GROUP) for name, value in points.items()])
    return {row.name: row for row in describe(available, None)}


def test_json_lists_what_is_installed_with_the_promised_keys(workspace: Any) -> None:
    found = {one["name"]: one for one in workspace.json("connectors")}

    assert set(FIRST_PARTY) <= set(found)
    for one in found.values():
        assert list(one)[: len(KEYS)] == KEYS
    webhook = found["webhook"]
    assert webhook["package"] == "inboxbridge-webhook"
    assert webhook["version"] == "0.1.0"
    assert webhook["api_version"] == 1
    assert webhook["hooks"][0] == "parse_event"
    assert "signature" in webhook["hooks"]
    assert webhook["enabled"] == ["shop", "open"]
    assert webhook["error"] is None
    assert found["sms"]["enabled"] == []
    assert "twilio" in found["sms"]["providers"]


def test_no_configuration_is_needed(workspace: Any) -> None:
    workspace.config.unlink()

    found = {one["name"]: one for one in workspace.json("connectors")}

    assert found["webhook"]["enabled"] == []


def test_a_configuration_that_is_named_must_be_there(workspace: Any) -> None:
    result = workspace.run("connectors", "--config", "other.toml")

    assert result.exit_code == 2
    assert "other.toml: there is no such file" in result.stderr


def test_a_disabled_connection_is_not_enabled(workspace: Any) -> None:
    workspace.config.write_text(workspace.config.read_text() + "enabled = false\n")

    found = {one["name"]: one for one in workspace.json("connectors")}

    assert found["webhook"]["enabled"] == ["shop"]


def test_people_see_a_table(workspace: Any) -> None:
    result = workspace.run("connectors")

    assert result.exit_code == 0
    line = next(one for one in result.stdout.splitlines() if "inboxbridge-webhook" in one)
    for part in ("✓", "webhook", "0.1.0", "parse_event", "shop, open"):
        assert part in line


def test_a_connector_that_a_connection_wants_and_nobody_offers_is_listed(workspace: Any) -> None:
    workspace.config.write_text(
        workspace.config.read_text() + '[connectors.mine]\nplugin = "parcel"\n'
    )

    found = {one["name"]: one for one in workspace.json("connectors", exit_code=1)}["parcel"]

    assert (found["package"], found["version"], found["hooks"]) == (None, None, [])
    assert found["enabled"] == ["mine"]
    assert "no installed connector is called 'parcel'" in found["error"]
    assert "✗ parcel: no installed connector" in workspace.run("connectors").stdout


@pytest.mark.usefixtures("tried")
def test_one_that_cannot_be_imported_says_why_and_the_others_are_listed() -> None:
    found = rows(good="tried:Good", bad="raises:Anything")

    assert found["good"].error is None
    assert found["good"].hooks == ["parse_event", "signature"]
    assert found["bad"].hooks == []
    assert found["bad"].api_version is None
    assert "cannot be imported: ModuleNotFoundError" in (found["bad"].error or "")


@pytest.mark.usefixtures("tried")
def test_one_of_another_api_version_says_so() -> None:
    error = rows(future="tried:Future")["future"].error

    assert "was written for API version 99" in (error or "")


@pytest.mark.usefixtures("tried")
def test_a_connector_of_several_formats_shows_all_of_them() -> None:
    row = rows(several="tried:several")["several"]

    assert row.providers == ["new", "old"]
    assert row.hooks == ["parse_event", "badge", "signature"]
    assert row.error is None


@pytest.mark.usefixtures("tried")
def test_a_format_that_cannot_be_imported_is_an_error_of_its_connector() -> None:
    row = rows(half="tried:half")["half"]

    assert "cannot be imported" in (row.error or "")
    assert row.hooks == ["parse_event", "signature"]


@pytest.mark.usefixtures("tried")
def test_a_name_that_is_claimed_twice_is_an_error_in_both_rows() -> None:
    points = [EntryPoint("good", value, GROUP) for value in ("tried:Good", "tried:Badged")]

    found = describe(installed(points), None)

    assert [row.name for row in found] == ["good", "good"]
    assert all("is claimed by several packages" in (row.error or "") for row in found)


@pytest.mark.usefixtures("tried")
def test_debug_shows_where_a_broken_one_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    available = installed([EntryPoint("bad", "raises:Anything", GROUP)])

    describe(available, None, debug=True)

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "raises.py" in said
    assert "No module named 'no_such_module'" in said
