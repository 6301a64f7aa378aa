"""Create, Get, Update, Delete, Label and Merge Contact; labels and extended fields."""

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
        "extendedFields": {"items": {"custom.external-crm-id": "fb:10158"}},
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
    assert found["info"]["extendedFields"]["items"]["custom.external-crm-id"] == "fb:10158"
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

    assert found["info"].keys() == {"name", "extendedFields"}
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


@pytest.mark.parametrize("value", [["x"], {"x": 1}, True])
async def test_an_extended_field_takes_text_or_number_only(wix: Wix, value: Any) -> None:
    info = {"name": {"first": "Noa"}, "extendedFields": {"items": {"custom.x": value}}}

    answer = await create(wix, info)

    assert (answer.status_code, code(answer)) == (400, "INVALID_EXTENDED_FIELD_VALUE")


async def test_an_extended_field_keeps_its_type(wix: Wix) -> None:
    field = {"displayName": "Visits", "dataType": "NUMBER"}
    await wix.post("/contacts/v4/extended-fields", field)
    info = {"name": {"first": "Noa"}, "extendedFields": {"items": {"custom.visits": "many"}}}

    answer = await create(wix, info)

    assert (answer.status_code, code(answer)) == (400, "INVALID_EXTENDED_FIELD_VALUE")


