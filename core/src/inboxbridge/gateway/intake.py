"""What becomes of one delivery: genuine or not, readable or not, which events.

Pure and synchronous, and the one place where that is decided: for the gateway, which answers and
stores, and for `try`, `replay`, `import`, the demo and the contract kit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from inboxbridge.errors import ConnectorError, HookFailed, MalformedBody
from inboxbridge.gateway.http import OK, HttpAnswer
from inboxbridge.gateway.lateness import as_told
from inboxbridge.gateway.quoting import without_quotes
from inboxbridge.journal import Accepted, AcceptedWithoutEvents, AnyAccepted
from inboxbridge.model import Event, IgnoredPart, Part, UnreadablePart, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.signing import NoSignature

NOTHING_FOR_THE_INBOX = "its connector found nothing for the Inbox in this delivery"
MAX_KINDS_CHARACTERS = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handshake:
    """The source asked whether the URL is ours; *answer* is what it hears. Nothing is stored."""

    answer: HttpAnswer


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not genuine, or that could not be found out: answered 401, nothing is stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """It cannot be read and nobody has signed it: answered 400, nothing is stored.

    Attributes:
        reason: Why, without what it quotes of the delivery.
        error: What the connector raised.
    """

    reason: str
    error: ConnectorError


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It is genuine and cannot be read: kept whole until its connector can.

    Attributes:
        reason: Why, without what it quotes of the delivery.
        error: What the connector raised.
        kept: The delivery as it may be kept; None where that could not be found out.
    """

    reason: str
    error: ConnectorError
    kept: WebhookRequest | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """It is understood and holds nothing for the Inbox.

    Attributes:
        answer: What the source hears.
        kinds: What the source calls the kinds that were left out, where the connector says so.
    """

    answer: HttpAnswer
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """It holds events or unreadable parts, which are to be stored before it is answered.

    Attributes:
        events: In the source's order.
        kept: The delivery as it may be kept; None where that could not be found out.
        answer: What the source hears once they are stored.
        unreadable: What could not be read of it, without what the reasons quote.
        kinds: What the source calls the kinds that were left out, where the connector says so.
    """

    events: tuple[Event, ...]
    kept: WebhookRequest | None
    answer: HttpAnswer
    unreadable: tuple[UnreadablePart, ...] = ()
    kinds: tuple[str, ...] = ()


Contents: TypeAlias = Malformed | Unreadable | Ignored | Stored
Case: TypeAlias = Handshake | Refused | Contents


@dataclass(slots=True)
class Progress:
    """How far a delivery has come, for the case that its connector is cut off.

    Attributes:
        is_verified: Whether it is known to be genuine.
        parts: Its events, and what of it is unreadable or left out, once they are known.
        kept: The delivery as it may be kept, once that is known.
        answer: What the source hears.
        faults: What the connector did wrong without keeping the delivery back.
    """

    is_verified: bool = False
    parts: list[Part] | None = None
    kept: WebhookRequest | None = None
    answer: HttpAnswer = OK
    faults: list[ConnectorError] = field(default_factory=list)


def read(connection: Connection, request: WebhookRequest, now: float, progress: Progress) -> Case:
    """Take a delivery all the way.

    Args:
        connection: The connection that it came by.
        request: The delivery.
        now: Unix seconds.
        progress: Is filled on the way.
    """
    unproven = prove(connection, request, now, progress)
    return contents(connection, request, progress) if unproven is None else unproven


def prove(
    connection: Connection, request: WebhookRequest, now: float, progress: Progress
) -> Handshake | Refused | None:
    """Return None for a genuine delivery, and else what it is. Any doubt refuses it."""
    if request.method in connection.connector.handshake_methods:
        try:
            answer = connection.handshake(request)
            if answer is not None:
                return Handshake(HttpAnswer.of(answer))
        except ConnectorError as error:
            progress.faults.append(error)
    try:
        reason = connection.refusal(request, now)
    except ConnectorError as error:
        progress.faults.append(error)
        return Refused("its signature could not be checked")
    if reason is not None:
        return Refused(reason)
    progress.is_verified = True
    return None


