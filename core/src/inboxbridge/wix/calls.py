"""One HTTP call to Wix: paced, signed in, timed out, and either a JSON object or a `WixError`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from pydantic_core import PydanticSerializationError, to_json

from inboxbridge.wix._exchange import HeaderList, Timeouts
from inboxbridge.wix.answers import credentials_refused, http_date, no_answer, read_json, refusal
from inboxbridge.wix.auth import (
    ApiKey,
    AppCredentials,
    Authorization,
    Credentials,
    KeyAuthorization,
    TokenAuthorization,
    token_request,
)
from inboxbridge.wix.budget import Budget, Lane
from inboxbridge.wix.errors import CredentialsRefused, Unauthorized, Unreadable, WixError
from inboxbridge.wix.operations import CREATE_ACCESS_TOKEN, TOKEN_PATH, Operation
from inboxbridge.wix.transport import wire_to

CONNECT_SECONDS: Final = 10.0

_KEY_ADVICE: Final = (
    "Check api_key and site_id: the key may have been revoked, or belongs to another account."
)
_APP_ADVICE: Final = (
    "Check app_id, app_secret and instance_id: the app may have been removed from the site."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: its JSON object (empty if there is none) and Wix's id of the request."""

    body: dict[str, Any]
    request_id: str | None


class Calls:
    """Makes calls to one site. See `WixClient` for the arguments.

    Attributes:
        clock_offset_seconds: Wix's clock minus ours, by the ``Date`` of its answers, right to a
            second; 0.0 until an answer came.
        answers: How many calls Wix has answered well.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str,
        budget: Budget,
        transport: httpx.AsyncBaseTransport | None,
        timeout_seconds: float,
        now: Callable[[], float],
    ) -> None:
        self._base = _base_url(base_url)
        self._budget = budget
        self._now = now
        self._timeouts = Timeouts(min(timeout_seconds, CONNECT_SECONDS), timeout_seconds)
        self._wire = wire_to(self._base, transport)
        self._urls: dict[str, httpx.URL] = {}
        self._base_headers: HeaderList = [
            (b"Host", self._base.netloc),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"inboxbridge/" + _version()),
        ]
        self._authorization, self._advice = self._authorize(credentials)
        self._date = ""
        self.clock_offset_seconds = 0.0
        self.answers = 0

    async def get(
        self, operation: Operation, path: str, query: list[tuple[str, str]], *, lane: Lane
    ) -> Answer:
        """Ask for *path*. Raises `WixError`."""
        url = self._base.copy_with(raw_path=_raw_path(self._base, path, query))
        return await self._signed_in(operation, "GET", url, None, lane)

    async def post(self, operation: Operation, path: str, body: object, *, lane: Lane) -> Answer:
        """Send *body* to *path*. Raises `WixError`."""
        return await self._signed_in(operation, "POST", self._url(path), body, lane)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._wire.aclose()

    async def _signed_in(
        self, operation: Operation, method: str, url: httpx.URL, body: object, lane: Lane
    ) -> Answer:
        content = b"" if body is None else _encode(body)
        headers = await self._authorization.headers()
        try:
            return await self._call(operation, method, url, headers, content, body, lane)
        except Unauthorized as error:
            if not self._authorization.renew(headers):
                raise credentials_refused(error, self._advice) from None
        headers = await self._authorization.headers()
        try:
            return await self._call(operation, method, url, headers, content, body, lane)
        except Unauthorized as error:
            raise credentials_refused(error, self._advice) from None

    async def _call(
        self,
        operation: Operation,
        method: str,
        url: httpx.URL,
        authorization: HeaderList,
        content: bytes,
        sent: object,
        lane: Lane,
    ) -> Answer:
        headers = self._base_headers + authorization
        if method == "POST":
            headers.append((b"Content-Type", b"application/json"))
            headers.append((b"Content-Length", b"%d" % len(content)))
        async with self._budget.call(lane):
            began_at = monotonic()
            try:
                status, answered, answer = await self._wire.exchange(
                    method, url, headers, content, self._timeouts
                )
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
                raise no_answer(operation, error, monotonic() - began_at) from None
        self._note_date(answered.get("date", ""))
        if 200 <= status < 300:
            read = Answer(read_json(answer), answered.get("x-wix-request-id"))
            self.answers += 1
            return read
        raise refusal(operation, status, answered, answer, sent=sent, now=self._now())

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._base.copy_with(raw_path=_raw_path(self._base, path, []))
        return url

    def _note_date(self, date: str) -> None:
        if date == self._date:
            return
        moment = http_date(date)
        if moment is not None:
            self._date = date
            # The header is cut to the second; half of one is the best guess.
            self.clock_offset_seconds = moment + 0.5 - self._now()

    def _authorize(self, credentials: Credentials) -> tuple[Authorization, str]:
        if isinstance(credentials, ApiKey):
            return KeyAuthorization(credentials), _KEY_ADVICE
        fetch = _TokenFetch(self, credentials)
        return TokenAuthorization(fetch, self._now), _APP_ADVICE


class _TokenFetch:
    """Asks for a token. It counts as a call of the site: Wix does not say that it does not."""

    def __init__(self, calls: Calls, credentials: AppCredentials) -> None:
        self._calls = calls
        self._body = token_request(credentials)

    async def __call__(self) -> dict[str, Any]:
        calls, content = self._calls, _encode(self._body)
        try:
            answer = await calls._call(
                CREATE_ACCESS_TOKEN, "POST", calls._url(TOKEN_PATH), [], content, self._body, "live"
            )
        except CredentialsRefused as error:
            raise credentials_refused(error, _APP_ADVICE) from None
        return answer.body


def object_with_id(answer: Answer, name: str) -> dict[str, Any] | None:
    """Return the object called *name* in the answer, or None where it is missing or has no id."""
    value = answer.body.get(name)
    known = isinstance(value, dict) and isinstance(value.get("id"), str) and value["id"]
    return value if known else None


def unreadable(operation: Operation, answer: Answer, missing: str) -> WixError:
    """Return the error for a 2xx answer without what it must have."""
    return Unreadable(
        f"Wix answered {operation.name} without {missing}."
        + (" Whether it was done is not known." if operation.changes else "")
        + " Check base_url: something else may answer there.",
        effect=None if operation.changes else "none",
        scope=operation.subject,
        request_id=answer.request_id,
    )


def _encode(body: object) -> bytes:
    try:
        return to_json(body)
    except PydanticSerializationError:  # half a surrogate pair, which no UTF-8 can hold
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return written.encode("utf-8", "replace")


def _base_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"base_url must begin with https:// or http:// and a host, not {text!r}")
    return url


def _raw_path(base: httpx.URL, path: str, query: list[tuple[str, str]]) -> bytes:
    raw = base.path.rstrip("/") + path
    if query:
        raw += f"?{urlencode(query)}"
    return raw.encode("ascii")


def _version() -> bytes:
    try:
        return version("inboxbridge").encode()
    except PackageNotFoundError:
        return b"0"
