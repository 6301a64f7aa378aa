"""What a connector class is made of: its settings, its secrets, its formats."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from inboxbridge.hookspecs import API_VERSION


def _several(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else (value,)


def _not_blank(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_not_blank)]
"""One secret. Printed as asterisks; read with ``get_secret_value()``."""

Secrets = Annotated[tuple[Secret, ...], BeforeValidator(_several), Field(min_length=1)]
"""One secret or a list of them, all live at once while a secret is being rotated."""


class ConnectorSettings(BaseModel):
    """Base of a connector's settings: unknown keys are refused with the nearest spelling."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


SettingsT = TypeVar("SettingsT", bound=ConnectorSettings)


class Connector(Generic[SettingsT]):
    """Base of a connector. Give it a ``Settings`` model and implement the hooks.

    Attributes:
        Settings: The model that the connection's table in connectors.toml is validated against.
        api_version: The version of the contract that the connector was written for.
        label: The source's name for people, such as ``Facebook``.
        handshake_methods: The HTTP methods for which `handshake` is asked.
        max_body_bytes: The largest body that the source sends; ``[gateway] max_body_bytes``
            overrides it.
        settings: This connection's validated settings.
    """

    Settings: ClassVar[type[ConnectorSettings]] = ConnectorSettings
    api_version: ClassVar[int] = API_VERSION
    label: ClassVar[str] = ""
    handshake_methods: ClassVar[tuple[str, ...]] = ("GET",)
    max_body_bytes: ClassVar[int] = 1024 * 1024

    def __init__(self, settings: SettingsT) -> None:
        self.settings = settings


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
