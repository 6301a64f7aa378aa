"""What `try` says of a delivery is what the gateway does with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import EventRecord, WebhookRequest, hookimpl
from inboxbridge.cli.trial import attempt
from inboxbridge.errors import HookTimeout
from inboxbridge.gateway import Gateway
from inboxbridge.gateway.intake import Progress, Refused, Unreadable, cut_off, read
from inboxbridge.journal import Journal, reads
from inboxbridge.telemetry.reporter import Reporter

from .conftest import NOW, SCHEME, House, OpenShop, Shop, connection

SAID = {"id": "e1", "email": "dana@example.com", "text": "Is Saturday free?"}
NOT_JSON = b'{"text": "Is Saturday'
CLASSES = {"shop": Shop, "open": OpenShop}


def delivery(body: Any, *, signed_at: float | None = NOW, forged: bool = False) -> WebhookRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = WebhookRequest(
        url="http://gateway/hooks/shop", body=content, received_at=datetime.fromtimestamp(NOW, UTC)
    )
    if signed_at is not None:
        request = SCHEME.sign(request, signed_at)
    return request.replace(body=request.body + b" ") if forged else request


CASES = {
    "genuine": ("shop", delivery(SAID), 200, "pending", "deliver"),
    "not for the Inbox": ("shop", delivery({"type": "typing"}), 200, "ignored", "ignore"),
    "unsigned": ("shop", delivery(SAID, signed_at=None), 401, None, "reject"),
    "forged": ("shop", delivery(SAID, forged=True), 401, None, "reject"),
    "stale": ("shop", delivery(SAID, signed_at=NOW - 3600), 401, None, "reject"),
    "not JSON": ("shop", delivery(NOT_JSON), 200, "unreadable", "park"),
    "a field is missing": ("shop", delivery({"text": "no id"}), 200, "unreadable", "park"),
    "malformed and unsigned": ("open", delivery(NOT_JSON, signed_at=None), 400, None, "reject"),
    "open": ("open", delivery(SAID, signed_at=None), 200, "pending", "deliver"),
    "a handshake": (
        "shop",
        WebhookRequest(
            method="GET", url="http://gateway/hooks/shop?token=kept-token&challenge=c-7"
        ),
        200,
        None,
        "ignore",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_try_says_what_the_gateway_does(house: House, case: str) -> None:
    name, request, status, state, would = CASES[case]

    answer = await house.http.request(
        request.method,
        request.url.replace("/hooks/shop", f"/hooks/{name}"),
        content=request.body,
        headers=request.headers.pairs(),
    )
    trial = attempt(connection(name, CLASSES[name]), request, wire_form="current", unset=[])

    assert (answer.status_code, trial.would) == (status, would)
    records = await house.records()
    assert [record.state for record in records] == ([state] if state else [])
    assert trial.verified == (status != 401)
    events = [record.source_id for record in records if record.state == "pending"]
    assert [event["id"] for event in trial.events] == events or status == 401
    for record in records:
        if record.reason:
            assert record.reason in trial.reason


TIMEOUT = HookTimeout("a hook took too long")


def test_a_connector_that_is_cut_off_before_anything_is_known_is_verified_all_the_same() -> None:
    shop = connection("shop", Shop)

    genuine = cut_off(shop, delivery(SAID), NOW, Progress(), TIMEOUT)
    forged = cut_off(shop, delivery(SAID, forged=True), NOW, Progress(), TIMEOUT)

    assert isinstance(genuine, Unreadable)
    assert genuine.kept is None
    assert isinstance(forged, Refused)


def test_what_was_read_before_a_connector_was_cut_off_counts() -> None:
    shop, request, progress = connection("shop", Shop), delivery(SAID), Progress()
    whole = read(shop, request, NOW, progress)

    assert cut_off(shop, request, NOW, progress, TIMEOUT) == whole
    assert progress.faults == [TIMEOUT]


async def test_what_an_observer_hears_of_a_stored_event_is_what_the_journal_reads_back(
    tmp_path: Path,
) -> None:
    heard: list[EventRecord] = []

    class Observer:
        @hookimpl
        def event_stored(self, record: EventRecord) -> None:
            heard.append(record)

    shop = connection("shop", Shop)
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    gateway = Gateway({"shop": shop}, journal, Reporter([Observer()]), now=lambda: NOW)
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        request = delivery(SAID)
        await http.post("/hooks/shop", content=request.body, headers=request.headers.pairs())

    assert heard == await journal.read(reads.list_events)
    shop.runner.close()
    await journal.close()
