"""Create and Get Contact, and what deleting and merging contacts leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import APP, CONTACT, OTHER_CONTACT, Wix, code, contact, violated

CONTACTS = "/contacts/v4/contacts"
NOA = {
    "info": {
        "name": {"first": "Noa", "last": "Levin"},
        "emails": {"items": [{"tag": "MAIN", "email": "noa.levin@example.org", "primary": True}]},
        "phones": {
            "items": [
                {"tag": "MOBILE", "countryCode": "US", "phone": "415 555 0132", "primary": True}
            ]
        },
        "labelKeys": {"items": ["custom.vip"]},
    },
    "allowDuplicates": False,
}


async def create(wix: Wix, info: Any, **more: Any) -> Any:
    return await wix.post(CONTACTS, {"info": info, **more})


async def created(wix: Wix, info: Any, **more: Any) -> Any:
    answer = await create(wix, info, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["contact"]


def emails(*addresses: str, **more: Any) -> dict[str, Any]:
    return {"emails": {"items": [{"email": address, **more} for address in addresses]}}


def phones(*numbers: str, **more: Any) -> dict[str, Any]:
    return {"phones": {"items": [{"phone": number, **more} for number in numbers]}}


async def test_the_documented_example_creates_a_whole_contact(wix: Wix) -> None:
    answer = await wix.post(CONTACTS, NOA)

    assert answer.status_code == 200
    found = answer.json()["contact"]
    email = found["info"]["emails"]["items"][0]
    phone = found["info"]["phones"]["items"][0]
    assert found["revision"] == 1
    assert found["createdDate"] == found["updatedDate"] == "2026-03-04T09:15:27.500Z"
    assert found["lastActivity"] == {
        "activityDate": "2026-03-04T09:15:27.500Z",
        "activityType": "CONTACT_CREATED",
    }
    assert found["primaryInfo"] == {"email": "noa.levin@example.org", "phone": "415 555 0132"}
    assert email.keys() == {"id", "tag", "email", "primary"}
    assert (phone["e164Phone"], phone["tag"]) == ("+14155550132", "MOBILE")
    assert found["info"]["labelKeys"] == {"items": ["custom.vip"]}
    assert (await wix.get(f"{CONTACTS}/{found['id']}")).json()["contact"] == found


async def test_an_app_signs_the_contacts_it_creates(wix: Wix) -> None:
    token = await wix.client.post(
        "/oauth2/token",
        json={
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": "s",
            "instance_id": "i",
        },
    )
    headers = {"authorization": token.json()["access_token"]}

    by_app = await wix.client.post(CONTACTS, json=NOA, headers=headers)
    by_key = await wix.post(CONTACTS, NOA)

    assert by_app.json()["contact"]["source"] == {"sourceType": "WIX_APP", "appId": APP}
    assert by_key.json()["contact"]["source"] == {"sourceType": "ADMIN"}


async def test_the_first_entry_is_primary_when_none_is_flagged(wix: Wix) -> None:
    found = await created(wix, emails("a@example.com", "b@example.com"))

    flags = [item["primary"] for item in found["info"]["emails"]["items"]]
    assert (flags, found["primaryInfo"]) == ([True, False], {"email": "a@example.com"})


async def test_the_flagged_entry_is_primary(wix: Wix) -> None:
    items = [{"email": "a@example.com"}, {"email": "b@example.com", "primary": True}]

    found = await created(wix, {"emails": {"items": items}})

    assert found["primaryInfo"] == {"email": "b@example.com"}


@pytest.mark.parametrize(
    ("phone", "country", "expected"),
    [
        ("415 555 0132", "US", "+14155550132"),
        ("+44 20 7946 0018", "US", "+442079460018"),
        ("415 555 0132", None, None),
        ("+14155550132", None, None),
        ("415 555 0132", "XX", None),
        ("call me", "US", None),
        ("12", "US", None),
    ],
)
async def test_e164_needs_a_number_and_a_country_that_are_valid(
    wix: Wix, phone: str, country: str | None, expected: str | None
) -> None:
    found = await created(wix, phones(phone, **({"countryCode": country} if country else {})))

    assert found["info"]["phones"]["items"][0].get("e164Phone") == expected


async def test_callers_cannot_set_what_wix_computes(wix: Wix) -> None:
    info = phones("415 555 0132", id="mine", e164Phone="+4930123456")

    found = await created(wix, info)

    item = found["info"]["phones"]["items"][0]
    assert item["id"] != "mine"
    assert "e164Phone" not in item
    assert (await wix.stats())["unknown_keys"] == {}


async def test_empty_fields_are_left_out(wix: Wix) -> None:
    info = {"name": {"first": "Dana"}, "company": "", "emails": {"items": []}, "phones": {}}

    found = await created(wix, info)

    assert found["info"].keys() == {"name"}
    assert "primaryInfo" not in found


@pytest.mark.parametrize(
    "info",
    [
        {"company": "Levin Studio"},
        {"name": {}},
        {"name": {"first": ""}},
        {"emails": {"items": [{"address": "noa@example.org"}]}},
    ],
    ids=str,
)
async def test_a_contact_without_name_phone_and_email_is_refused(wix: Wix, info: Any) -> None:
    answer = await create(wix, info)

    assert (answer.status_code, code(answer)) == (400, "INSUFFICIENT_CONTACT_DATA")


async def test_a_misspelt_email_entry_is_lost_in_silence_but_counted(wix: Wix) -> None:
    info = {"name": {"first": "Noa"}, "emails": {"items": [{"address": "noa@example.org"}]}}

    found = await created(wix, info)

    assert "emails" not in found["info"]
    assert (await wix.stats())["unknown_keys"] == {"info.emails.items[].address": 1}


@pytest.mark.parametrize("plural", ["emails", "phones"])
async def test_two_primary_entries_are_refused(wix: Wix, plural: str) -> None:
    info = {
        "emails": emails("a@example.com", "b@example.com", primary=True),
        "phones": phones("1", "2", primary=True),
    }[plural]

    answer = await create(wix, info)

    assert (answer.status_code, code(answer)) == (400, "CANNOT_HAVE_MULTIPLE_PRIMARY_INFO")


@pytest.mark.parametrize(
    ("info", "field"),
    [
        ({"emails": [{"email": "a@example.com"}]}, "info.emails"),
        ({"emails": {"items": {"email": "a@example.com"}}}, "info.emails.items"),
        ({"emails": {"items": [{"email": "no address"}]}}, "info.emails.items[0].email"),
        ({"emails": {"items": [{"email": "a@b.c", "tag": "OFFICE"}]}}, "info.emails.items[0].tag"),
        ({"phones": {"items": [{"phone": 415}]}}, "info.phones.items[0].phone"),
        ({"name": "Noa"}, "info.name"),
        ({"labelKeys": ["custom.x"]}, "info.labelKeys"),
        (emails(*(f"{at}@example.com" for at in range(51))), "info.emails.items"),
        (phones(*(str(at) for at in range(51))), "info.phones.items"),
        (emails("a" * 310 + "@example.com"), "info.emails.items[0].email"),
        (phones("1" * 51), "info.phones.items[0].phone"),
        ({"name": {"first": "x" * 1001}}, "info.name.first"),
        ({"name": {"last": "x" * 1001}}, "info.name.last"),
        ({"company": "x" * 1001}, "info.company"),
        ({}, "info"),
        (None, "info"),
        ("Noa", "info"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_wrong_types_are_refused_by_field(wix: Wix, info: Any, field: str) -> None:
    answer = await create(wix, info)

    assert violated(answer) == [field]


async def test_an_unwrapped_list_is_told_to_be_an_object(wix: Wix) -> None:
    answer = await create(wix, {"emails": [{"email": "a@example.com"}]})

    assert "Expected an object" in answer.json()["message"]


async def test_every_wrong_field_is_named_at_once(wix: Wix) -> None:
    answer = await create(wix, {"name": 1, "company": 2, "emails": 3})

    assert violated(answer) == ["info.name", "info.company", "info.emails"]


async def test_a_used_email_is_a_duplicate(wix: Wix) -> None:
    first = await created(wix, emails("dana@example.com", "dana@work.example.com"))

    answer = await create(wix, emails("new@example.com", "Dana@Work.example.com"))

    assert answer.status_code == 409
    text = "A contact with the same primary email or phone already exists."
    assert answer.json() == {
        "message": text,
        "details": {
            "applicationError": {
                "code": "DUPLICATE_CONTACT_EXISTS",
                "description": text,
                "data": {
                    "duplicateContactId": first["id"],
                    "duplicateEmail": "Dana@Work.example.com",
                },
            }
        },
    }


@pytest.mark.parametrize(
    "again",
    [phones("415 555 0132"), phones("(415) 555-0132", countryCode="US")],
    ids=["same spelling", "same number"],
)
async def test_a_used_phone_is_a_duplicate_without_email(wix: Wix, again: Any) -> None:
    first = await created(wix, phones("415 555 0132", countryCode="US"))

    answer = await create(wix, again)

    data = answer.json()["details"]["applicationError"]["data"]
    assert code(answer) == "DUPLICATE_CONTACT_EXISTS"
    assert data == {
        "duplicateContactId": first["id"],
        "duplicatePhone": again["phones"]["items"][0]["phone"],
    }


async def test_a_used_phone_beside_a_new_email_makes_a_second_contact(wix: Wix) -> None:
    await created(wix, phones("415 555 0132", countryCode="US"))

    second = phones("415 555 0132", countryCode="US") | emails("dana@example.com")

    assert (await create(wix, second)).status_code == 200


async def test_duplicates_are_made_on_demand(wix: Wix) -> None:
    first = await created(wix, emails("dana@example.com"))
    second = await created(wix, emails("dana@example.com"), allowDuplicates=True)

    assert first["id"] != second["id"]


async def test_an_id_collision_is_told(make: Callable[..., Wix]) -> None:
    wix = make(new_id=lambda: CONTACT)
    await created(wix, {"name": {"first": "Dana"}})

    answer = await create(wix, {"name": {"first": "Noa"}})

    assert (answer.status_code, code(answer)) == (409, "CONTACT_ID_ALREADY_EXISTS")


async def test_get_shows_the_chosen_fields(wix: Wix) -> None:
    await wix.seed_dana()

    answer = await wix.get(
        f"{CONTACTS}/{CONTACT}", fieldsets="BASIC", fields=["info.emails", "source"]
    )

    found = answer.json()
    assert found["responseType"] == "REGULAR"
    assert found["contact"].keys() == {"id", "revision", "primaryInfo", "info", "source"}
    assert found["contact"]["info"].keys() == {"name", "emails"}


async def test_an_unknown_contact_is_404(wix: Wix) -> None:
    answer = await wix.get(f"{CONTACTS}/{CONTACT}")

    assert (answer.status_code, code(answer)) == (404, "CONTACT_NOT_FOUND")


async def test_a_deleted_contact_is_gone_everywhere(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.query()

    await wix.delete_contact(CONTACT)

    assert (await wix.get(f"{CONTACTS}/{CONTACT}")).status_code == 404
    assert await wix.query({"info.emails.email": "dana@example.com"}) == []
    assert (await create(wix, emails("dana@example.com"))).status_code == 200


async def merge(wix: Wix, *sources: str) -> Any:
    await wix.query()
    return await wix.control(
        "/merge", {"targetContactId": CONTACT, "sourceContactIds": list(sources)}
    )


async def test_a_merge_unions_lists_and_keeps_the_targets_own(wix: Wix) -> None:
    other = contact(
        OTHER_CONTACT, "Danielle", "Reyes-Cole", email="d@work.example.com", phone="415 555 0132"
    )
    other["info"]["company"] = "Cole Ltd"
    await wix.seed(contact(CONTACT, "Dana", "Reyes", email="dana@example.com"), other)

    answer = await merge(wix, OTHER_CONTACT)

    found = answer.json()["contact"]
    assert found["revision"] == 2
    assert found["info"]["name"] == {"first": "Dana", "last": "Reyes"}
    assert found["info"]["company"] == "Cole Ltd"
    assert [e["email"] for e in found["info"]["emails"]["items"]] == [
        "dana@example.com",
        "d@work.example.com",
    ]
    assert found["primaryInfo"] == {"email": "dana@example.com", "phone": "415 555 0132"}
    assert [each["id"] for each in await wix.query()] == [CONTACT]


async def test_a_target_without_email_takes_the_primary_of_its_source(wix: Wix) -> None:
    items = [{"email": "a@example.com"}, {"email": "b@example.com", "primary": True}]
    await wix.seed(contact(CONTACT), {"id": OTHER_CONTACT, "info": {"emails": {"items": items}}})

    found = (await merge(wix, OTHER_CONTACT)).json()["contact"]

    assert found["primaryInfo"] == {"email": "b@example.com"}
    assert [each["primary"] for each in found["info"]["emails"]["items"]] == [False, True]


async def test_earlier_sources_win(wix: Wix) -> None:
    third = "22f3e5d7-2468-4ace-9bdf-0fedcba98765"
    companies = {CONTACT: None, OTHER_CONTACT: "First Ltd", third: "Second Ltd"}
    for contact_id, company in companies.items():
        info = {"name": {"first": "Dana"}, **({"company": company} if company else {})}
        await wix.seed({"id": contact_id, "info": info})

    found = (await merge(wix, OTHER_CONTACT, third)).json()["contact"]

    assert found["info"]["company"] == "First Ltd"


async def test_a_merged_id_is_followed_by_get_alone(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT, email="d@example.com"))
    await merge(wix, OTHER_CONTACT)

    got = await wix.get(f"{CONTACTS}/{OTHER_CONTACT}")
    body = {"participantId": {"contactId": OTHER_CONTACT}}
    conversation = await wix.post("/inbox/v2/conversations", body)

    assert got.json()["responseType"] == "MERGED"
    assert got.json()["contact"]["id"] == CONTACT
    assert await wix.query({"id": OTHER_CONTACT}) == []
    assert conversation.status_code == 404


async def test_a_merge_is_refused_when_it_cannot_be(wix: Wix) -> None:
    member = contact(OTHER_CONTACT, memberInfo={"memberId": APP})
    await wix.seed(contact(CONTACT), member)

    for source in (APP, OTHER_CONTACT, CONTACT, "not-a-guid"):
        answer = await merge(wix, source)
        assert answer.status_code == (404 if source == APP else 400)
        assert answer.json()["error"]
    assert (await merge(wix)).status_code == 400
    assert len(await wix.query()) == 2


async def update(wix: Wix, contact_id: str, info: Any, revision: int = 1) -> Any:
    return await wix.call(
        "PATCH", f"{CONTACTS}/{contact_id}", json={"revision": revision, "info": info}
    )


async def test_an_update_changes_what_it_names_and_counts_on(wix: Wix) -> None:
    before = await created(wix, NOA["info"])

    answer = await update(wix, before["id"], {"name": {"first": "Noa", "last": "Levin-Katz"}})

    after = answer.json()["contact"]
    assert answer.status_code == 200
    assert after["revision"] == 2
    assert after["info"] == before["info"] | {"name": {"first": "Noa", "last": "Levin-Katz"}}
    assert (await wix.get(f"{CONTACTS}/{before['id']}")).json()["contact"] == after


async def test_an_update_of_an_older_revision_is_refused(wix: Wix) -> None:
    made = await created(wix, NOA["info"])

    answer = await update(wix, made["id"], {"company": "Levin"}, revision=7)

    assert (answer.status_code, code(answer)) == (409, "CONTACT_ALREADY_CHANGED")


async def test_an_update_needs_something_to_change_and_a_contact(wix: Wix) -> None:
    made = await created(wix, NOA["info"])

    nothing = await update(wix, made["id"], {"company": ""})
    nobody = await update(wix, OTHER_CONTACT, {"company": "Levin"})

    assert (nothing.status_code, code(nothing)) == (400, "INSUFFICIENT_UPDATE_CONTACT_DATA")
    assert (nobody.status_code, code(nobody)) == (404, "CONTACT_NOT_FOUND")


async def test_an_update_may_keep_its_own_email_but_take_nobody_elses(wix: Wix) -> None:
    made = await created(wix, NOA["info"])
    await created(wix, emails("dana@example.com"))

    own = await update(wix, made["id"], emails("noa.levin@example.org"))
    other = await update(wix, made["id"], emails("dana@example.com"), revision=2)

    assert own.status_code == 200
    assert (other.status_code, code(other)) == (409, "DUPLICATE_CONTACT_EXISTS")
