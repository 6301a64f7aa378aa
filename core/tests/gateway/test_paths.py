"""One connection is found however its path is spelt, and what is refused is told in the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog
from inboxbridge import HmacSignature, Signature, WebhookRequest, hookimpl
from inboxbridge.errors import ConfigError
from inboxbridge.gateway import Gateway
from inboxbridge.gateway.refusals import LINES, Refusals
from inboxbridge.gateway.routing import Routes
from inboxbridge.journal import Journal, JournalUnavailable, open_engine
from inboxbridge.journal.database import unavailable
from inboxbridge.journal.shown import shown
from inboxbridge.telemetry.reporter import Reporter

from .conftest import NOW, SCHEME, Open, Shop, connection

SAID = {"id": "e1", "email": "dana@example.com", "text": "Is Saturday free?"}
BASE = "https://example.com/bridge"
URL_SCHEME = HmacSignature("s3cret", header="X-Signature", content="{url}{body}")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The log's lines about what was refused."""
    monkeypatch.setattr(structlog, "get_logger", structlog.get_logger)
    captured = structlog.testing.LogCapture()
    structlog.configure(processors=[captured])
    return lambda: [line for line in captured.entries if line["event"] == "refused"]


class Signing(Shop):
    """Signs the URL that it calls."""

    @hookimpl
    def signature(self) -> Signature:
        return URL_SCHEME


@pytest.mark.parametrize("path", ["/hooks/shop", "/hooks/shop/", "//hooks/shop", "//hooks//shop//"])
async def test_a_slash_more_is_the_same_connection(open_house: Open, path: str) -> None:
    async with open_house() as house:
        answer = await _signed(house.http, path)

        assert answer.status_code == 200
        assert await house.states() == ["pending"]


@pytest.mark.parametrize("path", ["/hooks/shop", "/bridge/hooks/shop", "/bridge//hooks/shop/"])
async def test_the_public_path_may_be_stripped_or_passed_on(open_house: Open, path: str) -> None:
    async with open_house(url=f"{BASE}/hooks/shop", public_url=BASE) as house:
        assert (await _signed(house.http, path)).status_code == 200
        assert await house.states() == ["pending"]


async def test_health_is_found_below_the_public_path(open_house: Open) -> None:
    async with open_house(public_url=BASE) as house:
        for page in ("/healthz", "/readyz", "/metrics"):
            assert (await house.http.get(page)).status_code == 200
            assert (await house.http.get(f"/bridge{page}")).status_code == 200


def test_a_public_url_of_a_connection_itself_may_be_passed_on() -> None:
    routes = Routes({"sms": "https://sms.example.com/in", "shop": f"{BASE}/hooks/shop"}, BASE)

    assert routes.hook("/in") == routes.hook("/in/") == routes.hook("/hooks/sms") == "sms"
    assert routes.hook("/inn") is None


def test_one_public_url_for_two_connections_finds_neither() -> None:
    both = "https://sms.example.com/in"

    assert Routes({"sms": both, "phone": both}, None).hook("/in") is None


@pytest.mark.parametrize(
    ("url", "called", "path"),
    [
        (f"{BASE}/hooks/shop", f"{BASE}/hooks/shop", "/hooks/shop"),
        (f"{BASE}/hooks/shop", f"{BASE}/hooks/shop/", "/hooks/shop/"),
        (f"{BASE}/hooks/shop", f"{BASE}//hooks/shop", "//hooks/shop"),
        (f"{BASE}/hooks/shop", f"{BASE}/hooks/shop/", "/bridge/hooks/shop/"),
        (f"{BASE}/hooks/shop", f"{BASE}//hooks/shop", "/bridge//hooks/shop"),
        ("https://sms.example.com/in/", "https://sms.example.com/in/", "/hooks/shop"),
    ],
)
async def test_a_signed_url_is_the_one_that_was_called(
    open_house: Open, url: str, called: str, path: str
) -> None:
    body = json.dumps(SAID).encode()
    signed = URL_SCHEME.sign(WebhookRequest(url=f"{called}?a=1", body=body), NOW)
    async with open_house(url=url, public_url=BASE, more={"shop": Signing}) as house:
        right, wrong = [
            await house.http.post(_at(f"{path}?a={a}"), content=body, headers=dict(signed.headers))
            for a in (1, 2)
        ]

    assert (right.status_code, wrong.status_code) == (200, 401)


