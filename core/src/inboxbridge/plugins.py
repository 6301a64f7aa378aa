"""Finds, loads and isolates connectors.

Installed connectors are found by the entry-point group ``inboxbridge.connectors`` without importing
them. Only the ones that a connection needs are imported, one at a time; one that cannot be used is
reported as `Broken` and the others go on.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

import httpx
import pluggy
from pydantic import ValidationError

from inboxbridge.config import (
    Config,
    ConnectionSettings,
    Problem,
    nearest,
    validation_problems,
)
from inboxbridge.connector import Connector, ConnectorSettings, Providers
from inboxbridge.errors import ConnectorError, HookFailed, MalformedBody
from inboxbridge.hooks import HookRunner
from inboxbridge.hookspecs import API_VERSION, PROJECT, ConnectorSpec
from inboxbridge.model import (
    Answer,
    Attachment,
    Badge,
    BasicMessage,
    Event,
    MinimalMessage,
    WebhookRequest,
)
from inboxbridge.signing import Signature

GROUP = "inboxbridge.connectors"
SUPPORTED_API_VERSIONS = (1,)
HOOKS = tuple(
    name
    for name, function in vars(ConnectorSpec).items()
    if inspect.isfunction(function) and not name.startswith("_")
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Installed:
    """A connector that some package offers, not imported yet."""

    name: str
    package: str
    version: str
    entry_point: EntryPoint


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection that cannot run, and why."""

    connection: str
    plugin: str
    reason: str


class Unusable(ConnectorError):  # noqa: N818 - turned into a Broken record
    """A connector cannot be used. The text says who, what and what next."""


def installed(group: Iterable[EntryPoint] | None = None) -> dict[str, list[Installed]]:
    """Return what is installed, by name. A name with several entries is claimed by several."""
    found: dict[str, list[Installed]] = defaultdict(list)
    for point in entry_points(group=GROUP) if group is None else group:
        distribution = point.dist
        package = distribution.name if distribution else "unknown package"
        version = distribution.version if distribution else "?"
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
        Unusable: It is not installed, claimed twice, fails to import, or is no connector.
    """
    entries = available.get(plugin)
    if not entries:
        hint = nearest(plugin, available) or "No connector is installed."
        raise Unusable(
            f"no installed connector is called {plugin!r}. {hint} "
            f"(pip install inboxbridge-{plugin}?)"
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
            f"{who} cannot be imported: {_said(error)}. "
            "`inboxbridge connectors --debug` shows where"
        ) from error
    _check_class(target, who)
    return target  # type: ignore[no-any-return]


def _check_class(target: Any, who: str) -> None:
    if not inspect.isclass(target) or not issubclass(
        getattr(target, "Settings", object), ConnectorSettings
    ):
        raise Unusable(
            f"{who} is no connector: its entry point must name a class derived from "
            "inboxbridge.Connector, or a Providers object"
        )
    version = getattr(target, "api_version", None)
    if version not in SUPPORTED_API_VERSIONS:
        raise Unusable(
            f"{who} was written for API version {version}; this is version "
            f"{API_VERSION}. Install a matching release of it or of inboxbridge"
        )
    marked = _marked_hooks(target)
    unknown = sorted(set(marked) - set(HOOKS))
    if unknown:
        hint = nearest(unknown[0], HOOKS)
        raise Unusable(f"{who} implements a hook that does not exist: {unknown[0]}. {hint}")
    unmarked = sorted(name for name in HOOKS if hasattr(target, name) and name not in marked)
    if unmarked:
        raise Unusable(f"{who} defines {unmarked[0]} without @hookimpl; add the decorator")
    if "parse_event" not in marked:
        raise Unusable(f"{who} implements no parse_event; without it nothing can arrive")


def _marked_hooks(target: type) -> list[str]:
    marker = f"{PROJECT}_impl"
    return [
        name
        for name, function in inspect.getmembers(target, inspect.isroutine)
        if getattr(function, marker, None) is not None
    ]


def implemented_hooks(target: type) -> list[str]:
    """The names of the hooks that a connector class implements, in the order of the contract."""
    marked = set(_marked_hooks(target))
    return [name for name in HOOKS if name in marked]


class Connection:
    """One configured instance of a connector, with a plugin manager of its own.

    The methods call the connector's hooks in the calling thread and check what they return; the
    asynchronous ones go through the `HookRunner`.

    Attributes:
        settings: The connection's common settings.
        connector: The connector's instance.
        signature: The scheme it declared.
        hooks: The names of the hooks it implements.
        url: What its source calls, or None if no public URL is configured.
        runner: Where its hooks run.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        connector: Connector[Any],
        *,
        url: str | None = None,
        runner: HookRunner | None = None,
    ) -> None:
        self.settings = settings
        self.name = settings.name
        self.connector = connector
        self.url = url
        self.runner = runner or HookRunner(settings.name)
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(ConnectorSpec)
        try:
            self.manager.register(connector, name=settings.name)
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise Unusable(f"connector {settings.plugin!r}: {error}") from error
        self.hooks = frozenset(implemented_hooks(type(connector)))
        if "signature" not in self.hooks:
            raise Unusable(
                f"connector {settings.plugin!r} declares no signature; implement the hook "
                "signature, returning NoSignature() if its source signs nothing"
            )
        declared = self.manager.hook.signature()
        if not isinstance(declared, Signature):
            raise Unusable(f"{self._who}.signature returned {_kind(declared)}, not a Signature")
        self.signature = declared

    @property
    def label(self) -> str:
        """The source's name for people."""
        return getattr(self.connector, "label", "") or self.name.replace("-", " ").title()

    def parse(self, request: WebhookRequest) -> tuple[WebhookRequest, list[Event]]:
        """Return the delivery as it may be kept, and its events.

        Raises:
            MalformedBody: The connector says that the body cannot be read.
            HookFailed: The connector raised something else or returned something else.
        """
        found = self._call("parse_event", request=request)
        if not isinstance(found, list) or not all(isinstance(one, Event) for one in found):
            raise HookFailed(
                f"{self._who}.parse_event returned {_kind(found)}, not a list of Event"
            )
        if not found or "redact" not in self.hooks:
            return request, found
        return self.redacted(request), found

    def redacted(self, request: WebhookRequest) -> WebhookRequest:
        """Return the delivery as it may be kept. Raises `HookFailed`."""
        if "redact" not in self.hooks:
            return request
        return self._returned("redact", self._call("redact", request=request), WebhookRequest)

    def message(self, event: Event) -> tuple[BasicMessage | MinimalMessage, Badge | None]:
        """Return what goes to the Inbox for *event*, and its badge. Raises `HookFailed`."""
        content: Any
        if "to_wix_message" in self.hooks:
            content = self._call("to_wix_message", event=event)
            if not isinstance(content, (BasicMessage, MinimalMessage)):
                raise HookFailed(
                    f"{self._who}.to_wix_message returned {_kind(content)}, not a "
                    "BasicMessage or MinimalMessage"
                )
        else:
            content = default_message(event)
        if isinstance(content, BasicMessage) and not content.text and not content.attachments:
            raise HookFailed(f"{self._who}.to_wix_message returned a message with nothing in it")
        badge = self._call("badge", event=event) if "badge" in self.hooks else None
        if badge is not None and not isinstance(badge, Badge):
            raise HookFailed(f"{self._who}.badge returned {_kind(badge)}, not a Badge or None")
        return content, None if isinstance(content, MinimalMessage) else badge

    def handshake(self, request: WebhookRequest) -> Answer | None:
        """Return the answer to a handshake, None if this is none. Raises `HookFailed`."""
        return self._optional_answer("handshake", request)

    def answer(self, request: WebhookRequest) -> Answer | None:
        """Return what a stored delivery is answered with, None for a bare 200."""
        return self._optional_answer("answer", request)

    async def enrich(self, event: Event, http: httpx.AsyncClient) -> Event:
        """Return *event* with what the payload left out. Raises whatever the connector raises."""
        found = await self.manager.hook.enrich(event=event, http=http)
        enriched = self._returned("enrich", found, Event)
        if (enriched.id, enriched.thread) != (event.id, event.thread):
            raise HookFailed(f"{self._who}.enrich changed the event's id or thread")
        return enriched

    @property
    def _who(self) -> str:
        connector = type(self.connector).__name__
        return f"connector {self.settings.plugin!r} of connection {self.name!r}: {connector}"

    def _optional_answer(self, hook: str, request: WebhookRequest) -> Answer | None:
        if hook not in self.hooks:
            return None
        found = self._call(hook, request=request)
        return None if found is None else self._returned(hook, found, Answer)

    def _call(self, hook: str, **arguments: Any) -> Any:
        try:
            return getattr(self.manager.hook, hook)(**arguments)
        except MalformedBody:
            raise
        except Exception as error:
            raise HookFailed(f"{self._who}.{hook} raised {_safely_said(error)}") from error

    def _returned(self, hook: str, found: Any, expected: type[T]) -> T:
        if not isinstance(found, expected):
            raise HookFailed(f"{self._who}.{hook} returned {_kind(found)}, not {expected.__name__}")
        return found


