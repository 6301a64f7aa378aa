"""Answers that are not 200, in Wix's two envelopes.

Source: https://dev.wix.com/docs/api-reference/articles/work-with-wix-apis/troubleshooting/about-errors.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Violation = dict[str, Any]


class WixError(Exception):
    """A refusal with its HTTP status, JSON body and extra response headers."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.body = body
        self.headers = tuple(headers)


def application_error(
    status: int, code: str, description: str, data: dict[str, Any] | None = None
) -> WixError:
    """`details.applicationError`: a named refusal that a program can match on `code`."""
    return WixError(status, _named(code, description, data), ())


def validation_error(subject: str, violations: list[Violation]) -> WixError:
    """`details.validationError`: the request itself is wrong, one violation for each field."""
    reasons = "\n".join(f"`-- {v['field']} {v['description']}" for v in violations)
    body = {
        "message": f"{subject} is invalid:\n{reasons}",
        "details": {"validationError": {"fieldViolations": violations}},
    }
    return WixError(400, body)


def projection_error(description: str) -> WixError:
    """The shape Wix gives for a field that cannot be shown."""
    violation = {"field": "value", "description": description}
    body = {
        "message": f"value {description}",
        "details": {"validationError": {"fieldViolations": [violation]}},
    }
    return WixError(400, body)


def query_error(code: str, description: str) -> WixError:
    """What Query Contacts does not understand; the codes are those that Wix's SDK declares."""
    return application_error(400, code, description)


def too_many_requests(retry_after_seconds: int | None) -> WixError:
    description = "The rate limit of this site is used up; wait a minute and try again."
    body = _named("RESOURCE_EXHAUSTED", description, None)
    body["message"] = "Too many requests"
    wait = retry_after_seconds
    return WixError(429, body, () if wait is None else (("retry-after", str(wait)),))


def server_error() -> WixError:
    """5xx bodies are empty on purpose: nothing internal is told."""
    return WixError(500, {"message": "", "details": {}})


def required(field: str) -> Violation:
    return violation(field, "must not be empty", "REQUIRED_FIELD")


def too_big(field: str, threshold: int, unit: str) -> Violation:
    return violation(field, f"must have at most {threshold} {unit}", "MAX", threshold=threshold)


def too_small(field: str, threshold: int, unit: str) -> Violation:
    return violation(field, f"must have at least {threshold} {unit}", "MIN", threshold=threshold)


def wrong_format(field: str, expected: str) -> Violation:
    return violation(field, f"Expected {expected}", "FORMAT", expected=expected)


def violation(field: str, description: str, rule: str, **data: Any) -> Violation:
    return {"field": field, "description": description, "violatedRule": rule, "data": data}


def _named(code: str, description: str, data: dict[str, Any] | None) -> dict[str, Any]:
    error = {"code": code, "description": description, "data": data or {}}
    return {"message": description, "details": {"applicationError": error}}
