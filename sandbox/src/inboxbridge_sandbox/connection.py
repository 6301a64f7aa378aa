"""Ends a connection without an answer, as a network in trouble does."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Collection
from typing import Any, TypeVar

import httpx
from starlette.types import Receive

_HANG_AT_MOST_SECONDS = 30.0
T = TypeVar("T")


class Dropped(httpx.ReadError):
    """The connection was cut, told to a caller in the same process in httpx's own terms."""


class Silent(httpx.ReadTimeout):
    """No answer came, told to a caller in the same process in httpx's own terms."""


async def cut(receive: Receive) -> None:
    """Reset the TCP connection of this request: no byte of an answer leaves.

    Under uvicorn the socket is reached through the request's own transport. Without a socket
    (`httpx.ASGITransport`) the caller gets `Dropped`.
    """
    transport = _transport(receive)
    if transport is None:
        raise Dropped("The sandbox cut the connection.")
    _send_reset_on_close(transport)
    transport.abort()
    # uvicorn answers 500 for an application that returns before it has seen the disconnect.
    await _disconnected(receive)


async def hang(receive: Receive) -> None:
    """Say nothing until the caller gives up, 30 s at most; then `cut`."""
    if _transport(receive) is None:
        raise Silent("The sandbox does not answer.")
    try:
        await asyncio.wait_for(_disconnected(receive), _HANG_AT_MOST_SECONDS)
    except TimeoutError:
        await cut(receive)


async def unless_gone(receive: Receive, coming: Awaitable[T]) -> T | None:
    """What is coming, or `None` if the caller goes before.

    A task that is handed in goes on whatever becomes of the caller; a coroutine ends with it.
    """
    waiting = asyncio.ensure_future(coming)
    gone = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() and not waiting.cancelled() else None
    finally:
        gone.cancel()
        if waiting is not coming:
            waiting.cancel()


def in_place_of_defaults(receive: Receive, names: Collection[bytes]) -> None:
    """Keep uvicorn from adding a `Date` or `Server` of its own to one that is given."""
    cycle: Any = getattr(receive, "__self__", None)
    defaults = getattr(cycle, "default_headers", None)
    if defaults:
        cycle.default_headers = [each for each in defaults if each[0].lower() not in names]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(receive: Receive) -> asyncio.Transport | None:
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    return transport if hasattr(transport, "abort") else None


def _send_reset_on_close(transport: asyncio.Transport) -> None:
    """Make closing send RST in place of FIN (SO_LINGER with no time)."""
    handle = transport.get_extra_info("socket")
    if handle is None:
        return
    # A duplicate is a plain socket whichever event loop made the transport.
    with socket.socket(fileno=os.dup(handle.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
