"""Tokens for Vonage's media, which the application that received them may fetch.

Source: https://developer.vonage.com/en/messages/concepts/secure-inbound-media
"""

from __future__ import annotations

import time
import uuid
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from inboxbridge import Secret

_VALID_SECONDS = 300


def checked_key(key: Secret) -> None:
    """Raise ValueError where *key* is not the private key of an application."""
    try:
        loaded = load_pem_private_key(key.get_secret_value().encode(), password=None)
    except (ValueError, TypeError):
        loaded = None
    if not isinstance(loaded, RSAPrivateKey):
        raise ValueError(
            "private_key must be the PEM file of an application: -----BEGIN PRIVATE KEY-----"
        )


def media_token(application_id: str, key: Secret) -> str:
    """Return a token of the application that is valid for five minutes."""
    now = int(time.time())
    claims = {
        "application_id": application_id,
        "iat": now,
        "exp": now + _VALID_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, key.get_secret_value(), algorithm="RS256")


def is_vonages(url: str) -> bool:
    """Whether *url* leads to Vonage's own API, which alone may see a token."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_host = host.startswith("api") and host.endswith((".nexmo.com", ".vonage.com"))
    return parts.scheme == "https" and is_host and port in (None, 443)
