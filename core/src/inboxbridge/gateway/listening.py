"""Open the server's sockets, or take them over from systemd or a parent process."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence

from inboxbridge.errors import ConfigError

BACKLOG = 2048
FIRST_PASSED = 3
"""The first descriptor that systemd hands over; see ``sd_listen_fds(3)``."""


def listen(host: str, port: int, *, also_ipv4: bool = True) -> socket.socket:
    """Open a listening socket. Raises `ConfigError` if the address is taken or not ours.

    Args:
        host: An address or a name. ``::`` takes IPv4 as well.
        port: 0 for any free one.
        also_ipv4: False where another socket has ``0.0.0.0``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual = host == "::" and also_ipv4 and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=dual
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"cannot listen on {host}:{port}: {reason}; choose another with --host and --port"
        ) from None


def listen_all(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Open a socket for each host, all on one port. Raises `ConfigError` as `listen` does."""
    opened: list[socket.socket] = []
    try:
        for host in dict.fromkeys(hosts):
            opened.append(listen(host, port, also_ipv4="0.0.0.0" not in hosts))
            port = opened[0].getsockname()[1]
    except ConfigError:
        for listener in opened:
            listener.close()
        raise
    return opened


def passed(descriptor: int) -> socket.socket:
    """Return the listening socket of a descriptor that was handed over to this process.

    Raises:
        ConfigError: It is not a listening TCP socket.
    """
    which = f"--fd {descriptor}: this descriptor"
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError:
        raise ConfigError(f"{which} is not a socket that this process was started with") from None
    if (
        listener.family not in (socket.AF_INET, socket.AF_INET6)
        or listener.type != socket.SOCK_STREAM
        or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    ):
        listener.detach()
        raise ConfigError(f"{which} is not a TCP socket that listens")
    listener.setblocking(False)
    os.set_inheritable(descriptor, False)
    return listener


def passed_by_systemd(environ: Mapping[str, str]) -> list[int]:
    """Return the descriptors of socket activation, none where it is not meant for this process."""
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return []
    return list(range(FIRST_PASSED, FIRST_PASSED + int(count)))


def address(bound: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
