"""Every way in which a delivery can be wrong has the one answer that is promised for it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import WebhookRequest
from inboxbridge.gateway import Gateway
from inboxbridge.gateway.listening import address, listen
from inboxbridge.gateway.server import serving
from inboxbridge.journal import Accepted, JournalUnavailable, reads
from inboxbridge.telemetry.reporter import Reporter

from .conftest import NOW, SCHEME, TWIML, House, Open, OpenShop, Shop, connection

SAID = {"id": "e1", "email": "dana@example.com", "text": "Is Saturday free?"}


async def test_a_genuine_delivery_is_stored_and_answered_as_the_connector_says(
    house: House,
) -> None:
    answer = await house.deliver(SAID)

    assert (answer.status_code, answer.text) == (200, TWIML)
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["x-shop"] == "thanks"
    [record] = await house.records()
    assert (record.connection, record.source_id, record.state) == ("shop", "e1", "pending")


async def test_a_repeated_delivery_is_answered_alike_and_stored_once(house: House) -> None:
    first = await house.deliver(SAID)
    again = await house.deliver(SAID)

    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert await house.states() == ["pending"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Shop-Signature": "0" * 64},
        {"X-Shop-Signature": "0" * 64, "X-Shop-Time": str(int(NOW))},
        {"X-Shop-Signature": "", "X-Shop-Time": ""},
        {"X-Shop-Signature": "é", "X-Shop-Time": "é"},
    ],
)
async def test_a_delivery_without_a_right_signature_is_refused(
    house: House, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await house.http.post("/hooks/shop", json=SAID, headers=raw)

    assert answer.status_code == 401
    assert await house.states() == []


@pytest.mark.parametrize("seconds_off", [-301, 301, 86400])
async def test_a_signature_outside_the_time_window_is_refused(
    house: House, seconds_off: float
) -> None:
    assert (await house.deliver(SAID, at=NOW - seconds_off)).status_code == 401
    assert await house.states() == []


async def test_a_changed_body_is_refused(house: House) -> None:
    signed = SCHEME.sign(WebhookRequest(body=json.dumps(SAID).encode()), NOW)
    changed = json.dumps({**SAID, "text": "Is Sunday free?"}).encode()

    answer = await house.http.post("/hooks/shop", content=changed, headers=dict(signed.headers))

    assert answer.status_code == 401


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", "\x7f;;;"])
async def test_the_content_type_is_not_what_decides(house: House, content_type: str) -> None:
    assert (await house.deliver(SAID, content_type=content_type)).status_code == 200
    assert await house.states() == ["pending"]


UNREADABLE = {
    "not JSON": b"{'id': 1",
    "empty": b"",
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "too deep": b'{"id":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deeper than Python reads": b"[" * 200_000,
    "another shape": b'["id"]',
    "a missing field": b'{"text": "Is Saturday free?"}',
    "not a number": b'{"id": NaN}',
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_genuine_delivery_that_cannot_be_read_is_kept_whole(
    house: House, name: str
) -> None:
    body = UNREADABLE[name]

    answers = [await house.deliver(body) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    [record] = await house.records()
    assert record.state == "unreadable"
    assert record.reason
    kept = await house.journal.read(reads.raw_delivery, record.id)
    assert kept is not None
    assert kept.request.body == body
    assert "x-shop-signature" not in kept.request.headers


@pytest.mark.parametrize("name", sorted(UNREADABLE.keys() - {"a missing field"}))
async def test_where_nothing_is_verified_an_unreadable_body_is_malformed(
    house: House, name: str
) -> None:
    answer = await house.http.post("/hooks/open", content=UNREADABLE[name])

    assert answer.status_code == 400
    assert await house.states() == []


async def test_a_kind_of_event_that_is_not_known_is_ignored(house: House) -> None:
    answer = await house.deliver({"id": "e1", "type": "order.shipped"})

    assert answer.status_code == 200
    [record] = await house.records()
    assert record.state == "ignored"
    assert await house.journal.read(reads.raw_delivery, record.id) is None


async def test_a_body_over_the_limit_is_refused(house: House) -> None:
    answer = await house.deliver({**SAID, "text": "x" * (2 * 1024 * 1024)})

    assert answer.status_code == 413
    assert await house.states() == []


async def test_the_largest_body_that_is_allowed_is_taken(open_house: Open) -> None:
    body = json.dumps(SAID).encode()
    async with open_house(max_body_bytes=len(body)) as house:
        assert (await house.deliver(body)).status_code == 200
        assert (await house.deliver(body + b" ")).status_code == 413


async def test_an_endless_chunked_body_is_refused_never_cut(open_house: Open) -> None:
    """A body cut at the limit would be a shorter body, and might even be valid."""
    async with open_house(max_body_bytes=64 * 1024) as house:
        bound = listen("127.0.0.1", 0)
        async with serving(house.gateway, bound):
            status = await _endless(bound.getsockname()[1], "/hooks/open")

        assert status == 413
        assert await house.states() == []


async def _endless(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())

    async def write() -> None:
        while True:
            writer.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
            await writer.drain()

    writing = asyncio.create_task(write())
    try:
        async with asyncio.timeout(10):
            line = await reader.readline()
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        writer.close()
    return int(line.split()[1])


async def test_a_body_that_does_not_come_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inboxbridge.gateway.app.READ_SECONDS", 0.05)

    assert await _with_receive(house, "POST", [b'{"id": ']) == 408
    assert await house.states() == []


async def _with_receive(house: House, method: str, parts: list[bytes], *, ends: str = "") -> int:
    """The status of a request whose body comes in *parts* and then stops, or ends with *ends*."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if ends:
        waiting.append({"type": ends})
    statuses: list[int] = []

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": method, "path": "/hooks/open", "headers": []}
    await house.gateway(scope, receive, send)
    return statuses[0] if statuses else 0


