"""Who is calling, for which site, and what they may do.

Sources: https://dev.wix.com/docs/rest/app-management/oauth-2/create-access-token,
https://dev.wix.com/docs/api-reference/articles/authentication/about-api-keys
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from inboxbridge_sandbox.errors import WixError, application_error
from inboxbridge_sandbox.options import ApiKeyGrant, AppGrant, SandboxOptions

READ_CONTACTS: Final = "SCOPE.DC-CONTACTS.READ-CONTACTS"
MANAGE_CONTACTS: Final = "SCOPE.DC-CONTACTS.MANAGE-CONTACTS"
READ_MESSAGES: Final = "SCOPE.DC-INBOX.READ-MSGS"
MANAGE_MESSAGES: Final = "SCOPE.DC-INBOX.MANAGE-MSGS"
MANAGE_MEDIA: Final = "SCOPE.DC-MEDIA.MANAGE-MEDIAMANAGER"

PERMISSIONS: Final[Mapping[str, str]] = {
    "Read Contacts": READ_CONTACTS,
    "Manage Contacts": MANAGE_CONTACTS,
    "Read Inbox Messages": READ_MESSAGES,
    "Manage Inbox Messages": MANAGE_MESSAGES,
    "Manage Media Manager": MANAGE_MEDIA,
}
ALL_PERMISSIONS: Final = frozenset(PERMISSIONS.values())
OWNER_ID: Final = "0b5f2f0e-6f3a-4c58-9a37-51f5a3e0c001"
TOKEN_SECONDS: Final = 14_400
ANY_CREDENTIAL: Final = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind one request.

    `app_id` and `instance_id` are `None` for an API key, which acts as the site's owner.
    `credential` is the API key or the app id: what permissions are granted to.
    """

    site_id: str
    credential: str
    app_id: str | None
    instance_id: str | None

    @property
    def sender(self) -> dict[str, str]:
        return {"appId": self.app_id} if self.app_id else {"wixUserId": OWNER_ID}

    @property
    def identity(self) -> dict[str, str]:
        """The `identity` of a Wix webhook that this caller sets off."""
        if self.app_id:
            return {"identityType": "APP", "appId": self.app_id}
        return {"identityType": "WIX_USER", "wixUserId": OWNER_ID}


class UnknownPermissionError(ValueError):
    """A permission is neither a documented name nor a scope id."""


def scope_ids(permissions: Iterable[str]) -> frozenset[str]:
    """Scope ids of permissions given by name or by scope id."""
    scopes = set()
    for permission in permissions:
        scope = PERMISSIONS.get(permission, permission)
        if scope not in ALL_PERMISSIONS:
            known = ", ".join(PERMISSIONS)
            raise UnknownPermissionError(f"Unknown permission {permission!r}. Known: {known}.")
        scopes.add(scope)
    return frozenset(scopes)


