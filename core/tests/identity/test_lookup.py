"""Look-ups share calls within their lane, and a live one never stands in the backlog's line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from inboxbridge.identity.lookup import Lookup
from inboxbridge.wix import ContactMatch
from inboxbridge.wix.budget import Lane


async def test_a_live_look_up_is_never_put_into_a_call_of_the_backlog() -> None:
    calls: list[tuple[list[str], Lane]] = []
    goes_on = asyncio.Event()

    async def find(
        by: Literal["email", "phone"], values: Sequence[str], *, lane: Lane
    ) -> dict[str, list[ContactMatch]]:
        calls.append((list(values), lane))
        if lane == "backlog":
            await goes_on.wait()
        return {}

    look_up = Lookup(find, "email")
    first = asyncio.create_task(look_up("first", "backlog"))
    while not calls:
        await asyncio.sleep(0)
    # They come in the very turn in which the backlog's next call is put together.
    goes_on.set()
    others = [
        asyncio.create_task(look_up("second", "backlog")),
        asyncio.create_task(look_up("live", "live")),
    ]
    await asyncio.gather(first, *others)

    assert all("live" not in values for values, lane in calls if lane == "backlog")
    assert [lane for values, lane in calls if "live" in values] == ["live"]