async def test_of_a_source_that_goes_away_half_way_nothing_is_taken(house: House) -> None:
    whole = json.dumps(SAID).encode()

    status = await _with_receive(house, "POST", [whole], ends="http.disconnect")

    assert status == 0
    assert await house.states() == []


async def test_a_right_handshake_is_answered_before_any_signature(house: House) -> None:
    answer = await house.http.get("/hooks/shop?token=kept-token&challenge=1158201444")

    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert await house.states() == []


@pytest.mark.parametrize("query", ["", "?token=wrong&challenge=1", "?token=kept-token"])
async def test_a_wrong_handshake_is_refused(house: House, query: str) -> None:
    assert (await house.http.get(f"/hooks/shop{query}")).status_code == 401


async def test_a_handshake_is_not_taken_by_a_method_that_it_is_not_for(house: House) -> None:
    answer = await house.http.post("/hooks/shop?token=kept-token&challenge=1")

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["", "other", "shop/", "Shop", "shop%00", "../healthz", "wix"])
async def test_a_path_that_names_no_connection_is_refused_like_a_bad_signature(
    house: House, path: str
) -> None:
    unknown = await house.http.post(f"/hooks/{path}", json=SAID)
    unsigned = await house.http.post("/hooks/shop", json=SAID)

    if unknown.request.url.path.startswith("/hooks/"):
        assert (unknown.status_code, unknown.text) == (401, unsigned.text)


async def test_a_connection_that_is_broken_asks_its_source_to_come_again(open_house: Open) -> None:
    async with open_house(broken=frozenset({"ill"})) as house:
        answer = await house.http.post("/hooks/ill", json=SAID)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/hooks/shop", "/hooks/nobody", "/healthz", "/readyz"])
