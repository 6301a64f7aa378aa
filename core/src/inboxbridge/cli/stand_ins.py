"""Placeholders for secrets that are not set: for ``try``, ``send`` and ``dev``."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inboxbridge.cli.opening import connection_settings
from inboxbridge.config import Config, find_config, read_config
from inboxbridge.config.problems import config_error
from inboxbridge.config.secrets import SecretUnset, resolver
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.errors import ConfigError


def connection_with_stand_ins(
    path: Path | None, name: str
) -> tuple[Config, ConnectionSettings, list[str]]:
    """Return the configuration, a connection's settings, and which of its secrets are not set.

    Raises:
        ConfigError: There is no such connection, it is disabled, or something else is wrong
            with it.
    """
    resolve = resolver(os.environ, find_config(path).parent)
    reasons: dict[str, str] = {}

    def resolve_or_stand_in(kind: str, source: str) -> str:
        try:
            return resolve(kind, source)
        except SecretUnset as unset:
            text = stand_in(source)
            reasons[text] = unset.what
            return text

    config, problems = read_config(path, resolve=resolve_or_stand_in)
    if config is None:
        raise config_error(problems)
    settings = connection_settings(config, name)
    if not settings.enabled:
        raise ConfigError(f"connection {name!r} is disabled; set enabled = true to try it")
    unset = [
        f"{key}: {reasons[text]}"
        for key, value in settings.own.items()
        for text in _texts(value)
        if text in reasons
    ]
    return config, settings, unset


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item


def stand_in(name: str) -> str:
    """Return the placeholder for the secret called *name*, the same one each time.

    It is base64 of 32 bytes too, so that it can stand for any kind of secret.
    """
    return base64.b64encode(hashlib.sha256(f"unset {name}".encode()).digest()).decode()
