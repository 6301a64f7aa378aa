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
    check_class,
    connect,
    connect_all,
    installed,
    load_class,
)
from inboxbridge.plugins.raised import lines_about

__all__ = [
    "GROUP",
    "HOOKS",
    "OF_THE_CORE",
    "SUPPORTED_API_VERSIONS",
    "Broken",
    "Connection",
    "Installed",
    "Unusable",
    "check_class",
    "connect",
    "connect_all",
    "default_message",
    "implemented_hooks",
    "installed",
    "lines_about",
    "load_class",
    "marked_hooks",
]
