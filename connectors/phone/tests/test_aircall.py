from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import (
    Attachment,
    Badge,
    BasicMessage,
    Download,
    Event,
    IgnoredPart,
    MalformedBody,
    MinimalMessage,
    Part,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_phone.aircall import AircallPhone
from pydantic import ValidationError

TOKEN = "45XXYYZZ"
URL = "https://hooks.example.com/hooks/phone"
FOLDER = Path(__file__).parent.parent / "samples"
SAMPLES = sorted(p.name for p in FOLDER.glob("aircall-*") if ".expected" not in p.suffixes)
DANA = Person(phone="+15005550006", email="dana@example.com", name="Dana Reyes")
PAIR = "+15005550009/+15005550006"

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> AircallPhone:
    return AircallPhone(AircallPhone.Settings.model_validate({"token": TOKEN, **more}))


def posted(body: Any) -> WebhookRequest:
    return WebhookRequest(url=URL, body=json.dumps(body).encode())


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


# Calls


def test_a_missed_call_becomes_one_activity_of_the_customer(sample: Deliver) -> None:
    aircall = connector(icon_url="https://example.com/phone.png")
    event = only(aircall.parse_event(sample("aircall-missed.json")))

    assert event == Event(
        id="call:812",
        kind="activity",
        person=DANA,
        text="Missed call",
        occurred_at=datetime.fromtimestamp(1794000031, UTC),
        thread=PAIR,
        about="call:812",
        recipient="+15005550009",
    )
    assert badge_of(aircall, event) is None
    assert message_of(aircall, event) == MinimalMessage(
        text="Missed call", icon_url="https://example.com/phone.png"
    )


@pytest.mark.parametrize(
    ("name", "text", "direction"),
    [
        ("missed-closed", "Missed call, outside opening hours", "inbound"),
        ("answered", "Call answered, 4 min 12 s", "inbound"),
        ("outbound", "Called, 2 min", "outbound"),
        ("outbound-no-answer", "Called, no answer", "outbound"),
    ],
)
def test_a_call_says_how_it_ended(sample: Deliver, name: str, text: str, direction: str) -> None:
    event = only(connector().parse_event(sample(f"aircall-{name}.json")))

    assert (event.text, event.direction, event.thread) == (text, direction, PAIR)
    assert event.person.phone == "+15005550006"


def test_the_agents_address_is_never_the_customers(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("aircall-answered.json")))

    assert event.person == Person(phone="+15005550006")


def test_an_answered_call_points_at_its_page_not_at_a_link_that_dies(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("aircall-answered.json")))

    assert event.url == "https://assets.aircall.io/calls/814/recording"


def test_a_withheld_number_is_one_person_of_its_own(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("aircall-withheld.json")))

    assert event.person == Person(id="withheld", name="Withheld number")
    assert event.thread == "+15005550009/withheld"


def test_no_address_book_entry_is_put_on_a_withheld_number(sample: Deliver) -> None:
    body = sample("aircall-missed.json").json()
    body["data"]["raw_digits"] = "anonymous"

    assert only(connector().parse_event(posted(body))).person.email is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ringing", "call.ringing_on_agent"),
        ("hungup", "call.hungup"),
        ("commented", "call.commented"),
        ("message-status", "message.status_updated"),
    ],
)
def test_other_kinds_of_event_are_left_out_by_their_name(
    sample: Deliver, name: str, kind: str
) -> None:
    assert connector().parse_event(sample(f"aircall-{name}.json")) == [IgnoredPart(kind=kind)]


# Voicemail and recording


def test_a_voicemail_is_told_of_once_and_joined_to_its_call(sample: Deliver) -> None:
    left = only(connector().parse_event(sample("aircall-voicemail.json")))
    audio = only(connector().parse_event(sample("aircall-voicemail-audio.json")))

    assert (left.id, left.text, left.about) == ("voicemail:812", "Voicemail", "call:812")
    assert (left.person, left.thread) == (DANA, PAIR)
    assert left.url == "https://assets.aircall.io/calls/812/voicemail"
    assert (audio.id, audio.text, audio.about) == (left.id, left.text, left.about)
    assert audio.person == Person()


