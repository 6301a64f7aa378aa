"""No secret, email address, phone number or message text in a log line or in a reason."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from harness import SandboxServer, contact, tables
from inboxbridge import WebhookRequest
from inboxbridge.config import config_from
from inboxbridge.journal import reads
from inboxbridge.journal.schema import attempts, events, sites
from inboxbridge.plugins.runner import HookRunner
from inboxbridge.runtime import Runtime, running
from inboxbridge.signing import HmacSignature
from inboxbridge.telemetry.logs import configure_logs
from site_packages import HEAD, importable, package
from sqlalchemy import select

pytestmark = pytest.mark.slow

EMAIL = "quetzal.canary@example.com"
PHONE = "+14155550199"
TEXT = "zanzibar marmalade at midnight"
NAME = "Peregrine Featherstonehaugh"
TOKEN = "tok-canary-7f3a9"
SECRET = "sec-canary-91bd2"
API_KEY = "key-canary-55e1c"
CANARIES = (EMAIL, PHONE, PHONE[1:], TEXT, NAME, TOKEN, SECRET, API_KEY, "marmalade", "quetzal")

FAILING = HEAD + (
    "class connector(Open):\n"
    "    @hookimpl\n"
    "    def {hook}(self, {argument}): raise {error}(f'no sense in {{{what}}}')\n"
)
PACKAGES = {
    "in-parse": FAILING.format(
        hook="parse_event", argument="request", error="KeyError", what="request.body!r"
    ),
    "in-malformed": HEAD + (
        "class connector(Open):\n"
        "    @hookimpl\n"
        "    def signature(self): return SharedToken('tok-canary-7f3a9', header='X-Token')\n"
        "    @hookimpl\n"
        "    def parse_event(self, request):\n"
        "        raise MalformedBody(f'what is {request.json()[\"text\"]}')\n"
    ),
    "in-answer": FAILING.format(
        hook="answer", argument="request", error="ValueError", what="request.body!r"
    ),
    "in-message": FAILING.format(
        hook="to_wix_message", argument="event", error="MalformedBody", what="event"
    ),
    "in-badge": FAILING.format(hook="badge", argument="event", error="ValueError", what="event"),
    "in-enrich": HEAD + (
        "class connector(Open):\n"
        "    @hookimpl\n"
        "    async def enrich(self, event, http): raise ValueError(f'no sense in {event}')\n"
    ),
    "in-signature": HEAD + (
        "class Needs(ConnectorSettings):\n    secret: Secret\n"
        "class connector(Open):\n"
        "    Settings = Needs\n"
        "    @hookimpl\n"
        "    def signature(self): raise ValueError(self.settings.secret.get_secret_value())\n"
    ),
    "in-verify": HEAD + (
        "class Own(Signature):\n"
        "    def verify(self, request, now): raise ValueError(request.body.decode())\n"
        "    def sign(self, request, now): return request\n"
        "class connector(Open):\n"
        "    @hookimpl\n"
        "    def signature(self): return Own()\n"
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        "inboxbridge.plugins.loading.HookRunner", functools.partial(HookRunner, limit_seconds=2)
    )
    monkeypatch.setattr("inboxbridge.plugins.loop.LIMIT_SECONDS", 1.5)
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def document(tmp_path: Path, url: str) -> dict[str, Any]:
    found = tables(f"sqlite:///{tmp_path / 'journal.db'}", url, max_age_seconds=1.0)
    found["sites"]["site0"]["api_key"] = API_KEY
    common = {"site": "site0"}
    found["connectors"] |= {
        "signed": {**common, "plugin": "webhook", "secret": SECRET},
        "parks": {**common, "plugin": "webhook", "signature": "none", "unmatched": "park"},
        "drops": {**common, "plugin": "webhook", "signature": "none", "unmatched": "drop"},
        **{name: dict(common) for name in PACKAGES},
    }
    found["connectors"]["in-signature"]["secret"] = SECRET
    return found


def said(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "email": EMAIL, "phone": PHONE, "name": NAME, "text": TEXT, **more}


async def everything_goes_wrong(runtime: Runtime) -> None:
    async with httpx.AsyncClient(base_url=str(runtime.url)) as http:

        async def post(name: str, body: Any = None, **headers: str) -> int:
            answer = await http.post(
                f"/hooks/{name}?token={TOKEN}", json=body or said(name), headers=headers
            )
            return answer.status_code

        assert await post("shop0") == 200
        assert await post("shop0") == 200
        assert await post("shop0", said("nobody", email=None, phone=None, external_id="u1")) == 200
        assert await post("shop0", {"text": TEXT, "id": 5, "email": [EMAIL]}) == 400
        for name in ("parks", "drops"):
            assert await post(name, said(name, email=f"x{EMAIL}", phone=None)) == 200
        assert await post("signed", **{"X-Hub-Signature-256": SECRET}) == 401
        body = f'{{"text": "{TEXT}"'.encode()
        scheme = HmacSignature(SECRET, header="X-Hub-Signature-256", prefix="sha256=")
        genuine = scheme.sign(WebhookRequest(body=body), time.time()).headers
        unreadable = await http.post("/hooks/signed", content=body, headers=dict(genuine))
        assert unreadable.status_code == 200
        for name in ("in-parse", "in-answer", "in-message", "in-badge", "in-enrich"):
            assert await post(name) == 200
        assert await post("in-malformed", **{"X-Token": TOKEN}) == 200
        assert await post("in-malformed", **{"X-Token": "x" + TOKEN}) == 401
        assert await post("in-verify") == 401
        assert await post("in-signature") == 503
        assert await post(f"made-up-{TOKEN}") == 401
    await _settled(runtime)


class QuotingWix(httpx.AsyncHTTPTransport):
    """The sandbox, but for a refusal that quotes what it was sent."""

    quoting = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not (self.quoting and request.url.path == "/inbox/v2/messages"):
            return await super().handle_async_request(request)
        sent = json.loads(request.content)["message"]["content"]["basic"]["items"][0]["text"]
        violation = {
            "field": "message.content.basic.items[0].text",
            "description": f"must not be {sent}",
            "violatedRule": "OTHER",
            "data": {"value": sent, "of": EMAIL},
        }
        details = {"validationError": {"fieldViolations": [violation]}}
        return httpx.Response(400, json={"message": f"{sent} of {EMAIL}", "details": details})


async def wix_goes_wrong(runtime: Runtime, sandbox: SandboxServer, wix: QuotingWix) -> None:
    async with httpx.AsyncClient(base_url=str(runtime.url)) as http:
        sandbox.faults(p_500=1.0)
        assert (await http.post("/hooks/shop0", json=said("failing"))).status_code == 200
        await _settled(runtime)
        sandbox.faults(p_500=0.0)
        wix.quoting = True
        assert (await http.post("/hooks/shop0", json=said("refused"))).status_code == 200
        await _settled(runtime)
        await runtime.journal.writer.close()
        assert (await http.post("/hooks/shop0", json=said("lost"))).status_code == 503
        assert (await http.get("/readyz")).status_code == 503


async def _settled(runtime: Runtime) -> None:
    deadline = time.monotonic() + 30
    while True:
        found = await runtime.journal.read(reads.list_events, limit=500)
        if not any(one.state in ("pending", "retrying") for one in found):
            return
        assert time.monotonic() < deadline, [(one.connection, one.reason) for one in found]
        await asyncio.sleep(0.02)


def _reasons(connection: Any) -> list[str]:
    columns = (events.c.reason, attempts.c.detail, attempts.c.outcome, sites.c.reason)
    return [
        str(text) for column in columns for text in connection.execute(select(column)).scalars()
    ]


@pytest.mark.parametrize("style", ["json", "console"])
async def test_whatever_happens_nothing_of_a_person_or_a_secret_is_said(
    tmp_path: Path, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    folder = tmp_path / "packages"
    folder.mkdir()
    for name, code in PACKAGES.items():
        package(folder, name, code)
    sandbox.seed(contact(1, emails={"items": [{"email": EMAIL}]}))
    configure_logs(style, logging.DEBUG)
    wix = QuotingWix()

    with importable(folder) as available:
        config = config_from(document(tmp_path, sandbox.url), environ={})
        async with running(
            config, available=available, poll_seconds=0.1, transport=lambda site: wix
        ) as runtime:
            await everything_goes_wrong(runtime)
            await wix_goes_wrong(runtime, sandbox, wix)
            reasons = await runtime.journal.read(_reasons)
            broken = [one.reason for one in runtime.broken]
            found = await runtime.journal.read(reads.list_events, limit=500)
    logging.getLogger("asyncio").error("a task failed\nwith %s", TEXT, exc_info=ValueError(TEXT))
    structlog.get_logger().error("failed", reason=f"of {EMAIL}", exc_info=ValueError(TEXT))

    lines = written.getvalue().splitlines()
    told = [*lines, *reasons, *broken]
    assert [line for line in told if any(canary in line for canary in CANARIES)] == []
    states = {one.connection: one.state for one in reversed(found)}
    assert states == states | {
        "parks": "parked",
        "drops": "ignored",
        "signed": "unreadable",
        "in-parse": "unreadable",
        "in-malformed": "unreadable",
        "in-answer": "delivered",
        "in-message": "dead",
        "in-badge": "dead",
        "in-enrich": "dead",
    }
    by_key = {one.source_id: one.state for one in found if one.connection == "shop0"}
    assert [by_key[key] for key in ("shop0", "failing", "refused")] == [
        "delivered",
        "parked",
        "dead",
    ]
    for word in ("stored", "refused", "unreadable", "parked", "dead", "retrying", "not_stored"):
        assert any(word in line for line in lines), word
    assert any("a task failed" in line for line in lines)
    assert any("ValueError" in line for line in lines)