class Credentials:
    """Issues tokens and turns request headers into a `Caller`."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._tokens: dict[str, tuple[Caller, float]] = {}
        self._granted: dict[str, frozenset[str]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget all tokens and every permission set since the start."""
        self._tokens.clear()
        self._granted.clear()
        grants: dict[str, ApiKeyGrant | AppGrant] = {}
        grants |= self._options.api_keys or {}
        grants |= self._options.apps or {}
        for credential, grant in grants.items():
            if grant.permissions is not None:
                self._granted[credential] = scope_ids(grant.permissions)

    def grant(self, credential: str, permissions: Iterable[str] | None) -> None:
        """Allow `credential` (or `*`, everyone) these permissions only; `None` allows all."""
        if permissions is None:
            self._granted.pop(credential, None)
        else:
            self._granted[credential] = scope_ids(permissions)

    def granted(self, caller: Caller) -> frozenset[str]:
        everyone = self._granted.get(ANY_CREDENTIAL, ALL_PERMISSIONS)
        return self._granted.get(caller.credential, everyone)

    def expire_tokens(self) -> int:
        """End every token at once; returns how many there were."""
        ended = len(self._tokens)
        self._tokens.clear()
        return ended

    def caller(self, authorization: str | None, site_header: str | None) -> Caller:
        """The caller behind these two headers.

        Raises `401` for a missing, unknown or expired credential and `403` for an API key without
        `wix-site-id` or for a site it does not serve. A site header without any credential looks
        like a forgotten API key, which Wix answers with `403`.
        """
        credential = (authorization or "").removeprefix("Bearer ").strip()
        if not credential:
            raise _forbidden("The API key is missing.") if site_header else _unauthenticated()
        issued = self._tokens.get(credential)
        if issued is not None:
            caller, expires_at = issued
            if self._options.now() >= expires_at:
                raise _unauthenticated()
            return caller
        if credential.startswith("OauthNG.JWS."):
            raise _unauthenticated()
        return self._key_holder(credential, site_header)

    def _key_holder(self, key: str, site_header: str | None) -> Caller:
        known = self._options.api_keys
        if known is not None and key not in known:
            raise _unauthenticated()
        if not site_header:
            raise _forbidden("The wix-site-id header is missing.")
        if known is not None:
            sites = known[key].sites
            if sites is not None and site_header not in sites:
                raise _forbidden("The API key has no access to this site.")
        return Caller(site_header, key, None, None)

    def issue_token(self, body: Any) -> dict[str, Any]:
        """Answer of `POST /oauth2/token`; failures follow RFC 6749, not Wix's envelope."""
        if not isinstance(body, dict):
            raise _oauth(400, "invalid_request", "The body must be a JSON object.")
        for name in ("grant_type", "client_id", "client_secret", "instance_id"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise _oauth(400, "invalid_request", f"{name} is missing.")
        if body["grant_type"] != "client_credentials":
            raise _oauth(400, "unsupported_grant_type", "Use client_credentials.")
        app_id, instance_id = body["client_id"], body["instance_id"]
        site_id = self._site_of(app_id, body["client_secret"], instance_id)
        now = self._options.now()
        caller = Caller(site_id, app_id, app_id, instance_id)
        token = _mint(caller, now)
        self._tokens[token] = (caller, now + TOKEN_SECONDS)
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def instance_of(self, app_id: str, site_id: str) -> str:
        """The instance id of an app on a site; the site id itself for an unregistered app."""
        grant = (self._options.apps or {}).get(app_id)
        for instance_id, site in grant.instances.items() if grant else ():
            if site == site_id:
                return instance_id
        return site_id

    def _site_of(self, app_id: str, secret: str, instance_id: str) -> str:
        if self._options.apps is None:
            return instance_id
        app = self._options.apps.get(app_id)
        if app is None or not secrets.compare_digest(app.secret.encode(), secret.encode()):
            raise _oauth(401, "invalid_client", "Unknown app id or wrong secret.")
        if instance_id not in app.instances:
            raise _oauth(400, "invalid_grant", "Unknown instance id.")
        return app.instances[instance_id]


def _mint(caller: Caller, now: float) -> str:
    instance = {
        "instanceId": caller.instance_id,
        "appDefId": caller.app_id,
        "metaSiteId": caller.site_id,
    }
    data = json.dumps({"instance": instance})
    payload = {"data": data, "iat": int(now), "exp": int(now) + TOKEN_SECONDS}
    parts = [_base64({"kid": "sandbox", "alg": "HS256"}), _base64(payload), secrets.token_urlsafe()]
    return "OauthNG.JWS." + ".".join(parts)


def _base64(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _unauthenticated() -> WixError:
    return application_error(401, "UNAUTHENTICATED", "The access token is missing or not valid.")


def _forbidden(description: str) -> WixError:
    return application_error(403, "PERMISSION_DENIED", description)


def _oauth(status: int, error: str, description: str) -> WixError:
    return WixError(status, {"error": error, "error_description": description})
