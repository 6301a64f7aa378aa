"""Finds, loads and isolates connectors.

Installed connectors are found by the entry-point group ``inboxbridge.connectors`` without importing
them. Only the ones that a connection needs are imported, one at a time; one that cannot be used is
reported as `Broken` and the others go on.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import (
    EntryPoint,
    PackageNotFoundError,
    distribution,
    entry_points,
)
from typing import Any

from pydantic import SecretStr, ValidationError

from inboxbridge.config import Config, Problem, nearest, validation_problems
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.connector import Connector, ConnectorSettings, Providers
from inboxbridge.errors import HookTimeout
from inboxbridge.hookspecs import API_VERSION, ConnectorSpec
from inboxbridge.plugins.connection import (
    HOOKS,
    Connection,
    Unusable,
    marked_hooks,
)
from inboxbridge.plugins.deprecations import warn_of
from inboxbridge.plugins.runner import HookRunner

GROUP = "inboxbridge.connectors"
SUPPORTED_API_VERSIONS = (1,)
_AWAITED = ("enrich", "fetch_attachment")


@dataclass(frozen=True, slots=True)
class Installed:
    """A connector that some package offers, not imported yet."""

    name: str
    package: str
    version: str
    entry_point: EntryPoint


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection that cannot run, and why.

    Attributes:
        connection: Its name.
        plugin: The connector that it names.
        reason: Why it cannot run, for people.
        problems: The faults of its table, where that is the reason.
    """

    connection: str
    plugin: str
    reason: str
    problems: tuple[Problem, ...] = ()


def installed(group: Iterable[EntryPoint] | None = None) -> dict[str, list[Installed]]:
    """Return what is installed, by name. A name with several entries is claimed by several."""
    found: dict[str, list[Installed]] = defaultdict(list)
    for point in entry_points(group=GROUP) if group is None else group:
        package = point.dist.name if point.dist else "unknown package"
        version = point.dist.version if point.dist else "?"
        entry = Installed(point.name, package, version, point)
        if all(
            (one.package, one.entry_point.value) != (package, point.value)
            for one in found[point.name]
        ):
            found[point.name].append(entry)
    return dict(sorted(found.items()))


def load_class(
    plugin: str, provider: str | None, available: dict[str, list[Installed]]
) -> type[Connector[Any]]:
    """Import the connector class for a plugin name and provider.

    Raises:
        Unusable: It is not installed, claimed twice, fails to import, or is not a connector.
    """
    entries = available.get(plugin)
    if not entries:
        raise Unusable(
            f"no installed connector is called {plugin!r}. {_where_to_get(plugin, available)}"
        )
    if len(entries) > 1:
        claims = " and ".join(f"{one.package} {one.version}" for one in entries)
        raise Unusable(
            f"{plugin!r} is claimed by several packages: {claims}. Uninstall all but one"
        )
    entry = entries[0]
    who = f"connector {plugin!r} (package {entry.package} {entry.version})"
    try:
        target = entry.entry_point.load()
        if isinstance(target, Providers):
            name = provider or target.default
            if name not in target.formats:
                hint = nearest(name, target.formats)
                raise Unusable(f"{who} has no provider {name!r}. {hint}")
            target = target.load(name)
        elif provider is not None:
            raise Unusable(f"{who} has a single format; remove provider = {provider!r}")
    except Unusable:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Unusable(
            f"{who} cannot be imported: {_said(error)}. {_import_hint(error, entry)}"
        ) from error
    check_class(target, who)
    return target  # type: ignore[no-any-return]


def _import_hint(error: BaseException, entry: Installed) -> str:
    """What to look at: the entry point where it names what is not there, else the traceback."""
    module, _, attribute = entry.entry_point.value.partition(":")
    names_nothing = isinstance(error, AttributeError) and f"has no attribute {attribute!r}" in str(
        error
    )
    no_module = isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]
    if names_nothing or no_module:
        return (
            f'Its entry point is {entry.name} = "{entry.entry_point.value}": look at '
            f'[project.entry-points."{GROUP}"] in its pyproject.toml'
        )
    return "`inboxbridge connectors --debug` shows where"


def _where_to_get(plugin: str, available: Collection[str]) -> str:
    """What to do about a connector that is not found."""
    package = f"inboxbridge-{plugin}"
    try:
        found = distribution(package)
    except (PackageNotFoundError, ValueError):
        hint = nearest(plugin, available) or "No connector is installed."
        return f"{hint} (pip install {package}?)"
    groups = sorted({point.group for point in found.entry_points})
    there = f"It has entry points in {', '.join(groups)}. " if groups else ""
    names = sorted(point.name for point in found.entry_points if point.group == GROUP)
    if names:
        return f"{package} {found.version} is installed and calls its connector {names[0]!r}"
    return (
        f"{package} {found.version} is installed but has no entry point in group {GROUP}. {there}"
        f'Write [project.entry-points."{GROUP}"] in its pyproject.toml and install it again'
    )


def check_class(target: Any, who: str) -> None:
    """Check what can be seen of a connector class without making one.

    Args:
        target: What the entry point names.
        who: What to call it in the text of an error.

    Raises:
        Unusable: It is no connector of this version of the contract.
    """
    settings = getattr(target, "Settings", None)
    if not (
        inspect.isclass(target)
        and inspect.isclass(settings)
        and issubclass(settings, ConnectorSettings)
    ):
        raise Unusable(
            f"{who} is not a connector: its entry point must name a class derived from "
            "inboxbridge.Connector, or a Providers object"
        )
    version = getattr(target, "api_version", None)
    if version not in SUPPORTED_API_VERSIONS:
        raise Unusable(
            f"{who} was written for API version {version}; this is version "
            f"{API_VERSION}. Install a matching release of it or of inboxbridge"
        )
    marked = marked_hooks(target)
    unknown = sorted(set(marked) - set(HOOKS))
    if unknown:
        hint = nearest(unknown[0], HOOKS)
        raise Unusable(f"{who} implements a hook that does not exist: {unknown[0]}. {hint}")
    unmarked = sorted(name for name in HOOKS if hasattr(target, name) and name not in marked)
    if unmarked:
        raise Unusable(f"{who} defines {unmarked[0]} without @hookimpl; add the decorator")
    if "parse_event" not in marked:
        raise Unusable(f"{who} implements no parse_event; without it nothing can arrive")
    _check_kinds(target, marked, who)
    _check_arguments(target, marked, who)
    warn_of(target, marked, who)


