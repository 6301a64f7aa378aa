"""What the pages show, and what they hide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from inboxbridge import Event, Person
from inboxbridge.journal import overview

MakeEvent = Callable[..., Event]

PAGES = ["/", "/find", "/find?q=dana", "/live", "/connections", "/connections/shop", "/person",
         "/audit"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_there_with_headings_and_without_anybodys_words(
    desk: Any, dana: Any, message: MakeEvent, path: str
) -> None:
    await desk.store(message())

    page = await dana.get(path)

    assert page.status_code == 200
    assert "<h1" in page.text
    for word in ("Dana Rowe", "dana@rowe.example", "+14155550177", "Thursday"):
        assert word not in page.text, path


async def test_an_event_tells_its_whole_story(desk: Any, dana: Any, message: MakeEvent) -> None:
    (event_id,) = await desk.store(message())
    await desk.settle(event_id, "parked", "no contact has this email")

    page = await dana.get(f"/events/{event_id}")

    for said in (
        "What happened", "Needs a decision", "no contact has this email", "WebhookSignature",
        "D••• R•••", "d•••@r•••.example", "+1•••77", "17 characters", "Link to contact", "Give up",
    ):  # fmt: skip
        if said != "WebhookSignature":
            assert said in page.text, said
    assert "Thursday" not in page.text


async def test_words_are_shown_on_demand_and_that_is_written_down(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())

    await dana.show()
    event, found = await dana.get(f"/events/{event_id}"), await dana.get("/find?q=dana")

    assert "Is Thursday free?" in event.text
    assert "Dana Rowe" in event.text
    assert "Dana Rowe" in found.text
    deeds = [deed for _, deed in await desk.journal.read(overview.deeds)]
    assert {(deed.action, deed.subject) for deed in deeds} >= {
        ("show words", "/"),
        ("show", f"event {event_id}"),
        ("show list", f"events {event_id} to {event_id}"),
    }
    await dana.post("/show", on="0", next="/")
    assert "Thursday" not in (await dana.get(f"/events/{event_id}")).text


async def test_what_needs_a_person_leads_to_it(desk: Any, dana: Any, message: MakeEvent) -> None:
    first, second, third = await desk.store(message("1"), message("2"), message("3"))
    await desk.settle(first, "parked", "no contact has this email")
    for event_id in (second, third):
        await desk.settle(event_id, "dead", "Wix refused it")
    refusal = overview.Refusal("shop", 401, "the signature does not match", desk.app.desk.now(), 4)
    await desk.journal.write(overview.record_refusals, [refusal])

    page = (await dana.get("/")).text

    assert f'href="/events/{first}"' in page
    assert 'href="/find?state=dead&amp;connection=shop"' in page
    assert "inboxbridge replay --state dead --connection shop" in page
    assert "shop refused 4 deliveries in the last hour" in page


async def test_what_is_parked_is_grouped_by_person(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    hers = await desk.store(*(message(f"d{n}") for n in range(3)))
    (other,) = await desk.store(Event(id="n", person=Person(id="u-1", name="Noah"), text="Hi"))
    for event_id in (*hers, other):
        await desk.settle(event_id, "parked", "no contact has this email")

    page = (await dana.get("/find?state=parked")).text

    assert "By person" in page
    assert page.index("3 events by shop") < page.index("1 event by shop")
    assert f'href="/events/{hers[-1]}/link"' in page
    assert "By person" not in (await dana.get("/find")).text


async def test_a_slip_in_an_address_is_said_with_a_suggestion(dana: Any) -> None:
    for query, said in (
        ("state=parkd", "Did you mean &#39;parked&#39;?"),
        ("connection=shp", "Did you mean &#39;shop&#39;?"),
        ("since=nine", "write 09:00"),
        ("direction=up", "inbound or outbound"),
    ):
        page = await dana.get(f"/find?{query}")
        assert page.status_code == 400
        assert said in page.text


async def test_finding_goes_on_page_by_page(desk: Any, dana: Any, message: MakeEvent) -> None:
    ids = await desk.store(*(message(f"d{n}") for n in range(30)))

    first = (await dana.get("/find?q=dana")).text
    second = (await dana.get(f"/find?q=dana&before={ids[5]}")).text

    assert f'href="/find?q=dana&amp;before={ids[5]}"' in first
    assert f'"/events/{ids[-1]}"' in first
    assert f'"/events/{ids[4]}"' in second
    assert f'"/events/{ids[5]}"' not in second


async def test_no_secret_is_on_any_page(desk: Any, dana: Any, message: MakeEvent) -> None:
    (event_id,) = await desk.store(message())
    await dana.show()

    for path in (*PAGES, f"/events/{event_id}"):
        text = (await dana.get(path)).text
        for secret in ("shop-secret", "wix-key-secret", "a-token-for-programs", "correct horse"):
            assert secret not in text, path
    assert "set, not shown" in (await dana.get("/connections/shop")).text
    assert "https://hooks.example.com/hooks/shop" in (await dana.get("/connections/shop")).text


HOSTILE = [
    "<script>document.title='taken'</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "abc\u202egnp.exe",
    "{{ 7 * 7 }}",
    "x" * 100_000,
    "\x1b[2J\x07 bell",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_texts_and_names_can_only_be_read(desk: Any, dana: Any, text: str) -> None:
    person = Person(id=text, name=text)
    event = Event(id=text[:300], person=person, text=text, url=text)
    (event_id,) = await desk.store(event)
    await dana.show()

    for path in (f"/events/{event_id}", "/find", f"/events/{event_id}/give-up"):
        page = await dana.get(path)
        assert page.status_code == 200
        assert "<script>document" not in page.text
        assert "<img" not in page.text
        assert 'href="javascript' not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
        assert len(page.text) < 120_000
    if "202e" in repr(text):
        assert "[U+202E]" in (await dana.get(f"/events/{event_id}")).text


async def test_an_event_that_is_not_there_is_said_in_words(dana: Any) -> None:
    for path in ("/events/99", "/events/nonsense", "/events/" + "9" * 40, "/nowhere"):
        page = await dana.get(path)
        assert page.status_code == 404
        assert "Not found" in page.text


async def test_the_raw_delivery_is_shown_whole_and_saved_as_a_sample(desk: Any, dana: Any) -> None:
    event_id = await desk.store_unreadable(b'{"id": "1", <b>broken')

    shown = await dana.post(f"/events/{event_id}/raw")
    saved = await dana.post(f"/events/{event_id}/raw", **{"as": "file"})

    assert "&lt;b&gt;broken" in shown.text
    assert saved.content == b'{"id": "1", <b>broken'
    assert saved.headers["content-disposition"] == f'attachment; filename="event-{event_id}.json"'
    deeds = [deed.action for _, deed in await desk.journal.read(overview.deeds)]
    assert deeds.count("show raw") == 2


async def test_a_person_is_exported_and_erased_after_a_word(
    desk: Any, dana: Any, message: MakeEvent
) -> None:
    (event_id,) = await desk.store(message())

    page = await dana.get("/person?identity=dana@rowe.example")
    exported = await dana.post("/person/export", identity="dana@rowe.example")
    refused = await dana.post("/person/erase", identity="dana@rowe.example", confirmation="yes")
    assert (await dana.get(f"/events/{event_id}")).status_code == 200
    erased = await dana.post("/person/erase", identity="dana@rowe.example", confirmation="erase")

    assert "1, 1 of them not delivered yet" in page.text
    assert exported.json()["events"][0]["event"]["text"] == "Is Thursday free?"
    assert "Nothing was erased" in refused.text
    assert "Erased: 1 events" in erased.text
    assert (await dana.get(f"/events/{event_id}")).status_code == 404
