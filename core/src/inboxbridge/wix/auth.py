"""Who we are to Wix: an API key, or an app with a token for one installation.

Sources: https://dev.wix.com/docs/api-reference/articles/authentication/about-api-keys,
https://dev.wix.com/docs/rest/app-management/oauth-2/create-access-token
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from inboxbridge.wix.errors import WixError
from inboxbridge.wix.exchange import HeaderList
from inboxbridge.wix.flights import SingleFlight
from inboxbridge.wix.forms import GivenToken

TOKEN_SECONDS: Final = 14_400.0
RENEW_EARLY_SECONDS: Final = 300.0
RETRY_RENEWAL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that the owner of the site made, and the site it is used for.

    Raises ValueError for what cannot stand in an HTTP header; the text does not quote it.
    """

    api_key: str = field(repr=False)
    site_id: str

    def __post_init__(self) -> None:
        _check_header_value("api_key", self.api_key)
        _check_header_value("site_id", self.site_id)


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """A Wix app, and its installation on one site.

    `instance_id` comes with the App Instance Installed webhook or the dashboard page's instance.
    """

    app_id: str
    app_secret: str = field(repr=False)
    instance_id: str

    def __post_init__(self) -> None:
        for name in ("app_id", "app_secret", "instance_id"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")


Credentials = ApiKey | AppCredentials


class Authorization(Protocol):
    """Gives the headers that say who is calling."""

    async def headers(self) -> HeaderList:
        """Return the headers for the next call. Raises `WixError` where no token can be had."""

    def renew(self, refused: HeaderList) -> bool:
        """Note that Wix answered 401 to these headers; return whether others may be had."""


class KeyAuthorization:
    """The same two headers for ever."""

    def __init__(self, key: ApiKey) -> None:
        self._headers = [
            (b"Authorization", key.api_key.encode()),
            (b"wix-site-id", key.site_id.encode()),
        ]

    async def headers(self) -> HeaderList:
        return self._headers

    def renew(self, refused: HeaderList) -> bool:
        return False


class TokenAuthorization:
    """A token that lives four hours, renewed five minutes before its end or when refused.

    However many calls need a new token at once, one is fetched for all. While the old one still
    lives, a renewal that fails does not stop the calls; the next is tried 10 seconds later.

    Args:
        fetch: Asks Wix for a token and returns its answer; raises `WixError`.
        now: The time in seconds.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[GivenToken]], now: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._headers: HeaderList = []
        self._renew_at = float("-inf")
        self._ends_at = float("-inf")
        self._renewing: SingleFlight[None] = SingleFlight("site")

    async def headers(self) -> HeaderList:
        if self._now() >= self._renew_at:
            await self._renewing("token", self._fetch_token)
        return self._headers

    def renew(self, refused: HeaderList) -> bool:
        if refused is self._headers:
            self._renew_at = self._ends_at = float("-inf")
        return True

    async def _fetch_token(self) -> None:
        asked_at = self._now()
        try:
            given = await self._fetch()
        except WixError:
            if asked_at >= self._ends_at:
                raise
            self._renew_at = asked_at + RETRY_RENEWAL_SECONDS
            return
        lifetime = _seconds(given.expires_in)
        self._headers = [(b"Authorization", given.access_token.encode())]
        self._ends_at = asked_at + lifetime
        self._renew_at = asked_at + max(lifetime - RENEW_EARLY_SECONDS, lifetime / 2)


def token_request(credentials: AppCredentials) -> dict[str, str]:
    """Return the body of Create Access Token."""
    return {
        "grant_type": "client_credentials",
        "client_id": credentials.app_id,
        "client_secret": credentials.app_secret,
        "instance_id": credentials.instance_id,
    }


def _seconds(told: object) -> float:
    if isinstance(told, int | float) and not isinstance(told, bool) and 0 < told < 1e9:
        return float(told)
    return TOKEN_SECONDS


def _check_header_value(name: str, value: str) -> None:
    if not value:
        raise ValueError(f"{name} is empty")
    if not _fits_header(value):
        raise ValueError(
            f"{name} has white space, a line end or a character that no HTTP header can carry; "
            "copy it again without what is around it"
        )


def _fits_header(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable() and " " not in value
