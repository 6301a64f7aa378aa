"""Calls to Meta's Graph API with the connection's token.

Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling ·
https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from inboxbridge import ConnectorError
from inboxbridge.reading import mapping
from pydantic import AfterValidator, Field

if TYPE_CHECKING:
    import httpx

    from inboxbridge_facebook._meta import MetaSettings

INSTAGRAM_LOGIN_HOST = "graph.instagram.com"
"""Answers tokens of Instagram Login, which have no proof by an app secret."""

META_DOMAINS = (
    "facebook.com", "fbcdn.net", "fbsbx.com", "instagram.com", "whatsapp.com", "whatsapp.net",
)  # fmt: skip
"""Where Meta keeps files that take the token."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_UNKNOWN_OBJECT = 100
_NO_SUCH_OBJECT = frozenset({33, 2018218})
"""Subcodes of error 100 that say that an object does not exist, or has no profile."""

_CONCERN_EVERY_CALL = frozenset({4, 17, 32, 102, 190, 613})
"""Error codes about the token, or about too many calls."""


def _safe_for_a_token(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError("must begin with https://, as the access token is sent there")
    return address.rstrip("/")


GraphAddress = Annotated[str, Field(pattern="^https?://[^/]"), AfterValidator(_safe_for_a_token)]
"""Where the Graph API is: ``https``, or ``http`` on this machine."""

GraphVersion = Annotated[str, Field(pattern=r"^v[1-9][0-9]?\.[0-9]$")]
"""A version of the Graph API, such as ``v25.0``."""


class GraphRefused(ConnectorError):
    """The Graph API answered with an error.

    Attributes:
        is_gone: What was asked for does not exist, or not any more.
        concerns_every_call: Another call would be refused as well: the token is not valid, or
            there were too many calls.
    """

    def __init__(self, status: int, code: int, subcode: int) -> None:
        super().__init__(
            f"the Graph API refused the call (HTTP {status}, error {code or 'unknown'}): "
            "check access_token, its permissions and graph_version of this connection"
        )
        self.is_gone = status == 404 or (code == _UNKNOWN_OBJECT and subcode in _NO_SUCH_OBJECT)
        self.concerns_every_call = status in (401, 429) or code in _CONCERN_EVERY_CALL


class Graph:
    """The Graph API as one connection may use it.

    Args:
        settings: Those of the connection; without an ``access_token`` `of` makes none.
        token: The access token.
    """

    def __init__(self, settings: MetaSettings, token: str) -> None:
        self._root = f"{settings.graph_url}/{settings.graph_version}"
        self._host = urlsplit(settings.graph_url).hostname or ""
        self._proof = ""
        if self._host != INSTAGRAM_LOGIN_HOST:
            secret = settings.app_secret[0].get_secret_value()
            self._proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        self._bearer = {"Authorization": f"Bearer {token}"}

    @classmethod
    def of(cls, settings: MetaSettings) -> Graph | None:
        """Return the Graph API for a connection, None where it has no token."""
        token = settings.access_token
        return None if token is None else cls(settings, token.get_secret_value())

    async def get(self, node: str, http: httpx.AsyncClient, *, fields: str = "") -> dict[str, Any]:
        """Return the object with the id *node*.

        Args:
            node: Its id.
            http: A client with time-outs set.
            fields: Which of its fields, with commas between; Meta's choice where empty.

        Raises:
            GraphRefused: The answer is an error.
            Exception: Whatever the network or the answer's JSON raises.
        """
        wanted = [f"fields={fields}"] if fields else []
        proof = [f"appsecret_proof={self._proof}"] if self._proof else []
        query = "&".join([*wanted, *proof])
        answer = await http.get(
            f"{self._root}/{quote(node, safe='')}?{query}".rstrip("?"),
            headers=self._bearer,
            follow_redirects=False,
        )
        try:
            content = mapping(answer.json())
        except ValueError:
            content = {}
        error = mapping(content.get("error"))
        if answer.status_code != 200 or error:
            code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
            raise GraphRefused(answer.status_code, code, subcode)
        return content

    def credentials_for(self, address: str) -> dict[str, str]:
        """Return the headers that a file at *address* takes; none at a host that is not Meta's."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        is_metas = parts.scheme == "https" and any(
            host == domain or host.endswith(f".{domain}") for domain in META_DOMAINS
        )
        return dict(self._bearer) if is_metas or host == self._host else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
