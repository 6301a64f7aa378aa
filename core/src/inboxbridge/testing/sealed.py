"""Block network and file writes during a test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FORBIDDEN = {
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "subprocess.Popen",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

_here = threading.local()
_installing = threading.Lock()
_installed = False


class NotAllowed(RuntimeError):
    """A hook used the network, a process or a file, which the contract forbids."""


@contextmanager
def sealed() -> Iterator[None]:
    """Forbid this thread to use the network, start a process or write a file.

    Raises:
        NotAllowed: It was tried inside, even where the error was swallowed there.
    """
    _install()
    outer = getattr(_here, "tried", None)
    tried: list[str] = []
    _here.tried = tried
    try:
        yield
    finally:
        _here.tried = outer
    if tried:
        raise NotAllowed(tried[0])


def _install() -> None:
    """Add the audit hook; Python has no way to remove one, so it is added once."""
    global _installed
    with _installing:
        if not _installed:
            sys.addaudithook(_audit)
            _installed = True


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    tried: list[str] | None = getattr(_here, "tried", None)
    if tried is None:
        return
    if event in _FORBIDDEN or (event == "open" and _writes(arguments)):
        tried.append(f"{event} is not allowed in a hook: hooks use no network and no files")
        raise NotAllowed(tried[-1])


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    compiled = isinstance(path, str) and "__pycache__" in path
    return isinstance(flags, int) and bool(flags & _WRITING) and not compiled
