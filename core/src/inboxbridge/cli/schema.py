"""``schema``: the JSON Schema of connectors.toml, for editors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from inboxbridge.cli.console import print_json
from inboxbridge.config.tables import (
    COMMON_KEYS,
    ConnectionSettings,
    ConsoleSettings,
    CourierSettings,
    GatewaySettings,
    JournalSettings,
    SiteSettings,
)
from inboxbridge.connector import ConnectorSettings, Providers
from inboxbridge.plugins import Installed, Unusable, installed, load_class

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ELSEWHERE = {"$ref": "#/$defs/elsewhere"}

Schema = dict[str, Any]


def schema() -> int:
    """Print the schema for what is installed. Returns the exit code."""
    print_json(schema_of(installed()), indent=2)
    return 0


def schema_of(available: Mapping[str, list[Installed]]) -> Schema:
    """Return the JSON Schema of a configuration.

    Args:
        available: The installed connectors. One that cannot be loaded has only the common settings.
    """
    tables = {
        "journal": _table(JournalSettings),
        "gateway": _table(GatewaySettings),
        "courier": _table(CourierSettings),
        "console": _table(ConsoleSettings),
        "sites": {"type": "object", "additionalProperties": _table(SiteSettings)},
        "connectors": _connections(dict(available)),
    }
    return {
        "$schema": DIALECT,
        "title": "inboxbridge: connectors.toml",
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
        "$defs": {
            "elsewhere": {
                "description": "A value from an environment variable or a file.",
                "type": "object",
                "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            }
        },
    }


def _connections(available: dict[str, list[Installed]]) -> Schema:
    """A table is what its ``plugin`` says, and without one what its own name says."""
    common = {key: _properties(ConnectionSettings)[key] for key in sorted(COMMON_KEYS)}
    kinds = {name: _connector(name, available, common) for name in available}
    named = [
        {"if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]}, "then": kind}
        for name, kind in kinds.items()
    ]
    by_plugin: Schema = {"type": "object", "properties": common, "allOf": named}
    return {
        "type": "object",
        "properties": {
            name: {"if": {"required": ["plugin"]}, "then": by_plugin, "else": kind}
            for name, kind in kinds.items()
        },
        "additionalProperties": {**by_plugin, "required": ["plugin"]},
    }


def _connector(name: str, available: dict[str, list[Installed]], common: Schema) -> Schema:
    """The table of a connector, by its ``provider`` where it has several formats."""
    providers = _providers(available[name])
    if not providers:
        return _with_common(_settings(name, None, available), common, None)
    kinds = {one: _settings(name, one, available) for one in providers}
    choice = {"enum": providers, "default": providers[0]}
    chosen = [
        {
            "if": _is_provider(one, is_default=one == providers[0]),
            "then": _with_common(kind, common, choice),
        }
        for one, kind in kinds.items()
    ]
    return {"type": "object", "properties": {"provider": choice}, "allOf": chosen}


def _is_provider(name: str, *, is_default: bool) -> Schema:
    named: Schema = {"properties": {"provider": {"const": name}}}
    return named if is_default else {**named, "required": ["provider"]}


def _providers(entries: list[Installed]) -> list[str]:
    try:
        target = entries[0].entry_point.load()
    except Exception:  # whatever a connector's module raises, the others have their schema
        return []
    if not isinstance(target, Providers):
        return []
    return [target.default, *(name for name in target.formats if name != target.default)]


def _settings(
    name: str, provider: str | None, available: dict[str, list[Installed]]
) -> type[ConnectorSettings] | None:
    try:
        return load_class(name, provider, available).Settings
    except Unusable:
        return None


def _with_common(
    settings: type[ConnectorSettings] | None, common: Schema, provider: Schema | None
) -> Schema:
    if settings is None:
        return {"type": "object", "properties": common}
    own = _table(settings)
    shared = {**common, "provider": provider or {"type": "string"}}
    required = {"required": own.pop("required")} if "required" in own else {}
    # A connection that is switched off may lack what it needs to run.
    needed = {"if": {"not": {"properties": {"enabled": {"const": False}}, "required": ["enabled"]}},
              "then": required} if required else {}  # fmt: skip
    return {**own, **needed, "properties": {**shared, **own["properties"]}}


def _table(model: type[BaseModel]) -> Schema:
    """A model as the schema of a table, in which each value may come from elsewhere."""
    made = model.model_json_schema()
    made = _inlined(made, made.pop("$defs", {}))
    described = inspect.getdoc(model) or ""
    return {
        "type": "object",
        "description": described.partition("\n\n")[0],
        "properties": _properties_of(made),
        "additionalProperties": False,
        **({"required": made["required"]} if made.get("required") else {}),
    }


def _properties(model: type[BaseModel]) -> Schema:
    return dict(_table(model)["properties"])


def _properties_of(made: Schema) -> Schema:
    found = {}
    for name, value in made.get("properties", {}).items():
        shown = {key: value[key] for key in ("description", "default") if key in value}
        rest = {key: item for key, item in value.items() if key not in ("title", *shown)}
        found[name] = {**shown, "anyOf": [rest, ELSEWHERE]}
    return found


def _inlined(value: Any, definitions: Mapping[str, Any]) -> Any:
    """*value* with pydantic's references replaced by what they name, as TOML may write it."""
    if isinstance(value, list):
        return [_inlined(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix("#/$defs/")
    if name in definitions:
        rest = {key: item for key, item in value.items() if key != "$ref"}
        return {**_inlined(definitions[name], definitions), **rest}
    made = {key: _inlined(item, definitions) for key, item in value.items()}
    if made.get("type") == "array" and isinstance(made.get("items"), dict):
        # A setting that holds several values takes a single one without brackets, too.
        return {"anyOf": [made["items"], {**made, "items": {"anyOf": [made["items"], ELSEWHERE]}}]}
    return made