def test_a_recording_is_one_further_activity_unless_left_out(sample: Deliver) -> None:
    request = sample("aircall-recording-audio.json")
    event = only(connector().parse_event(request))

    assert (event.id, event.text, event.about) == ("recording:814", "Call recording", "call:814")
    assert event.url == "https://assets.aircall.io/calls/814/recording"
    assert connector(call_recordings=False).parse_event(request) == [
        IgnoredPart(kind="call.comm_assets_generated")
    ]


# Audio by a key of the API

KEY = {"api_id": "id-1", "api_token": "api-token-1"}


def fetched(
    aircall: AircallPhone, source: str, answer: httpx.Response
) -> tuple[Download | None, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def give(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    async def ask() -> Download | None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(give)) as http:
            return await aircall.fetch_attachment(Attachment(source=source), http)

    return asyncio.run(ask()), asked


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("voicemail", "voicemail:812"),
        ("voicemail-audio", "voicemail:812"),
        ("recording-audio", "recording:814"),
    ],
)
def test_with_a_key_audio_is_a_file_of_a_message(sample: Deliver, name: str, source: str) -> None:
    request = sample(f"aircall-{name}.json")
    plain = only(connector().parse_event(request))
    event = only(connector(**KEY).parse_event(request))
    [file] = event.attachments

    assert (event.id, event.text, event.about) == (plain.id, plain.text, plain.about)
    assert (plain.kind, event.kind) == ("activity", "message")
    assert (file.source, file.url, file.mime_type) == (source, plain.url, "audio/mpeg")


def test_the_audios_address_is_asked_for_as_it_expires() -> None:
    call = {"id": 812, "voicemail": "https://s3.example/new.mp3", "recording": None}
    answer = httpx.Response(200, json={"call": call})
    download, [asked] = fetched(connector(**KEY), "voicemail:812", answer)

    assert download == Download(url="https://s3.example/new.mp3")
    assert str(asked.url) == "https://api.aircall.io/v1/calls/812"
    basic = base64.b64encode(b"id-1:api-token-1").decode()
    assert asked.headers["Authorization"] == f"Basic {basic}"
    assert fetched(connector(**KEY), "recording:812", answer)[0] is None


def test_audio_that_is_gone_is_none_and_another_failure_is_raised() -> None:
    assert fetched(connector(**KEY), "voicemail:812", httpx.Response(404))[0] is None
    with pytest.raises(httpx.HTTPStatusError):
        fetched(connector(**KEY), "voicemail:812", httpx.Response(429))


def test_without_a_key_or_for_another_source_nothing_is_asked_for() -> None:
    assert fetched(connector(), "voicemail:812", httpx.Response(200)) == (None, [])
    assert fetched(connector(**KEY), "other:812", httpx.Response(200)) == (None, [])


@pytest.mark.parametrize("half", ["api_id", "api_token"])
def test_half_a_key_is_refused(half: str) -> None:
    with pytest.raises(ValidationError, match="give both api_id and api_token"):
        connector(**{half: KEY[half]})


# Messages


def test_an_inbound_text_becomes_one_inbound_message(sample: Deliver) -> None:
    aircall = connector()
    event = only(aircall.parse_event(sample("aircall-message-received.json")))

    assert event == Event(
        id="message:msg-1",
        person=DANA,
        text="Is Saturday free?",
        occurred_at=datetime.fromtimestamp(1794000100, UTC),
        thread=PAIR,
        recipient="+15005550009",
    )
    assert message_of(aircall, event) == BasicMessage(text="Is Saturday free?")
    assert badge_of(aircall, event) == Badge(text="Aircall")
    named = connector(label="Salon", icon_url="https://example.com/icon.png")
    assert badge_of(named, event) == Badge(text="Salon", icon_url="https://example.com/icon.png")


def test_a_sent_text_is_an_outbound_message(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("aircall-message-sent.json")))

    assert (event.id, event.direction, event.text, event.thread) == (
        "message:msg-2",
        "outbound",
        "Yes, 10:00 works",
        PAIR,
    )


