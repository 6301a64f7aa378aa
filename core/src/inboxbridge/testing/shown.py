"""What the Inbox would show of an event, defaults included."""

from __future__ import annotations

from typing import Any

from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.connector import Connector
from inboxbridge.model import Badge, BasicMessage, Event, MinimalMessage
from inboxbridge.plugins.connection import Connection


def message_of(connector: Connector[Any], event: Event) -> BasicMessage | MinimalMessage:
    """Return the message that *event* becomes, by the connector's hook or by the default.

    Raises:
        HookFailed: The hook raised, or returned no message.
    """
    return _connection(connector).message(event)[0]


def badge_of(connector: Connector[Any], event: Event) -> Badge | None:
    """Return the badge of *event*, by the connector's hook or by the default.

    An activity has none.

    Raises:
        HookFailed: The hook raised, or returned no badge.
    """
    return None if event.kind == "activity" else _connection(connector).badge(event)


def _connection(connector: Connector[Any]) -> Connection:
    return Connection(ConnectionSettings(name="test", plugin="test"), connector)
