"""Base classes of a connector and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

from inboxbridge.hookspecs import API_VERSION
from inboxbridge.reading import time_zone


def _several(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else (value,)


T = TypeVar("T")

OneOrMore = Annotated[tuple[T, ...], BeforeValidator(_several)]
"""One value or a list of them: ``OneOrMore[str]``."""


def _not_blank(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_not_blank)]
"""One secret. Printed as asterisks; read with ``get_secret_value()``."""

Secrets = Annotated[tuple[Secret, ...], BeforeValidator(_several), Field(min_length=1)]
"""One secret or a list of them, all live at once while a secret is being rotated."""


Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
"""A badge's text."""

WebAddress = Annotated[str, Field(pattern="^https?://")]
"""An ``http`` or ``https`` address."""

Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""The ISO 3166 country of phone numbers that name none, such as ``US``."""


def _time_zone(name: str) -> str:
    if time_zone(name) is None:
        raise ValueError("is not a time zone: expected a name such as America/Denver")
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""The name of a time zone, such as ``America/Denver``."""


class ConnectorSettings(BaseModel):
    """Base of a connector's settings: unknown keys are refused with the nearest spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


SettingsT = TypeVar("SettingsT", bound=ConnectorSettings)


class Connector(Generic[SettingsT]):
    """Base of a connector, with the model of its settings: ``class Acme(Connector[AcmeSettings])``.

    Attributes:
        Settings: The model that the connection's table in connectors.toml is validated against; by
            default the one in the brackets.
        api_version: The version of the contract that the connector was written for.
        label: The source's name for people, such as ``Facebook``: the badge's text. A ``label`` in
            the settings comes first.
        icon_url: A small square picture for badges and activities, or None. An ``icon_url`` in the
            settings comes first.
        handshake_methods: The HTTP methods for which `handshake` is asked.
        max_body_bytes: The largest body that the source sends; ``[gateway] max_body_bytes``
            overrides it.
        settings: This connection's validated settings.
    """

    Settings: ClassVar[type[ConnectorSettings]] = ConnectorSettings
    api_version: ClassVar[int] = API_VERSION
    label: ClassVar[str] = ""
    icon_url: ClassVar[str | None] = None
    handshake_methods: ClassVar[tuple[str, ...]] = ("GET",)
    max_body_bytes: ClassVar[int] = 1024 * 1024

    def __init__(self, settings: SettingsT) -> None:
        self.settings = settings

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "Settings" in vars(cls):
            return
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, ConnectorSettings):
                    cls.Settings = argument


class Providers:
    """A connector of several formats, chosen by ``provider = "…"`` in the connection.

    Use it as the object of an entry point. A format's module is imported only when it is chosen.

    Args:
        formats: Provider name to ``"package.module:Class"``.
        default: The provider of a connection that names none.
    """

    def __init__(self, formats: Mapping[str, str], *, default: str) -> None:
        if default not in formats:
            raise ValueError(f"default provider {default!r} is not among {sorted(formats)}")
        self.formats = dict(formats)
        self.default = default

    def load(self, provider: str) -> type[Connector[Any]]:
        """Return the connector class of *provider*. Raises KeyError for one that is not ours."""
        module, _, name = self.formats[provider].partition(":")
        loaded: type[Connector[Any]] = getattr(import_module(module), name)
        return loaded
