"""Every error that the contract knows, in one tree.

::

    InboxbridgeError
    ├── ConfigError          connectors.toml, a secret or a connector's settings are wrong
    └── ConnectorError       a connector did what the contract does not allow
        ├── MalformedBody    a delivery's body is not what its format says
        ├── HookFailed       a hook raised, or returned the wrong type
        └── HookTimeout      a hook took too long and was cut off
"""

from __future__ import annotations


class InboxbridgeError(Exception):
    """Base of all errors of inboxbridge. The text is for people: what, where, what next."""


class ConfigError(InboxbridgeError):
    """The configuration cannot be used. The text lists every fault found."""


class ConnectorError(InboxbridgeError):
    """A connector did what the contract does not allow."""


class MalformedBody(ConnectorError):
    """A delivery's body cannot be read: not JSON, not UTF-8, nested too deeply, a field missing.

    The one error that `parse_event` may raise on purpose. The delivery is then kept whole as
    ``unreadable`` and can be replayed once the connector is fixed.
    """


class HookFailed(ConnectorError):
    """A hook raised, or returned something other than its specification says."""


class HookTimeout(ConnectorError):
    """A hook took longer than it may and was cut off."""
