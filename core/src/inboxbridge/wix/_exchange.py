"""What an HTTP exchange with Wix consists of, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

HeaderList = list[tuple[bytes, bytes]]

Exchanged = tuple[int, Mapping[str, str], bytes]
"""An answer: status, headers by names in lower case, and the whole body."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection to be made.
        silence: For the server to take something or to say something, and for a free connection.
    """

    connect: float
    silence: float

    @property
    def whole(self) -> float:
        """For one exchange, however often the server says a little."""
        return self.connect + 2 * self.silence


class Wire(Protocol):
    """Carries requests and brings answers."""

    async def exchange(
        self, method: str, url: httpx.URL, headers: HeaderList, content: bytes, timeouts: Timeouts
    ) -> Exchanged:
        """Send one request. Raises the exceptions of httpx.

        `httpx.ConnectError`, `ConnectTimeout` and `PoolTimeout` say that nothing was sent; any
        other leaves open whether it arrived.
        """

    async def aclose(self) -> None:
        """Close every connection."""
