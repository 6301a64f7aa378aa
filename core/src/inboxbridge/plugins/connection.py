"""One configured instance of a connector: call its hooks and check what they return."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from functools import cached_property
from traceback import clear_frames
from typing import Any, TypeVar

import httpx
import pluggy

from inboxbridge.config import Problem
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.connector import Connector
from inboxbridge.errors import ConnectorError, HookFailed, MalformedBody
from inboxbridge.hookspecs import PROJECT, ConnectorSpec
from inboxbridge.model import (
    Answer,
    Attachment,
    Badge,
    BasicMessage,
    Download,
    Event,
    MinimalMessage,
    Part,
    WebhookRequest,
)
from inboxbridge.plugins.runner import HookRunner
from inboxbridge.reading import one_line
from inboxbridge.signing import AnyOf, HmacSignature, Signature, UrlFormSignature

HOOKS = tuple(
    name
    for name, function in vars(ConnectorSpec).items()
    if inspect.isfunction(function) and not name.startswith("_")
)

LONGEST_LABEL = 50

OF_THE_CORE = "inboxbridge"
"""In the data of an event that the core made itself, which the connector knows nothing of."""

T = TypeVar("T")


class Unusable(ConnectorError):
    """A connector cannot be used. The text says who, what and what next.

    Args:
        text: That text.
        problems: The faults of the connection's table, where these are the reason.
    """

    def __init__(self, text: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(text)
        self.problems = problems


def marked_hooks(target: type) -> list[str]:
    """The names of a class's functions that carry ``@hookimpl``, known hooks or not."""
    marker = f"{PROJECT}_impl"
    return [
        name
        for name, function in inspect.getmembers(target, inspect.isroutine)
        if getattr(function, marker, None) is not None
    ]


def implemented_hooks(target: type) -> list[str]:
    """The names of the hooks that a connector class implements, in the order of the contract."""
    marked = set(marked_hooks(target))
    return [name for name in HOOKS if name in marked]


