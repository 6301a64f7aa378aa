"""The same for programs: the outside contract's JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from inboxbridge import Event
from inboxbridge.journal import reads
from inboxbridge_console.live import Live

MakeEvent = Callable[..., Event]


async def test_finding_pages_and_masks(desk: Any, message: MakeEvent) -> None:
    ids = await desk.store(*(message(f"d{n}") for n in range(3)))
    program = desk.program()

    first = (await program.get("/api/find?q=%2B14155550177&limit=2")).json()
    second = (await program.get(f"/api/find?q=dana&limit=2&before={first['next']}")).json()

    assert [one["id"] for one in first["events"]] == [ids[2], ids[1]]
    assert [one["id"] for one in second["events"]] == [ids[0]]
    assert second["next"] is None
    assert first["events"][0]["person"] == "D••• R•••, d•••@r•••.example, +1•••77"
    assert first["events"][0]["waiting_for"].startswith(f"event {ids[0]}")
    assert (await program.get("/api/find?state=parkd")).status_code == 400
    assert (await program.get("/api/find?limit=x")).status_code == 400


async def test_one_event_is_told_and_replayed(desk: Any, message: MakeEvent) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "delivered")
    program = desk.program()

    told = (await program.get(f"/api/events/{event_id}")).json()
    asked = await program.post(f"/api/events/{event_id}/replay")
    done = await program.post(f"/api/events/{event_id}/replay", json={"again": True})

    assert told["event"]["text"] == "<17 characters>"
    assert asked.status_code == 409
    assert done.json() == {"count": 1, "left": []}
    assert (await program.get("/api/events/99")).status_code == 404
    assert (await program.post("/api/events/99/replay")).status_code == 404


async def test_many_are_counted_first(desk: Any, message: MakeEvent) -> None:
    ids = await desk.store(*(message(f"d{n}") for n in range(5)))
    for event_id in ids:
        await desk.settle(event_id, "dead", "no")
    program = desk.program()

    dry = (await program.post("/api/replay", json={"q": "dana", "state": "dead"})).json()
    assert (dry["count"], len(dry["sample"]), dry["seconds"]) == (5, 3, 1.5)
    states = await desk.journal.read(reads.states_of, ids)
    assert set(states.values()) == {"dead"}

    wet = {"q": "dana", "state": "dead", "dry_run": False}
    assert (await program.post("/api/replay", json=wet)).json()["count"] == 5


async def heard(live: Live, after: int | None, count: int) -> list[dict[str, Any]]:
    """The first events that a listener hears of."""
    told: list[dict[str, Any]] = []
    async for line in live.listen(after):
        if "event: event" in line:
            told.append(json.loads(line.split("data: ")[1]))
        if len(told) == count:
            break
    return told


async def test_new_events_are_told_as_they_happen_with_people_masked(
    desk: Any, message: MakeEvent
) -> None:
    (old,) = await desk.store(message("old"))
    live = Live(desk.app.desk, poll_seconds=0.01)
    stream = live.listen()
    assert (await anext(stream)).startswith(":")

    (event_id,) = await desk.store(message("new"))
    line = await asyncio.wait_for(anext(stream), 10)
    await live.close()

    data = json.loads(line.split("data: ")[1])
    assert data["id"] == event_id != old
    assert data["person"].startswith("D••• R•••")
    assert "Thursday" not in line


async def test_who_listens_again_misses_none(desk: Any, message: MakeEvent) -> None:
    ids = await desk.store(*(message(f"d{n}") for n in range(4)))
    live = Live(desk.app.desk, poll_seconds=0.01)

    first, second = await asyncio.wait_for(
        asyncio.gather(heard(live, ids[0], 3), heard(live, ids[2], 1)), 10
    )
    await live.close()

    assert [one["id"] for one in first] == ids[1:]
    assert [one["id"] for one in second] == ids[3:]
