"""Asks Intercom who a contact is, once for each, and remembers it for a while.

Source: https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/showcontact
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote

from inboxbridge import Person, Secret
from inboxbridge.reading import mapping, scalar

from inboxbridge_chat._intercom_people import picture

if TYPE_CHECKING:
    import httpx

Host = Literal["us", "eu", "au"]
HOSTS: dict[Host, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
"""By where a workspace's data are kept."""

API_VERSION = "2.11"
LIMIT_SECONDS = 3.0
"""How long a message waits for a name."""

KEPT_SECONDS = 2 * 86_400.0
FAILED_SECONDS = 60.0
"""How long nobody is asked about again after a failure."""

MOST_KEPT = 10_000


class _Known(NamedTuple):
    until: float
    person: Person | None


class Contacts:
    """The contacts of one workspace.

    Args:
        host: Where the workspace's data are.
        token: The app's access token. It goes to Intercom's own host alone.
        clock: Seconds that never go back.
    """

    def __init__(
        self, host: Host, token: Secret, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = HOSTS[host]
        self._token = token
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asks_again_at = 0.0
        self._asking: dict[tuple[int, str], asyncio.Future[Person | None]] = {}

    async def find(self, contact: str, http: httpx.AsyncClient) -> Person | None:
        """Return who the contact with the id *contact* is; None where Intercom does not say.

        It never fails and takes three seconds at most: a message goes on without a name.
        """
        known = self._known.get(contact)
        person = known.person if known else None
        if self._clock() < max(known.until if known else 0.0, self._asks_again_at):
            return person
        key = (id(asyncio.get_running_loop()), contact)
        if key in self._asking:
            return await asyncio.shield(self._asking[key])
        pending: asyncio.Future[Person | None] = asyncio.get_running_loop().create_future()
        self._asking[key] = pending
        answer: Person | None = None
        try:
            answer = await self._ask(contact, http)
        finally:
            del self._asking[key]
            pending.set_result(answer)
        return answer

    async def _ask(self, contact: str, http: httpx.AsyncClient) -> Person | None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                response = await http.get(
                    f"{self._address}/contacts/{quote(contact, safe='')}",
                    headers={
                        "Authorization": f"Bearer {self._token.get_secret_value()}",
                        "Accept": "application/json",
                        "Intercom-Version": API_VERSION,
                    },
                    follow_redirects=False,
                )
            if response.status_code in (401, 403, 429):
                # The next contact would be answered alike.
                self._asks_again_at = self._clock() + FAILED_SECONDS
            is_gone = response.status_code in (404, 410)
            person = None if is_gone else _person(contact, response)
        except Exception:
            # Whatever it is, the message goes on; what was known before still counts.
            before = self._known.get(contact)
            return self._keep(contact, before.person if before else None, FAILED_SECONDS)
        return self._keep(contact, person, KEPT_SECONDS)

    def _keep(self, contact: str, person: Person | None, seconds: float) -> Person | None:
        self._known[contact] = _Known(self._clock() + seconds, person)
        self._known.move_to_end(contact)
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return person


def _person(contact: str, response: httpx.Response) -> Person:
    response.raise_for_status()
    answer = response.json()
    content = mapping(answer)
    if not content or scalar(content.get("id") or contact) != contact:
        raise ValueError("the answer is about no contact, or about another one")
    return Person(
        id=contact,
        email=scalar(content.get("email")),
        phone=scalar(content.get("phone")),
        name=scalar(content.get("name")),
        picture_url=picture(content),
    )
