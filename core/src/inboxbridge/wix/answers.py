"""Turns what came back from Wix, or did not, into an error that says what to make of it.

Sources: https://dev.wix.com/docs/api-reference/articles/work-with-wix-apis/troubleshooting/about-errors.md
and https://datatracker.ietf.org/doc/html/rfc6749#section-5.2 for the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from inboxbridge.wix.errors import (
    Conflict,
    CredentialsRefused,
    Details,
    DuplicateContact,
    Forbidden,
    Outage,
    ServerFault,
    Throttled,
    Unanswered,
    Unreachable,
    WixError,
)
from inboxbridge.wix.forms import is_id
from inboxbridge.wix.operations import Operation
from inboxbridge.wix.redaction import scrub
from inboxbridge.wix.verdicts import Form, verdict

_NOTHING_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_DUPLICATE_CODES: Final = frozenset({"DUPLICATE_CONTACT_EXISTS", "DUPLICATE_CONTACT_EXIST"})
_ENVELOPED: Final = ("applicationError", "validationError")
MAX_REQUEST_ID_CHARACTERS: Final = 200
MAX_DATE_CHARACTERS: Final = 64
_DELTA = re.compile(r"\d{1,9}(?:\.\d+)?")


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return Wix's id of a request as it can be set down and printed; None where it sent none."""
    told = headers.get("x-wix-request-id", "")[:MAX_REQUEST_ID_CHARACTERS]
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in told) or None


def read_json(content: bytes) -> dict[str, Any]:
    """Return the JSON object in *content*; an empty one for HTML, nothing, or any other JSON."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def refusal(
    operation: Operation,
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    sent: object = None,
    now: float = 0.0,
) -> WixError:
    """Return the error for an answer that is not 2xx.

    Args:
        operation: What was asked for.
        status: The answer's HTTP status.
        headers: The answer's headers; looked up in lower case.
        content: The answer's body, of any kind.
        sent: The JSON value that was sent. Whatever of it Wix quotes back is taken out.
        now: The time in seconds since the Unix epoch, for a ``Retry-After`` that is a date.
    """
    body = read_json(content)
    code, data, reason = _wix_reason(body) or _oauth_reason(body) or (None, {}, "")
    reason = scrub(reason, sent)
    form = _form(content, body)
    kind, scope, retriable, effect = verdict(operation, status, form, code)
    details: Details = {
        "effect": effect,
        "scope": scope,
        "retriable": retriable,
        "status": status,
        "code": code,
        "reason": reason,
        "request_id": request_id_of(headers),
        "retry_after_seconds": _retry_after(headers, now),
    }
    text = _text(operation, kind, status, code, reason)
    existing = data.get("duplicateContactId")
    if kind is Conflict and code in _DUPLICATE_CODES and is_id(existing) and _is_ours(data, sent):
        return DuplicateContact(text, contact_id=existing, **details)
    return kind(text, **details)


def _is_ours(data: dict[str, Any], sent: object) -> bool:
    """Whether the email that Wix calls a duplicate, where it names one, is the one we gave."""
    named = data.get("duplicateEmail")
    if not isinstance(named, str) or sent is None:
        return True
    return f'"{named.strip().lower()}"' in json.dumps(sent, ensure_ascii=False).lower()


def credentials_refused(error: WixError, advice: str) -> CredentialsRefused:
    """Return the final form of a 401, or of a refusal to give out a token."""
    return CredentialsRefused(
        f"{error} {advice}",
        retriable=error.retriable,
        status=error.status,
        code=error.code,
        reason=error.reason,
        request_id=error.request_id,
    )


def no_answer(operation: Operation, error: Exception, seconds: float) -> WixError:
    """Return the error for a call that *error* ended, *seconds* after it began.

    The text names the kind of failure only: what transports say may quote a header.
    """
    what = _FAILURES.get(type(error), type(error).__name__)
    if isinstance(error, _NOTHING_SENT):
        return Unreachable(
            f"{operation.name}: Wix could not be reached ({what}, after {seconds:.1f} s). Nothing "
            "was sent. Check the network, DNS and base_url if it stays so."
        )
    unanswered = Unanswered(
        f"{operation.name}: no whole answer from Wix ({what}, after {seconds:.1f} s)."
        + (" Whether it was done is not known." if operation.changes else ""),
        effect=None if operation.changes else "none",
        scope=operation.subject,
    )
    unanswered.timed_out = isinstance(error, (httpx.ReadTimeout, httpx.WriteTimeout, TimeoutError))
    return unanswered


_FAILURES: Final[Mapping[type[Exception], str]] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
    httpx.PoolTimeout: "no connection came free in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.ReadError: "the connection broke while reading",
    httpx.WriteError: "the connection broke while sending",
    httpx.RemoteProtocolError: "the connection was closed or the answer is not HTTP",
    TimeoutError: "no answer in time",
}


def _form(content: bytes, body: dict[str, Any]) -> Form:
    """Whose form an answer has. A named error is Wix's, even where the words beside it miss."""
    details = body.get("details")
    if isinstance(details, dict):
        named = any(isinstance(details.get(name), dict) for name in _ENVELOPED)
        if named or isinstance(body.get("message"), str):
            return "wix"
    if _code(body.get("error")) is not None:
        return "oauth"
    return "foreign" if content.strip() else "empty"


