"""Trouble on demand, called in process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import CONTACT, Wix, code, message

SEND = "/inbox/v2/messages"
QUERY = "/contacts/v4/contacts/query"


@pytest.fixture
async def conversation(wix: Wix) -> str:
    await wix.seed_dana()
    return await wix.conversation()


async def test_a_500_has_an_empty_body_and_stores_nothing(wix: Wix, conversation: str) -> None:
    await wix.faults(p_500=1)

    answer = await wix.post(SEND, message(conversation))

    assert (answer.status_code, answer.json()) == (500, {"message": "", "details": {}})
    assert await wix.kept() == []


async def test_a_502_is_html(wix: Wix) -> None:
    await wix.faults(p_502_html=1)

    answer = await wix.post(QUERY, {})

    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/html"
    assert "502 Bad Gateway" in answer.text


async def test_a_429_by_chance_stores_nothing(wix: Wix, conversation: str) -> None:
    await wix.faults(p_429=1)

    answer = await wix.post(SEND, message(conversation))

    assert answer.status_code == 429
    assert answer.json()["message"] == "Too many requests"
    assert code(answer) == "RESOURCE_EXHAUSTED"
    assert "retry-after" not in answer.headers
    assert await wix.kept() == []


async def test_a_429_can_hit_the_token_endpoint(wix: Wix) -> None:
    await wix.faults(p_429=1)

    assert (await wix.client.post("/oauth2/token", json={})).status_code == 429


@pytest.mark.parametrize(("told", "expected"), [(None, "1"), (90, "90"), (0, "0")])
async def test_retry_after_is_told_on_request(wix: Wix, told: int | None, expected: str) -> None:
    await wix.faults(p_429=1, retry_after=True, retry_after_seconds=told)

    assert (await wix.post(QUERY, {})).headers["retry-after"] == expected


async def test_a_500_after_commit_has_stored_the_message(wix: Wix, conversation: str) -> None:
    await wix.faults(p_500_after_commit=1)

    answer = await wix.post(SEND, message(conversation))

    assert (answer.status_code, answer.json()) == (500, {"message": "", "details": {}})
    assert len(await wix.kept()) == 1


async def test_an_answer_that_stored_nothing_is_not_lost(wix: Wix, conversation: str) -> None:
    """There is no effect to be unsure about in a read, a refusal or a conversation known before."""
    await wix.faults(p_500_after_commit=1, p_reset_after_commit=0)

    found = await wix.query()
    known = await wix.conversation()
    refused = await wix.post(SEND, {})

    assert len(found) == 1
    assert known == conversation
    assert refused.status_code == 400


async def test_a_reset_does_nothing(wix: Wix, conversation: str) -> None:
    await wix.faults(p_reset=1)

    with pytest.raises(httpx.ReadError):
        await wix.post(SEND, message(conversation))

    assert await wix.kept() == []
    assert (await wix.stats())["answers"]["dropped"] == 1


async def test_a_reset_after_commit_has_stored_the_message(wix: Wix, conversation: str) -> None:
    await wix.faults(p_reset_after_commit=1)

    with pytest.raises(httpx.ReadError):
        await wix.post(SEND, message(conversation))

    assert len(await wix.kept()) == 1


async def test_a_hang_after_commit_has_stored_the_message(wix: Wix, conversation: str) -> None:
    await wix.faults(p_hang_after_commit=1)

    with pytest.raises(httpx.ReadTimeout):
        await wix.post(SEND, message(conversation))

    assert len(await wix.kept()) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/contacts/v4/contacts", {"info": {"name": {"first": "Noa"}}}),
        ("/inbox/v2/conversations", {"participantId": {"contactId": CONTACT}}),
    ],
)
async def test_every_method_that_stores_can_lose_its_answer(
    wix: Wix, path: str, body: dict[str, Any]
) -> None:
    await wix.seed_dana()
    await wix.faults(p_500_after_commit=1)

    answer = await wix.post(path, body)

    assert answer.status_code == 500


async def test_the_200_calls_of_a_minute_can_be_spent_in_one_go(wix: Wix) -> None:
    await wix.faults(rate_per_minute=3)

    statuses = [(await wix.post(QUERY, {})).status_code for _ in range(5)]

    assert statuses == [200, 200, 200, 429, 429]


async def test_the_minute_rolls(wix: Wix) -> None:
    """Each call makes room again 60 s after it was made; refused calls do not count."""
    await wix.faults(rate_per_minute=2, retry_after=True)
    await wix.post(QUERY, {})
    wix.clock.pass_(20)
    await wix.post(QUERY, {})
    wix.clock.pass_(39.5)
    refused = await wix.post(QUERY, {})
    wix.clock.pass_(0.5)
    allowed = await wix.post(QUERY, {})
    refused_again = await wix.post(QUERY, {})

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert allowed.status_code == 200
    assert (refused_again.status_code, refused_again.headers["retry-after"]) == (429, "20")


async def test_a_limit_that_is_lowered_tells_when_there_is_room(wix: Wix) -> None:
    for _ in range(4):
        await wix.post(QUERY, {})
        wix.clock.pass_(10)
    await wix.faults(rate_per_minute=2, retry_after=True)

    refused = await wix.post(QUERY, {})
    wix.clock.pass_(int(refused.headers["retry-after"]))

    assert refused.headers["retry-after"] == "40"
    assert (await wix.post(QUERY, {})).status_code == 200


async def test_a_limit_of_nothing_lets_nothing_through(wix: Wix) -> None:
    await wix.faults(rate_per_minute=0)

    assert (await wix.post(QUERY, {})).status_code == 429


async def test_each_site_has_a_limit_of_its_own(wix: Wix) -> None:
    await wix.faults(rate_per_minute=1)
    await wix.post(QUERY, {})
    wix.headers["wix-site-id"] = "elsewhere"

    assert (await wix.post(QUERY, {})).status_code == 200


async def test_there_is_no_limit_unless_set(wix: Wix) -> None:
    statuses = {(await wix.post(QUERY, {})).status_code for _ in range(250)}

    assert statuses == {200}
    assert list((await wix.stats())["peak_per_minute"].values()) == [250]


async def test_a_bad_credential_spends_nothing_of_the_limit(wix: Wix) -> None:
    await wix.faults(rate_per_minute=1)
    await wix.client.post(QUERY, json={})

    assert (await wix.post(QUERY, {})).status_code == 200


async def test_latency_is_waited_for(wix: Wix, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("inboxbridge_sandbox.door.asyncio.sleep", sleep)
    await wix.faults(latency_ms=50)
    await wix.post(QUERY, {})

    assert waited == [0.05]


async def test_a_seed_makes_the_same_calls_meet_the_same_faults(wix: Wix) -> None:
    runs = []
    for _ in range(2):
        await wix.faults(p_500=0.3, p_429=0.3, seed=7)
        runs.append([(await wix.post(QUERY, {})).status_code for _ in range(40)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 429, 500}


async def test_another_seed_makes_other_faults(wix: Wix) -> None:
    runs = []
    for seed in (1, 2):
        await wix.faults(p_500=0.5, seed=seed)
        runs.append([(await wix.post(QUERY, {})).status_code for _ in range(40)])

    assert runs[0] != runs[1]


async def test_control_and_page_are_never_hit(wix: Wix) -> None:
    await wix.faults(p_500=1, p_429=1, p_reset=1, p_502_html=1, rate_per_minute=0)

    assert (await wix.control("/stats")).status_code == 200
    assert (await wix.client.get("/")).status_code == 200


async def test_settings_change_one_by_one_and_are_told_whole(wix: Wix) -> None:
    await wix.faults(latency_ms=5)
    answer = await wix.control("/faults", {"rate_per_minute": 200})

    assert answer.json() == {
        "latency_ms": 5,
        "rate_per_minute": 200,
        "retry_after": False,
        "retry_after_seconds": None,
        "p_429": 0.0,
        "p_500": 0.0,
        "p_502_html": 0.0,
        "p_reset": 0.0,
        "p_500_after_commit": 0.0,
        "p_reset_after_commit": 0.0,
        "p_hang_after_commit": 0.0,
        "index_lag_seconds": 0,
        "seed": None,
    }
    assert (await wix.control("/faults")).json() == answer.json()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"p_50": 1}, "'p_500'"),
        ({"latency": 5}, "'latency_ms'"),
        ({"retryAfter": True}, "'retry_after'"),
        ({"index_lag": 1}, "'index_lag_seconds'"),
        ({"p_500": 1.5}, "from 0 to 1"),
        ({"p_500": "often"}, "from 0 to 1"),
        ({"p_500": True}, "from 0 to 1"),
        ({"latency_ms": -1}, "at least 0"),
        ({"latency_ms": None}, "at least 0"),
        ({"rate_per_minute": 1.5}, "whole number"),
        ({"retry_after": 1}, "true or false"),
    ],
    ids=str,
)
async def test_a_wrong_setting_is_refused_and_changes_nothing(
    wix: Wix, settings: dict[str, Any], told: str
) -> None:
    before = (await wix.control("/faults")).json()

    answer = await wix.control("/faults", {"latency_ms": 99, **settings})

    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert (await wix.control("/faults")).json() == before


@pytest.mark.parametrize("body", [[], "x", 5])
async def test_settings_are_an_object(wix: Wix, body: Any) -> None:
    assert (await wix.control("/faults", body)).status_code == 400


async def test_faults_that_hit_are_counted(wix: Wix) -> None:
    await wix.faults(p_500=1)
    await wix.post(QUERY, {})
    await wix.faults(p_500=0, rate_per_minute=0)
    await wix.post(QUERY, {})

    assert (await wix.stats())["faults"] == {"p_500": 1, "rate_per_minute": 1}
