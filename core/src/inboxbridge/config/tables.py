"""The settings of connectors.toml as pydantic models."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from inboxbridge.connector import Secret, Secrets
from inboxbridge.model import Visibility


def _texts(value: object) -> object:
    """One or several ids, which TOML may hold as numbers."""
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(one) if type(one) is int else one for one in values)


def _web_address(url: str) -> str:
    if not re.match(r"https?://[^\s/]+", url):
        raise ValueError("must begin with https:// and a host, as in https://hooks.example.com")
    return url


def with_known_scheme(url: str) -> str:
    """Return a journal's URL; ``postgres://``, as many hosts spell it, is ``postgresql://``."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql://{rest}" if separator and scheme == "postgres" else url


PublicUrl = Annotated[
    str, AfterValidator(_web_address), Field(json_schema_extra={"pattern": "^https?://[^\\s/]+"})
]

Unmatched = Literal["create", "park", "drop"]
Ambiguous = Literal["newest", "oldest", "all", "park"]
Contradictory = Literal["keep", "move", "park"]

Recipients = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_texts)]

WIX_HOOK = "wix"
"""The name of ``/hooks/wix``, which takes Wix's own webhooks; no connection may have it."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class JournalSettings(_Table):
    """``[journal]``: where everything is written down, and for how long."""

    url: Annotated[str, AfterValidator(with_known_scheme)] = "sqlite:///inboxbridge.db"
    keep_days: float = Field(default=30, ge=30)
    """How long finished events are kept."""
    keep_ids_days: float = Field(default=400, gt=0)
    """How long the ids of such events are known after that: a delivery that somebody captured and
    sends again stores nothing within it. Each takes a few dozen bytes."""
    keep_personal_days: float = Field(default=7, gt=0)
    """How long texts, names and raw deliveries of finished events are kept."""


class GatewaySettings(_Table):
    """``[gateway]``: how sources reach us."""

    public_url: PublicUrl | None = None
    """What sources call, without ``/hooks/…``. Needed by schemes that sign the URL."""
    max_body_bytes: int | None = Field(default=None, ge=1)
    """The largest body that is taken, in bytes; a larger one is answered 413. By default what each
    connector declares for its source: 1 MiB, Meta's 3 MiB."""
    keep_alive_seconds: float = Field(default=75.0, ge=1)
    """How long a connection may be idle. Give the load balancer in front a shorter time: whoever
    asks must be the one that closes first."""
    metrics: bool = False
    """Whether ``/metrics`` stays on this side where a console runs in the same process."""
    max_connections: int = Field(default=4096, ge=1)
    """How many connections may be open at once. A quarter of the descriptors that the process may
    have is kept free all the same."""


class CourierSettings(_Table):
    """``[courier]``: how events are taken to Wix."""

    concurrency: int = Field(default=64, ge=1, le=1000)
    """How many threads of one site are worked on side by side."""
    retry_base_seconds: float = Field(default=1.0, gt=0)
    retry_cap_seconds: float = Field(default=600.0, gt=0)
    throttled_seconds: float = Field(default=60.0, gt=0)
    """How long a site rests after a 429 that names no time, as Wix's own page advises."""
    max_age_seconds: float = Field(default=86400.0, gt=0)
    """How long after its first failure an event is retried before it becomes a dead letter."""
    settle_seconds: float = Field(default=2.0, ge=0)
    """How long to wait before asking Wix whether an unanswered send arrived."""
    timeout_seconds: float = Field(default=30.0, gt=0)
    """How long Wix may take to answer one call."""
    hold: bool = False
    """Whether a parked or dead event holds back the later events of its thread."""
    remember_seconds: float = Field(default=3600.0, gt=0)
    """How long a remembered contact or conversation is used without asking Wix again."""


class ConsoleSettings(_Table):
    """``[console]``: the operator's pages."""

    password: Secret | None = None
    """What people log in with. Without one a new password is made at each start and printed, and
    the console listens on this machine only."""
    token: Secret | None = None
    """What programs send as ``Authorization: Bearer TOKEN``."""
    session_hours: float = Field(default=12.0, gt=0, le=720)
    """How long a login lasts."""


class SiteSettings(_Table):
    """``[sites.NAME]``: one Wix site and the credentials for it."""

    site_id: str | None = None
    api_key: Secret | None = None
    app_id: str | None = None
    app_secret: Secret | None = None
    instance_id: str | None = None
    base_url: str = Field(
        default="https://www.wixapis.com",
        pattern=r"^https?://[^\s/]+",
        description="It begins with https:// or http:// and a host",
    )
    calls_per_minute: int = Field(default=200, ge=0)
    wire_form: Literal["current", "article"] = "current"
    files: Literal["wix_media", "none"] = "wix_media"
    """Where pictures and files are kept that only their source's credentials can fetch: in the
    site's Media Manager, where whoever has the address can see them, or nowhere. Then they are
    shown in words."""
    webhook_public_key: Secrets | None = None
    """The app's public key (PEM) for Wix's own webhooks at ``/hooks/wix``."""

    @field_validator("webhook_public_key")
    @classmethod
    def _is_a_key(cls, keys: tuple[SecretStr, ...] | None) -> tuple[SecretStr, ...] | None:
        for key in keys or ():
            _expect_public_key(key.get_secret_value())
        return keys

    @model_validator(mode="after")
    def _credentials(self) -> SiteSettings:
        key = {"site_id": self.site_id, "api_key": self.api_key}
        app = {
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "instance_id": self.instance_id,
        }
        if all(key.values()) or all(app.values()):
            return self
        started = app if any(app.values()) and not self.api_key else key
        missing = " and ".join(name for name, value in started.items() if not value)
        raise ValueError(
            f"{missing} missing: give site_id and api_key, or app_id, app_secret and instance_id"
        )


class ConnectionSettings(_Table):
    """What all connections have in common; the rest of the table is the connector's own."""

    name: str
    plugin: str
    provider: str | None = None
    enabled: bool = True
    site: str = "default"
    unmatched: Unmatched = "create"
    ambiguous: Ambiguous = "newest"
    contradictory: Contradictory = "keep"
    """What happens to what is remembered of a number or address that an event now gives together
    with another contact's: it stays, it moves to that contact, or a person decides."""
    visibility: Visibility = "business"
    public_url: PublicUrl | None = None
    via: str | None = None
    """The connection whose URL the source calls, where several share one."""
    recipients: Recipients = ()
    """The business's own accounts or numbers whose events this connection takes, as the source
    names them (a Page, a phone number id); by default all."""
    own: dict[str, Any] = {}
    """The connector's own settings, secrets resolved, not yet validated."""


COMMON_KEYS = frozenset(ConnectionSettings.model_fields) - {"name", "own"}
"""The keys that each connection's table may have."""


def plain(secret: SecretStr | None) -> str:
    """The text of a secret that is known to be set."""
    return secret.get_secret_value() if secret is not None else ""


def _expect_public_key(text: str) -> None:
    # Imported here because few configurations have one, and it takes a while.
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        load_pem_public_key(text.encode())
    except ValueError:
        raise ValueError(
            "is not a public key: expected PEM text with lines, -----BEGIN PUBLIC KEY-----"
        ) from None
