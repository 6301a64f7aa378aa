"""``inboxbridge try``."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from inboxbridge.errors import ConfigError

KEYS = ["verified", "events", "requests", "would", "reason"]
ORDER = {"id": "order-1001", "email": "dana@example.com", "name": "Dana Reyes", "text": "Free?"}
EXTRA = """
[connectors.extra]
plugin = "webhook"
signature = "none"
"""


def add_connection(workspace: Any, lines: str) -> None:
    workspace.config.write_text(workspace.config.read_text() + EXTRA + lines + "\n")


def signed(body: Path, secret: str = "the-shop-secret") -> str:
    made = hmac.new(secret.encode(), body.read_bytes(), hashlib.sha256).hexdigest()
    return f"X-Hub-Signature-256: sha256={made}"


def test_a_genuine_delivery_would_be_delivered_by_these_requests(workspace: Any) -> None:
    file = workspace.file("order.json", ORDER)

    trial = workspace.json("try", "shop", file, "--header", signed(file))

    assert list(trial) == KEYS
    assert trial["verified"] is True
    assert trial["would"] == "deliver"
    assert trial["reason"] == "the contact is looked up by email"
    (event,) = trial["events"]
    assert (event["id"], event["text"], event["kind"]) == ("order-1001", "Free?", "message")
    assert event["person"]["email"] == "dana@example.com"
    assert trial["requests"] == [
        {
            "method": "POST",
            "path": "/contacts/v4/contacts/query",
            "body": {
                "query": {
                    "filter": {"info.emails.email": {"$eq": "dana@example.com"}},
                    "sort": [{"fieldName": "createdDate", "order": "DESC"}],
                    "fields": ["id", "createdDate", "info.emails"],
                }
            },
        },
        {
            "method": "POST",
            "path": "/inbox/v2/conversations",
            "body": {"participantId": {"contactId": "<contact id>"}},
        },
        {
            "method": "POST",
            "path": "/inbox/v2/messages",
            "body": {
                "conversationId": "<conversation id>",
                "message": {
                    "direction": "PARTICIPANT_TO_BUSINESS",
                    "visibility": "BUSINESS",
                    "content": {"previewText": "Free?", "basic": {"items": [{"text": "Free?"}]}},
                    "badges": [{"text": "Shop", "badgeVisibility": "BUSINESS"}],
                },
                "sendNotifications": False,
                "silent": False,
            },
        },
    ]


def test_nothing_is_stored(workspace: Any) -> None:
    workspace.json("try", "open", workspace.file("order.json", ORDER))

    assert not (workspace.folder / "journal.db").exists()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ((), "answered 401: the header X-Hub-Signature-256 is missing"),
        (
            ("--header", "X-Hub-Signature-256: sha256=00"),
            "answered 401: the signature in X-Hub-Signature-256 does not match",
        ),
    ],
    ids=["missing", "wrong"],
)
def test_a_delivery_that_is_not_verified_would_be_rejected_and_is_parsed_all_the_same(
    workspace: Any, headers: tuple[str, ...], reason: str
) -> None:
    file = workspace.file("order.json", ORDER)

    trial = workspace.json("try", "shop", file, *headers, exit_code=1)

    assert list(trial) == KEYS
    assert trial["verified"] is False
    assert trial["would"] == "reject"
    assert trial["reason"] == reason
    assert len(trial["events"]) == 1
    assert len(trial["requests"]) == 3


@pytest.mark.parametrize("by", ["env", "file"])
def test_a_connection_can_be_tried_without_its_secrets(
    workspace: Any, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.delenv("SHOP_SECRET")
    monkeypatch.delenv("WIX_API_KEY")
    text = workspace.config.read_text()
    if by == "file":
        workspace.config.write_text(text.replace('env = "SHOP_SECRET"', 'file = "no-such"'))
    file = workspace.file("order.json", ORDER)

    trial = workspace.json("try", "shop", file, "--header", signed(file), exit_code=1)

    why = {
        "env": "secret: the environment variable SHOP_SECRET is not set",
        "file": "secret: the file no-such cannot be read: No such file or directory",
    }[by]
    assert trial["verified"] is False
    assert trial["would"] == "reject"
    assert trial["reason"] == f"it cannot be verified: {why}"
    assert len(trial["events"]) == 1


def test_an_empty_delivery_would_be_ignored(workspace: Any) -> None:
    trial = workspace.json("try", "open", workspace.file("none.json", "[]"))

    assert (trial["would"], trial["events"], trial["requests"]) == ("ignore", [], [])
    assert trial["reason"] == "its connector found nothing for the Inbox in this delivery"


def test_a_verified_delivery_that_cannot_be_parsed_would_be_kept_for_a_person(
    workspace: Any,
) -> None:
    file = workspace.file("bad.json", "{")

    trial = workspace.json("try", "shop", file, "--header", signed(file))

    assert (trial["verified"], trial["would"]) == (True, "park")
    assert trial["reason"].startswith("kept whole as unreadable until its connector is fixed: ")


def test_a_malformed_body_on_a_connection_that_verifies_nothing_would_be_rejected(
    workspace: Any,
) -> None:
    trial = workspace.json("try", "open", workspace.file("bad.json", "{"), exit_code=1)

    assert trial["would"] == "reject"
    assert trial["reason"].startswith("answered 400: the body is not JSON")


def test_a_phone_is_looked_up_where_there_is_no_email(workspace: Any) -> None:
    body = {"id": "1", "phone": "+1 415 555 0132", "text": "Hi"}

    trial = workspace.json("try", "open", workspace.file("order.json", body))

    query = trial["requests"][0]["body"]["query"]
    assert query["filter"] == {"info.phones.e164Phone": {"$eq": "+14155550132"}}
    assert trial["reason"] == "the contact is looked up by phone"


@pytest.mark.parametrize(
    ("unmatched", "would", "paths"),
    [
        (
            "create",
            "deliver",
            ["/contacts/v4/contacts", "/inbox/v2/conversations", "/inbox/v2/messages"],
        ),
        ("park", "park", []),
        ("drop", "ignore", []),
    ],
)
def test_where_only_the_sources_id_is_known_the_policy_decides(
    workspace: Any, unmatched: str, would: str, paths: list[str]
) -> None:
    add_connection(workspace, f'unmatched = "{unmatched}"')
    file = workspace.file("order.json", {"id": "1", "external_id": "u-77", "text": "Hi"})

    trial = workspace.json("try", "extra", file)

    assert trial["would"] == would
    assert [request["path"] for request in trial["requests"]] == paths


def test_several_events_of_one_person_are_looked_up_once(workspace: Any) -> None:
    bodies = [ORDER, {**ORDER, "id": "order-1002"}, {**ORDER, "id": "3", "email": "x@example.com"}]

    trial = workspace.json("try", "open", workspace.file("orders.json", bodies))

    paths = [request["path"].rpartition("/")[2] for request in trial["requests"]]
    first = ["query", "conversations", "messages", "messages"]
    assert paths == [*first, "query", "conversations", "messages"]


def test_an_event_that_waits_for_its_person_would_be_parked(workspace: Any) -> None:
    file = workspace.file("order.json", {"id": "1", "about": "call-7", "text": "Recording"})

    trial = workspace.json("try", "open", file)

    assert (trial["would"], trial["requests"]) == ("park", [])
    assert "about the same thing" in trial["reason"]


def test_a_form_is_known_by_its_extension_and_signed_with_the_public_url(workspace: Any) -> None:
    workspace.config.write_text(
        '[gateway]\npublic_url = "https://hooks.example.com"\n'
        + workspace.config.read_text()
        + '[connectors.sms]\nauth_token = "the-token"\n'
    )
    body = "MessageSid=SM1&From=%2B14155550132&To=%2B14155550199&Body=Hi&NumMedia=0"
    file = workspace.file("sms.form", body)
    # HMAC-SHA1 of the URL followed by the sorted parameters, as Twilio signs.
    content = (
        "https://hooks.example.com/hooks/sms"
        "BodyHiFrom+14155550132MessageSidSM1NumMedia0To+14155550199"
    )
    digest = hmac.new(b"the-token", content.encode(), hashlib.sha1).digest()
    header = f"X-Twilio-Signature: {base64.b64encode(digest).decode()}"

    trial = workspace.json("try", "sms", file, "--header", header)

    assert (trial["verified"], trial["would"]) == (True, "deliver")
    assert trial["events"][0]["person"]["phone"] == "+14155550132"


def test_a_handshake_is_answered(workspace: Any) -> None:
    workspace.config.write_text(
        workspace.config.read_text()
        + '[connectors.facebook]\napp_secret = "s"\nverify_token = "ours"\n'
    )
    empty = workspace.file("empty", "")
    query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="

    right = workspace.json("try", "facebook", empty, "--method", "get", "--query", query + "ours")
    wrong = workspace.json(
        "try", "facebook", empty, "--method", "GET", "--query", query + "x", exit_code=1
    )

    assert (right["verified"], right["would"]) == (True, "ignore")
    assert right["reason"] == "a handshake, answered 200: 1158201444"
    assert (wrong["verified"], wrong["would"]) == (False, "reject")


def test_a_captured_moment_can_be_named_for_signatures_with_a_time(workspace: Any) -> None:
    workspace.config.write_text(
        workspace.config.read_text()
        + '[connectors.timed]\nplugin = "webhook"\nsecret = "s"\n'
        + 'signature = "timestamped-hmac-sha256"\nsignature_header = "Webhook-Signature"\n'
    )
    file = workspace.file("order.json", ORDER)
    stamp = "1794000000"  # 2026-11-06T21:20:00Z
    made = hmac.new(b"s", stamp.encode() + b"." + file.read_bytes(), hashlib.sha256).hexdigest()
    header = f"Webhook-Signature: t={stamp},v1={made}"

    now = workspace.json("try", "timed", file, "--header", header, exit_code=1)
    then = workspace.json("try", "timed", file, "--header", header, "--at", "2026-11-06T21:20:31")

    assert "the window is 300 s" in now["reason"]
    assert then["verified"] is True


def test_the_sites_wire_form_is_used(workspace: Any) -> None:
    text = workspace.config.read_text()
    workspace.config.write_text(
        text.replace('site_id = "site-1"', 'site_id = "site-1"\nwire_form = "article"')
    )

    trial = workspace.json("try", "open", workspace.file("order.json", ORDER))

    assert trial["requests"][2]["body"]["direction"] == "PARTICIPANT_TO_BUSINESS"


def test_people_read_what_would_happen_and_what_else_could(workspace: Any) -> None:
    result = workspace.run("try", "open", workspace.file("order.json", ORDER))

    assert result.exit_code == 0
    for part in (
        "✓ verified",
        "1 event",
        "person: email:dana@example.com",
        "POST /inbox/v2/messages",
        "if no contact is found by email, one is created",
        "would be delivered: the contact is looked up by email",
    ):
        assert part in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "order.json"), "there is no connection called 'nobody'"),
        (("extra", "order.json"), "connection 'extra' is disabled"),
        (("open", "order.json", "--header", "no-colon"), "--header is written 'Name: value'"),
    ],
    ids=["unknown", "disabled", "header"],
)
def test_what_cannot_be_tried_ends_with_2(
    workspace: Any, arguments: tuple[str, ...], said: str
) -> None:
    add_connection(workspace, "enabled = false")
    workspace.file("order.json", ORDER)

    result = workspace.run("try", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert ConfigError.__name__ not in result.stderr
