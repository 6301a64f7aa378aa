"""The entrance for everything addressed to Wix: finds the endpoint, meets the faults, answers.

It speaks ASGI directly: one Send Message a time is what the sandbox does all day.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope, Send

from inboxbridge_sandbox.connection import cut, hang, in_place_of_defaults, unless_gone
from inboxbridge_sandbox.endpoints import ENDPOINTS, Call, Endpoint
from inboxbridge_sandbox.errors import WixError, application_error, server_error
from inboxbridge_sandbox.faults import HtmlError
from inboxbridge_sandbox.rules import Asked, Rule, Scripted
from inboxbridge_sandbox.shapes import Reading
from inboxbridge_sandbox.world import Sandbox

_ID: Final = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_HTML: Final = (b"content-type", b"text/html")
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Routes:
    """Endpoints by path and verb; a path holds at most one GUID, as `{id}`."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._exact: dict[str, dict[str, Endpoint]] = {}
        patterns: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            shelf = patterns if "{id}" in endpoint.path else self._exact
            shelf.setdefault(endpoint.path, {})[endpoint.verb] = endpoint
        self._patterns = [
            (re.compile(path.replace("{id}", _ID)), verbs) for path, verbs in patterns.items()
        ]

    def find(self, verb: str, path: str) -> tuple[Endpoint, str]:
        """The endpoint and the id in the path; `404` for an unknown path, `405` for the verb."""
        verbs, contact_or_conversation_id = self._exact.get(path), ""
        if verbs is None:
            for pattern, candidates in self._patterns:
                match = pattern.fullmatch(path)
                if match:
                    verbs, contact_or_conversation_id = candidates, match[1]
                    break
            else:
                raise application_error(404, "NOT_FOUND", f"There is no {verb} {path}.")
        endpoint = verbs.get(verb)
        if endpoint is None:
            refused = application_error(405, "METHOD_NOT_ALLOWED", f"{path} does not take {verb}.")
            refused.headers = (("allow", ", ".join(verbs)),)
            raise refused
        return endpoint, contact_or_conversation_id


class Door:
    """The ASGI application that stands for `https://www.wixapis.com`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._routes = Routes(ENDPOINTS)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        sandbox = self._sandbox
        asked = _Asking(scope, await _body(receive), self._routes)
        if sandbox.faults.latency_ms:
            await asyncio.sleep(sandbox.faults.latency_ms / 1000)
        sandbox.stats.calls[asked.name] += 1
        if sandbox.dice.hits("p_reset"):
            sandbox.stats.answers["dropped"] += 1
            await cut(receive)
            return
        rule = sandbox.rules.first(asked.for_rules(sandbox)) if sandbox.rules else None
        if rule is not None and not rule.after_commit:
            rule.hits += 1
            await self._by_rule(rule, asked, receive, send)
            return
        done = self._do(asked)
        if rule is not None and done.worked:
            rule.hits += 1
            await self._by_rule(rule, asked, receive, send, done)
            return
        if done.committed:
            if await self._lost(receive):
                return
            if sandbox.dice.hits("p_500_after_commit"):
                done = _refused(server_error())
        await self._tell(done, send)

    async def _by_rule(
        self, rule: Rule, asked: _Asking, receive: Receive, send: Send, done: _Done | None = None
    ) -> None:
        """Answer as the rule says; `done` is what was done before, if anything was."""
        if rule.kind == "late":
            done = await unless_gone(receive, self._sandbox.later(rule.seconds, self._do, asked))
            here = done is not None
        else:
            here = not rule.seconds or await unless_gone(receive, _slept(rule.seconds)) is not None
        if not here or rule.kind == "reset":
            self._sandbox.stats.answers["dropped"] += 1
        if not here:
            return
        if rule.kind == "reset":
            await cut(receive)
        elif rule.kind == "answer":
            await self._give(rule.scripted, receive, send)
        else:
            await self._tell(done or self._do(asked), send)

    async def _give(self, scripted: Scripted, receive: Receive, send: Send) -> None:
        self._sandbox.stats.answers[str(scripted.status)] += 1
        in_place_of_defaults(receive, {name for name, _ in scripted.headers})
        await _send(send, scripted.status, scripted.framed(), scripted.body)

    async def _tell(self, done: _Done, send: Send) -> None:
        sandbox = self._sandbox
        sandbox.stats.answers[str(done.status)] += 1
        request_id = f"{sandbox.now_micros()}.{next(self._numbers):08d}"
        headers = [
            *done.headers,
            (b"content-length", str(len(done.body)).encode()),
            (b"x-wix-request-id", request_id.encode()),
        ]
        await _send(send, done.status, headers, done.body)

    async def _lost(self, receive: Receive) -> bool:
        """Whether the answer to what is already stored never leaves."""
        for fault, lose in (("p_reset_after_commit", cut), ("p_hang_after_commit", hang)):
            if self._sandbox.dice.hits(fault):
                self._sandbox.stats.answers["dropped"] += 1
                await lose(receive)
                return True
        return False

    def _do(self, asked: _Asking) -> _Done:
        """Do what is asked for, or refuse it."""
        sandbox = self._sandbox
        try:
            endpoint, path_id = asked.endpoint()
            sandbox.dice.refuse_by_chance()
            call = Call(sandbox, path_id, asked.query, asked.body, Reading())
            call.base_url = asked.base_url
            try:
                answer = endpoint.handle(call, asked.headers)
            finally:
                sandbox.stats.unknown_keys.update(call.reading.unknown_keys())
            return _Done(200, _encode(answer).encode(), [_JSON], True, call.committed)
        except WixError as error:
            return _refused(error)


Header = tuple[bytes, bytes]


@dataclass(slots=True)
class _Done:
    """What the sandbox would answer; `worked` is false for a refusal."""

    status: int
    body: bytes
    headers: list[Header]
    worked: bool = False
    committed: bool = False


class _Asking:
    """One request, with the endpoint that it is for."""

    __slots__ = ("_found", "base_url", "body", "headers", "name", "path", "query")

    def __init__(self, scope: Scope, body: bytes, routes: Routes) -> None:
        verb, self.path = scope["method"], scope["path"]
        self.query = _query(scope)
        self.headers: Iterable[Header] = scope["headers"]
        self.body = body
        host = next((value for name, value in self.headers if name == b"host"), b"localhost")
        self.base_url = f"{scope.get('scheme', 'http')}://{host.decode('latin-1')}"
        self._found: tuple[Endpoint, str] | WixError
        try:
            self._found = routes.find(verb, self.path)
            self.name = self._found[0].name
        except WixError as error:
            self._found = error
            self.name = f"{verb} {self.path}"

    def endpoint(self) -> tuple[Endpoint, str]:
        if isinstance(self._found, WixError):
            raise self._found
        return self._found

    def for_rules(self, sandbox: Sandbox) -> Asked:
        return Asked(self.name, self.path, self.query, self.body, sandbox.sites.values())


def _refused(error: WixError) -> _Done:
    if isinstance(error, HtmlError):
        return _Done(error.status, error.page, [_HTML])
    headers = [(key.encode(), value.encode()) for key, value in error.headers]
    return _Done(error.status, _encode(error.body).encode(), [_JSON, *headers])


async def _slept(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


async def _send(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    start: Message = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _query(scope: Scope) -> list[tuple[str, str]]:
    query = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    chunks = [body]
    while message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)
