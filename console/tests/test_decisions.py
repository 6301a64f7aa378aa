"""Decisions: each says first what it does, is made once, and is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge import Event, Person
from inboxbridge.journal import overview, reads
from inboxbridge_console.pages import many

MakeEvent = Callable[..., Event]


async def state_of(desk: Any, event_id: int) -> str:
    record = await desk.journal.read(reads.get_event, event_id)
    return str(record.state)


async def test_a_replay_is_previewed_then_made_and_written_down(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "dead", "Wix refused it")

    preview = await dana.get(f"/events/{event_id}/replay")
    assert "What will happen" in preview.text
    assert "17 characters" in preview.text
    assert await state_of(desk, event_id) == "dead"

    done = await dana.post(f"/events/{event_id}/replay", seen="dead")

    assert "It goes to the Inbox now" in done.text
    assert await state_of(desk, event_id) == "pending"
    deeds = await desk.journal.read(overview.deeds_of_event, event_id)
    assert deeds[0].action == "replay"
    assert deeds[0].who.startswith("console (10.0.0.7")
    assert "replay" in (await dana.get("/audit")).text


async def test_of_a_delivered_event_it_says_that_the_message_appears_twice(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "delivered")

    assert "appear there twice" in (await dana.get(f"/events/{event_id}/replay")).text
    await dana.post(f"/events/{event_id}/replay", seen="delivered")
    assert await state_of(desk, event_id) == "pending"


async def test_two_operators_at_once_make_one_decision_and_one_hears_of_it(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "dead", "Wix refused it")
    other = await desk.visitor()

    answers = await asyncio.gather(
        dana.post(f"/events/{event_id}/replay", seen="dead"),
        other.post(f"/events/{event_id}/give-up", seen="dead"),
    )

    texts = [answer.text for answer in answers]
    assert sum("else" in text and "meanwhile" in text for text in texts) == 1
    assert await state_of(desk, event_id) in ("pending", "ignored")


async def test_two_replays_at_once_are_one(desk: Any, dana: Any, message: MakeEvent) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "dead", "Wix refused it")
    other = await desk.visitor()

    answers = await asyncio.gather(
        dana.post(f"/events/{event_id}/replay", seen="dead"),
        other.post(f"/events/{event_id}/replay", seen="dead"),
    )

    assert sorted("decided by somebody else meanwhile" in a.text for a in answers) == [False, True]


async def test_what_is_given_up_needs_nobody_any_more(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "parked", "no contact has this email")

    assert "will not be delivered" in (await dana.get(f"/events/{event_id}/give-up")).text
    await dana.post(f"/events/{event_id}/give-up", seen="parked")

    assert await state_of(desk, event_id) == "ignored"
    assert "Nothing needs you" in (await dana.get("/")).text


async def test_an_unreadable_delivery_is_read_again_with_a_preview(desk: Any, dana: Any) -> None:
    good = b'{"id": "late-1", "email": "dana@rowe.example", "text": "Is Thursday free?"}'
    readable, broken = await desk.store_unreadable(good), await desk.store_unreadable(b"{")

    preview = await dana.get(f"/events/{readable}/replay")
    assert "17 characters" in preview.text
    assert "disabled" in (await dana.get(f"/events/{broken}/replay")).text

    await dana.post(f"/events/{readable}/replay", seen="unreadable")

    assert await state_of(desk, readable) == "ignored"
    found = (await desk.program().get("/api/find?q=dana")).json()["events"]
    assert [one["source_id"] for one in found] == ["late-1"]


async def seed(desk: Any, **info: Any) -> str:
    contact = {"id": "c0000000-0000-4000-8000-000000000009", "info": info}
    answer = await desk.sandbox.post("/_sandbox/contacts", json=[contact])
    answer.raise_for_status()
    return str(contact["id"])


async def test_a_person_is_linked_to_a_contact_that_wix_knows(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    contact_id = await seed(
        desk,
        name={"first": "Dana", "last": "Rowe"},
        emails={"items": [{"email": "other@rowe.example", "primary": True}]},
    )
    first, second = await desk.store(message("1"), message("2"))
    for event_id in (first, second):
        await desk.settle(event_id, "parked", "no contact has this email")

    page = await dana.get(f"/events/{first}/link")
    assert "D••• R•••" in page.text
    assert "found by name" in page.text
    assert "2 parked events of theirs are delivered" in page.text

    done = await dana.post(
        f"/events/{first}/link", seen="parked", candidate=contact_id, identity=["0", "1"]
    )

    assert "2 events go to this contact" in done.text
    assert {await state_of(desk, first), await state_of(desk, second)} == {"pending"}
    links = await desk.journal.read(
        reads.linked_contacts, "default", ["email:dana@rowe.example", "phone:+14155550177"]
    )
    assert {link[0] for link in links.values()} == {contact_id}
    assert len(links) == 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"contact_id": "c0000000-0000-4000-8000-00000000dead"}, "Wix knows no contact"),
        ({}, "Choose a contact"),
    ],
)
async def test_a_contact_that_is_not_there_is_never_linked(
    desk: Any, dana: Any, message: MakeEvent, form: dict[str, str], said: str
) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "parked", "no contact has this email")

    answer = await dana.post(f"/events/{event_id}/link", seen="parked", identity="0", **form)

    assert answer.status_code == 400
    assert said in answer.text
    assert await state_of(desk, event_id) == "parked"


async def test_many_are_replayed_after_a_preview_with_progress(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    ids = await desk.store(*(message(f"d{n}") for n in range(250)))
    for event_id in ids[:-1]:
        await desk.settle(event_id, "dead", "Wix refused it")
    (other,) = await desk.store(Event(id="n", person=Person(id="u"), text="Hi"))
    await desk.settle(other, "dead", "Wix refused it")

    preview = await dana.get("/many?q=dana&state=dead&action=replay")
    assert "Replay 249 events" in preview.text
    assert "about 75 s" in preview.text
    assert "and 246 more" in preview.text

    progress = await dana.post("/many", q="dana", state="dead", action="replay", count="249")
    path = progress.url.path
    assert path.startswith("/jobs/")
    for _ in range(200):
        if "Done." in (page := await dana.get(path)).text:
            break
        await asyncio.sleep(0.02)
    assert "249 events changed" in page.text
    states = {await state_of(desk, event_id) for event_id in ids}
    assert states == {"pending"}
    assert await state_of(desk, other) == "dead"


async def test_what_was_previewed_is_what_is_done(desk: Any, dana: Any, message: MakeEvent) -> None:
    first, second = await desk.store(message("1"), message("2"))
    await desk.settle(first, "dead", "Wix refused it")
    await desk.settle(second, "dead", "Wix refused it")

    answer = await dana.post("/many", state="dead", action="give-up", count="1")

    assert "Give up 2 events" in answer.text
    assert await state_of(desk, first) == "dead"


async def test_a_job_can_be_stopped(
    desk: Any, dana: Any, message: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "CHUNK", 1)
    ids = await desk.store(*(message(f"d{n}") for n in range(20)))
    for event_id in ids:
        await desk.settle(event_id, "dead", "Wix refused it")
    csrf = await dana.csrf()

    begun = await dana.http.post(
        "/many", data={"csrf": csrf, "state": "dead", "action": "give-up", "count": "20"},
        follow_redirects=False,
    )  # fmt: skip
    await dana.http.post(f"{begun.headers['location']}/stop", data={"csrf": csrf})
    await desk.app.jobs.close()

    states = [await state_of(desk, event_id) for event_id in ids]
    assert "dead" in states
    assert "Stopped." in (await dana.get(begun.headers["location"])).text
