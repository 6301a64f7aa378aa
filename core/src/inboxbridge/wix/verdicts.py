"""What a refusal means, as data: for each call, status, form and code, the error and its reach.

An answer counts as Wix's own in Wix's form only. Sources:
https://dev.wix.com/docs/api-reference/articles/work-with-wix-apis/troubleshooting/about-errors.md,
https://datatracker.ietf.org/doc/html/rfc6749#section-5.2 (the token's own form), and for the codes
the type declarations of @wix/inbox and @wix/crm.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal, NamedTuple

from inboxbridge.wix.errors import (
    Conflict,
    CredentialsRefused,
    Effect,
    Forbidden,
    NotFound,
    Outage,
    Rejected,
    Scope,
    ServerFault,
    Throttled,
    Unauthorized,
    WixError,
)
from inboxbridge.wix.operations import CREATE_ACCESS_TOKEN, SEND_MESSAGE, Operation

Form = Literal["wix", "oauth", "empty", "foreign"]
"""Wix's JSON with ``message`` and ``details``; the token's with ``error``; no body; another."""

SUBJECT: Final = None
"""In the place of a scope: what the call was about."""


class Verdict(NamedTuple):
    """What to make of a refusal.

    Attributes:
        kind: The class of the error.
        scope: How far it reaches; `SUBJECT` for what the call was about.
        retriable: Whether the same call may succeed later.
        effect: Whether a call that changes something may have done so. One that reads never has.
    """

    kind: type[WixError]
    scope: Scope | None
    retriable: bool
    effect: Effect


class Row(NamedTuple):
    """A line of the table: which answers it is about, and what they mean.

    Attributes:
        calls: The operations; None for all.
        forms: The forms of the body.
        statuses: The HTTP statuses.
        codes: Wix's or the token's own codes; None for all, and for none.
        verdict: What they mean.
    """

    calls: frozenset[str] | None
    forms: frozenset[Form]
    statuses: Container[int]
    codes: frozenset[str] | None
    verdict: Verdict


_TOKEN: Final = frozenset({CREATE_ACCESS_TOKEN.name})
_SEND: Final = frozenset({SEND_MESSAGE.name})
_EVERY: Final = None

_WIX: Final = frozenset[Form]({"wix"})
_OAUTH: Final = frozenset[Form]({"oauth"})
_WIX_OR_EMPTY: Final = frozenset[Form]({"wix", "empty"})
_ANY_FORM: Final = frozenset[Form]({"wix", "oauth", "empty", "foreign"})

_REFUSALS: Final = range(300, 500)
_FAILURES: Final = range(500, 1000)
_ABOUT_THE_BODY: Final = frozenset({400, 413, 414, 415, 422, 431})

VERDICTS: Final[tuple[Row, ...]] = (
    # The token. Only its own form says that the credentials are wrong.
    Row(
        _TOKEN,
        _OAUTH,
        _REFUSALS,
        frozenset({"invalid_client", "invalid_grant", "unauthorized_client"}),
        Verdict(CredentialsRefused, "site", False, "none"),
    ),
    Row(_TOKEN, _OAUTH, _REFUSALS, None, Verdict(CredentialsRefused, "site", True, "none")),
    Row(_TOKEN, _WIX_OR_EMPTY, {401}, None, Verdict(CredentialsRefused, "site", True, "none")),
    Row(_TOKEN, _WIX_OR_EMPTY, {403}, None, Verdict(Forbidden, "site", True, "none")),
    Row(_TOKEN, _ANY_FORM, {429}, None, Verdict(Throttled, "site", True, "none")),
    Row(_TOKEN, _ANY_FORM, _REFUSALS, None, Verdict(Outage, "site", True, "none")),
    # Codes that say more, or other, than their status.
    Row(
        _EVERY,
        _WIX,
        _REFUSALS,
        frozenset({"INBOX_INSTANCE_NOT_FOUND"}),
        Verdict(Forbidden, "site", False, "none"),
    ),
    Row(
        _EVERY,
        _WIX,
        _REFUSALS,
        frozenset({"INVALID_MEDIA_URL"}),
        Verdict(Rejected, "message", False, "none"),
    ),
    Row(
        _EVERY,
        _WIX,
        _REFUSALS,
        frozenset({"IDENTITY_DOES_NOT_MATCH"}),
        Verdict(Forbidden, SUBJECT, False, "none"),
    ),
    Row(
        _EVERY,
        _WIX,
        _REFUSALS,
        frozenset({"CONTACT_ID_ALREADY_EXISTS"}),
        Verdict(Conflict, "contact", True, "none"),
    ),
    # Wix's own refusals.
    Row(_EVERY, _WIX_OR_EMPTY, {401}, None, Verdict(Unauthorized, "site", False, "none")),
    Row(_EVERY, _WIX_OR_EMPTY, {403}, None, Verdict(Forbidden, SUBJECT, False, "none")),
    Row(_EVERY, _WIX, {404}, None, Verdict(NotFound, SUBJECT, False, "none")),
    Row(_EVERY, _WIX, {409}, None, Verdict(Conflict, SUBJECT, False, "none")),
    Row(_EVERY, _WIX, {429}, None, Verdict(Throttled, SUBJECT, True, "none")),
    Row(_SEND, _WIX, _ABOUT_THE_BODY, None, Verdict(Rejected, "message", False, "none")),
    # A time-out in whatever form, and Wix's failures.
    Row(_EVERY, _ANY_FORM, {408}, None, Verdict(ServerFault, SUBJECT, True, "unknown")),
    Row(_EVERY, _WIX, {501}, None, Verdict(Rejected, SUBJECT, False, "none")),
    Row(_EVERY, _ANY_FORM, _FAILURES, None, Verdict(ServerFault, SUBJECT, True, "unknown")),
    Row(_EVERY, _WIX, _REFUSALS, None, Verdict(Rejected, SUBJECT, False, "none")),
    # Not Wix's form. Who answered is not known, so no status proves that nothing was done. A
    # request that is too long for somebody on the way says nothing of any other.
    Row(_EVERY, _ANY_FORM, {429}, None, Verdict(Throttled, "site", True, "unknown")),
    Row(
        _SEND,
        _ANY_FORM,
        frozenset({413, 414, 431}),
        None,
        Verdict(Outage, "message", True, "unknown"),
    ),
    Row(_EVERY, _ANY_FORM, range(1000), None, Verdict(Outage, "site", True, "unknown")),
)
"""The first row that fits holds."""


def verdict(operation: Operation, status: int, form: Form, code: str | None = None) -> Verdict:
    """Return what a refusal means; its scope and its effect are those of this call."""
    found = next(
        row.verdict
        for row in VERDICTS
        if (row.calls is None or operation.name in row.calls)
        and form in row.forms
        and status in row.statuses
        and (row.codes is None or code in row.codes)
    )
    return found._replace(
        scope=found.scope or operation.subject,
        effect=found.effect if operation.changes else "none",
    )
