"""The entrance for everything addressed to Wix: finds the endpoint, meets the faults, answers.

It speaks ASGI directly: one Send Message a time is what the sandbox does all day.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope, Send

from .connection import cut, hang, keep_waiting
from .endpoints import ENDPOINTS, Call, Endpoint
from .errors import WixError, application_error, server_error
from .faults import HtmlError
from .rules import Rule, Scripted
from .shapes import Reading
from .world import Sandbox

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
        verb, path = scope["method"], scope["path"]
        body = await _body(receive)
        if sandbox.faults.latency_ms:
            await asyncio.sleep(sandbox.faults.latency_ms / 1000)
        if sandbox.dice.hits("p_reset"):
            sandbox.stats.calls[f"{verb} {path}"] += 1
            sandbox.stats.answers["dropped"] += 1
            await cut(receive)
            return
        rule = self._rule(scope, verb, path, body)
        if rule is not None and not rule.after_commit:
            sandbox.stats.calls[self._name(verb, path)] += 1
            await self._scripted(rule.answer, receive, send)
            return
        status, answer, headers, committed = self._answer(scope, verb, path, body)
        if rule is not None:
            await self._scripted(rule.answer, receive, send)
            return
        if committed:
            if await self._lost(receive):
                return
            if sandbox.dice.hits("p_500_after_commit"):
                failed = server_error()
                status, answer, headers = failed.status, _encode(failed.body).encode(), [_JSON]
        await self._say(send, status, headers, answer)

    def _name(self, verb: str, path: str) -> str:
        try:
            return self._routes.find(verb, path)[0].name
        except WixError:
            return f"{verb} {path}"

    def _rule(self, scope: Scope, verb: str, path: str, body: bytes) -> Rule | None:
        rules = self._sandbox.rules
        if not rules:
            return None
        return rules.find(self._name(verb, path), path, scope["query_string"], body)

    async def _scripted(self, answer: Scripted, receive: Receive, send: Send) -> None:
        if answer.ending == "answer":
            await self._say(send, answer.status, list(answer.headers), answer.body)
            return
        self._sandbox.stats.answers["dropped"] += 1
        await (cut if answer.ending == "reset" else keep_waiting)(receive)

    async def _say(
        self, send: Send, status: int, headers: list[tuple[bytes, bytes]], answer: bytes
    ) -> None:
        sandbox = self._sandbox
        sandbox.stats.answers[str(status)] += 1
        request_id = f"{sandbox.now_micros()}.{next(self._numbers):08d}"
        headers += [
            (b"content-length", str(len(answer)).encode()),
            (b"x-wix-request-id", request_id.encode()),
        ]
        start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer})

    async def _lost(self, receive: Receive) -> bool:
        """Whether the answer to what is already stored never leaves."""
        for fault, lose in (("p_reset_after_commit", cut), ("p_hang_after_commit", hang)):
            if self._sandbox.dice.hits(fault):
                self._sandbox.stats.answers["dropped"] += 1
                await lose(receive)
                return True
        return False

    def _answer(
        self, scope: Scope, verb: str, path: str, body: bytes
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]], bool]:
        sandbox = self._sandbox
        committed = False
        headers = [_JSON]
        try:
            name = f"{verb} {path}"
            try:
                endpoint, path_id = self._routes.find(verb, path)
                name = endpoint.name
            finally:
                sandbox.stats.calls[name] += 1
            sandbox.dice.refuse_by_chance()
            call = Call(sandbox, path_id, _query(scope), body, Reading())
            try:
                answer = endpoint.handle(call, scope["headers"])
            finally:
                sandbox.stats.unknown_keys.update(call.reading.unknown_keys())
            committed = call.committed
            return 200, _encode(answer).encode(), headers, committed
        except HtmlError as error:
            return error.status, error.page, [_HTML], False
        except WixError as error:
            headers += [(key.encode(), value.encode()) for key, value in error.headers]
            return error.status, _encode(error.body).encode(), headers, False


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
