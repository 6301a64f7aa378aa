"""Query Contacts: filters, sorting, paging, what is shown, and the lagging index."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import CONTACT, OTHER_CONTACT, Wix, code, contact, violated

NOA: dict[str, Any] = {
    "id": CONTACT,
    "revision": 3,
    "createdDate": "2026-02-11T08:30:12.044Z",
    "updatedDate": "2026-03-01T17:05:40.210Z",
    "lastActivity": {
        "activityDate": "2026-03-01T17:05:40.210Z",
        "activityType": "INBOX_MESSAGE_FROM_CUSTOMER",
    },
    "info": {
        "name": {"first": "Noa", "last": "Levin"},
        "emails": {
            "items": [
                {"tag": "MAIN", "email": "noa.levin@example.org", "primary": True},
                {"tag": "WORK", "email": "noa@studio.example.com", "primary": False},
            ]
        },
        "phones": {
            "items": [
                {
                    "tag": "MOBILE",
                    "countryCode": "US",
                    "phone": "+1 415 555 0132",
                    "primary": True,
                }
            ]
        },
        "addresses": {
            "items": [
                {
                    "tag": "HOME",
                    "address": {
                        "country": "US",
                        "subdivision": "US-CA",
                        "city": "Oakland",
                        "postalCode": "94607",
                        "addressLine": "12 Pine Street",
                    },
                }
            ]
        },
        "company": "Levin Studio",
        "jobTitle": "Owner",
        "birthdate": "1988-07-19",
        "locale": "en-US",
        "labelKeys": {"items": ["custom.facebook-lead"]},
        "extendedFields": {"items": {"custom.external-crm-id": "fb:10158", "custom.visits": 12}},
        "locations": {"items": ["loc-1"]},
    },
}
DANA = contact(OTHER_CONTACT, "Dana", "Reyes", email="dana@example.com")

FINDS_NOA = [
    {"id": CONTACT},
    {"id": {"$in": [CONTACT, "nobody"]}},
    {"createdDate": {"$gte": "2026-02-11T09:30:12.044+01:00"}, "id": CONTACT},
    {"info.name.first": "Noa"},
    {"info.name.last": {"$in": ["Levin"]}},
    {"info.emails.email": {"$eq": "noa.levin@example.org"}},
    {"info.emails.email": {"$eq": "NOA@studio.example.com"}},
    {"info.emails.email": {"$in": ["nobody@example.com", "noa@studio.example.com"]}},
    {"info.phones.phone": "+1 415 555 0132"},
    {"info.phones.e164Phone": {"$eq": "+14155550132"}},
]
REFUSED = [
    {"info.emails.items.email": "noa.levin@example.org"},
    {"info.email": "noa.levin@example.org"},
    {"info.emails.email": {"$startsWith": "noa"}},
    {"info.emails.email": {}},
    {"info.emails.email": {"$eq": 3}},
    {"info.emails.email": {"$in": "noa.levin@example.org"}},
    {"info.emails.email": None},
    {"createdDate": {"$gte": "yesterday"}},
    {"createdDate": {"$gte": 3}},
    {"createdDate": {"$in": ["2026-02-11T08:30:12.044Z"]}},
    {"$or": [{"id": CONTACT}]},
    {"$and": [3]},
]


QUERY_CODES = {
    "MALFORMED_FILTER",
    "UNSUPPORTED_FILTER_FIELD_UNKNOWN",
    "UNSUPPORTED_FILTER_OPERATOR",
    "UNSUPPORTED_FILTER_VALUE_TYPE",
}


@pytest.fixture
async def two(wix: Wix) -> Wix:
    await wix.seed(NOA, DANA)
    return wix


@pytest.mark.parametrize("filter_", FINDS_NOA, ids=str)
async def test_every_field_and_operator_finds(two: Wix, filter_: Any) -> None:
    found = await two.query(filter_)

    assert [each["id"] for each in found] == [CONTACT]


@pytest.mark.parametrize("filter_", REFUSED, ids=str)
async def test_what_a_filter_cannot_say_is_400(two: Wix, filter_: Any) -> None:
    answer = await two.post("/contacts/v4/contacts/query", {"query": {"filter": filter_}})

    assert answer.status_code == 400
    assert code(answer) in QUERY_CODES


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ({"x": 1}, "UNSUPPORTED_FILTER_FIELD_UNKNOWN"),
        ({"info.emails.email": {"$regex": "x"}}, "UNSUPPORTED_FILTER_OPERATOR"),
        ({"info.emails.email": 3}, "UNSUPPORTED_FILTER_VALUE_TYPE"),
        ({"info.emails.email": {}}, "MALFORMED_FILTER"),
        ({"$and": {"id": CONTACT}}, "MALFORMED_FILTER"),
    ],
    ids=str,
)
async def test_a_refused_filter_has_the_code_that_wixs_sdk_declares(
    two: Wix, filter_: Any, expected: str
) -> None:
    answer = await two.post("/contacts/v4/contacts/query", {"query": {"filter": filter_}})

    assert (answer.status_code, code(answer)) == (400, expected)


async def test_two_conditions_may_stand_in_an_and_as_wixs_sdk_writes_them(two: Wix) -> None:
    both = {"$and": [{"info.name.first": "Noa"}, {"createdDate": {"$gte": "2000-01-01"}}]}
    neither = {"$and": [{"info.name.first": "Noa"}, {"info.name.first": "Dana"}]}

    assert [each["id"] for each in await two.query(both)] == [CONTACT]
    assert await two.query(neither) == []


async def test_no_match_is_an_empty_page(two: Wix) -> None:
    body = {"query": {"filter": {"info.emails.email": "nobody@example.com"}}}
    answer = await two.post("/contacts/v4/contacts/query", body)

    assert answer.status_code == 200
    assert answer.json() == {
        "contacts": [],
        "pagingMetadata": {"count": 0, "offset": 0, "total": 0},
    }


async def test_a_phone_without_country_has_no_e164_form(wix: Wix) -> None:
    info = {"phones": {"items": [{"phone": "+14155550132"}]}}
    await wix.post("/contacts/v4/contacts", {"info": info})

    assert await wix.query({"info.phones.e164Phone": "+14155550132"}) == []
    assert len(await wix.query({"info.phones.phone": "+14155550132"})) == 1


async def test_an_address_shared_by_two_contacts_finds_both(wix: Wix) -> None:
    await wix.seed(
        contact(CONTACT, email="shared@example.com"),
        contact(OTHER_CONTACT, email="shared@example.com"),
    )

    found = await wix.query({"info.emails.email": "shared@example.com"})

    assert {each["id"] for each in found} == {CONTACT, OTHER_CONTACT}


async def test_the_example_of_the_article_gives_id_and_revision_only(two: Wix) -> None:
    body = {
        "query": {
            "filter": {"info.emails.email": {"$eq": "noa.levin@example.org"}},
            "sort": [{"fieldName": "createdDate", "order": "ASC"}],
            "paging": {"limit": 50, "offset": 0},
            "fields": ["id"],
        }
    }

    answer = await two.post("/contacts/v4/contacts/query", body)

    assert answer.json() == {
        "contacts": [{"id": CONTACT, "revision": 3}],
        "pagingMetadata": {"count": 1, "offset": 0, "total": 1},
    }


async def test_the_whole_contact_has_the_documented_shape(two: Wix) -> None:
    [found] = await two.query({"id": CONTACT})

    assert found["primaryInfo"] == {"email": "noa.levin@example.org", "phone": "+1 415 555 0132"}
    assert found["info"]["phones"]["items"][0]["e164Phone"] == "+14155550132"
    assert found["info"]["extendedFields"] == NOA["info"]["extendedFields"]
    assert all("id" in each for each in found["info"]["emails"]["items"])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, None),
        ({"fieldsets": ["FULL"]}, None),
        ({"fieldsets": ["FULL"], "fields": ["id"]}, None),
        ({"fieldsets": ["BASIC"]}, {"primaryInfo": ..., "info": ["name"]}),
        (
            {"fieldsets": ["BASIC"], "fields": ["info.company", "source"]},
            {"primaryInfo": ..., "source": ..., "info": ["name", "company"]},
        ),
        ({"fields": ["info.emails.email"]}, {"info": ["emails"]}),
        ({"fields": ["info.name.first", "info.name"]}, {"info": ["name"]}),
        ({"fields": ["info", "info.name"]}, {"info": ...}),
        ({"fields": ["info.picture"]}, {}),
    ],
    ids=str,
)
async def test_fields_and_fieldsets_choose_what_is_shown(
    two: Wix, query: Any, shown: dict[str, Any] | None
) -> None:
    [whole] = await two.query({"id": CONTACT})

    [found] = await two.query({"id": CONTACT}, **query)

    if shown is None:
        assert found == whole
        return
    assert found.keys() == {"id", "revision", *shown}
    for key, names in shown.items():
        if names is not ...:
            assert found[key].keys() == set(names)
            assert all(found[key][name] == whole[key][name] for name in names)


@pytest.mark.parametrize("field", ["email", "info.email", "info.nickname", "nothing.at.all"])
async def test_an_unknown_field_cannot_be_shown(two: Wix, field: str) -> None:
    answer = await two.post("/contacts/v4/contacts/query", {"query": {"fields": [field]}})

    assert violated(answer) == ["value"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, "ab"),
        ([{"fieldName": "createdDate"}], "ab"),
        ([{"fieldName": "createdDate", "order": "DESC"}], "ba"),
        ({"fieldName": "createdDate", "order": "DESC"}, "ba"),
        ({"field_name": "createdDate"}, "ab"),
    ],
    ids=str,
)
async def test_contacts_come_oldest_first_or_as_sorted(wix: Wix, sort: Any, order: str) -> None:
    older = contact(CONTACT, "Zoe", createdDate="2026-01-01T00:00:00.000Z")
    newer = contact(OTHER_CONTACT, "Abel", createdDate="2026-01-02T00:00:00.000Z")
    await wix.seed(newer, older)

    found = await wix.query(**({"sort": sort} if sort else {}))

    names = {CONTACT: "a", OTHER_CONTACT: "b"}
    assert "".join(names[each["id"]] for each in found) == order


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": [{"fieldName": "createdDate"}, {"fieldName": "createdDate"}]}, "query.sort"),
        ({"sort": [{"order": "ASC"}]}, "query.sort[0].fieldName"),
        ({"sort": [{"fieldName": "createdDate", "order": "UP"}]}, "query.sort[0].order"),
        ({"paging": {"limit": -1}}, "query.paging.limit"),
        ({"paging": {"offset": "x"}}, "query.paging.offset"),
        ({"fieldsets": ["EVERYTHING"]}, "query.fieldsets[0]"),
        ({"fields": "id"}, "query.fields"),
        ({"filter": []}, "query.filter"),
    ],
    ids=str,
)
async def test_a_query_out_of_bounds_is_400(wix: Wix, query: Any, field: str) -> None:
    answer = await wix.post("/contacts/v4/contacts/query", {"query": query})

    assert violated(answer) == [field]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": [{"fieldName": "updatedDate"}]}, "UNSUPPORTED_SORT_FIELD"),
        ({"sort": [{"fieldName": "nothing"}]}, "UNSUPPORTED_SORT_FIELD"),
        ({"paging": {"limit": 1001}}, "ILLEGAL_LIMIT"),
    ],
    ids=str,
)
async def test_a_sort_or_limit_that_cannot_be_has_a_code(
    wix: Wix, query: Any, expected: str
) -> None:
    answer = await wix.post("/contacts/v4/contacts/query", {"query": query})

    assert (answer.status_code, code(answer)) == (400, expected)


async def test_a_page_has_50_contacts_unless_asked_otherwise(wix: Wix) -> None:
    await wix.seed(*(contact(first=f"Guest {at}") for at in range(60)))
    path = "/contacts/v4/contacts/query"

    first = (await wix.post(path, {"query": {}})).json()
    second = (await wix.post(path, {"query": {"paging": {"offset": 50}}})).json()
    small = (await wix.post(path, {"query": {"paging": {"limit": 7, "offset": 3}}})).json()

    assert first["pagingMetadata"] == {"count": 50, "offset": 0, "total": 60}
    assert second["pagingMetadata"] == {"count": 10, "offset": 50, "total": 60}
    assert small["pagingMetadata"] == {"count": 7, "offset": 3, "total": 60}
    both = first["contacts"] + second["contacts"]
    assert len({each["id"] for each in both}) == 60


async def test_the_index_sees_a_new_contact_only_after_its_lag(wix: Wix) -> None:
    await wix.faults(index_lag_seconds=5)
    created = await wix.post("/contacts/v4/contacts", {"info": {"name": {"first": "Dana"}}})
    contact_id = created.json()["contact"]["id"]

    assert await wix.query() == []
    assert (await wix.get(f"/contacts/v4/contacts/{contact_id}")).status_code == 200
    assert await wix.conversation(contact_id)
    wix.clock.pass_(4.9)
    assert await wix.query() == []
    wix.clock.pass_(0.1)
    assert [each["id"] for each in await wix.query()] == [contact_id]


async def test_the_index_keeps_the_old_state_during_its_lag(wix: Wix) -> None:
    await wix.seed_dana()
    await wix.faults(index_lag_seconds=5)
    await wix.conversation()
    await wix.delete_contact(CONTACT)

    assert [each["revision"] for each in await wix.query()] == [1]
    assert (await wix.get(f"/contacts/v4/contacts/{CONTACT}")).status_code == 404
    wix.clock.pass_(5)
    assert await wix.query() == []


async def test_a_duplicate_is_refused_although_the_index_lags(wix: Wix) -> None:
    await wix.faults(index_lag_seconds=5)
    info = {"emails": {"items": [{"email": "dana@example.com"}]}}
    first = await wix.post("/contacts/v4/contacts", {"info": info})
    second = await wix.post("/contacts/v4/contacts", {"info": info})

    assert (first.status_code, second.status_code) == (200, 409)


async def test_taking_the_lag_away_shows_everything_at_once(wix: Wix) -> None:
    await wix.faults(index_lag_seconds=500)
    await wix.post("/contacts/v4/contacts", {"info": {"name": {"first": "Dana"}}})
    await wix.faults(index_lag_seconds=0)

    assert len(await wix.query()) == 1


async def test_seeds_are_indexed_at_once(wix: Wix) -> None:
    await wix.faults(index_lag_seconds=500)
    await wix.seed_dana()

    assert len(await wix.query()) == 1
