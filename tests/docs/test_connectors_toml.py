"""The configuration in the root works, and shows every setting with its default."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from inboxbridge.cli import app
from inboxbridge.config import load_config
from inboxbridge.plugins import connect_all
from pydantic import TypeAdapter
from typer.testing import CliRunner

NEEDED = {"WIX_SITE_ID": "any", "WIX_API_KEY": "any", "WEBHOOK_SECRET": "any-secret"}
TEMPLATED = ("id", "text", "name", "url", "region")
_SHOWN = re.compile(r"^# (\w+ = )", re.MULTILINE)


@pytest.fixture
def file(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, with a journal in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in NEEDED:
        monkeypatch.delenv(name, raising=False)
    return root / "connectors.toml"


def checked(file: Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["check", "--config", str(file), "--json"])
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if found["ok"] else 1)
    return found


def test_check_finds_it_well_once_three_variables_are_set(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)

    assert checked(file)["problems"] == []


def test_check_names_the_variables_that_are_not_set(file: Path) -> None:
    text = json.dumps(checked(file)["problems"])

    assert [name for name in NEEDED if name not in text] == []
    assert "FACEBOOK_APP_SECRET" not in text, "a disabled connection needs no secret"


def test_every_first_party_format_is_there_and_can_be_switched_on(
    file: Path, all_set: Callable[..., Any], generator: ModuleType
) -> None:
    names = tomllib.loads(file.read_text())["connectors"]
    environ = all_set({f"INBOXBRIDGE__CONNECTORS__{one.upper()}__ENABLED": "true" for one in names})

    config = load_config(file, environ)
    connections, broken = connect_all(config, inline=True)

    assert broken == []
    running = {type(connection.connector) for connection in connections.values()}
    settings = generator.settings
    offered = {
        cls for name in settings.FIRST_PARTY for cls in settings.connector_classes(name).values()
    }
    assert offered <= running


def _shown(file: Path) -> dict[str, Any]:
    """The file with everything switched on that stands there as ``# name = value``."""
    return tomllib.loads(_SHOWN.sub(r"\1", file.read_text(encoding="utf-8")))


def _expect_whole(
    where: str, shown: dict[str, Any], fields: dict[str, Any], all_set: Callable[..., Any]
) -> None:
    for name, field in fields.items():
        assert name in shown, f"{where} does not show {name}"
        value = shown[name]
        if isinstance(value, dict) and set(value) & {"env", "file"}:
            value = all_set().get(name)
        wanted: Any = Annotated[field.annotation, None, *field.metadata]
        read = TypeAdapter(wanted).validate_python(value)
        if not field.is_required() and field.default not in (None, ()):
            assert read == field.default, f"{where} shows another default of {name}"


COMMON_DEFAULTS = ("unmatched", "ambiguous", "contradictory", "visibility", "enabled")


def test_every_setting_is_shown_with_its_default(
    file: Path, all_set: Callable[..., Any], generator: ModuleType
) -> None:
    shown, settings = _shown(file), generator.settings
    for key in ("journal", "gateway", "courier"):
        _expect_whole(key, shown[key], settings.CORE[key][1].model_fields, all_set)
    site = settings.CORE["sites"][1].model_fields
    _expect_whole("sites", shown["sites"]["default"], site, all_set)
    common = settings.CORE["connectors"][1].model_fields
    defaults = {name: common[name] for name in COMMON_DEFAULTS}
    tables = shown["connectors"]
    _expect_whole("webhook", tables["webhook"], defaults, all_set)
    assert set(settings.core_fields("connectors")) <= tables["webhook"].keys()


def test_every_connectors_settings_are_shown_with_their_defaults(
    file: Path, all_set: Callable[..., Any], generator: ModuleType
) -> None:
    tables, settings = _shown(file)["connectors"], generator.settings
    for connector in settings.FIRST_PARTY:
        for provider, cls in settings.connector_classes(connector).items():
            default = next(iter(settings.connector_classes(connector)))
            name = next(
                name
                for name, table in tables.items()
                if table.get("plugin", name) == connector
                and (provider is None or table.get("provider", default) == provider)
            )
            fields = dict(cls.Settings.model_fields)
            fields.pop("map", None)
            fields.pop("maps", None)
            _expect_whole(name, tables[name], fields, all_set)


def test_every_key_of_a_map_is_shown(file: Path, generator: ModuleType) -> None:
    text = file.read_text(encoding="utf-8")
    text = text[text.index("[connectors.orders.map]") : text.index("# Messenger")]
    (cls,) = generator.settings.connector_classes("webhook").values()
    keys = generator.settings._tables(cls.Settings)["map"].model_fields

    missing = [key for key in keys if not re.search(rf"\b{key}\b", text)]

    assert missing == []
