"""Who may call, for which site, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge_sandbox import ApiKeyGrant, AppGrant

from .conftest import APP, CONTACT, SITE, Wix, code, message

QUERY = "/contacts/v4/contacts/query"
INSTANCE = "c9d4a7f0-52c1-4e0b-b6a8-1f7e3d2c5b90"
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": APP,
    "client_secret": "secret",
    "instance_id": INSTANCE,
}


async def ask(wix: Wix, headers: dict[str, str], path: str = QUERY) -> httpx.Response:
    return await wix.client.post(path, json={"query": {}}, headers=headers)


async def token(wix: Wix, **changes: Any) -> httpx.Response:
    return await wix.client.post("/oauth2/token", json={**CREDENTIALS, **changes})


async def bearer(wix: Wix, **changes: Any) -> dict[str, str]:
    return {"authorization": (await token(wix, **changes)).json()["access_token"]}


async def test_an_api_key_with_a_site_is_let_in(wix: Wix) -> None:
    answer = await ask(wix, {"authorization": "IST.key", "wix-site-id": SITE})

    assert answer.status_code == 200


async def test_no_credential_at_all_is_401(wix: Wix) -> None:
    answer = await ask(wix, {})

    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")


async def test_a_site_without_its_api_key_is_403(wix: Wix) -> None:
    answer = await ask(wix, {"wix-site-id": SITE})

    assert (answer.status_code, code(answer)) == (403, "PERMISSION_DENIED")


async def test_an_api_key_without_its_site_is_403(wix: Wix) -> None:
    answer = await ask(wix, {"authorization": "IST.key"})

    assert (answer.status_code, code(answer)) == (403, "PERMISSION_DENIED")


async def test_registered_keys_are_the_only_ones(make: Callable[..., Wix]) -> None:
    wix = make(api_keys={"IST.known": ApiKeyGrant()})

    known = await ask(wix, {"authorization": "IST.known", "wix-site-id": SITE})
    unknown = await ask(wix, {"authorization": "IST.other", "wix-site-id": SITE})

    assert (known.status_code, unknown.status_code) == (200, 401)


async def test_a_key_serves_only_its_sites(make: Callable[..., Wix]) -> None:
    wix = make(api_keys={"IST.known": ApiKeyGrant(sites=frozenset({SITE}))})

    own = await ask(wix, {"authorization": "IST.known", "wix-site-id": SITE})
    foreign = await ask(wix, {"authorization": "IST.known", "wix-site-id": "elsewhere"})

    assert (own.status_code, foreign.status_code) == (200, 403)


async def test_a_token_is_a_bearer_token_for_four_hours(wix: Wix) -> None:
    answer = await token(wix)

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 14400)
    assert answer.json()["access_token"].startswith("OauthNG.JWS.")


@pytest.mark.parametrize("prefix", ["", "Bearer "])
async def test_a_token_works_raw_and_with_a_bearer_prefix(wix: Wix, prefix: str) -> None:
    raw = (await bearer(wix))["authorization"]

    assert (await ask(wix, {"authorization": prefix + raw})).status_code == 200


async def test_a_token_ends_after_four_hours(wix: Wix) -> None:
    headers = await bearer(wix)
    wix.clock.pass_(14399)

    before = await ask(wix, headers)
    wix.clock.pass_(1)
    after = await ask(wix, headers)

    assert (before.status_code, after.status_code) == (200, 401)


async def test_tokens_can_be_ended_early(wix: Wix) -> None:
    headers = await bearer(wix)
    assert (await wix.control("/tokens/expire", {})).json() == {"expired": 1}

    assert (await ask(wix, headers)).status_code == 401
    assert (await ask(wix, await bearer(wix))).status_code == 200


async def test_a_token_nobody_issued_is_401(wix: Wix) -> None:
    answer = await ask(wix, {"authorization": "OauthNG.JWS.a.b.c", "wix-site-id": SITE})

    assert answer.status_code == 401


@pytest.mark.parametrize("missing", sorted(CREDENTIALS))
async def test_a_token_request_without_a_field_is_invalid(wix: Wix, missing: str) -> None:
    body = {key: value for key, value in CREDENTIALS.items() if key != missing}

    answer = await wix.client.post("/oauth2/token", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert missing in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
async def test_a_token_request_that_is_no_object_is_invalid(wix: Wix, body: bytes) -> None:
    answer = await wix.client.post("/oauth2/token", content=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_another_grant_type_is_unsupported(wix: Wix) -> None:
    answer = await token(wix, grant_type="refresh_token")

    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({}, 200, None),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"instance_id": "unknown"}, 400, "invalid_grant"),
    ],
)
async def test_registered_apps_are_checked(
    make: Callable[..., Wix], changes: dict[str, str], status: int, error: str | None
) -> None:
    wix = make(apps={APP: AppGrant(secret="secret", instances={INSTANCE: SITE})})

    answer = await token(wix, **changes)

    assert (answer.status_code, answer.json().get("error")) == (status, error)


async def test_an_app_and_a_key_of_the_same_site_see_the_same(make: Callable[..., Wix]) -> None:
    wix = make(apps={APP: AppGrant(secret="secret", instances={INSTANCE: SITE})})
    created = await wix.post("/contacts/v4/contacts", {"info": {"name": {"first": "Dana"}}})

    answer = await ask(wix, await bearer(wix))

    assert [each["id"] for each in answer.json()["contacts"]] == [created.json()["contact"]["id"]]


async def test_sites_do_not_see_each_other(wix: Wix) -> None:
    await wix.post("/contacts/v4/contacts", {"info": {"name": {"first": "Dana"}}})

    elsewhere = await ask(wix, {"authorization": "IST.key", "wix-site-id": "elsewhere"})

    assert elsewhere.json()["contacts"] == []


CONVERSATION = "7356b3ee-5f41-30aa-bdd8-070e50890228"
NEEDED = [
    ("POST", QUERY, "Read Contacts"),
    ("GET", f"/contacts/v4/contacts/{CONTACT}", "Read Contacts"),
    ("POST", "/contacts/v4/contacts", "Manage Contacts"),
    ("POST", "/inbox/v2/conversations", "Manage Inbox Messages"),
    ("GET", f"/inbox/v2/conversations/{CONVERSATION}", "Read Inbox Messages"),
    ("POST", "/inbox/v2/messages", "Manage Inbox Messages"),
    ("GET", "/inbox/v2/messages", "Read Inbox Messages"),
]
EVERY = sorted({permission for _, _, permission in NEEDED})


@pytest.mark.parametrize(("verb", "path", "permission"), NEEDED)
async def test_each_method_needs_its_permission_and_no_other(
    wix: Wix, verb: str, path: str, permission: str
) -> None:
    others = [each for each in EVERY if each != permission]
    await wix.control("/permissions", {"credential": "IST.key", "permissions": others})
    refused = await wix.call(verb, path, {})
    await wix.control("/permissions", {"credential": "IST.key", "permissions": [permission]})
    allowed = await wix.call(verb, path, {})

    assert refused.status_code == 403
    assert allowed.status_code != 403


async def test_sending_without_permission_has_its_own_code(wix: Wix) -> None:
    await wix.control("/permissions", {"permissions": ["Read Contacts"]})

    answer = await wix.post("/inbox/v2/messages", message(CONVERSATION))

    assert (answer.status_code, code(answer)) == (403, "NOT_PERMITTED_TO_SEND")


async def test_permissions_can_be_laid_down_for_keys_and_apps(make: Callable[..., Wix]) -> None:
    only_read = frozenset({"Read Contacts"})
    wix = make(
        api_keys={"IST.key": ApiKeyGrant(permissions=only_read)},
        apps={
            APP: AppGrant(secret="secret", instances={INSTANCE: SITE}, permissions=only_read),
        },
    )

    for headers in (wix.headers, await bearer(wix)):
        created = await ask(wix, headers, "/contacts/v4/contacts")
        assert ((await ask(wix, headers)).status_code, created.status_code) == (200, 403)


async def test_one_credential_can_be_restricted_and_freed(wix: Wix) -> None:
    await wix.control("/permissions", {"credential": "IST.key", "permissions": []})
    restricted = await wix.post(QUERY, {})
    await wix.control("/permissions", {"credential": "IST.key"})
    freed = await wix.post(QUERY, {})

    assert (restricted.status_code, freed.status_code) == (403, 200)


async def test_an_unknown_permission_is_refused_with_the_known_ones(wix: Wix) -> None:
    answer = await wix.control("/permissions", {"permissions": ["Read Contracts"]})

    assert answer.status_code == 400
    assert "Read Contacts" in answer.json()["error"]
