"""``connectors``: list installed connectors and what is wrong with broken ones."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inboxbridge.cli.console import console, print_json
from inboxbridge.config import Config, find_config, read_config
from inboxbridge.connector import Providers
from inboxbridge.errors import ConfigError
from inboxbridge.plugins import HOOKS, Installed, Unusable, implemented_hooks, installed, load_class

WITH_HOOKS = 100
"""From which width on the list names the hooks of each connector."""


@dataclass
class Row:
    """One connector. The fields are those of ``connectors --json``.

    Attributes:
        name: What a connection's ``plugin`` says.
        package: The distribution it comes in; None where none is installed.
        version: Of the package.
        api_version: Of the contract it was written for; None where it cannot be loaded.
        hooks: The hooks that it (or any of its formats) implements.
        enabled: The enabled connections that use it.
        error: Why it cannot be used, or None.
        providers: Its formats, the default one first; empty for a single one.
        urls: What the source of each of these connections calls; a path where no public URL is
            configured.
    """

    name: str
    package: str | None
    version: str | None
    api_version: int | None = None
    hooks: list[str] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    error: str | None = None
    providers: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)


def list_connectors(config_path: Path | None, *, as_json: bool, debug: bool) -> int:
    """Print what is installed. Returns 1 if one of them, or one that is asked for, is broken."""
    rows = describe(installed(), _config(config_path), debug=debug)
    if as_json:
        print_json([asdict(row) for row in rows], indent=2)
    else:
        _print_table(rows)
    return 1 if any(row.error for row in rows) else 0


def describe(
    available: Mapping[str, list[Installed]], config: Config | None, *, debug: bool = False
) -> list[Row]:
    """Return a row for each connector that is installed or that a connection asks for.

    With *debug* the traceback of each failure goes to stderr.
    """
    users: dict[str, list[str]] = {}
    for settings in config.connections.values() if config else ():
        if settings.enabled:
            users.setdefault(settings.plugin, []).append(settings.name)
    urls = config.webhook_urls() if config else {}
    rows = []
    for name in sorted({*available, *users}):
        entries: list[Installed | None] = [*available.get(name, [])]
        for entry in entries or [None]:
            row = Row(
                name,
                entry.package if entry else None,
                entry.version if entry else None,
                enabled=users.get(name, []),
            )
            row.urls = {one: urls[one] for one in row.enabled if one in urls}
            _load(row, dict(available), debug)
            rows.append(row)
    return rows


def _load(row: Row, available: dict[str, list[Installed]], debug: bool) -> None:
    entries = available.get(row.name, [])
    try:
        target = entries[0].entry_point.load() if len(entries) == 1 else None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        target = None  # load_class says it in words
    if isinstance(target, Providers):
        others = [name for name in target.formats if name != target.default]
        row.providers = [target.default, *others]
    hooks: set[str] = set()
    faults = []
    providers: list[str | None] = [*row.providers]
    for provider in providers or [None]:
        try:
            found = load_class(row.name, provider, available)
        except Unusable as error:
            faults.append(str(error))
            if debug:
                traceback.print_exception(error, file=sys.stderr)
            continue
        row.api_version = found.api_version
        hooks.update(implemented_hooks(found))
    row.hooks = [name for name in HOOKS if name in hooks]
    row.error = "; ".join(faults) or None


def _config(path: Path | None) -> Config | None:
    """The configuration as far as it can be used; none is needed unless one is named."""
    file = find_config(path)
    config, problems = read_config(path)
    if path is not None and not file.exists():
        raise ConfigError(str(problems[0]))
    return config


def _print_table(rows: list[Row]) -> None:
    from inboxbridge.cli.layout import print_rows, print_wrapped

    out = console()
    if not rows:
        out.print("no connector is installed; try: pip install inboxbridge-webhook")
        return
    listed = []
    for row in rows:
        said = [f"connections: {', '.join(row.enabled)}" if row.enabled else "none enabled"]
        if row.providers:
            said.append(f"formats: {', '.join(row.providers)}")
        if row.hooks and out.width >= WITH_HOOKS:
            said.append(f"hooks: {', '.join(row.hooks)}")
        package = row.package or "not installed"
        cells = ("✗" if row.error else "✓", row.name, package, row.version or "")
        listed.append((*cells, str(row.api_version or ""), "; ".join(said)))
    print_rows(out, ("", "name", "package", "version", "API", "used by"), listed)
    urls = {name: url for row in rows for name, url in row.urls.items()}
    if urls:
        out.print("webhook URLs", style="bold")
    for name, url in urls.items():
        out.print(f"  {name}: {url}", soft_wrap=True)
    for row in rows:
        if row.error:
            print_wrapped(out, f"✗ {row.name}: {row.error}", style="red")