@pytest.mark.parametrize(
    ("info", "field"),
    [
        ({"emails": [{"email": "a@example.com"}]}, "info.emails"),
        ({"emails": {"items": {"email": "a@example.com"}}}, "info.emails.items"),
        ({"emails": {"items": [{"email": "no address"}]}}, "info.emails.items[0].email"),
        ({"emails": {"items": [{"email": "a@b.c", "tag": "OFFICE"}]}}, "info.emails.items[0].tag"),
        ({"phones": {"items": [{"phone": 415}]}}, "info.phones.items[0].phone"),
        ({"name": "Noa"}, "info.name"),
        ({"birthdate": "19.07.1988"}, "info.birthdate"),
        ({"labelKeys": ["custom.x"]}, "info.labelKeys"),
        ({"extendedFields": {"items": []}}, "info.extendedFields.items"),
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


@pytest.mark.parametrize("verb", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_contact_is_404(wix: Wix, verb: str) -> None:
    answer = await wix.call(verb, f"{CONTACTS}/{CONTACT}", {"revision": 1})

    assert (answer.status_code, code(answer)) == (404, "CONTACT_NOT_FOUND")


async def update(wix: Wix, revision: Any, info: Any, **more: Any) -> Any:
    body = {"revision": revision, "info": info, **more}
    return await wix.call("PATCH", f"{CONTACTS}/{CONTACT}", body)


async def test_an_update_replaces_lists_and_keeps_the_rest(wix: Wix) -> None:
    await wix.seed_dana()
    wix.clock.pass_(60)

    answer = await update(wix, 1, emails("new@example.com") | {"company": "Reyes Ltd"})

    found = answer.json()["contact"]
    assert found["revision"] == 2
    assert found["updatedDate"] == "2026-03-04T09:16:27.500Z"
    assert found["createdDate"] == "2026-03-04T09:15:27.500Z"
    assert found["primaryInfo"] == {"email": "new@example.com"}
    assert found["info"]["name"] == {"first": "Dana", "last": "Reyes"}
    assert found["info"]["company"] == "Reyes Ltd"
    items = found["info"]["extendedFields"]["items"]
    assert items["emailSubscriptions.effectiveEmail"] == "new@example.com"
    assert await wix.query({"info.emails.email": "dana@example.com"}) == []
    assert len(await wix.query({"info.emails.email": "new@example.com"})) == 1


async def test_custom_fields_left_out_of_an_update_are_gone(wix: Wix) -> None:
    fields = {"extendedFields": {"items": {"custom.a": "1", "custom.b": "2"}}}
    await wix.seed({"id": CONTACT, "info": {"name": {"first": "Dana"}, **fields}})

    answer = await update(wix, 1, {"extendedFields": {"items": {"custom.a": "3"}}})

    items = answer.json()["contact"]["info"]["extendedFields"]["items"]
    assert {key: items[key] for key in items if key.startswith("custom.")} == {"custom.a": "3"}


async def test_a_stale_revision_is_refused(wix: Wix) -> None:
    await wix.seed_dana()
    await update(wix, 1, {"company": "Reyes Ltd"})

    answer = await update(wix, 1, {"company": "Other"})

    assert (answer.status_code, code(answer)) == (409, "CONTACT_ALREADY_CHANGED")
    assert answer.json()["message"] == "entity has already changed since the requested revision"


@pytest.mark.parametrize("revision", [None, "x", -1, 1.5])
async def test_an_update_needs_a_revision(wix: Wix, revision: Any) -> None:
    await wix.seed_dana()

    assert violated(await update(wix, revision, {})) == ["revision"]


async def test_a_revision_may_come_as_digits(wix: Wix) -> None:
    await wix.seed_dana()

    assert (await update(wix, "1", {"company": "Reyes Ltd"})).status_code == 200


async def test_an_update_may_not_take_anothers_email(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT, email="noa@example.com"))

    refused = await update(wix, 1, emails("noa@example.com"))
    allowed = await update(wix, 1, emails("noa@example.com"), allowDuplicates=True)

    assert (refused.status_code, code(refused)) == (409, "DUPLICATE_CONTACT_EXISTS")
    assert allowed.status_code == 200


async def test_an_update_may_repeat_its_own_email(wix: Wix) -> None:
    await wix.seed_dana()

    assert (await update(wix, 1, emails("dana@example.com"))).status_code == 200


async def test_a_deleted_contact_is_gone_everywhere(wix: Wix) -> None:
    await wix.seed_dana()

    answer = await wix.call("DELETE", f"{CONTACTS}/{CONTACT}")

    assert (answer.status_code, answer.json()) == (200, {})
    assert await wix.query({"info.emails.email": "dana@example.com"}) == []
    assert (await create(wix, emails("dana@example.com"))).status_code == 200


async def test_a_label_is_found_or_created(wix: Wix) -> None:
    first = await wix.post("/contacts/v4/labels", {"displayName": "Facebook lead"})
    wix.clock.pass_(5)
    second = await wix.post("/contacts/v4/labels", {"displayName": "Facebook lead"})

    assert first.json() == {
        "label": {
            "namespace": "custom",
            "key": "custom.facebook-lead",
            "displayName": "Facebook lead",
            "labelType": "USER_DEFINED",
            "createdDate": "2026-03-04T09:15:27.500Z",
            "updatedDate": "2026-03-04T09:15:27.500Z",
        },
        "newLabel": True,
    }
    assert second.json() == {"label": first.json()["label"], "newLabel": False}


async def test_an_extended_field_is_found_or_created(wix: Wix) -> None:
    body = {"displayName": "External CRM id", "dataType": "TEXT"}
    first = (await wix.post("/contacts/v4/extended-fields", body)).json()
    second = (await wix.post("/contacts/v4/extended-fields", body)).json()

    assert (first["newField"], second["newField"]) == (True, False)
    assert first["field"]["key"] == "custom.external-crm-id"
    assert first["field"]["dataType"] == "TEXT"


@pytest.mark.parametrize("path", ["labels", "extended-fields"])
async def test_a_label_or_field_needs_a_name(wix: Wix, path: str) -> None:
    answer = await wix.post(f"/contacts/v4/{path}", {"dataType": "TEXT"})

    assert violated(answer) == ["displayName"]


async def test_labels_are_put_on_and_taken_off(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.post("/contacts/v4/labels", {"displayName": "Facebook lead"})
    path, body = f"{CONTACTS}/{CONTACT}/labels", {"labelKeys": ["custom.facebook-lead"]}

    on = (await wix.post(path, body)).json()["contact"]
    again = (await wix.post(path, body)).json()["contact"]
    off = (await wix.call("DELETE", path, body)).json()["contact"]

    assert on["info"]["labelKeys"] == {"items": ["custom.facebook-lead"]}
    assert "labelKeys" not in off["info"]
    assert [each["revision"] for each in (on, again, off)] == [2, 2, 3]


@pytest.mark.parametrize("verb", ["POST", "DELETE"])
async def test_an_unknown_label_fails(wix: Wix, verb: str) -> None:
    await wix.seed_dana()

    answer = await wix.call(verb, f"{CONTACTS}/{CONTACT}/labels", {"labelKeys": ["custom.no"]})

    assert (answer.status_code, code(answer)) == (400, "LABEL_NOT_FOUND")


async def merge(wix: Wix, *sources: str, revision: int = 1, path: str = "merge") -> Any:
    body = {"targetContactRevision": revision, "sourceContactIds": list(sources)}
    return await wix.post(f"{CONTACTS}/{CONTACT}/{path}", body)


async def test_a_merge_unions_lists_and_keeps_the_targets_own(wix: Wix) -> None:
    other = contact(
        OTHER_CONTACT, "Danielle", "Reyes-Cole", email="d@work.example.com", phone="415 555 0132"
    )
    other["info"]["company"] = "Cole Ltd"
    other["info"]["extendedFields"] = {"items": {"custom.x": "1"}}
    other["info"]["labelKeys"] = {"items": ["custom.vip"]}
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
    assert found["info"]["labelKeys"]["items"] == ["custom.vip"]
    assert found["info"]["extendedFields"]["items"]["custom.x"] == "1"
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
    updated = await wix.call("PATCH", f"{CONTACTS}/{OTHER_CONTACT}", {"revision": 1})
    body = {"participantId": {"contactId": OTHER_CONTACT}}
    conversation = await wix.post("/inbox/v2/conversations", body)

    assert got.json()["responseType"] == "MERGED"
    assert got.json()["contact"]["id"] == CONTACT
    assert await wix.query({"id": OTHER_CONTACT}) == []
    assert updated.status_code == conversation.status_code == 404


async def test_a_preview_changes_nothing(wix: Wix) -> None:
    await wix.seed(contact(CONTACT), contact(OTHER_CONTACT, email="d@example.com"))

    preview = await merge(wix, OTHER_CONTACT, path="preview-merge")

    assert preview.json()["contact"]["primaryInfo"] == {"email": "d@example.com"}
    assert len(await wix.query()) == 2
    assert (await wix.get(f"{CONTACTS}/{CONTACT}")).json()["contact"]["revision"] == 1


async def test_a_merge_is_refused_when_it_cannot_be(wix: Wix) -> None:
    member = contact(OTHER_CONTACT, memberInfo={"memberId": APP})
    await wix.seed(contact(CONTACT), member)

    stale = await merge(wix, OTHER_CONTACT, revision=7)
    unknown = await merge(wix, APP)
    of_member = await merge(wix, OTHER_CONTACT)
    of_itself = await merge(wix, CONTACT)
    of_nobody = await merge(wix)
    of_too_many = await merge(wix, *[OTHER_CONTACT] * 6)

    assert (stale.status_code, code(stale)) == (409, "FAILED_PRECONDITION")
    assert unknown.status_code == 404
    for answer in (of_member, of_itself):
        assert (answer.status_code, code(answer)) == (400, "ILLEGAL_MERGE")
    for answer in (of_nobody, of_too_many):
        assert violated(answer) == ["sourceContactIds"]
