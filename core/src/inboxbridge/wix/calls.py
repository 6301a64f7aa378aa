"""One HTTP call to Wix: paced, signed in, timed out, and either a 2xx answer or a `WixError`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import urlencode

import httpx
import structlog
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_json

from inboxbridge.wix import forms
from inboxbridge.wix.answers import credentials_refused, no_answer, refusal, request_id_of
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
from inboxbridge.wix.clock import ServerClock
from inboxbridge.wix.errors import CredentialsRefused, Outage, Unauthorized, Unreadable
from inboxbridge.wix.exchange import HeaderList, Timeouts, exchange
from inboxbridge.wix.forms import GivenToken
from inboxbridge.wix.operations import CREATE_ACCESS_TOKEN, TOKEN_PATH, Operation
from inboxbridge.wix.transport import Transport, proxy_for

CONNECT_SECONDS: Final = 10.0

_OF_THE_NETWORK: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)
_KEY_ADVICE: Final = (
    "Check api_key and site_id: the key may have been revoked, or belongs to another account."
)
_APP_ADVICE: Final = (
    "Check app_id, app_secret and instance_id: the app may have been removed from the site."
)


F = TypeVar("F", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer.

    Attributes:
        operation: What was asked.
        content: The body, of any kind.
        request_id: Wix's id of the request, or None.
        on_read: Called when the answer has turned out to have its form.
    """

    operation: Operation
    content: bytes
    request_id: str | None
    on_read: Callable[[], None]

    def read(self, form: type[F]) -> F:
        """Return what the answer says. Raises `Unreadable` where it does not have that form."""
        found = forms.read(form, self.content)
        if isinstance(found, str):
            raise self.unreadable(f"that cannot be read ({found})")
        self.on_read()
        return found

    def unreadable(self, how: str) -> Unreadable:
        """Return the error for an answer that is none to what was asked, and *how*."""
        changes = self.operation.changes
        return Unreadable(
            f"Wix gave {self.operation.name} an answer {how}."
            + (" Whether it was done is not known." if changes else "")
            + " Check base_url if it stays so: something else may answer there.",
            effect=None if changes else "none",
            scope=self.operation.subject,
            request_id=self.request_id,
        )


class Calls:
    """Makes calls to one site. See `WixClient` for the arguments.

    Attributes:
        answers: How many answers have had their form.
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
        clock: Callable[[], float],
    ) -> None:
        self._base = _base_url(base_url)
        self._budget = budget
        self._now = now
        self._timeouts = Timeouts(min(timeout_seconds, CONNECT_SECONDS), timeout_seconds)
        self._transport = transport or Transport(proxy=proxy_for(self._base))
        self._urls: dict[str, httpx.URL] = {}
        self._base_headers: HeaderList = [
            (b"Host", self._base.netloc),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", b"inboxbridge/" + _version()),
        ]
        self._authorization, self._advice = self._authorize(credentials)
        self.answers = 0
        self._clock = ServerClock(now, clock)

    @property
    def knows_server_clock(self) -> bool:
        """Whether Wix has dated an answer."""
        return self._clock.is_known

    @property
    def clock_offset_seconds(self) -> float:
        """Wix's clock minus ours; see `ServerClock`."""
        return self._clock.offset_seconds

    async def get(
        self, operation: Operation, path: str, query: list[tuple[str, str]], *, lane: Lane
    ) -> Answer:
        """Ask for *path*. Raises `WixError`."""
        return await self._signed_in(operation, "GET", self._at(path, query), None, lane)

    async def post(self, operation: Operation, path: str, body: object, *, lane: Lane) -> Answer:
        """Send *body* to *path*. Raises `WixError`."""
        return await self._signed_in(operation, "POST", self._url(path), body, lane)

    async def patch(self, operation: Operation, path: str, body: object, *, lane: Lane) -> Answer:
        """Change what is at *path*. Raises `WixError`."""
        return await self._signed_in(operation, "PATCH", self._at(path), body, lane)

    async def put(self, operation: Operation, url: str, content: bytes, mime_type: str) -> Answer:
        """Send a file to an address that Wix gave for it, without our credentials.

        It does not count against the site's limit: it goes to another host of Wix.

        Raises:
            WixError: It was not taken.
        """
        target = httpx.URL(url)
        if target.scheme != "https" and target.host != self._base.host:
            raise ValueError("a file goes to an https address only")
        headers: HeaderList = [
            (b"Host", target.netloc),
            *self._base_headers[1:],
            (b"Content-Type", mime_type.encode("ascii", "replace")),
            (b"Content-Length", b"%d" % len(content)),
        ]
        began_at = monotonic()
        try:
            status, answered, answer = await exchange(
                self._transport, "PUT", target, headers, content, self._timeouts
            )
        except _OF_THE_NETWORK as error:
            raise no_answer(operation, error, monotonic() - began_at) from None
        if not 200 <= status < 300:
            raise refusal(operation, status, answered, answer, now=self._now())
        return Answer(operation, answer, request_id_of(answered), self._count)

    def _count(self) -> None:
        self.answers += 1

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _signed_in(
        self, operation: Operation, method: str, url: httpx.URL, body: object, lane: Lane
    ) -> Answer:
        content = b"" if body is None else _encode(body)
        headers = await self._authorization.headers()
        try:
            return await self._call(operation, method, url, headers, content, body, lane)
        except (Unauthorized, Outage) as error:
            if error.status != 401:
                raise
            renewed = self._authorization.renew(headers)
            if isinstance(error, Outage):
                raise  # somebody's 401, and the call may have gone through
            if not renewed:
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
        if method != "GET":
            headers.append((b"Content-Type", b"application/json"))
            headers.append((b"Content-Length", b"%d" % len(content)))
        began_at: float | None = None
        try:
            async with self._budget.call(lane):
                began_at = monotonic()
                status, answered, answer = await exchange(
                    self._transport, method, url, headers, content, self._timeouts
                )
            self._clock.hear(answered.get("date", ""))
            if 200 <= status < 300:
                return Answer(operation, answer, request_id_of(answered), self._count)
            refused = refusal(operation, status, answered, answer, sent=sent, now=self._now())
        except Exception as error:  # of ours, too: once it is out, nobody knows better than that
            if began_at is None:
                raise
            if not isinstance(error, _OF_THE_NETWORK):
                log = structlog.get_logger("inboxbridge")
                log.exception("wix_call_failed_unexpectedly", call=operation.name)
            raise no_answer(operation, error, monotonic() - began_at) from None
        raise refused

    def _url(self, path: str) -> httpx.URL:
        """The address of a path that is called again and again."""
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._at(path)
        return url

    def _at(self, path: str, query: Sequence[tuple[str, str]] = ()) -> httpx.URL:
        return self._base.copy_with(raw_path=_raw_path(self._base, path, query))

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

    async def __call__(self) -> GivenToken:
        calls, content = self._calls, _encode(self._body)
        try:
            answer = await calls._call(
                CREATE_ACCESS_TOKEN, "POST", calls._url(TOKEN_PATH), [], content, self._body, "live"
            )
        except CredentialsRefused as error:
            raise credentials_refused(error, _APP_ADVICE) from None
        return answer.read(GivenToken)


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


def _raw_path(base: httpx.URL, path: str, query: Sequence[tuple[str, str]]) -> bytes:
    raw = base.path.rstrip("/") + path
    if query:
        raw += f"?{urlencode(query, errors='replace')}"
    return raw.encode("ascii")


def _version() -> bytes:
    try:
        return version("inboxbridge").encode()
    except PackageNotFoundError:
        return b"0"
