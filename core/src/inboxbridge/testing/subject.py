"""The connector under test, called the way the core calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from pydantic import SecretStr, ValidationError

from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.connector import Connector, ConnectorSettings, Providers
from inboxbridge.errors import HookFailed, MalformedBody
from inboxbridge.gateway.intake import Malformed, Progress, Stored, Unreadable, contents
from inboxbridge.model import (
    Badge,
    BasicMessage,
    Event,
    Headers,
    MinimalMessage,
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.plugins import Connection, Unusable, check_class, lines_about
from inboxbridge.signing import AnyOf, NoSignature, SharedToken, Signature
from inboxbridge.testing.samples import RECEIVED_AT, SAMPLE_URL, Sample
from inboxbridge.testing.sealed import NotAllowed, sealed

NOW = RECEIVED_AT.timestamp()
Sign = Callable[[WebhookRequest, float], WebhookRequest]
Content = BasicMessage | MinimalMessage

MOST_FUZZ = 60
LEAST_FUZZ = 10
_FUZZ_IN_ALL = 240


def fuzz_of_each(samples: int) -> int:
    """Return how many bodies to break by chance of each sample: many samples take seconds too.

    Much alike as the samples of one source are, each adds to what the others try out.
    """
    return max(LEAST_FUZZ, min(MOST_FUZZ, _FUZZ_IN_ALL // max(samples, 1)))


class Unmet(AssertionError):
    """A promise of the contract is not kept. The text says which, where, and what to do."""


class Subject:
    """A connector class with the settings to test it with.

    Args:
        connector: The class, or the `Providers` object of the entry point.
        provider: Which of the providers; the default one if None.
        settings: What the connection's table in connectors.toml would hold, as plain values.
        sign: Signs a delivery as the source does, for schemes whose secret only the source has.
        unknown: Bodies of kinds that the source sends and the connector ignores.
        fuzz: How many bodies are made of each sample by chance for `parse_event`; for the hooks
            around it half of that.

    Raises:
        ValueError: The settings do not fit, or *fuzz* is less than 1. The text names each fault.
    """

    def __init__(
        self,
        connector: type[Connector[Any]] | Providers,
        *,
        provider: str | None = None,
        settings: Mapping[str, Any],
        sign: Sign | None = None,
        unknown: tuple[bytes, ...] = (),
        fuzz: int = MOST_FUZZ,
    ) -> None:
        if fuzz < 1:
            raise ValueError(f"fuzz is {fuzz}; break at least 1 body of each sample")
        if isinstance(connector, Providers):
            connector = connector.load(provider or connector.default)
        self.cls = connector
        self.name = connector.__name__
        self.provider = provider
        self.settings = dict(settings)
        self._validated(self.settings)
        self.unknown = unknown
        self.fuzz = fuzz
        self._sign = sign

    @property
    def package(self) -> str:
        """The import name of the package that the connector lives in."""
        return self.cls.__module__.partition(".")[0]

    def connection(self, settings: Mapping[str, Any] | None = None) -> Connection:
        """Return a fresh instance, as the core makes one for a connection.

        Raises:
            ValueError: The settings do not fit.
            Unmet: The class cannot be set up.
        """
        own = self._validated(self.settings if settings is None else dict(settings))
        common = ConnectionSettings(name="sample", plugin=self.name.lower())
        try:
            check_class(self.cls, f"connector {self.name}")
            with sealed():
                return Connection(common, self.cls(own))
        except (Unusable, NotAllowed) as error:
            raise Unmet(f"{self.name} cannot be set up: {error}") from error
        except Exception as error:
            said = "\n".join([f"{type(error).__name__}: {error}", *lines_about(error)[1:]])
            raise Unmet(f"{self.name} cannot be set up: {said}") from error

    def _validated(self, settings: dict[str, Any]) -> ConnectorSettings:
        try:
            return self.cls.Settings.model_validate(settings)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ValueError(f"the settings= given do not fit {self.name}: {'; '.join(faults)}")

    @cached_property
    def scheme(self) -> Signature:
        """The signature that the connector declares."""
        return self.connection().signature

    @cached_property
    def schemes(self) -> list[Signature]:
        """The declared signature, taken apart where any of several will do."""
        return list(self.scheme.schemes) if isinstance(self.scheme, AnyOf) else [self.scheme]

    @property
    def verifies(self) -> bool:
        """Whether anything is verified at all."""
        return not any(isinstance(scheme, NoSignature) for scheme in self.schemes)

    @property
    def covers_body(self) -> bool:
        """Whether the proof depends on the body, which a shared token does not."""
        return not any(isinstance(scheme, SharedToken | NoSignature) for scheme in self.schemes)

    @property
    def signs_itself(self) -> bool:
        """Whether the declared scheme signs, not a function given to the test."""
        return self._sign is None

    def delivery(
        self, sample: Sample, body: bytes | None = None, *, later_seconds: float = 0
    ) -> WebhookRequest:
        """Return the sample as it arrives, signed where the scheme can sign it."""
        request = sample.request(body, later_seconds=later_seconds)
        try:
            return self.signed(request, now=NOW + later_seconds) if self.verifies else request
        except Unmet:
            return request

    def arrives(self, request: WebhookRequest) -> bool:
        """Whether *request* passes verification, so that the hooks behind it are called."""
        return not self._can_sign or self.scheme.verify(request, NOW) is None

    @cached_property
    def _can_sign(self) -> bool:
        try:
            self.signed(WebhookRequest(url=SAMPLE_URL, body=b"{}"))
        except Unmet:
            return False
        return True

    @cached_property
    def signature_headers(self) -> set[str]:
        """The names of the headers that signing sets."""
        return set(self.signed(WebhookRequest(url=SAMPLE_URL, body=b"{}")).headers)

    def unsigned(self, sample: Sample) -> WebhookRequest:
        """Return the sample without any proof, even where it was captured with one."""
        request = sample.request()
        for scheme in self.schemes:
            if isinstance(scheme, SharedToken) and scheme.body_field:
                kept = {k: v for k, v in request.json_object().items() if k != scheme.body_field}
                request = sample.request(json.dumps(kept).encode())
        headers = [(n, v) for n, v in request.headers.pairs() if n not in self.signature_headers]
        return WebhookRequest(url=request.url, headers=Headers(headers), body=request.body)

    def signed(
        self, request: WebhookRequest, *, now: float = NOW, scheme: Signature | None = None
    ) -> WebhookRequest:
        """Return *request* as the source would send it at *now*.

        Raises:
            Unmet: The scheme cannot sign with the settings given.
        """
        if self._sign is not None and scheme is None:
            return self._sign(request, now)
        try:
            return (scheme or self.scheme).sign(request, now)
        except MalformedBody as error:
            raise Unmet(f"the sample cannot be signed: {error}") from None
        except ValueError as error:
            raise Unmet(
                f"{self.name}'s signature cannot sign: {error}. Give the suite sign=, a function "
                "that takes a request and Unix seconds and returns the request signed"
            ) from None

    @cached_property
    def secrets(self) -> list[str]:
        """Every secret in the settings, as text."""
        own = self.connection().connector.settings
        return sorted(s.get_secret_value() for s in _secrets_in(dict(own)) if s.get_secret_value())

    @cached_property
    def rotatable(self) -> list[str]:
        """The settings that hold secrets of which several may be live."""
        own = self.connection().connector.settings
        return [name for name, value in own if isinstance(value, tuple) and _secrets_in(value)]


def parse(connection: Connection, request: WebhookRequest) -> list[Event]:
    """Return the delivery's events, whatever else of it cannot be read.

    Raises:
        MalformedBody: The connector says that the body cannot be read.
        Unmet: It raised something else, returned something else, or left its room.
    """
    __tracebackhide__ = True
    return parse_all(connection, request)[0]


def parse_all(
    connection: Connection, request: WebhookRequest
) -> tuple[list[Event], list[UnreadablePart]]:
    """Return the delivery's events and its unreadable parts. Raises as `parse` does."""
    __tracebackhide__ = True
    progress = Progress()
    try:
        with sealed():
            case = contents(connection, request, progress)
    except NotAllowed as error:
        raise Unmet(str(error)) from error
    errors = list(progress.faults)
    if isinstance(case, Malformed | Unreadable):
        errors.insert(0, case.error)
    if errors:
        if isinstance(errors[0], MalformedBody):
            raise errors[0]
        raise Unmet(_said(errors[0])) from errors[0]
    if not isinstance(case, Stored):
        return [], []
    for part in case.unreadable:
        raised = part.error
        if raised is not None and not isinstance(raised, MalformedBody):
            raise Unmet(
                f"{type(connection.connector).__name__}.parse_event raised {raised!r} at a part of "
                "a delivery; where a value is not what the format says it must raise MalformedBody"
            ) from raised
    return list(case.events), list(case.unreadable)


def message(connection: Connection, event: Event) -> tuple[Content, Badge | None]:
    """Return what goes to the Inbox for *event*, and its badge. Raises `Unmet`."""
    __tracebackhide__ = True
    try:
        with sealed():
            return connection.message(event)
    except (HookFailed, MalformedBody) as error:
        raise Unmet(_said(error)) from error
    except NotAllowed as error:
        raise Unmet(str(error)) from error


def _said(error: Exception) -> str:
    """The error with its cause's own words: here the author reads, and samples are invented."""
    cause = error.__cause__
    if cause is None:
        return (
            f"{type(error).__name__}: {error}" if isinstance(error, MalformedBody) else str(error)
        )
    return "\n".join([f"{error}: {cause}", *lines_about(error)])


def _secrets_in(value: Any) -> list[SecretStr]:
    if isinstance(value, SecretStr):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [secret for item in value for secret in _secrets_in(item)]
    return []
