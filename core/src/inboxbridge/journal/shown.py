"""Hide passwords in database URLs and driver errors."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL

_SECRET_WORDS = ("password", "secret", "scram_")
_SHORTEST = 3
"""A shorter secret is left in what a driver says: it would blank out parts of common words."""


def shown(url: URL) -> str:
    """Return *url* with everything secret in it as asterisks, also in its query."""
    query = {name: "***" if _is_secret(name) else value for name, value in url.query.items()}
    # A password with an @ that is not written %40 reaches into what is read as the host.
    host = url.host.rpartition("@")[2] if url.host else url.host
    return url.set(query=query, host=host).render_as_string(hide_password=True)


def without_secrets(text: str, url: URL) -> str:
    """Return *text* without what is secret in *url*, however it is spelt there."""
    spelt = {form for one in _secrets(url) for form in (one, quote(one, ""), quote_plus(one))}
    for secret in sorted(spelt, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text


def _secrets(url: URL) -> Iterator[str]:
    if url.password:
        yield str(url.password)
    if url.host and "@" in url.host:
        yield url.host.rpartition("@")[0]
    for name, value in url.query.items():
        if _is_secret(name):
            yield from (value,) if isinstance(value, str) else value


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_WORDS)
