"""What a shell completes beyond commands and options. It imports little: it runs at each Tab."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import typer

ENV_PATH = "INBOXBRIDGE_CONFIG"
STATES = ("pending", "retrying", "parked", "delivered", "ignored", "unreadable", "dead")


def connections(context: typer.Context, incomplete: str) -> list[str]:
    """The connections of the configuration that is named so far, or of the usual one."""
    path = context.params.get("config") or os.environ.get(ENV_PATH) or "connectors.toml"
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("connectors", {})
    except (OSError, ValueError):
        return []
    return [name for name in tables if name.startswith(incomplete)]


def states(incomplete: str) -> list[str]:
    """The states of an event."""
    return [state for state in STATES if state.startswith(incomplete)]