def contents(connection: Connection, request: WebhookRequest, progress: Progress) -> Contents:
    """Read a delivery that is taken to be genuine."""
    try:
        progress.parts = connection.parts(request)
    except ConnectorError as error:
        reason = without_quotes(error, request)
        if isinstance(error, MalformedBody) and isinstance(connection.signature, NoSignature):
            return Malformed(reason, error)
        return Unreadable(reason, error, kept(connection, request, progress))
    unreadable = _of(progress.parts, UnreadablePart)
    if unreadable and isinstance(connection.signature, NoSignature):
        first = MalformedBody(unreadable[0].reason)
        if len(unreadable) == len(progress.parts):
            return Malformed(without_quotes(first, request), first)
    if unreadable:
        progress.parts = [_without_quotes(part, request) for part in progress.parts]
    if any(isinstance(part, Event | UnreadablePart) for part in progress.parts):
        progress.kept = kept(connection, request, progress)
    try:
        answer = connection.answer(request)
        if answer is not None:
            progress.answer = HttpAnswer.of(answer)
    except ConnectorError as error:
        progress.faults.append(error)
    return _readable(progress)


def cut_off(
    connection: Connection,
    request: WebhookRequest,
    now: float,
    progress: Progress,
    error: ConnectorError,
) -> Case:
    """Return what a delivery is whose connector was cut off: what it had found out by then counts.

    Args:
        connection: The connection that it came by.
        request: The delivery.
        now: Unix seconds.
        progress: As `read` has left it.
        error: Why it was cut off.
    """
    if progress.parts is not None:
        progress.faults.append(error)
        return _readable(progress)
    if not progress.is_verified:
        if connection.signs_its_own_way:
            progress.faults.append(error)
            return Refused("its signature could not be checked")
        reason = connection.refusal(request, now)
        if reason is not None:
            return Refused(reason)
    return Unreadable(str(error), error, None)


def kept(
    connection: Connection, request: WebhookRequest, progress: Progress
) -> WebhookRequest | None:
    """The delivery as it may be kept, or None if its connector could not say."""
    try:
        return connection.redacted(request)
    except HookFailed as error:
        progress.faults.append(error)
        return None


def to_store(
    connection: Connection, request: WebhookRequest, case: Unreadable | Ignored | Stored
) -> AnyAccepted:
    """Return what the journal keeps of a delivery, or of a connection's share of it."""
    site, name = connection.settings.site, connection.name
    received_at = request.received_at.timestamp()
    if isinstance(case, Stored):
        events = tuple(as_told(event, request.received_at) for event in case.events)
        return Accepted(site, name, case.kept, received_at, events, unreadable=case.unreadable)
    digest = _digest(connection, request)
    if isinstance(case, Ignored):
        return AcceptedWithoutEvents(
            site, name, None, received_at, "ignored", why_ignored(case), f"ignored:{digest}"
        )
    return AcceptedWithoutEvents(
        site, name, case.kept, received_at, "unreadable", case.reason, f"unreadable:{digest}"
    )


def _readable(progress: Progress) -> Ignored | Stored:
    parts = progress.parts or []
    events, unreadable = _of(parts, Event), _of(parts, UnreadablePart)
    kinds = tuple(dict.fromkeys(part.kind for part in _of(parts, IgnoredPart)))
    if not events and not unreadable:
        return Ignored(progress.answer, kinds)
    return Stored(tuple(events), progress.kept, progress.answer, tuple(unreadable), kinds)


def _of(parts: Iterable[Part], kind: type[T]) -> list[T]:
    return [part for part in parts if isinstance(part, kind)]


def _without_quotes(part: Part, request: WebhookRequest) -> Part:
    if not isinstance(part, UnreadablePart):
        return part
    error = part.error or MalformedBody(part.reason)
    reason = without_quotes(MalformedBody(part.reason), request)
    return UnreadablePart.of(error, reason, part.id)


def why_ignored(case: Ignored) -> str:
    """Why there is nothing for the Inbox, with the kinds that the connector names."""
    if not case.kinds:
        return NOTHING_FOR_THE_INBOX
    return f"{NOTHING_FOR_THE_INBOX}: {', '.join(case.kinds)[:MAX_KINDS_CHARACTERS]}"


def _digest(connection: Connection, request: WebhookRequest) -> str:
    """What makes this delivery the same as another that was not made into events.

    Whatever the scheme does not sign anybody may change, such as a query.
    """
    signed = b"" if request.body and not connection.signs_url else request.url.encode()
    return hashlib.sha256(signed + b"\0" + request.body).hexdigest()[:32]
