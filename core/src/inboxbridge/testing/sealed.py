"""Block network, file writes and the real clock during a test."""

from __future__ import annotations

import datetime as datetime_module
import os
import sys
import threading
import time as time_module
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


@contextmanager
def clock_at(timestamp: float, *packages: str) -> Iterator[None]:
    """Let the system clock say *timestamp* (Unix seconds) to the modules of *packages*."""
    fakes = _fakes(timestamp)
    modules = [
        module
        for name, module in list(sys.modules.items())
        if module is not None and any(f"{name}.".startswith(f"{package}.") for package in packages)
    ]
    changed: list[tuple[Any, str, Any]] = []
    try:
        for holder in (datetime_module, time_module, *modules):
            for name, value in list(vars(holder).items()):
                fake = _replacement(fakes, value)
                if fake is not None:
                    changed.append((holder, name, value))
                    setattr(holder, name, fake)
        yield
    finally:
        for holder, name, value in changed:
            setattr(holder, name, value)


def _replacement(fakes: list[tuple[Any, Any]], value: Any) -> Any:
    return next((fake for real, fake in fakes if value is real), None)


def _fakes(timestamp: float) -> list[tuple[Any, Any]]:
    real_datetime: Any = datetime_module.datetime
    real_date: Any = datetime_module.date
    real_localtime, real_gmtime = time_module.localtime, time_module.gmtime

    class LikeReal(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, cls.__mro__[1])

    class Datetime(real_datetime, metaclass=LikeReal):  # type: ignore[misc]
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return real_datetime(*parts, **named)

        @classmethod
        def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
            return real_datetime.fromtimestamp(timestamp, tz)

        @classmethod
        def utcnow(cls) -> Any:
            return real_datetime.fromtimestamp(timestamp, datetime_module.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    class Date(real_date, metaclass=LikeReal):  # type: ignore[misc]
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return real_date(*parts, **named)

        @classmethod
        def today(cls) -> Any:
            return real_date.fromtimestamp(timestamp)

    return [
        (real_datetime, Datetime),
        (real_date, Date),
        (time_module.time, lambda: timestamp),
        (time_module.time_ns, lambda: int(timestamp * 1e9)),
        (real_localtime, lambda seconds=timestamp: real_localtime(seconds)),
        (real_gmtime, lambda seconds=timestamp: real_gmtime(seconds)),
    ]
