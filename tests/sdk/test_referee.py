"""Wix's own SDK is content with the sandbox: `scripts/sdk test`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import wix_sdk
from harness import SandboxServer
from inboxbridge_sandbox import SandboxOptions

VECTORS = Path(__file__).parent / "vectors"
pytestmark = pytest.mark.sdk

SITE = "4e600edc-db48-4260-9d04-7ea5c3e5fffd"
APP = "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10"
CONTACT = "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    server = SandboxServer(SandboxOptions(strict_urls=True))
    server.http.headers.update({"authorization": "api-key", "wix-site-id": SITE})
    emails = {"items": [{"email": "noa@example.com"}]}
    server.seed({"id": CONTACT, "info": {"name": {"first": "Noa"}, "emails": emails}})
    yield server
    server.close()


def asked(mode: str, **given: Any) -> Any:
    return json.loads(wix_sdk.node("referee.mjs", mode, given=given))


def test_every_call_that_we_make_is_answered_so_that_the_sdk_is_content(
    sandbox: SandboxServer,
) -> None:
    told = asked("calls", sandbox=sandbox.url, contact=CONTACT, email="dana@example.com")

    found, pages = told["found"], told["pages"]
    assert {name: each.get("text") for name, each in found.items() if not each["ok"]} == {}
    value = {name: each["value"] for name, each in found.items()}
    assert value["token"]["headers"]["Authorization"]
    made = value["create_contact"]["contact"]
    assert made["primaryInfo"] == {"email": "dana@example.com", "phone": "+14155550132"}
    assert value["get_contact"]["_id"] == CONTACT
    for name in ("query_by_email", "query_by_phone", "query_by_name"):
        assert [each["_id"] for each in value[name]["_items"]] == [made["_id"]], name
    assert len(value["query_by_emails"]["_items"]) == 2
    assert value["get_or_create_conversation"]["conversation"]["_id"]
    sent = [each["message"]["_id"] for name, each in value.items() if name.startswith("send_")]
    assert value["send_minimal"]["message"]["content"]["minimal"]["url"]
    for name in ("list_messages", "list_messages_sorted"):
        assert [each["_id"] for each in value[name]["messages"]] == sent[::-1], name
    assert pages == [sent[:2], sent[2:4], sent[4:]]
    stats = sandbox.http.get("/_sandbox/stats").json()
    assert stats["unknown_keys"] == {}
    conversations = sandbox.http.get("/_sandbox/conversations").json()["conversations"]
    # Of those after the reply, the silent one does not count.
    assert [each["unread"] for each in conversations] == [2]


def test_the_vectors_are_what_this_sdk_sends(tmp_path: Path) -> None:
    wix_sdk.node("record.mjs", str(tmp_path))

    recorded = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert recorded == {path.name: path.read_text() for path in VECTORS.iterdir()}


def test_the_sdk_reads_every_refusal(sandbox: SandboxServer) -> None:
    found = asked("refusals", sandbox=sandbox.url, contact=CONTACT, taken="noa@example.com")

    assert {name: each["ok"] or each["code"] for name, each in found.items()} == {
        "duplicate_contact": "DUPLICATE_CONTACT_EXISTS",
        "empty_contact": "INSUFFICIENT_CONTACT_DATA",
        "unknown_contact": "CONTACT_NOT_FOUND",
        "unknown_field": "UNSUPPORTED_FILTER_FIELD_UNKNOWN",
        "unknown_conversation": "CONVERSATION_NOT_FOUND",
        "two_badges": None,
        "longest_text": True,
        "longer_text": None,
        "longer_preview": None,
        "largest_page": True,
        "larger_page": None,
    }
    for name, field in (
        ("two_badges", "message.badges"),
        ("longer_text", "message.content.basic.items[0].text"),
        ("longer_preview", "message.content.previewText"),
        ("larger_page", "paging.limit"),
    ):
        assert field in found[name]["text"]


def test_what_the_sandbox_signs_is_verified_and_handed_to_its_handler() -> None:
    tokens: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        tokens.append(request.content.decode())
        return httpx.Response(200)

    sandbox = SandboxServer(SandboxOptions(webhook_transport=httpx.MockTransport(take)))
    try:
        http = sandbox.http
        http.headers.update({"authorization": "api-key", "wix-site-id": SITE})
        target = {"url": "http://127.0.0.1:9/wix", "appId": APP}
        key = http.post("/_sandbox/webhooks", json=target).json()["public_key"]
        ids = [
            http.post("/contacts/v4/contacts", json={"info": {"name": {"first": name}}}).json()[
                "contact"
            ]["id"]
            for name in ("Dana", "Noa")
        ]
        for contact_id in ids:
            participant = {"participantId": {"contactId": contact_id}}
            made = http.post("/inbox/v2/conversations", json=participant)
            said = {"conversationId": made.json()["conversation"]["id"], "text": "Hello"}
            http.post("/_sandbox/visitor-messages", json=said).raise_for_status()
        merge = {"targetContactId": ids[0], "sourceContactIds": ids[1:]}
        http.post("/_sandbox/merge", json=merge).raise_for_status()
        http.post("/_sandbox/webhooks/deliver").raise_for_status()
    finally:
        sandbox.close()

    told = asked("webhooks", sandbox=sandbox.url, public_key=key, tokens=tokens)

    assert [each for each in told["results"] if not each["ok"]] == []
    kinds = [name for name, _ in told["seen"]]
    assert sorted(kinds) == sorted(
        ["created"] * 2
        + ["message_sent_to_business"] * 2
        + ["merged", "updated", "deleted", "conversations_merged"]
    )
    assert all(entity for _, entity in told["seen"])
    assert told["forged"]["ok"] is False