def test_a_text_that_did_not_arrive_is_an_activity(sample: Deliver) -> None:
    request = sample("aircall-message-failed.json")
    event = only(connector().parse_event(request))

    assert (event.id, event.kind, event.direction, event.person) == (
        "undelivered:message:msg-9",
        "activity",
        "outbound",
        DANA,
    )
    assert event.text == "Your SMS was not delivered (“Yes, 10:00 works”)"
    assert connector(failures=False).parse_event(request) == [
        IgnoredPart(kind="message.status_updated")
    ]


def test_a_text_may_name_neither_direction_nor_digits_and_its_time_as_iso(sample: Deliver) -> None:
    body = sample("aircall-message-failed.json").json()
    del body["data"]["direction"], body["data"]["sent_at"]
    body["data"].update(created_at="2026-11-06T21:22:00Z", number={"id": 1234, "digits": None})
    event = only(connector().parse_event(posted(body)))

    assert (event.kind, event.direction, event.recipient) == ("activity", "outbound", "1234")
    assert event.occurred_at == datetime(2026, 11, 6, 21, 22, tzinfo=UTC)


def test_a_customers_text_is_never_told_as_not_delivered(sample: Deliver) -> None:
    body = sample("aircall-message-failed.json").json()
    body["data"]["direction"] = "inbound"

    assert connector().parse_event(posted(body)) == [IgnoredPart(kind="message.status_updated")]


def test_a_file_without_a_web_address_is_told_in_words(sample: Deliver) -> None:
    body = sample("aircall-message-media.json").json()
    body["data"].update(body="See", media_url=["ftp://x", None])

    assert only(connector().parse_event(posted(body))).text == "See\n(a file that cannot be shown)"


def test_media_without_text_are_kept(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("aircall-message-media.json")))

    assert event.text == ""
    assert event.attachments == (Attachment(url="https://media.aircall.example/p.jpg"),)


# What cannot be read


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("aircall-missed.json", ("event",), "event is missing"),
        ("aircall-missed.json", ("data",), "data is missing"),
        ("aircall-missed.json", ("data", "id"), "data.id is missing"),
        ("aircall-missed.json", ("data", "raw_digits"), "data.raw_digits is missing"),
        ("aircall-message-sent.json", ("data", "id"), "data.id is missing"),
        (
            "aircall-message-sent.json",
            ("data", "external_number"),
            "data.external_number is missing",
        ),
    ],
)
def test_a_missing_field_is_named_by_its_path(
    sample: Deliver, name: str, path: tuple[str, ...], said: str
) -> None:
    body = sample(name).json()
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]

    with pytest.raises(MalformedBody, match=said):
        connector().parse_event(posted(body))


# The token


def test_only_the_token_passes(sample: Deliver) -> None:
    request = sample("aircall-missed.json")

    assert connector().signature().verify(request, 0) is None
    assert connector(token=["newer", TOKEN]).signature().verify(request, 0) is None
    assert connector(token="other").signature().verify(request, 0)


@pytest.mark.parametrize("token", ["", "45xxyyzz", None, 45, ["45XXYYZZ"]])
def test_a_wrong_or_missing_token_is_refused(sample: Deliver, token: object) -> None:
    body = sample("aircall-missed.json").json()

    assert connector().signature().verify(posted({**body, "token": token}), 0)
    del body["token"]
    assert connector().signature().verify(posted(body), 0)
    assert connector().signature().verify(WebhookRequest(url=URL, body=b"[]"), 0)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_token_is_taken_out_before_storage_and_nothing_else(sample: Deliver, name: str) -> None:
    request = sample(name)
    kept = connector().signature().redact(request)

    assert TOKEN.encode() in request.body
    assert TOKEN.encode() not in kept.body
    assert {**kept.json(), "token": TOKEN} == request.json()
    assert connector().parse_event(kept) == connector().parse_event(request)
    assert (kept.method, kept.url, kept.received_at) == (
        request.method,
        request.url,
        request.received_at,
    )


@pytest.mark.parametrize(
    ("wrong", "where"),
    [({}, "token"), ({"token": ""}, "token"), ({"token": TOKEN, "api_tokn": "x"}, "api_tokn")],
)
def test_wrong_settings_are_named(wrong: dict[str, str], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AircallPhone.Settings.model_validate(wrong)

    assert refused.value.errors()[0]["loc"][0] == where