def _text(
    operation: Operation, kind: type[WixError], status: int, code: str | None, reason: str
) -> str:
    said = f"{status} {code}" if code else str(status)
    if issubclass(kind, Outage):
        text = f"{operation.name}: an answer that is not in Wix's form ({said})"
    else:
        verb = "failed at" if issubclass(kind, ServerFault) else "refused"
        text = f"Wix {verb} {operation.name} ({said})"
    text += f": {reason.rstrip('.')}." if reason else "."
    if kind is Forbidden and operation.permission:
        text += f' Grant "{operation.permission}" to the API key or app, and check site_id.'
    elif kind is Throttled:
        text += " Wait a minute before the site's next call."
    elif 300 <= status < 400:
        text += " It sends elsewhere: check base_url."
    elif kind is Outage:
        text += " Something between here and Wix may have answered; check base_url and the proxy."
    return text


def _wix_reason(body: dict[str, Any]) -> tuple[str | None, dict[str, Any], str] | None:
    """Code, data and words of Wix's own envelope, or None where there is no such thing."""
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    named = details.get("applicationError")
    if isinstance(named, dict):
        data = named.get("data")
        return (
            _code(named.get("code")),
            data if isinstance(data, dict) else {},
            _words(named.get("description")) or _words(body.get("message")),
        )
    validation = details.get("validationError")
    if isinstance(validation, dict):
        return None, {}, _violations(validation) or _words(body.get("message"))
    message = _words(body.get("message"))
    return (None, {}, message) if message else None


def _violations(validation: dict[str, Any]) -> str:
    """Name the fields and what is wrong with each; ``data`` is left out, it may hold the value."""
    found = validation.get("fieldViolations")
    told = [
        f"{_words(item.get('field'))} {_words(item.get('description'))}".strip()
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, dict)
    ]
    shown = "; ".join(text for text in told[:5] if text)
    return shown if len(told) <= 5 else f"{shown}; and {len(told) - 5} more"


def _oauth_reason(body: dict[str, Any]) -> tuple[str | None, dict[str, Any], str] | None:
    code = _code(body.get("error"))
    return (code, {}, _words(body.get("error_description"))) if code else None


def _code(value: object) -> str | None:
    """A code as text; Wix's is sometimes a number. What does not look like one is dropped."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.\-]{1,80}", value):
        return value
    return None


def _words(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from a delta or an HTTP date; by Wix's own clock where the answer has a ``Date``."""
    told = headers.get("retry-after", "").strip()
    if _DELTA.fullmatch(told):
        return float(told)
    until = http_date(told)
    if until is None:
        return None
    since = http_date(headers.get("date", ""))
    return max(0.0, until - (now if since is None else since))


def http_date(text: str) -> float | None:
    """Return an HTTP date as seconds since the Unix epoch, or None where it is none."""
    if len(text) > MAX_DATE_CHARACTERS:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
