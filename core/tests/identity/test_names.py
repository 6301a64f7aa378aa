"""A contact that was made without its name is given the name once it is known."""

from __future__ import annotations

from typing import Any

import pytest
from inboxbridge import Person
from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.identity import Found, plan
from inboxbridge.wix import WixError

from .conftest import People

HOUR = 3600.0
PICTURE = "https://pictures.example.com/dana.jpg"


async def name_of(people: People) -> dict[str, Any]:
    [contact] = await people.contacts()
    name: dict[str, Any] = contact["info"].get("name", {})
    return name


async def delivered(people: People, connection: str = "shop", /, **who: Any) -> str:
    """Resolve somebody and complete their contact, as after a delivery. Returns the contact."""
    found = await people.resolve(connection, **who)
    assert isinstance(found, Found)
    settings = ConnectionSettings(name=connection, plugin="webhook")
    await people.directory.complete(
        found.contact_ids[0], plan(Person(**who), settings, "Shop"), "live"
    )
    return found.contact_ids[0]


async def test_a_contact_known_by_an_id_alone_is_named_later(people: People) -> None:
    await delivered(people, id="page:000042")
    assert await name_of(people) == {"first": "Shop", "last": "000042"}

    await delivered(people, id="page:000042", name="Dana Reyes", picture_url=PICTURE)

    assert await name_of(people) == {"first": "Dana", "last": "Reyes"}
    [contact] = await people.contacts()
    assert contact["info"]["picture"] == {"image": {"url": PICTURE}}


async def test_a_contact_of_a_mere_number_is_named_later(people: People) -> None:
    await delivered(people, phone="+14155550132")
    assert await name_of(people) == {}

    await delivered(people, phone="+14155550132", name="Dana Reyes")

    assert await name_of(people) == {"first": "Dana", "last": "Reyes"}


@pytest.mark.parametrize("pause", [0, 2 * HOUR])
async def test_that_a_contact_has_no_name_yet_is_known_after_a_restart(
    people: People, pause: float
) -> None:
    await delivered(people, phone="+14155550132")
    await delivered(people, phone="+14155550132", id="u-77")
    people.clock.seconds += pause
    people.restarted()
    await delivered(people, phone="+14155550132", id="u-77")
    people.restarted()

    await delivered(people, id="u-77", name="Dana Reyes")

    assert await name_of(people) == {"first": "Dana", "last": "Reyes"}


async def test_a_contact_that_a_person_has_named_is_left_alone(people: People) -> None:
    contact_id = await delivered(people, id="page:000042")
    await people.client.complete_contact(
        contact_id, name="Mrs. Reyes", provisional_name="Shop 000042"
    )

    await delivered(people, id="page:000042", name="Dana Reyes", picture_url=PICTURE)

    assert await name_of(people) == {"first": "Mrs.", "last": "Reyes"}
    [contact] = await people.contacts()
    assert "picture" not in contact["info"]


async def test_it_costs_two_calls_once(people: People) -> None:
    await delivered(people, id="page:000042")
    before = sum((await people.calls()).values())

    for _ in range(3):
        await delivered(people, id="page:000042", name="Dana Reyes")
    people.restarted()
    await delivered(people, id="page:000042", name="Dana Reyes")

    assert sum((await people.calls()).values()) == before + 2


async def test_somebody_with_a_name_costs_nothing_more(people: People) -> None:
    await delivered(people, id="page:000042", name="Dana Reyes")
    before = sum((await people.calls()).values())

    await delivered(people, id="page:000042", name="Dana R.")

    assert sum((await people.calls()).values()) == before
    assert await name_of(people) == {"first": "Dana", "last": "Reyes"}


async def test_a_change_at_the_same_moment_is_tried_again_with_the_next_event(
    people: People,
) -> None:
    await delivered(people, id="page:000042")
    await people.control(
        "rules",
        [
            {
                "call": "update",
                "times": 1,
                "answer": {
                    "status": 409,
                    "json": {
                        "message": "changed",
                        "details": {"applicationError": {"code": "CONTACT_ALREADY_CHANGED"}},
                    },
                },
            }
        ],
    )

    with pytest.raises(WixError, match="409"):
        await delivered(people, id="page:000042", name="Dana Reyes")
    await delivered(people, id="page:000042", name="Dana Reyes")

    assert await name_of(people) == {"first": "Dana", "last": "Reyes"}


async def test_a_contact_that_is_made_with_its_name_has_the_picture_at_once(people: People) -> None:
    await delivered(people, id="page:000042", name="Dana Reyes", picture_url=PICTURE)

    [contact] = await people.contacts()
    assert contact["info"]["picture"] == {"image": {"url": PICTURE}}


async def test_a_picture_that_wix_refuses_costs_nobody_the_contact(people: People) -> None:
    refusal = {"status": 400, "json": {"message": "picture is invalid", "details": {}}}
    await people.control("rules", [{"call": "create", "times": 1, "answer": refusal}])
    await delivered(people, id="page:000042", name="Dana Reyes", picture_url=PICTURE)
    await delivered(people, id="page:000043")
    await people.control("rules", [{"call": "update", "times": 1, "answer": refusal}])
    await delivered(people, id="page:000043", name="Noa Levin", picture_url=PICTURE)

    contacts = await people.contacts()
    assert {contact["info"]["name"]["first"] for contact in contacts} == {"Dana", "Noa"}
    assert all("picture" not in contact["info"] for contact in contacts)