class Connection:
    """One configured instance of a connector, with a plugin manager of its own.

    The methods call the connector's hooks in the calling thread and check what they return; the
    asynchronous ones go through the `HookRunner`.

    Attributes:
        settings: The connection's common settings.
        connector: The connector's instance.
        signature: The scheme it declared.
        signs_its_own_way: Whether that scheme is the connector's code rather than ours, so that
            checking it may take long or fail.
        signs_url: Whether that scheme, where it is ours, signs the URL that is called.
        hooks: The names of the hooks it implements.
        label: The source's name for people: of the settings, the connector or the connection.
        icon_url: The picture for badges and activities, or None.
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
        self.signs_its_own_way = not _is_ours(declared)
        self.signs_url = _signs_url(declared)
        own = getattr(connector, "settings", None)
        label = getattr(own, "label", None) or connector.label
        self.label = str(label or self.name.replace("-", " ").title())
        self.icon_url = getattr(own, "icon_url", None) or connector.icon_url

    def refusal(self, request: WebhookRequest, now: float) -> str | None:
        """Return why *request* is not genuine at *now* (Unix seconds), None if it is.

        Raises:
            HookFailed: The scheme, where it is the connector's own, raised or returned nonsense.
        """
        try:
            reason = self.signature.verify(request, now)
        except BaseException as error:
            raise HookFailed(f"{self._who}'s signature raised {safely_said(error)}") from error
        if reason is not None and not isinstance(reason, str):
            raise HookFailed(f"{self._who}'s signature returned {_kind(reason)}, not None or text")
        return reason

    def parts(self, request: WebhookRequest) -> list[Part]:
        """Return the delivery's events, and what of it is unreadable or left out.

        Raises:
            MalformedBody: The connector says that the body cannot be read.
            HookFailed: The connector raised something else or returned something else.
        """
        parts = self._call("parse_event", request=request)
        if not isinstance(parts, list) or not all(isinstance(part, Part) for part in parts):
            raise HookFailed(
                f"{self._who}.parse_event returned {_kind(parts)}, not a list of Event"
            )
        return parts

    def redacted(self, request: WebhookRequest) -> WebhookRequest:
        """Return the delivery as it may be kept. Raises `HookFailed`."""
        if "redact" in self.hooks:
            redacted = self._call("redact", request=request)
            request = self._returned("redact", redacted, WebhookRequest)
        try:
            redacted = self.signature.redact(request)
        except BaseException as error:
            raise HookFailed(f"{self._who}'s signature raised {safely_said(error)}") from error
        return self._returned("signature.redact", redacted, WebhookRequest)

    def message(self, event: Event) -> tuple[BasicMessage | MinimalMessage, Badge | None]:
        """Return what goes to the Inbox for *event*, and its badge. Raises `HookFailed`."""
        content: Any
        if "to_wix_message" in self.hooks and OF_THE_CORE not in event.data:
            content = self._call("to_wix_message", event=event)
            if not isinstance(content, (BasicMessage, MinimalMessage)):
                raise HookFailed(
                    f"{self._who}.to_wix_message returned {_kind(content)}, not a "
                    "BasicMessage or MinimalMessage"
                )
        else:
            content = self._default_message(event)
        if isinstance(content, BasicMessage) and not content.text and not content.attachments:
            raise HookFailed(f"{self._who}.to_wix_message returned a message with nothing in it")
        badge = self.badge(event)
        return content, None if isinstance(content, MinimalMessage) else badge

    def badge(self, event: Event) -> Badge | None:
        """Return the badge of *event*, None for none. Raises `HookFailed`."""
        if "badge" not in self.hooks or OF_THE_CORE in event.data:
            return Badge(text=self.label[:LONGEST_LABEL], icon_url=event.icon_url or self.icon_url)
        badge = self._call("badge", event=event)
        if badge is not None and not isinstance(badge, Badge):
            raise HookFailed(f"{self._who}.badge returned {_kind(badge)}, not a Badge or None")
        return badge

    def handshake(self, request: WebhookRequest) -> Answer | None:
        """Return the answer to a handshake, None if this is none. Raises `HookFailed`."""
        return self._optional_answer("handshake", request)

    def answer(self, request: WebhookRequest) -> Answer | None:
        """Return what a stored delivery is answered with, None for a bare 200."""
        return self._optional_answer("answer", request)

    async def enrich(self, event: Event) -> Event:
        """Return *event* with what the payload left out.

        It runs in a loop and a thread of its own, with an HTTP client of that loop.

        Raises:
            HookFailed: The connector returned something else than the event, enriched.
            HookTimeout: It took too long, whether it waited or blocked.
            HookEnded: It raised `CancelledError`, `SystemExit` or the like.
            Exception: Whatever the connector raises, which may succeed another time.
        """

        async def enriched(http: httpx.AsyncClient) -> Any:
            call = self.manager.hook.enrich(event=event, http=http)
            if not isinstance(call, Awaitable):
                raise HookFailed(f"{self._who}.enrich must be async")
            return await call

        enriched_event = self._returned("enrich", await self.runner.loop.call(enriched), Event)
        if (enriched_event.id, enriched_event.thread) != (event.id, event.thread):
            raise HookFailed(f"{self._who}.enrich changed the event's id or thread")
        return enriched_event

    @cached_property
    def takes_files_from_deliveries(self) -> bool:
        """Whether `where` needs the delivery that an attachment came in."""
        implementations = self.manager.hook.fetch_attachment.get_hookimpls()
        return any("delivery" in one.argnames for one in implementations)

    async def where(
        self, attachment: Attachment, delivery: WebhookRequest | None = None
    ) -> Download | None:
        """Return where the file of an attachment with a ``source`` is fetched, None if nowhere.

        Args:
            attachment: The attachment.
            delivery: What it came in, for a connector that takes files from there.

        Raises:
            HookFailed: The connector returned something else.
            HookTimeout: It took too long.
            HookEnded: It raised `CancelledError`, `SystemExit` or the like.
            Exception: Whatever the connector raises, which may succeed another time.
        """

        async def asked(http: httpx.AsyncClient) -> Any:
            call = self.manager.hook.fetch_attachment(
                attachment=attachment, delivery=delivery, http=http
            )
            if not isinstance(call, Awaitable):
                raise HookFailed(f"{self._who}.fetch_attachment must be async")
            return await call

        download = await self.runner.loop.call(asked)
        return None if download is None else self._returned("fetch_attachment", download, Download)

    @property
    def _who(self) -> str:
        connector = type(self.connector).__name__
        return f"connector {self.settings.plugin!r} of connection {self.name!r}: {connector}"

    def _default_message(self, event: Event) -> BasicMessage | MinimalMessage:
        try:
            return default_message(event, self.icon_url)
        except ValueError:
            raise HookFailed(
                f"{self._who} gave an activity without a text; a MINIMAL message needs one"
            ) from None

    def _optional_answer(self, hook: str, request: WebhookRequest) -> Answer | None:
        if hook not in self.hooks:
            return None
        answer = self._call(hook, request=request)
        return None if answer is None else self._returned(hook, answer, Answer)

    def _call(self, hook: str, **arguments: Any) -> Any:
        try:
            return getattr(self.manager.hook, hook)(**arguments)
        except BaseException as error:
            # pluggy's frame holds the error that holds the frame: with it the whole delivery would
            # wait for the garbage collector.
            clear_frames(error.__traceback__)
            # Also what would end the process, such as a library that calls sys.exit().
            if isinstance(error, MalformedBody) and hook == "parse_event":
                raise
            raise HookFailed(f"{self._who}.{hook} raised {safely_said(error)}") from error

    def _returned(self, hook: str, value: Any, expected: type[T]) -> T:
        if not isinstance(value, expected):
            raise HookFailed(f"{self._who}.{hook} returned {_kind(value)}, not {expected.__name__}")
        return value


def default_message(event: Event, icon_url: str | None = None) -> BasicMessage | MinimalMessage:
    """What an event becomes where the connector does not say: its text, by its kind."""
    if event.kind == "activity":
        icon_url = event.icon_url or icon_url
        return MinimalMessage(text=one_line(event.text), icon_url=icon_url, url=event.url)
    return BasicMessage(text=event.text, attachments=event.attachments)


def safely_said(error: BaseException) -> str:
    """The error's type and place, not its text: that may quote what a customer wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name} (line {trace.tb_lineno})"


def _is_ours(scheme: Signature) -> bool:
    if isinstance(scheme, AnyOf):
        return all(map(_is_ours, scheme.schemes))
    return type(scheme).__module__.partition(".")[0] == PROJECT


def _signs_url(scheme: Signature) -> bool:
    if isinstance(scheme, AnyOf):
        return any(map(_signs_url, scheme.schemes))
    if isinstance(scheme, HmacSignature):
        return "{url}" in scheme.content
    return isinstance(scheme, UrlFormSignature)


def _kind(value: Any) -> str:
    if isinstance(value, list):
        others = sorted({type(part).__name__ for part in value if not isinstance(part, Part)})
        return f"a list with {', '.join(others)}" if others else "a list"
    return "None" if value is None else f"a {type(value).__name__}"
