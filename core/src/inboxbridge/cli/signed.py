"""Sign a delivery as its source would, by the scheme that the connector declares."""

from __future__ import annotations

from inboxbridge.errors import ConfigError, InboxbridgeError
from inboxbridge.model import WebhookRequest
from inboxbridge.plugins import Connection


def signed(connection: Connection, request: WebhookRequest) -> WebhookRequest:
    """Return *request* signed with the connection's first secret, at the moment of its arrival.

    Raises:
        ConfigError: Its scheme cannot sign: only the source has the key, or there is no secret.
    """
    try:
        return connection.signature.sign(request, request.received_at.timestamp())
    except (ValueError, NotImplementedError, InboxbridgeError) as error:
        scheme = type(connection.signature).__name__
        raise ConfigError(
            f"connection {connection.name!r}: its scheme {scheme} cannot sign here: {error}. "
            "Where only the source has the key, capture a delivery with its headers and give them: "
            "--header 'Name: value'"
        ) from error