def test_a_path_below_a_public_path_that_is_itself_called_hooks() -> None:
    routes = Routes({"shop": "https://example.com/hooks/hooks/shop"}, "https://example.com/hooks")

    assert routes.hook("/hooks/shop") == "shop"
    assert routes.hook("/hooks/hooks/shop") == "shop"
    assert routes.hook("/hooks/other") == "other"
    assert routes.hook("/healthz") is None


async def test_every_refusal_is_told_with_its_reason(open_house: Open, refused: Lines) -> None:
    async with open_house(disabled=frozenset({"old"}), max_body_bytes=200) as house:
        await house.http.post("/hooks/shpo", json=SAID)
        await house.http.post("/hooks/old", json=SAID)
        await house.http.post("/hooks/shop", json=SAID)
        await house.http.put("/hooks/shop")
        await house.http.post("/hooks/shop", content=b"x" * 201)
        await house.http.post("/hooks/open", content=b"no JSON")
        await house.http.get("/hook/shop")
        await house.http.post("/hook/shop")

    told = [(one["connection"], one["status"], one.get("path"), one["reason"]) for one in refused()]
    assert told[:3] == [
        (None, 401, "/hooks/shpo", "no connection has this name; meant is perhaps shop"),
        (None, 401, "/hooks/old", "the connection old is switched off (enabled = false)"),
        ("shop", 401, None, told[2][3]),
    ]
    assert [one[:3] for one in told[3:]] == [
        ("shop", 405, None),
        ("shop", 413, None),
        ("open", 400, None),
        (None, 404, "/hook/shop"),
        (None, 405, "/hook/shop"),
    ]
    assert all(one[3] for one in told)


async def test_a_flood_of_refusals_is_counted_rather_than_written(refused: Lines) -> None:
    refusals = Refusals(span_seconds=0.05)
    for number in range(500):
        refusals.log("", 401, "no connection has this name", f"/hooks/{number}")
        refusals.log("shop", 401, "the signature is wrong")
    assert len(refused()) == 2 * LINES

    async with asyncio.timeout(5):
        while len(refused()) < 2 * LINES + 2:
            await asyncio.sleep(0.01)

    assert [one["suppressed"] for one in refused()[-2:]] == [500 - LINES] * 2
    refusals.log("shop", 401, "the signature is wrong")
    assert refused()[-1]["reason"] == "the signature is wrong"
    refusals.close()


async def test_what_was_not_written_is_told_at_the_end(refused: Lines) -> None:
    refusals = Refusals()
    for _ in range(LINES + 3):
        refusals.log("shop", 401, "the signature is wrong")
    refusals.close()

    assert refused()[-1]["suppressed"] == 3


class Large(Shop):
    max_body_bytes = 3_000_000


@pytest.mark.parametrize(
    ("name", "size", "setting", "status"),
    [
        ("large", 2_999_000, None, 401),
        ("large", 3_000_001, None, 413),
        ("shop", 1024 * 1024, None, 401),
        ("shop", 1024 * 1024 + 1, None, 413),
        ("large", 2000, 1000, 413),
        ("shop", 2 * 1024 * 1024, 3_000_000, 401),
        ("unknown", 1024 * 1024 + 1, None, 413),
    ],
)
async def test_the_largest_body_is_what_the_connector_declares_unless_it_is_set(
    open_house: Open, name: str, size: int, setting: int | None, status: int
) -> None:
    async with open_house(max_body_bytes=setting, more={"large": Large}) as house:
        answer = await house.http.post(f"/hooks/{name}", content=b"x" * size)

    assert answer.status_code == status


