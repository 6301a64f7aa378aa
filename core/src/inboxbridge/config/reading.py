"""Read connectors.toml into typed settings, with every fault of the file at once."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from inboxbridge.config.places import line_of
from inboxbridge.config.problems import Problem, config_error, nearest, validation_problems
from inboxbridge.config.secrets import Resolver, resolve_secrets, resolver
from inboxbridge.config.tables import (
    COMMON_KEYS,
    WIX_HOOK,
    ConnectionSettings,
    ConsoleSettings,
    CourierSettings,
    GatewaySettings,
    JournalSettings,
    SiteSettings,
)

DEFAULT_PATH = "connectors.toml"
ENV_PATH = "INBOXBRIDGE_CONFIG"
ENV_PREFIX = "INBOXBRIDGE__"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TABLES = ("journal", "gateway", "courier", "console", "sites", "connectors")


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration, validated except for the connectors' own settings.

    Attributes:
        path: The file, or None if it was built from tables.
        problems: What is wrong with it; tables with a problem are left out.
        text: The file's text.
    """

    path: Path | None
    journal: JournalSettings
    gateway: GatewaySettings
    courier: CourierSettings
    sites: dict[str, SiteSettings]
    connections: dict[str, ConnectionSettings]
    problems: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)

    def locate(self, problem: Problem) -> Problem:
        """Return *problem* with the file and line in which its key stands."""
        return _located(problem, self.path, self.text)

    def problems_of(self, connection: str) -> list[Problem]:
        """The problems of a connection's table."""
        return [one for one in self.problems if one.table == f"connectors.{connection}"]

    def hook_url(self, connection: str) -> str | None:
        """The URL that a connection's source calls, or None where none is configured."""
        settings = self.connections.get(connection)
        if settings is not None and settings.public_url:
            return settings.public_url
        if settings is not None and settings.via:
            return self.hook_url(settings.via)
        base = self.gateway.public_url
        return f"{base.rstrip('/')}/hooks/{connection}" if base else None

    def webhook_urls(self, address: str | None = None) -> dict[str, str]:
        """What to enter at the source of each enabled connection that has a URL of its own.

        Args:
            address: Where a gateway listens, for those without a public URL; with None they have
                only the path.
        """
        return {
            name: self.hook_url(name) or f"{address or ''}/hooks/{name}"
            for name, settings in self.connections.items()
            if settings.enabled and not settings.via
        }


def find_config(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the file to read: *path*, else ``INBOXBRIDGE_CONFIG``, else ``connectors.toml``."""
    return Path(path or os.environ.get(ENV_PATH) or DEFAULT_PATH)


def load_config(
    path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Read connectors.toml.

    Args:
        path: The file; see `find_config`.
        environ: The environment for secrets and overrides; the process's own by default.

    Raises:
        ConfigError: With a line for every problem.
    """
    config, problems = read_config(path, environ)
    if problems or config is None:
        raise config_error(problems)
    return config


def read_config(
    path: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    resolve: Resolver | None = None,
) -> tuple[Config | None, list[Problem]]:
    """Read connectors.toml and return what can be used of it, with all its problems.

    Args:
        path: The file; see `find_config`.
        environ: The environment for secrets and overrides; the process's own by default.
        resolve: Where secrets come from; *environ* and files by default.
    """
    file = find_config(path)
    environ = os.environ if environ is None else environ
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        hint = f"Create it, or name another with --config or {ENV_PATH}"
        return None, [Problem("", "", "there is no such file", hint, str(file))]
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem("", "", f"cannot be read: {error}", file=str(file))]
    except tomllib.TOMLDecodeError as error:
        return None, [Problem("", "", f"is not valid TOML: {error}", file=str(file))]
    return _Reader(file, text, environ, resolve or resolver(environ, file.parent)).read(document)


