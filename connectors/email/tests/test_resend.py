"""Resend: ids first, the mail when its turn comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Attachment,
    Event,
    IgnoredPart,
    InboxbridgeError,
    MalformedBody,
    WebhookRequest,
)
from inboxbridge_email import connector

SAMPLES = Path(__file__).parent.parent / "samples"
EMAIL_ID = "7c1d9a30-0000-4000-8000-00000000c0de"
FILE_ID = "2a0c9ce0-3112-4728-976e-47ddcd16a318"
MAIL: dict[str, Any] = {
    "object": "email",
    "id": EMAIL_ID,
    "to": ["site42@inbound.example.com"],
    "from": "Dana Reyes <dana@example.com>",
    "created_at": "2026-11-06T21:20:02.894719+00:00",
    "subject": "Saturday?",
    "html": "<p>Is Saturday free?</p>",
    "text": "Is Saturday free?\n",
    "headers": {"return-path": "dana@example.com", "mime-version": "1.0"},
    "bcc": [],
    "cc": [],
    "reply_to": [],
    "message_id": "<r-1@mail.example.com>",
    "attachments": [
        {
            "id": FILE_ID,
            "filename": "nail.jpg",
            "content_type": "image/jpeg",
            "content_disposition": "attachment",
            "content_id": None,
        }
    ],
}


def resend(**settings: Any) -> Any:
    cls = connector.load("resend")
    given = {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "api_key": "re_key-1"}
    return cls(cls.Settings(**{**given, **settings}))


def event_of(one: Any, **data: Any) -> Any:
    body = json.loads((SAMPLES / "resend-received.json").read_bytes())
    body["data"] = {name: v for name, v in {**body["data"], **data}.items() if v is not None}
    return one.parse_event(WebhookRequest(body=json.dumps(body).encode()))[0]


async def enriched(
    answer: Any = MAIL, status: int = 200, data: dict[str, Any] | None = None, **settings: Any
) -> tuple[Event, Event, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, bytes):
            return httpx.Response(status, content=answer)
        return httpx.Response(status, json=answer)

    one = resend(**settings)
    before = event_of(one, **(data or {}))
    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        after = await one.enrich(before, http)
    assert (after.id, after.thread) == (before.id, before.thread)
    assert Event.model_validate_json(after.model_dump_json()) == after
    return before, after, asked


async def test_the_mail_is_read_when_its_turn_comes():
    before, after, [request] = await enriched()

    assert before.text == "Saturday?"
    assert after.text == "Saturday?\n\nIs Saturday free?"
    assert after.person.email == "dana@example.com"
    assert [(one.kind, one.source) for one in after.attachments] == [
        ("image", f"{EMAIL_ID}/{FILE_ID}")
    ]
    assert str(request.url) == f"https://api.resend.com/emails/receiving/{EMAIL_ID}"
    assert request.headers["authorization"] == "Bearer re_key-1"


async def test_a_web_forms_visitor_is_known_once_the_mail_is_read():
    form = {"from": "Site <wordpress@salon.example>"}
    _, after, _ = await enriched(
        {**MAIL, **form, "reply_to": ["Dana <dana@example.com>"]}, data=form
    )

    assert (after.person.email, after.person.name) == ("dana@example.com", "Dana")
    assert after.text.endswith("Sent by wordpress@salon.example")


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"auto-submitted": "auto-replied"}, "auto-reply"),
        ({"Auto-Submitted": ["auto-replied"]}, "auto-reply"),
        ({"list-id": "<news.town.example>"}, "list"),
        ({"return-path": "<>"}, "bounce"),
    ],
)
async def test_what_no_customer_wrote_becomes_one_quiet_line(headers, kind):
    _, after, _ = await enriched({**MAIL, "headers": headers})

    assert (after.kind, after.silent) == ("activity", True)
    assert after.text == f"Not from a person ({kind}): Saturday?"
    assert after.attachments == ()


async def test_the_businesss_own_mail_is_shown_to_whom_it_went():
    own = {"from": "info@salon.example", "to": ["dana@example.com"]}
    before, after, _ = await enriched(
        {**MAIL, **own}, data=own, own_addresses=["info@salon.example"]
    )

    assert before.direction == after.direction == "outbound"
    assert before.person.email == after.person.email == "dana@example.com"


async def test_a_form_of_the_business_names_nobody_until_the_mail_is_read():
    own = {"from": "info@salon.example", "to": ["info@salon.example"]}
    answer = {**MAIL, **own, "reply_to": ["dana@example.com"]}
    before, after, _ = await enriched(answer, data=own, own_addresses=["info@salon.example"])

    assert not before.person.is_known
    assert (after.person.email, after.direction) == ("dana@example.com", "inbound")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_mail_that_resend_has_no_more_says_so(status):
    _, after, _ = await enriched({}, status)

    assert after.text == "Saturday?\n\nResend no longer has this email's text"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({}, 401, "check api_key"),
        ({}, 403, "check api_key"),
        ({}, 429, "HTTP 429"),
        ({}, 500, "HTTP 500"),
        (b"<html>", 200, "not a JSON object"),
        ([], 200, "not a JSON object"),
    ],
)
async def test_an_answer_without_a_mail_is_a_failed_try(answer, status, reason):
    with pytest.raises(InboxbridgeError, match=reason) as caught:
        await enriched(answer, status)

    assert "re_key-1" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"from": 7, "headers": [], "attachments": {}, "text": []},
        {**MAIL, "headers": {"from": 7, "x": [None, {}]}, "attachments": [7, {"id": "../x"}]},
    ],
)
async def test_an_odd_answer_keeps_what_is_known(answer):
    before, after, _ = await enriched(answer)

    assert after.person == before.person
    assert after.text


async def located(source: str, answer: Any, status: int = 200) -> tuple[Any, list[str]]:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, json=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        return await resend().fetch_attachment(Attachment(source=source), http), asked


async def test_a_files_address_is_asked_for_and_needs_no_key():
    url = "https://inbound-cdn.resend.com/a?signature=s"
    download, asked = await located(f"{EMAIL_ID}/{FILE_ID}", {"download_url": url})

    assert (download.url, download.headers) == (url, {})
    assert asked == [f"https://api.resend.com/emails/receiving/{EMAIL_ID}/attachments/{FILE_ID}"]


@pytest.mark.parametrize("source", ["x", "/", "../emails/x", f"{EMAIL_ID}/a/b", f"{EMAIL_ID}/"])
async def test_nothing_is_asked_for_a_source_that_is_none(source):
    assert await located(source, {}) == (None, [])


@pytest.mark.parametrize(("answer", "status"), [({}, 404), ({}, 200), ({"download_url": 7}, 200)])
async def test_a_file_that_resend_has_no_more_is_none(answer, status):
    download, _ = await located(f"{EMAIL_ID}/{FILE_ID}", answer, status)

    assert download is None


def test_the_recipient_is_the_one_at_which_resend_receives():
    data = {"to": ["other@example.com"], "cc": ["S <Site42@inbound.example.com>"]}

    assert event_of(resend(), **data).recipient == "other@example.com"
    settings = {"received_at": ["@inbound.example.com"]}
    assert event_of(resend(**settings), **data).recipient == "site42@inbound.example.com"
    assert event_of(resend(**settings), to=["other@example.com"]).recipient is None
    own = {"own_addresses": ["other@example.com"]}
    assert event_of(resend(**own), **{"from": "other@example.com"}).recipient is None


def test_without_a_message_id_resends_own_id_counts():
    assert event_of(resend()).id == "r-1@mail.example.com"
    assert event_of(resend(), message_id=None).id == EMAIL_ID


def test_senders_that_are_never_shown_are_not_even_read():
    part = event_of(resend(never_shown=["@example.com"]))

    assert part == IgnoredPart(kind="never_shown")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"email_id": None}, "data.email_id is missing"),
        ({"email_id": "../emails"}, "not an id of Resend's"),
        ({"from": "nobody"}, "data.from has no address"),
    ],
)
def test_a_delivery_without_what_is_needed_is_malformed(data, reason):
    with pytest.raises(MalformedBody, match=reason):
        event_of(resend(), **data)