UNREADABLE = b"{'id': 1"


async def test_one_unreadable_body_under_many_queries_is_kept_once(open_house: Open) -> None:
    async with open_house(url=f"{BASE}/hooks/shop", public_url=BASE) as house:
        for number in range(5):
            assert (await _signed(house.http, f"/hooks/shop?x={number}", UNREADABLE)).is_success
        assert (await _signed(house.http, "/hooks/shop/", UNREADABLE)).is_success
        assert await house.states() == ["unreadable"]
        assert (await _signed(house.http, "/hooks/shop", UNREADABLE + b" ")).is_success
        assert await house.states() == ["unreadable"] * 2


async def test_unreadable_bodies_whose_signed_urls_differ_are_kept_each(open_house: Open) -> None:
    url = f"{BASE}/hooks/shop"
    async with open_house(url=url, more={"shop": Signing}) as house:
        for query in ("a=1", "a=2", "a=1"):
            called = WebhookRequest(url=f"{url}?{query}", body=UNREADABLE)
            headers = dict(URL_SCHEME.sign(called, NOW).headers)
            path = f"/hooks/shop?{query}"
            answer = await house.http.post(path, content=UNREADABLE, headers=headers)
            assert answer.status_code == 200
        assert await house.states() == ["unreadable"] * 2


class Broken(Journal):
    def __init__(self, told: JournalUnavailable) -> None:
        self.told = told

    async def check_writable(self) -> None:
        raise self.told


@pytest.mark.parametrize(
    ("said", "bare"),
    [
        (
            'connection to "10.1.2.3" failed: FATAL: password authentication failed for "dana"',
            "the journal cannot be used: password authentication",
        ),
        ("database or disk is full", "the journal cannot be used: disk is full"),
        ("could not translate host name db.internal", "the journal cannot be used"),
    ],
)
async def test_the_words_of_a_broken_journal_are_not_for_everybody(said: str, bare: str) -> None:
    engine = open_engine("postgresql://dana:s3cret@db.internal:1/orders?password=hidden")
    broken = Broken(unavailable(OSError(said), engine))
    gateway = Gateway({"shop": connection("shop", Shop)}, broken, Reporter(), now=lambda: NOW)
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answer = await http.get("/readyz")

    assert (answer.status_code, answer.text) == (503, f"{bare}\n")


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("postgresql://dana:s3cret@db/orders", "s3cret"),
        ("postgresql://dana:s3cret%40x@db/orders", "s3cret@x"),
        ("postgresql://dana:s3cret%40x@db/orders", "s3cret%40x"),
        ("postgresql://dana:x@s3cret@db/orders", "s3cret@db"),
        ("postgresql://db/orders?user=dana&password=s3cret", "s3cret"),
        ("postgresql://db/orders?password=a&password=s3cret", "s3cret"),
        ("postgresql://db/orders?sslpassword=s3cret", "s3cret"),
        ("postgresql:///orders?host=db&password=s3cret", "s3cret"),
    ],
)
def test_a_password_is_hidden_in_every_form_of_the_url(url: str, quoted: str) -> None:
    engine = open_engine(url)
    told = unavailable(OSError(f"cannot use {quoted}"), engine)

    assert "s3cret" not in shown(engine.url)
    assert "s3cret" not in str(told)
    assert "***" in str(told)


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as told:
        open_engine("postgresql://dana:s3cret@db:port/orders")

    assert "s3cret" not in str(told.value)
    assert told.value.__cause__ is None


async def _signed(http: httpx.AsyncClient, path: str, body: bytes = b"") -> httpx.Response:
    body = body or json.dumps(SAID).encode()
    signed = SCHEME.sign(WebhookRequest(body=body), NOW)
    return await http.post(_at(path), content=body, headers=dict(signed.headers))


def _at(path: str) -> str:
    """To the client a leading // would be a host."""
    return f"http://gateway{path}"
