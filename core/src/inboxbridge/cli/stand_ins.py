"""Trying a connection without its secrets: stand-ins for those that are not set."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

from inboxbridge.cli.opening import connection_settings
from inboxbridge.config import Config, Problem, read_config
from inboxbridge.errors import ConfigError
from inboxbridge.settings import ConnectionSettings


class _Environment(dict[str, str]):
    """The environment, with a stand-in for every variable that is asked for and not set."""

    def __init__(self) -> None:
        super().__init__(os.environ)
        self.stand_ins: dict[str, str] = {}

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        if found:
            return found
        self.stand_ins[_stand_in(name)] = f"the environment variable {name} is not set"
        return _stand_in(name)


def connection_with_stand_ins(
    path: Path | None, name: str
) -> tuple[Config, ConnectionSettings, list[str]]:
    """Return the configuration, a connection's settings, and which of its secrets are not set.

    Raises:
        ConfigError: There is no such connection, it is disabled, or something else is wrong
            with it.
    """
    environment = _Environment()
    config, problems = read_config(path, environment)
    if config is None:
        raise ConfigError("\n".join(map(str, problems)))
    settings = connection_settings(config, name)
    if not settings.enabled:
        raise ConfigError(f"connection {name!r} is disabled; set enabled = true to try it")
    own, unset = {}, []
    for key, value in settings.own.items():
        own[key], missing = _filled(key, value, environment.stand_ins, problems)
        unset.extend(missing)
    return config, settings.model_copy(update={"own": own}), unset


def _filled(
    key: str, value: Any, stand_ins: dict[str, str], problems: list[Problem]
) -> tuple[Any, list[str]]:
    """A setting with a stand-in where its file cannot be read, and why it has one."""
    if isinstance(value, list):
        pairs = [_filled(key, one, stand_ins, problems) for one in value]
        return [one for one, _ in pairs], [reason for _, said in pairs for reason in said]
    if value is None:
        said = next((one.what for one in problems if one.where.endswith(f" {key}")), "is not set")
        return _stand_in(key), [f"{key}: {said}"]
    if isinstance(value, str) and value in stand_ins:
        return value, [f"{key}: {stand_ins[value]}"]
    return value, []


def _stand_in(name: str) -> str:
    """Text that is base64 of 32 bytes too, so that it can stand for any kind of secret."""
    return base64.b64encode(hashlib.sha256(f"unset {name}".encode()).digest()).decode()
