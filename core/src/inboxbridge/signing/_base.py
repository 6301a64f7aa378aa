"""What all signature schemes share."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Literal, TypeVar

from pydantic import SecretStr

from inboxbridge.model.request import WebhookRequest

Key = TypeVar("Key")
Algorithm = Literal["sha1", "sha256"]
Encoding = Literal["hex", "base64"]

DEFAULT_TOLERANCE_SECONDS = 300.0
"""How far a signed timestamp may be off, both ways, unless the scheme says otherwise."""


class Signature(ABC):
    """A way in which a source proves that a delivery is its own."""

    @abstractmethod
    def verify(self, request: WebhookRequest, now: float) -> str | None:
        """Return None if *request* is genuine at *now* (Unix seconds), else the reason it is not.

        The reason is for the operator's log and is never sent to the source.
        """

    @abstractmethod
    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        """Return *request* as the source would send it at *now*, signed with the first secret.

        Raises:
            ValueError: There is no secret to sign with, or the scheme does not fit the request.
        """

    def redact(self, request: WebhookRequest) -> WebhookRequest:
        """Return *request* without a secret that the scheme puts outside the headers.

        Called before a delivery is stored. Headers that carry signatures or credentials are never
        stored anyway.
        """
        return request


def keys_of(secrets: SecretStr | str | bytes | Iterable[Any]) -> tuple[bytes, ...]:
    """Return one or several secrets, in any shape that settings hold them, as non-empty bytes."""
    if isinstance(secrets, (SecretStr, str, bytes)):
        secrets = (secrets,)
    plain = [s.get_secret_value() if isinstance(s, SecretStr) else s for s in secrets]
    # An environment variable that is not UTF-8 reaches Python with its bytes escaped as surrogates.
    return tuple(
        s.encode("utf-8", "surrogateescape") if isinstance(s, str) else bytes(s) for s in plain if s
    )


def first(keys: tuple[Key, ...]) -> Key:
    """Return the key to sign with. Raises ValueError where there is none."""
    if not keys:
        raise ValueError("no secret is set, so nothing can be signed")
    return keys[0]


def digest(key: bytes, content: bytes, algorithm: Algorithm, encoding: Encoding) -> str:
    """Return the HMAC of *content* as text."""
    raw = hmac.digest(key, content, getattr(hashlib, algorithm))
    return raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()


def is_live(secrets: SecretStr | str | bytes | Iterable[Any], presented: str) -> bool:
    """Return whether *presented* is one of the *secrets*, compared in constant time."""
    matches = [same(key, presented) for key in keys_of(secrets)]
    return any(matches)


def same(expected: str | bytes, presented: str) -> bool:
    """Compare two signatures in constant time; any text is taken."""
    if isinstance(expected, str):
        expected = expected.encode()
    return hmac.compare_digest(expected, presented.encode("utf-8", "surrogatepass"))


def decode_base64(text: str | bytes) -> bytes | None:
    """Return the bytes, padding optional, or None where *text* is not base64."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def outside_window(
    stamp: str | float, now: float, tolerance_seconds: float, per_second: float = 1
) -> str | None:
    """Return why *stamp* is outside the time window at *now*, or None where it is inside.

    Args:
        stamp: A signed time since 1970, as plain digits or as a number.
        now: Unix seconds.
        tolerance_seconds: How far it may be off, both ways.
        per_second: 1 for seconds, 1000 for milliseconds.
    """
    if isinstance(stamp, str) and not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        return "the timestamp is not a whole number"
    age = now - float(stamp) / per_second
    if abs(age) <= tolerance_seconds:
        return None
    when = "old" if age > 0 else "early"
    return f"the timestamp is {abs(age):.0f} s {when}; the window is {tolerance_seconds:.0f} s"
