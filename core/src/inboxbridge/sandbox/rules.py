"""Scripted answers: what Wix, or something before it, says to certain calls instead of its own.

A rule is ``{"call", "contact"|"conversation"|"text", "times", "after_commit", "answer"}``. It holds
for the next *times* calls of that kind (for all of them without it) that are about the contact or
the conversation, or whose request holds the text. With ``after_commit`` the call is done first. The
answer is ``{"status", "headers", "body"|"body_base64"|"json"}``, ``"reset"`` (the connection is
cut) or ``"slow"`` (no answer within half a minute). The first rule that fits applies.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from .errors import WixError
from .shapes import Enum, Flag, Number, Object, Reading, Text

Json = dict[str, Any]

CALLS: Final = {
    "send": ("POST /inbox/v2/messages",),
    "list": ("GET /inbox/v2/messages",),
    "query": ("POST /contacts/v4/contacts/query",),
    "create": ("POST /contacts/v4/contacts",),
    "get": ("GET /contacts/v4/contacts/{id}",),
    "conversation": ("POST /inbox/v2/conversations", "GET /inbox/v2/conversations/{id}"),
    "token": ("POST /oauth2/token",),
}
"""The endpoints that each ``call`` of a rule stands for."""

_SUBJECTS: Final = ("contact", "conversation", "text")
_BODIES: Final = ("body", "body_base64", "json")
_RULE: Final = Object(
    {
        "call": Enum(*CALLS),
        "contact": Text(),
        "conversation": Text(),
        "text": Text(),
        "times": Number(whole=True),
        "afterCommit": Flag(),
    },
    need=("call",),
)


class RuleError(ValueError):
    """A rule is not one that the sandbox can follow. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """The answer of a rule: a status, headers and a body, or how the connection ends."""

    ending: Literal["answer", "reset", "slow"]
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Rule:
    """One scripted answer. ``times`` counts down; None is for ever."""

    call: str
    subject: str | None
    value: str
    times: int | None
    after_commit: bool
    answer: Scripted


class Rules:
    """The scripted answers of a sandbox.

    Args:
        contact_of: Gives the contact of a conversation, or None.
    """

    def __init__(self, contact_of: Callable[[str], str | None]) -> None:
        self._contact_of = contact_of
        self._rules: list[Rule] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def replace(self, rules: Any) -> None:
        """Follow these rules from now on, and no others. Raises `RuleError`."""
        if not isinstance(rules, list):
            raise RuleError("The body must be an array of rules.")
        self._rules = [_read(rule, f"[{at}]") for at, rule in enumerate(rules)]

    def find(self, endpoint: str, path: str, query: bytes, body: bytes) -> Rule | None:
        """The rule for a call, counted as used; None if there is none."""
        request = _Request(path, query, body)
        for rule in self._rules:
            if rule.times != 0 and endpoint in CALLS[rule.call] and self._fits(rule, request):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def _fits(self, rule: Rule, request: _Request) -> bool:
        if rule.subject is None:
            return True
        if rule.value in request.texts:
            return True
        if rule.subject == "text":
            return any(rule.value in text for text in request.texts)
        if rule.subject == "contact":
            return rule.value in (self._contact_of(text) for text in request.texts)
        return False


class _Request:
    """What a request says, as texts: the parts of its path and query, the strings of its JSON."""

    def __init__(self, path: str, query: bytes, body: bytes) -> None:
        self.texts = [*path.split("/"), *_parameters(query)]
        try:
            self.texts.extend(_strings(json.loads(body)))
        except (ValueError, RecursionError):
            self.texts.append(body.decode("utf-8", "replace"))


def _parameters(query: bytes) -> Iterable[str]:
    for pair in query.decode("latin-1").split("&"):
        value = pair.partition("=")[2]
        yield value
        try:
            padded = value + "=" * (-len(value) % 4)
            yield from _strings(json.loads(base64.urlsafe_b64decode(padded)))
        except ValueError:
            continue


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _read(rule: Any, path: str) -> Rule:
    if not isinstance(rule, dict):
        raise RuleError(f"{path} must be an object.")
    reading = Reading()
    answer = rule.get("answer")
    others = {key: value for key, value in rule.items() if key != "answer"}
    try:
        found = _RULE.read(others, path, reading)
        reading.finish("rule")
    except WixError as error:
        raise RuleError(f"{path}: {error.body['message']}") from None
    if reading.unknown:
        raise RuleError(f"Unknown keys: {', '.join(reading.unknown_keys())}.")
    subjects = [name for name in _SUBJECTS if name in found]
    if len(subjects) > 1:
        raise RuleError(f"{path} must name one of {', '.join(_SUBJECTS)} at most.")
    subject = subjects[0] if subjects else None
    return Rule(
        found["call"],
        subject,
        found[subject] if subject else "",
        found.get("times"),
        found.get("afterCommit", False),
        _answer(answer, f"{path}.answer"),
    )


def _answer(answer: Any, path: str) -> Scripted:
    if answer in ("reset", "slow"):
        return Scripted(answer)
    if not isinstance(answer, dict):
        raise RuleError(f'{path} must be "reset", "slow" or an object.')
    unknown = set(answer) - {"status", "headers", *_BODIES}
    if unknown:
        raise RuleError(f"Unknown keys: {', '.join(f'{path}.{key}' for key in sorted(unknown))}.")
    status = answer.get("status", 200)
    headers = answer.get("headers", {})
    bodies = [name for name in _BODIES if name in answer]
    if type(status) is not int or not 200 <= status <= 599:
        raise RuleError(f"{path}.status must be a status from 200 to 599.")
    if not isinstance(headers, dict) or not all(isinstance(each, str) for each in headers.values()):
        raise RuleError(f"{path}.headers must be an object of texts.")
    if len(bodies) > 1:
        raise RuleError(f"{path} must have one of {', '.join(_BODIES)} at most.")
    if "json" in answer:
        headers = {"content-type": "application/json; charset=utf-8", **headers}
        body = json.dumps(answer["json"]).encode()
    elif "body_base64" in answer:
        body = base64.b64decode(answer["body_base64"])
    else:
        body = str(answer.get("body", "")).encode()
    return Scripted(
        "answer",
        status,
        tuple((name.lower().encode(), value.encode()) for name, value in headers.items()),
        body,
    )
