"""Find, load and call connectors."""

from inboxbridge.plugins.connection import (
    HOOKS,
    OF_THE_CORE,
    Connection,
    Unusable,
    default_message,
    implemented_hooks,
    marked_hooks,
)
from inboxbridge.plugins.loading import (
    GROUP,
    SUPPORTED_API_VERSIONS,
    Broken,
    Installed,
    connect,
    connect_all,
    installed,
    load_class,
)

__all__ = [
    "GROUP",
    "HOOKS",
    "OF_THE_CORE",
    "SUPPORTED_API_VERSIONS",
    "Broken",
    "Connection",
    "Installed",
    "Unusable",
    "connect",
    "connect_all",
    "default_message",
    "implemented_hooks",
    "installed",
    "load_class",
    "marked_hooks",
]
