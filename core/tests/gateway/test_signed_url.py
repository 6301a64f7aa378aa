"""The URL that a source signs is the public one, whatever stands between it and us."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from inboxbridge import (
    Connector,
    Event,
    Person,
    Signature,
    UrlFormSignature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import serving

from .conftest import House, Open

SCHEME = UrlFormSignature("auth-token")
FORM = "MessageSid=SM1&From=%2B14155550132&Body=Hello&Tag=b&Tag=a&Tag=b&MediaUrl="
PUBLIC = "https://hooks.example.com/hooks/sms"


class Sms(Connector[Any]):
    @hookimpl
    def signature(self) -> Signature:
        return SCHEME

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        fields = request.form()
        sid = dict(fields)["MessageSid"]
        said = "&".join(f"{name}={value}" for name, value in fields)
        return [Event(id=sid, person=Person(id="1"), text=said)]


async def post(
    house: House, query: str = "", *, signed_for: str = PUBLIC, **headers: str
) -> httpx.Response:
    """Deliver the form, signed for a URL as the source knows it."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = WebhookRequest(url=signed_for, headers=form, body=FORM.encode())
    signed = dict(SCHEME.sign(request, 0).headers)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.http.post(
        f"/hooks/sms{query}", content=FORM.encode(), headers={**signed, **named}
    )


async def test_the_public_url_is_what_is_signed(open_house: Open) -> None:
    async with open_house(url=PUBLIC, more={"sms": Sms}) as house:
        assert (await post(house)).status_code == 200
        assert (await post(house, signed_for="http://gateway/hooks/sms")).status_code == 401


@pytest.mark.parametrize(
    "query",
    ["?a=1", "?a=1&a=2&b=", "?b=2&a=1", "?empty", f"?name={quote('Dana Reyes ☺')}", "?x=%2B+%20"],
)
async def test_the_query_is_part_of_it_letter_by_letter(open_house: Open, query: str) -> None:
    async with open_house(url=PUBLIC, more={"sms": Sms}) as house:
        assert (await post(house, query, signed_for=PUBLIC + query)).status_code == 200
        assert (await post(house, query)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_proto": "https", "x_forwarded_host": "elsewhere.example"},
        {"x_forwarded_for": "203.0.113.9", "forwarded": "for=203.0.113.9;host=a;proto=http"},
        {"host": "elsewhere.example", "x_original_url": "/hooks/other"},
    ],
)
async def test_what_a_proxy_says_changes_nothing(open_house: Open, headers: dict[str, str]) -> None:
    async with open_house(url=PUBLIC, more={"sms": Sms}) as house:
        bound = listen("127.0.0.1", 0)
        async with serving(house.gateway, bound) as url, httpx.AsyncClient(base_url=url) as http:
            house.http, ours = http, house.http
            assert (await post(house, **headers)).status_code == 200
            await ours.aclose()
        assert await house.states() == ["pending"]


async def test_without_a_public_url_it_is_guessed_from_the_host(open_house: Open) -> None:
    async with open_house(more={"sms": Sms}) as house:
        called = "http://127.0.0.1:8080/hooks/sms?a=1"

        assert (
            await post(house, "?a=1", signed_for=called, host="127.0.0.1:8080")
        ).status_code == 200
        assert (await post(house, "?a=1", signed_for=called)).status_code == 401


async def test_repeated_and_blank_fields_of_a_form_arrive(open_house: Open) -> None:
    async with open_house(url=PUBLIC, more={"sms": Sms}) as house:
        await post(house)
        [record] = await house.records()
        from inboxbridge.journal import reads

        body = await house.journal.read(reads.event_body, record.id)

    assert body is not None
    text = Event.model_validate_json(body).text
    assert text.endswith("Body=Hello&Tag=b&Tag=a&Tag=b&MediaUrl=")