def default_message(event: Event) -> BasicMessage | MinimalMessage:
    """What an event becomes where the connector does not say: its text, by its kind."""
    if event.kind == "activity":
        return MinimalMessage(text=event.text, icon_url=event.icon_url, url=event.url)
    attachments: tuple[Attachment, ...] = event.attachments
    return BasicMessage(text=event.text, attachments=attachments)


def connect(
    settings: ConnectionSettings,
    available: dict[str, list[Installed]],
    *,
    url: str | None = None,
    runner: HookRunner | None = None,
) -> Connection:
    """Make a connection from its settings.

    Raises:
        Unusable: The connector cannot be loaded, or refuses its settings.
    """
    target = load_class(settings.plugin, settings.provider, available)
    who = f"connection {settings.name!r}"
    try:
        own = target.Settings.model_validate(settings.own)
    except ValidationError as error:
        said = "; ".join(map(_fault, validation_problems(error, target.Settings)))
        refused = f"its settings do not fit connector {settings.plugin!r}"
        raise Unusable(f"{who}: {refused}: {said}") from None
    try:
        return Connection(settings, target(own), url=url, runner=runner)
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(
            f"{who}: connector {settings.plugin!r} cannot be set up: {_said(error)}"
        ) from error


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
        runner = HookRunner(name, inline=inline)
        try:
            connections[name] = connect(
                settings, available, url=config.hook_url(name), runner=runner
            )
        except Unusable as error:
            broken.append(Broken(name, settings.plugin, str(error)))
    return connections, broken


def _fault(problem: Problem) -> str:
    said = f"{problem.where}: {problem.what}" if problem.where else problem.what
    return f"{said} ({problem.hint})" if problem.hint else said


def _kind(value: Any) -> str:
    if isinstance(value, list):
        others = sorted({type(one).__name__ for one in value if not isinstance(one, Event)})
        return f"a list with {', '.join(others)}" if others else "a list"
    return "None" if value is None else f"a {type(value).__name__}"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _safely_said(error: BaseException) -> str:
    """The error's type and place, not its text: that may quote what a customer wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name} (line {trace.tb_lineno})"
