"""Names and pictures of people, asked of the Graph API and remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from inboxbridge.reading import one_line, scalar

from inboxbridge_facebook._graph import Graph, GraphRefused

if TYPE_CHECKING:
    import httpx

LIMIT_SECONDS = 3.0
"""How long a message waits for a name."""

KEPT_SECONDS = 2 * 86_400.0
"""How long a profile counts; the address of a picture "expires after a few days"."""

FAILED_SECONDS = 60.0
"""How long nobody asks again after a failure."""

MOST_KEPT = 10_000


class Profile(NamedTuple):
    """What Meta tells of a person, each empty where it tells nothing.

    Attributes:
        name: As the person has it there.
        picture_url: An ``https`` address, for some days.
    """

    name: str = ""
    picture_url: str = ""


NOTHING_KNOWN = Profile()


class Profiles:
    """The profiles of the people of one connection: one call for a person.

    Profiles, and that there is none, are kept for days; that one could not be fetched is kept for a
    minute.

    Args:
        graph: Where to ask.
        fields: What to ask for.
        clock: Seconds that never go back.
    """

    def __init__(
        self, graph: Graph, fields: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._graph = graph
        self._fields = fields
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Profile]] = OrderedDict()
        self._asks_again_at = 0.0

    async def find(self, person: str, http: httpx.AsyncClient) -> Profile:
        """Return the profile of the person with the id *person*; it never fails.

        Args:
            person: Page-scoped or Instagram-scoped.
            http: A client.
        """
        until, profile = self._kept.get(person, (0.0, NOTHING_KNOWN))
        if self._clock() < max(until, self._asks_again_at):
            return profile
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await self._graph.get(person, http, fields=self._fields)
        except Exception as error:
            # Whatever it is, the message goes on without a name.
            is_gone = isinstance(error, GraphRefused) and error.is_gone
            if isinstance(error, GraphRefused) and error.concerns_every_call:
                self._asks_again_at = self._clock() + FAILED_SECONDS
            profile = NOTHING_KNOWN if is_gone else profile
            return self._keep(person, profile, KEPT_SECONDS if is_gone else FAILED_SECONDS)
        return self._keep(person, _profile(answer), KEPT_SECONDS)

    def _keep(self, person: str, profile: Profile, seconds: float) -> Profile:
        self._kept[person] = (self._clock() + seconds, profile)
        self._kept.move_to_end(person)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return profile


def _profile(answer: dict[str, Any]) -> Profile:
    parts = (scalar(answer.get("first_name")), scalar(answer.get("last_name")))
    name = one_line(scalar(answer.get("name")) or " ".join(filter(None, parts)))
    picture = scalar(answer.get("profile_pic")).strip()
    return Profile(
        name=name or one_line(scalar(answer.get("username"))),
        picture_url=picture if picture.startswith("https://") else "",
    )