async def test_head_is_answered(house: House, path: str) -> None:
    assert (await house.http.head(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/hooks/shop", "GET, POST, HEAD"), ("/hooks/nobody", "GET, POST, HEAD")]
    + [(path, "GET, HEAD") for path in ("/healthz", "/readyz", "/metrics", "/")],
)
async def test_another_method_is_told_which_are_allowed(
    house: House, path: str, allowed: str
) -> None:
    answer = await house.http.request("DELETE", path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_elsewhere_there_is_nothing(house: House) -> None:
    assert (await house.http.get("/")).status_code == 404
    assert (await house.http.get("/hooks")).status_code == 404


METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
NAMES = st.one_of(st.sampled_from(["shop", "open", "wix", "ill", ""]), st.text(max_size=20))


class FullJournal:
    """Takes nothing."""

    async def accept(self, accepted: Accepted) -> list[int | None]:
        raise JournalUnavailable("the disk is full")


@settings(max_examples=300, deadline=None)
@given(method=METHODS, name=NAMES, query=st.text(max_size=20), body=st.binary(max_size=60))
def test_no_answer_below_hooks_makes_a_source_unsubscribe(
    method: str, name: str, query: str, body: bytes
) -> None:
    """Providers take 404, 403, 406 and 410 for good and never call again."""
    connections = {
        name: connection(name, cls) for name, cls in {"shop": Shop, "open": OpenShop}.items()
    }
    journal: Any = FullJournal()
    gateway = Gateway(
        connections, journal, Reporter(), broken=frozenset({"ill"}), max_body_bytes=40
    )
    scope = {
        "type": "http",
        "method": method,
        "path": f"/hooks/{name}",
        "query_string": query.encode(),
        "headers": [(b"host", b"gateway")],
    }

    status = asyncio.run(_status(gateway, scope, body))

    for one in connections.values():
        one.runner.close()
    assert status in (200, 400, 401, 405, 413, 503)


async def _status(gateway: Gateway, scope: dict[str, Any], body: bytes) -> int:
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await gateway(scope, receive, send)
    return statuses[0]


async def test_without_a_journal_the_source_is_asked_to_come_again(house: House) -> None:
    await house.journal.close()

    answer = await house.deliver(SAID)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await house.http.get("/readyz")).status_code == 503
    assert (await house.http.get("/healthz")).status_code == 200


async def test_a_journal_that_cannot_be_written_is_said_to_be_so(
    house: House, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "journal.db", isolation_level=None) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON events "
                      "BEGIN SELECT RAISE(FAIL, 'disk is full'); END")  # fmt: skip
        assert (await house.deliver(SAID)).status_code == 503
        other.execute("DROP TRIGGER full")
    other.close()

    assert (await house.deliver(SAID)).status_code == 200
    assert await house.states() == ["pending"]


async def test_a_journal_that_hangs_is_not_waited_for_without_end(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("inboxbridge.gateway.app.STORE_SECONDS", 0.05)
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    answer = await house.deliver(SAID)
    readiness = await house.http.get("/readyz")
    other.execute("ROLLBACK")
    other.close()

    assert answer.status_code == readiness.status_code == 503


async def test_readiness_and_metrics(house: House) -> None:
    await house.deliver(SAID)

    assert (await house.http.get("/readyz")).text == "ready\n"
    metrics = (await house.http.get("/metrics")).text
    assert 'inboxbridge_deliveries_total{answer="stored",connection="shop"}' in metrics


async def test_names_that_somebody_made_up_do_not_fill_the_metrics(house: House) -> None:
    for number in range(20):
        await house.http.post(f"/hooks/made-up-{number}", json=SAID)
        await house.http.post(f"/hooks/made-up-{number}", content=b"x" * 1024 * 1024 * 2)

    assert "made-up" not in (await house.http.get("/metrics")).text


async def test_the_gateway_listens_on_ipv6(house: House) -> None:
    bound = listen("::1", 0)

    assert address(bound).startswith("http://[::1]:")
    async with serving(house.gateway, bound) as url, httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/readyz")).status_code == 200