def _check_kinds(target: Any, marked: list[str], who: str) -> None:
    for name in marked:
        is_async = inspect.iscoroutinefunction(getattr(target, name))
        if is_async and name not in _AWAITED:
            others = " and ".join(_AWAITED)
            raise Unusable(f"{who} defines {name} as async def; every hook but {others} is a def")
        if name in _AWAITED and not is_async:
            raise Unusable(f"{who} defines {name} without async; it is awaited")
    methods = getattr(target, "handshake_methods", ())
    if not isinstance(methods, (tuple, list)) or not set(methods) <= {"GET", "POST"}:
        raise Unusable(f'{who}: handshake_methods must be a tuple of "GET" and "POST"')
    largest = getattr(target, "max_body_bytes", 1)
    if not isinstance(largest, int) or largest < 1:
        raise Unusable(f"{who}: max_body_bytes must be a whole number, 1 or more")


def _check_arguments(target: Any, marked: list[str], who: str) -> None:
    for name in marked:
        expected = _arguments(getattr(ConnectorSpec, name))
        for given in _arguments(getattr(target, name)):
            if given not in expected:
                has = f"it has {', '.join(expected)}" if expected else "it has none"
                raise Unusable(
                    f"{who} defines {name} with an argument that the hook does not have: {given} "
                    f"({has}). {nearest(given, expected) if expected else 'Remove it'}"
                )


def _arguments(function: Callable[..., Any]) -> list[str]:
    """The names of a hook's arguments, without those that have a default, which are its own."""
    parameters = list(inspect.signature(inspect.unwrap(function)).parameters.values())
    return [one.name for one in parameters if one.name != "self" and one.default is one.empty]


def connect(
    settings: ConnectionSettings,
    available: dict[str, list[Installed]],
    *,
    url: str | None = None,
    runner: HookRunner | None = None,
    locate: Callable[[Problem], Problem] = lambda problem: problem,
) -> Connection:
    """Make a connection from its settings.

    Args:
        settings: The connection's table.
        available: The installed connectors.
        url: What its source calls.
        runner: Where its hooks will run; its limit also holds for making the connection.
        locate: Adds to a problem the file and line of its key.

    Raises:
        Unusable: The connector cannot be loaded, or refuses its settings.
    """
    runner = runner or HookRunner(settings.name)
    try:
        target = load_class(settings.plugin, settings.provider, available)
    except Unusable as error:
        problem = locate(Problem(f"connectors.{settings.name}", "plugin", str(error)))
        raise Unusable(str(problem), (problem,)) from error.__cause__
    who = f"connection {settings.name!r}"
    try:
        return runner.call_now(lambda: _made(target, settings, url, runner, locate))
    except Unusable:
        raise
    except HookTimeout:
        raise Unusable(
            f"{who}: setting up connector {settings.plugin!r} took over "
            f"{runner.limit_seconds:g} s and was given up"
        ) from None
    except BaseException as error:
        said = _without_secrets(_said(error), target, settings)
        raise Unusable(f"{who}: connector {settings.plugin!r} cannot be set up: {said}") from error


def _made(
    target: type[Connector[Any]],
    settings: ConnectionSettings,
    url: str | None,
    runner: HookRunner,
    locate: Callable[[Problem], Problem],
) -> Connection:
    try:
        own = target.Settings.model_validate(settings.own)
    except ValidationError as error:
        table = f"connectors.{settings.name}"
        problems = tuple(
            locate(replace(one, what=_without_secrets(one.what, target, settings)))
            for one in validation_problems(error, target.Settings, table)
        )
        refused = f"its settings do not fit connector {settings.plugin!r}"
        details = "; ".join(map(_inline, problems))
        raise Unusable(f"connection {settings.name!r}: {refused}: {details}", problems) from None
    return Connection(settings, target(own), url=url, runner=runner)


def connect_all(
    config: Config, available: dict[str, list[Installed]] | None = None, *, inline: bool = False
) -> tuple[dict[str, Connection], list[Broken]]:
    """Make every enabled connection; those that cannot be made are returned as `Broken`."""
    available = installed() if available is None else available
    connections: dict[str, Connection] = {}
    broken: list[Broken] = []
    for name, settings in config.connections.items():
        if not settings.enabled:
            continue
        try:
            connections[name] = connect(
                settings,
                available,
                url=config.hook_url(name),
                runner=HookRunner(name, inline=inline),
                locate=config.locate,
            )
        except Unusable as error:
            broken.append(Broken(name, settings.plugin, str(error), error.problems))
    return connections, broken


def _inline(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.where}: {problem.what}{hint}"


def _without_secrets(text: str, target: type[Connector[Any]], settings: ConnectionSettings) -> str:
    """What a connector says of its settings, which may quote them, without its secrets."""
    fields = target.Settings.model_fields
    hidden = [
        one
        for key, value in settings.own.items()
        if key in fields and SecretStr.__name__ in repr(fields[key].annotation)
        for one in _texts(value)
    ]
    for one in sorted(hidden, key=len, reverse=True):
        text = text.replace(one, "…")
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