def config_from(document: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Config:
    """Build a configuration from tables instead of a file. Raises `ConfigError`."""
    environ = os.environ if environ is None else environ
    config, problems = _Reader(None, "", environ, resolver(environ, None)).read(dict(document))
    if problems or config is None:
        raise config_error(problems)
    return config


_UNSET = "(not set)"
_SQLITE = "sqlite:///"
_FALSE = {"false", "0", "no", "off", "n", "f"}

TableT = TypeVar("TableT", bound=BaseModel)


class _Reader:
    def __init__(
        self, path: Path | None, text: str, environ: Mapping[str, str], resolve: Resolver
    ) -> None:
        self.path = path
        self.text = text
        self.environ = environ
        self.resolve = resolve
        self.problems: list[Problem] = []

    def read(self, document: dict[str, Any]) -> tuple[Config | None, list[Problem]]:
        document = self._overridden(document)
        for name in document.keys() - set(_TABLES):
            self._report(Problem(name, "", "unknown table", nearest(name, _TABLES)))
        journal = self._table(JournalSettings, "journal", document.get("journal", {}))
        gateway = self._table(GatewaySettings, "gateway", document.get("gateway", {}))
        courier = self._table(CourierSettings, "courier", document.get("courier", {}))
        console = self._table(ConsoleSettings, "console", document.get("console", {}))
        site_tables = document.get("sites", {})
        sites = self._sites(site_tables)
        connections = self._connections(
            document.get("connectors", {}), site_tables if isinstance(site_tables, dict) else ()
        )
        if journal is None or gateway is None or courier is None or console is None:
            return None, self.problems
        journal = journal.model_copy(update={"url": self._journal_url(journal.url)})
        config = Config(
            self.path, journal, gateway, courier, sites, connections,
            tuple(self.problems), self.text, console,
        )  # fmt: skip
        return config, self.problems

    def _journal_url(self, url: str) -> str:
        """A relative file is in the configuration's folder, wherever the process was started."""
        name = url.removeprefix(_SQLITE)
        if self.path is None or name == url or not name or name.startswith(("/", ":", "file:")):
            return url
        return f"{_SQLITE}{self.path.resolve().parent / name}"

    def _sites(self, tables: Any) -> dict[str, SiteSettings]:
        sites = {}
        for name, table in self._each("sites", tables):
            settings = self._table(SiteSettings, f"sites.{name}", table)
            if settings is not None:
                sites[name] = settings
        return sites

    def _connections(self, tables: Any, sites: Collection[str]) -> dict[str, ConnectionSettings]:
        connections = {}
        for name, table in self._each("connectors", tables):
            settings = self._connection(name, table, sites)
            if settings is not None:
                connections[name] = settings
        return {
            name: settings
            for name, settings in connections.items()
            if settings.via is None or self._may_share(settings, connections)
        }

    def _may_share(
        self, settings: ConnectionSettings, connections: Mapping[str, ConnectionSettings]
    ) -> bool:
        """Whether a connection can take its deliveries by the URL it names; reports why not."""
        assert settings.via is not None
        host = connections.get(settings.via)
        if host is None:
            what = f"there is no connection called {settings.via!r}"
            problem = Problem("", "via", what, nearest(settings.via, connections))
        elif host.via is not None or host is settings:
            what = f"{settings.via!r} has no URL of its own"
            problem = Problem("", "via", what, "Name the connection whose URL the source calls")
        elif (host.plugin, host.provider) != (settings.plugin, settings.provider):
            what = f"{settings.via!r} is a connection of another plugin or provider"
            problem = Problem("", "via", what, "Both must read the same deliveries")
        elif not settings.recipients:
            what = f"missing: nothing says which events are not for {settings.via!r}"
            hint = 'List the accounts or numbers: recipients = ["…"]'
            problem = Problem("", "recipients", what, hint)
        else:
            return True
        self._report(replace(problem, table=f"connectors.{settings.name}"))
        return False

    def _connection(
        self, name: str, table: dict[str, Any], sites: Collection[str]
    ) -> ConnectionSettings | None:
        table_name = f"connectors.{name}"
        if not _NAME.fullmatch(name) or name == WIX_HOOK:
            what = f"{name!r} cannot be part of a webhook URL"
            hint = f"Use letters, digits, - and _; the name {WIX_HOOK} is taken"
            self._report(Problem(table_name, "", what, hint))
            return None
        if str(table.get("enabled")).lower() in _FALSE:
            table = {key: value for key, value in table.items() if key in COMMON_KEYS}
        resolved = self._resolved(table_name, table)
        common = {key: value for key, value in resolved.items() if key in COMMON_KEYS}
        own = {key: value for key, value in resolved.items() if key not in COMMON_KEYS}
        common.setdefault("plugin", name)
        if "site" not in common and len(sites) == 1:
            common["site"] = next(iter(sites))
        values = {**common, "name": name, "own": own}
        settings = self._validated(ConnectionSettings, table_name, values)
        if settings is not None and settings.enabled and settings.site not in sites:
            what = f"there is no site called {settings.site!r}"
            hint = nearest(settings.site, sites) or f"Add a table [sites.{settings.site}]"
            self._report(Problem(table_name, "site" if "site" in table else "", what, hint))
            return None
        return settings

    def _each(self, name: str, tables: Any) -> list[tuple[str, dict[str, Any]]]:
        if not isinstance(tables, dict):
            self._report(Problem(name, "", "expected tables", f"Write [{name}.NAME]"))
            return []
        for key, table in tables.items():
            if not isinstance(table, dict):
                self._report(Problem(name, key, "expected a table", f"Write [{name}.{key}]"))
        return [(key, table) for key, table in tables.items() if isinstance(table, dict)]

    def _table(self, model: type[TableT], name: str, table: Any) -> TableT | None:
        if not isinstance(table, dict):
            self._report(Problem(name, "", "expected a table", f"Write [{name}]"))
            return None
        before = len(self.problems)
        settings = self._validated(model, name, self._resolved(name, table))
        return settings if len(self.problems) == before else None

    def _validated(self, model: type[TableT], name: str, table: dict[str, Any]) -> TableT | None:
        # A secret that is not set was reported already; what else is wrong shows all the same.
        stand_ins = {key: _UNSET if value is None else value for key, value in table.items()}
        try:
            return model.model_validate(stand_ins)
        except ValidationError as error:
            for problem in validation_problems(error, model, name):
                if table.get(problem.key.partition(".")[0], "") is not None:
                    self._report(problem)
            return None

    def _resolved(self, name: str, table: dict[str, Any]) -> dict[str, Any]:
        resolved, problems = resolve_secrets(name, table, self.resolve)
        for problem in problems:
            self._report(problem)
        return resolved

    def _overridden(self, document: dict[str, Any]) -> dict[str, Any]:
        document = cast(dict[str, Any], json.loads(json.dumps(document, default=str)))
        for name, value in sorted(self.environ.items()):
            if not name.startswith(ENV_PREFIX):
                continue
            table = document
            *parents, last = name[len(ENV_PREFIX) :].split("__")
            for parent in parents:
                table = table.setdefault(_existing(table, parent), {})
                if not isinstance(table, dict):
                    what = f"{parent.lower()} is a value, not a table"
                    self._report(Problem("", name, what))
                    break
            else:
                table[_existing(table, last)] = _scalar(value)
        return document

    def _report(self, problem: Problem) -> None:
        self.problems.append(_located(problem, self.path, self.text))


def _located(problem: Problem, path: Path | None, text: str) -> Problem:
    if path is None or not problem.table:
        return problem
    return replace(problem, file=str(path), line=line_of(text, problem.table, problem.key))


def _existing(table: Mapping[str, Any], name: str) -> str:
    """The key of *table* that an environment variable's part means."""
    wanted = name.lower()
    for key in table:
        if key.lower().replace("-", "_") == wanted:
            return key
    return wanted


def _scalar(value: str) -> Any:
    if value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
