"""Route a path to a connection, tolerant of proxies and extra slashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

HOOKS = "/hooks/"


class Routes:
    """The paths below ``/hooks/``, with and without the path of ``[gateway] public_url``.

    A proxy may strip the path of the public URL or pass it on; both find the connection. A
    connection's own ``public_url`` finds it as well. Repeated slashes and one at the end do not
    count.

    Args:
        urls: What the source of each running connection calls, where that is known.
        public_url: What ``[gateway]`` says.
    """

    def __init__(self, urls: Mapping[str, str | None], public_url: str | None) -> None:
        self._names = frozenset(urls)
        self._prefix = _path(public_url)
        paths = Counter(_path(url) for url in urls.values() if url is not None)
        self._own = {
            _path(url): name for name, url in urls.items() if url and paths[_path(url)] == 1
        }

    def hook(self, path: str) -> str | None:
        """Return the name that a path asks for, running or not; None if it is not for a hook."""
        if path.startswith(HOOKS) and path[len(HOOKS) :] in self._names:
            return path[len(HOOKS) :]
        plain = _plain(path)
        asked = [
            plain[len(prefix + HOOKS) :]
            for prefix in (self._prefix, "")
            if plain.startswith(prefix + HOOKS)
        ]
        running = next((name for name in asked if name in self._names), self._own.get(plain))
        if running is not None:
            return running
        if asked:
            return asked[0]
        nameless = path.endswith("/") and plain in (self._prefix + HOOKS[:-1], HOOKS[:-1])
        return "" if nameless else None

    def page(self, path: str) -> str:
        """Return a path that is not for a hook without the path of the public URL."""
        plain = _plain(path)
        if self._prefix and plain.startswith(self._prefix + "/"):
            return plain[len(self._prefix) :]
        return plain

    @staticmethod
    def called(url: str, raw_path: str) -> str:
        """Return *url*, a connection's, with the slashes that its source called it with.

        A scheme that signs the URL signs what was called.
        """
        parts = urlsplit(url)
        base = parts.path.rstrip("/")
        if raw_path in (base, parts.path):
            return url
        plain = _plain(raw_path)
        for prefix in ("", base[: len(base) - len(plain)] if base.endswith(plain) else ""):
            if prefix + plain == base:
                return parts._replace(path=prefix + raw_path).geturl()
        return url


def _path(url: str | None) -> str:
    return _plain(unquote(urlsplit(url).path)) if url else ""


def _plain(path: str) -> str:
    """Without repeated slashes and the one at the end; the root is empty."""
    return "".join(f"/{part}" for part in path.split("/") if part)
