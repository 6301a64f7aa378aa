"""connectors.toml becomes typed settings; every fault of the file is reported in one go."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from inboxbridge.errors import ConfigError
from inboxbridge.places import place
from inboxbridge.settings import (
    ConnectionSettings,
    CourierSettings,
    GatewaySettings,
    JournalSettings,
    SiteSettings,
)

DEFAULT_PATH = "connectors.toml"
ENV_PATH = "INBOXBRIDGE_CONFIG"
ENV_PREFIX = "INBOXBRIDGE__"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, for people: where it is, what is wrong, what to do about it."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f". {self.hint}" if self.hint else "")


_COMMON = {
    "plugin",
    "provider",
    "enabled",
    "site",
    "unmatched",
    "ambiguous",
    "visibility",
    "public_url",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
RESERVED = {"wix"}
"""Names that no connection may have: ``/hooks/wix`` takes Wix's own webhooks."""


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration, validated but for the connectors' own settings."""

    path: Path | None
    journal: JournalSettings
    gateway: GatewaySettings
    courier: CourierSettings
    sites: dict[str, SiteSettings]
    connections: dict[str, ConnectionSettings]
    text: str = field(default="", repr=False)

    def placing(self, connection: str) -> Callable[[str], str]:
        """Return what says where in the file a key of a connection's table stands."""
        where = f"connectors.{connection}"
        return lambda key: place(self.path, self.text, where, key)

    def hook_url(self, connection: str) -> str | None:
        """The URL that a connection's source calls, or None where none is configured."""
        settings = self.connections.get(connection)
        if settings is not None and settings.public_url:
            return settings.public_url
        base = self.gateway.public_url
        return f"{base.rstrip('/')}/hooks/{connection}" if base else None


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
        ConfigError: With a line for every fault.
    """
    config, problems = read_config(path, environ)
    if problems or config is None:
        raise ConfigError("\n".join(str(problem) for problem in problems))
    return config


def read_config(
    path: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> tuple[Config | None, list[Problem]]:
    """Read connectors.toml and return what can be used of it, with all faults found."""
    file = find_config(path)
    environ = os.environ if environ is None else environ
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        hint = f"Create it, or name another with --config or {ENV_PATH}"
        return None, [Problem(str(file), "there is no such file", hint)]
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(str(file), f"cannot be read: {error}")]
    except tomllib.TOMLDecodeError as error:
        return None, [Problem(str(file), f"is not valid TOML: {error}")]
    return _Reader(file, text, environ).read(document)


def config_from(document: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Config:
    """Build a configuration from tables instead of a file. Raises `ConfigError`."""
    reader = _Reader(None, "", os.environ if environ is None else environ)
    config, problems = reader.read(dict(document))
    if problems or config is None:
        raise ConfigError("\n".join(str(problem) for problem in problems))
    return config


_UNSET = "(not set)"
_SQLITE = "sqlite:///"
_SECRET_KINDS = ("env", "file")
_FALSE = {"false", "0", "no", "off", "n", "f"}

TableT = TypeVar("TableT", bound=BaseModel)


class _Reader:
    def __init__(self, path: Path | None, text: str, environ: Mapping[str, str]) -> None:
        self.path = path
        self.text = text
        self.environ = environ
        self.problems: list[Problem] = []

    def read(self, document: dict[str, Any]) -> tuple[Config | None, list[Problem]]:
        document = self._overridden(document)
        known = ["journal", "gateway", "courier", "sites", "connectors"]
        for name in document.keys() - set(known):
            self._report(name, "", "unknown table", nearest(name, known))
        journal = self._table(JournalSettings, "journal", document.get("journal", {}))
        gateway = self._table(GatewaySettings, "gateway", document.get("gateway", {}))
        courier = self._table(CourierSettings, "courier", document.get("courier", {}))
        named = document.get("sites", {})
        sites = self._sites(named)
        connections = self._connections(
            document.get("connectors", {}), list(named) if isinstance(named, dict) else []
        )
        if journal is None or gateway is None or courier is None:
            return None, self.problems
        journal = journal.model_copy(update={"url": self._journal_url(journal.url)})
        return (
            Config(self.path, journal, gateway, courier, sites, connections, self.text),
            self.problems,
        )

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
            where = f"connectors.{name}"
            if not _NAME.fullmatch(name) or name in RESERVED:
                hint = "Use letters, digits, - and _; the name wix is taken"
                self._report(where, "", f"{name!r} cannot be part of a webhook URL", hint)
                continue
            if str(table.get("enabled")).lower() in _FALSE:
                table = {key: value for key, value in table.items() if key in _COMMON}
            resolved = self._resolved(where, table)
            common = {key: value for key, value in resolved.items() if key in _COMMON}
            own = {key: value for key, value in resolved.items() if key not in _COMMON}
            common.setdefault("plugin", name)
            if "site" not in common and len(sites) == 1:
                common["site"] = next(iter(sites))
            settings = self._table(
                ConnectionSettings, where, {**common, "name": name, "own": own}, resolve=False
            )
            if settings is None:
                continue
            if settings.enabled and settings.site not in sites:
                what = f"there is no site called {settings.site!r}"
                hint = nearest(settings.site, sites) or f"Add a table [sites.{settings.site}]"
                self._report(where, "site" if "site" in table else "", what, hint)
                continue
            connections[name] = settings
        return connections

    def _each(self, name: str, tables: Any) -> list[tuple[str, dict[str, Any]]]:
        if not isinstance(tables, dict):
            self._report(name, "", "expected tables", f"Write [{name}.NAME]")
            return []
        found = []
        for key, table in tables.items():
            if isinstance(table, dict):
                found.append((key, table))
            else:
                self._report(name, key, "expected a table", f"Write [{name}.{key}]")
        return found

    def _table(
        self, model: type[TableT], where: str, table: Any, *, resolve: bool = True
    ) -> TableT | None:
        if not isinstance(table, dict):
            self._report(where, "", "expected a table", f"Write [{where}]")
            return None
        before = len(self.problems)
        if resolve:
            table = self._resolved(where, table)
        unset = len(self.problems) > before
        try:
            # A secret that is not set is told of already; what else is wrong shows all the same.
            stand_ins = {key: _UNSET if value is None else value for key, value in table.items()}
            found = model.model_validate(stand_ins)
        except ValidationError as error:
            for problem in validation_problems(error, model):
                if table.get(problem.where.partition(".")[0], "") is None:
                    continue
                self._report(where, problem.where, problem.what, problem.hint)
            return None
        return None if unset else found

    def _resolved(self, where: str, table: dict[str, Any]) -> dict[str, Any]:
        return {key: self._secret(where, key, value) for key, value in table.items()}

    def _secret(self, where: str, key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._secret(where, key, item) for item in value]
        if not isinstance(value, dict) or len(value) != 1:
            return value
        kind, name = next(iter(value.items()))
        if kind == "env" and isinstance(name, str):
            found = self.environ.get(name)
            if not (found and found.strip()):
                what = f"the environment variable {name} is not set"
                self._report(where, key, what, f"Set {name} before starting")
                return None
            return found
        if kind == "file" and isinstance(name, str):
            path = Path(name)
            if not path.is_absolute() and self.path is not None:
                path = self.path.parent / path
            try:
                found = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not text"
                self._report(where, key, f"the file {name} cannot be read: {reason}")
                return None
            if not found:
                self._report(where, key, f"the file {name} is empty")
            return found or None
        if isinstance(name, str) and difflib.get_close_matches(str(kind), _SECRET_KINDS):
            self._report(where, key, f"{{ {kind} = … }} is no secret", nearest(kind, _SECRET_KINDS))
            return None
        return value

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
                    self._report(name, "", f"{parent.lower()} is a value, not a table")
                    break
            else:
                table[_existing(table, last)] = _scalar(value)
        return document

    def _report(self, where: str, key: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(place(self.path, self.text, where, key), what, hint))


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


def nearest(name: str, known: Any) -> str:
    """A hint that names the closest of *known*, or lists them; empty where there are none."""
    options = sorted(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known are: {', '.join(options)}" if options else ""


def validation_problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Pydantic's findings in words; never with the value, which may be a secret."""
    problems = []
    for found in error.errors(include_url=False, include_input=False, include_context=True):
        location = [str(part) for part in found["loc"] if not str(part).startswith("function-")]
        key = ".".join(location)
        if found["type"] == "extra_forbidden":
            fields = set(model.model_fields) - {"name", "own"}
            if model is ConnectionSettings:
                fields = _COMMON
            problems.append(Problem(key, "unknown key", nearest(location[-1], fields)))
        elif found["type"] == "missing":
            problems.append(Problem(key, "is missing", _described(model, location)))
        else:
            what = found["msg"].removeprefix("Value error, ")
            problems.append(Problem(key, what[:1].lower() + what[1:], _described(model, location)))
    return problems


def _described(model: type[BaseModel], location: list[str]) -> str:
    info = model.model_fields.get(location[0]) if location else None
    return (info.description or "") if info else ""
