from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    UnreadablePart,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_phone.quo import QuoPhone
from pydantic import ValidationError

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LEGACY_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
URL = "https://hooks.example.com/hooks/phone"
DANA = Person(phone="+15005550006")
PAIR = "+15005550009/+15005550006"
LEGACY_HEADER = "hmac;1;1700000000000;wCbflFRTN/r6jEZDt+rtRDIZzRAQock3MhtXrY1ZxvA="
LEGACY_NOW = 1700000000.0

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> QuoPhone:
    return QuoPhone(QuoPhone.Settings.model_validate({"signing_key": KEY, **more}))


def posted(body: Any) -> WebhookRequest:
    return WebhookRequest(url=URL, body=json.dumps(body).encode())


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


# Calls


def test_a_missed_call_becomes_one_activity(sample: Deliver) -> None:
    quo = connector(icon_url="https://example.com/phone.png")
    event = only(quo.parse_event(sample("quo-call-missed-completed.json")))

    assert event == Event(
        id="call:AC-call-1",
        kind="activity",
        person=DANA,
        text="Missed call",
        occurred_at=datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC),
        thread=PAIR,
        about="call:AC-call-1",
        url="https://my.quo.com/inbox/CN1",
        recipient="+15005550009",
    )
    assert badge_of(quo, event) is None
    assert message_of(quo, event) == MinimalMessage(
        text="Missed call",
        icon_url="https://example.com/phone.png",
        url="https://my.quo.com/inbox/CN1",
    )


def test_both_events_of_a_missed_call_are_one_activity(sample: Deliver) -> None:
    missed = only(connector().parse_event(sample("quo-call-missed.json")))
    completed = only(connector().parse_event(sample("quo-call-missed-completed.json")))

    assert (missed.id, missed.text, missed.person, missed.thread) == (
        completed.id,
        completed.text,
        completed.person,
        completed.thread,
    )


@pytest.mark.parametrize(
    ("name", "text", "direction"),
    [
        ("call-answered", "Call answered, 4 min 12 s", "inbound"),
        ("call-outgoing", "Called, 2 min", "outbound"),
        ("call-outgoing-unanswered", "Called, no answer", "outbound"),
        ("call-forwarded", "Call forwarded", "inbound"),
        ("call-ai", "Call answered by the assistant, 30 s", "inbound"),
        ("call-abandoned", "Missed call", "inbound"),
        ("call-failed", "Missed call, it could not be connected", "inbound"),
        ("legacy-call-outgoing", "Called, 2 min", "outbound"),
    ],
)
def test_a_call_says_how_it_ended(sample: Deliver, name: str, text: str, direction: str) -> None:
    event = only(connector().parse_event(sample(f"quo-{name}.json")))

    assert (event.text, event.direction, event.person, event.thread) == (
        text,
        direction,
        DANA,
        PAIR,
    )


def test_a_status_that_is_new_is_read_from_the_times(sample: Deliver) -> None:
    body = sample("quo-call-answered.json").json()
    body["data"]["resource"]["status"] = "unknown"

    assert only(connector().parse_event(posted(body))).text == "Call answered, 4 min 12 s"


def test_an_unknown_caller_waits_to_be_known_by_the_call(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("quo-call-unknown-caller.json")))

    assert (event.person, event.about) == (Person(), "call:AC-call-9")


def test_a_withheld_number_is_one_person_of_its_own(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("quo-call-withheld.json")))

    assert event.person == Person(id="withheld", name="Withheld number")


@pytest.mark.parametrize(
    ("name", "kind"), [("call-ringing", "call.ringing"), ("contact-updated", "contact.updated")]
)
def test_other_kinds_of_event_are_left_out_by_their_name(
    sample: Deliver, name: str, kind: str
) -> None:
    assert connector().parse_event(sample(f"quo-{name}.json")) == [IgnoredPart(kind=kind)]


CONTEXT = {"senderIdentifier": "+15005550006", "recipientIdentifiers": ["+15005550009"]}


@pytest.mark.parametrize(
    ("direction", "context", "person", "recipient"),
    [
        ("incoming", CONTEXT, DANA, "+15005550009"),
        ("outgoing", CONTEXT, Person(phone="+15005550009"), "+15005550006"),
        ("outgoing", {"recipientIdentifiers": ["+15005550006"]}, DANA, None),
        ("incoming", {"recipientIdentifiers": ["+15005550009"]}, Person(), "+15005550009"),
        ("incoming", {"phoneNumberId": "PN1"}, Person(), "PN1"),
    ],
)
def test_a_call_may_name_its_sides_as_a_message_does(
    direction: str, context: dict[str, Any], person: Person, recipient: str | None
) -> None:
    resource = {"id": "AC2", "direction": direction, "status": "answered", "duration": 184}
    body = {"type": "call.completed", "data": {"resource": resource, "context": context}}
    event = only(connector().parse_event(posted(body)))

    assert (event.person, event.recipient) == (person, recipient)


# Voicemail, recording, summary


def test_a_voicemail_is_one_further_activity_of_its_call(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("quo-voicemail.json")))

    assert event == Event(
        id="voicemail:AC-call-1",
        kind="activity",
        person=DANA,
        text="Voicemail, 0:18: “Hi, this is Dana. Is Saturday free?”",
        thread=PAIR,
        about="call:AC-call-1",
        url="https://files.quo.example/vm1.mp3",
        recipient="+15005550009",
    )


def test_a_voicemail_that_the_business_left_is_about_whom_it_called(sample: Deliver) -> None:
    body = sample("quo-voicemail.json").json()
    body["data"]["resource"].update(
        {"direction": "outgoing", "from": "+15005550009", "to": "+15005550006"}
    )
    event = only(connector().parse_event(posted(body)))

    assert (event.person, event.direction, event.thread) == (DANA, "outbound", PAIR)
    assert event.recipient == "+15005550009"


def test_a_legacy_call_brings_its_voicemail_along(sample: Deliver) -> None:
    call, voicemail = connector().parse_event(sample("quo-legacy-call-voicemail.json"))

    assert isinstance(call, Event)
    assert isinstance(voicemail, Event)
    assert (call.id, call.text, call.person) == ("call:AC26", "Missed call", DANA)
    assert (voicemail.id, voicemail.text) == ("voicemail:AC26", "Voicemail, 0:07")
    assert voicemail.url == "https://files.quo.example/legacy.mp3"
    assert (voicemail.person, voicemail.thread, voicemail.about) == (DANA, PAIR, call.about)


def test_recording_and_summary_are_joined_to_their_call(sample: Deliver) -> None:
    recording = only(connector().parse_event(sample("quo-recording.json")))
    summary = only(connector().parse_event(sample("quo-summary.json")))
    call = only(connector().parse_event(sample("quo-call-answered.json")))

    assert recording.about == summary.about == call.about
    assert recording.text == "Call recording, 4 min"
    assert recording.url == "https://files.quo.example/rc1.mp3"
    assert summary.text.startswith("Call summary: Dana asked for Saturday. 10:00 was agreed.")
    assert len({recording.id, summary.id, call.id}) == 3


def test_recordings_and_summaries_can_be_left_out(sample: Deliver) -> None:
    quo = connector(call_recordings=False, summaries=False)

    assert quo.parse_event(sample("quo-recording.json")) == [
        IgnoredPart(kind="call.recording.completed")
    ]
    assert quo.parse_event(sample("quo-summary.json")) == [
        IgnoredPart(kind="call.summary.completed")
    ]


@pytest.mark.parametrize(
    ("summary", "steps", "text"),
    [
        (
            ["Asked for Saturday."],
            ["Send the bill."],
            "Call summary: Asked for Saturday. Next steps: Send the bill.",
        ),
        ([], ["Send the bill."], "Next steps: Send the bill."),
        (["Asked for Saturday."], None, "Call summary: Asked for Saturday."),
    ],
)
def test_a_summary_keeps_its_next_steps(
    sample: Deliver, summary: list[str], steps: list[str] | None, text: str
) -> None:
    body = sample("quo-summary.json").json()
    body["data"]["resource"].update(summary=summary, nextSteps=steps)

    assert only(connector().parse_event(posted(body))).text == text


def test_an_empty_summary_is_left_out(sample: Deliver) -> None:
    body = sample("quo-summary.json").json()
    body["data"]["resource"].update(summary=[], nextSteps=[])

    assert connector().parse_event(posted(body)) == [IgnoredPart(kind="call.summary.completed")]


def test_a_recording_in_parts_is_told_with_its_whole_length(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("quo-recording-parts.json")))

    assert (event.id, event.about) == ("recording:AC-call-2", "call:AC-call-2")
    assert event.text == "Call recording, 4 min"
    assert event.url == "https://files.quo.example/rc1.mp3"


# Audio by a key of the API

API_KEY = "quo-api-key-1"


def fetched(quo: QuoPhone, source: str, answer: httpx.Response) -> tuple[Download | None, Any]:
    asked: list[httpx.Request] = []

    def give(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    async def ask() -> Download | None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(give)) as http:
            return await quo.fetch_attachment(Attachment(source=source), http)

    return asyncio.run(ask()), asked


@pytest.mark.parametrize(
    ("name", "sources", "urls"),
    [
        ("voicemail", ["voicemail:AC-call-1"], ["https://files.quo.example/vm1.mp3"]),
        ("recording", ["recording:AC-call-2#0"], ["https://files.quo.example/rc1.mp3"]),
        (
            "recording-parts",
            ["recording:AC-call-2#0", "recording:AC-call-2#1"],
            ["https://files.quo.example/rc1.mp3", "https://files.quo.example/rc2.mp3"],
        ),
    ],
)
def test_with_a_key_audio_is_a_file_of_a_message(
    sample: Deliver, name: str, sources: list[str], urls: list[str]
) -> None:
    request = sample(f"quo-{name}.json")
    plain = only(connector().parse_event(request))
    event = only(connector(api_key=API_KEY).parse_event(request))

    assert (event.id, event.text, event.about) == (plain.id, plain.text, plain.about)
    assert (plain.kind, event.kind) == ("activity", "message")
    assert [file.source for file in event.attachments] == sources
    assert [file.url for file in event.attachments] == urls


@pytest.mark.parametrize(
    ("source", "path", "data", "url"),
    [
        (
            "voicemail:AC1",
            "/v1/call-voicemails/AC1",
            {"recordingUrl": "https://f.example/1.mp3"},
            "https://f.example/1.mp3",
        ),
        (
            "recording:AC/1#1",
            "/v1/call-recordings/AC%2F1",
            [{"url": None}, {"url": "https://f.example/2.mp3"}],
            "https://f.example/2.mp3",
        ),
        ("recording:AC1#1", "/v1/call-recordings/AC1", [{"url": "https://f.example/1.mp3"}], None),
        ("voicemail:AC1", "/v1/call-voicemails/AC1", {"recordingUrl": None}, None),
        ("voicemail:AC1", "/v1/call-voicemails/AC1", "odd", None),
    ],
)
def test_the_audios_address_is_asked_for_anew(
    source: str, path: str, data: Any, url: str | None
) -> None:
    quo = connector(api_key=API_KEY)
    download, [asked] = fetched(quo, source, httpx.Response(200, json={"data": data}))

    assert download == (Download(url=url) if url else None)
    assert asked.url.raw_path.decode() == path
    assert asked.url.host == "api.quo.com"
    assert asked.headers["Authorization"] == API_KEY


def test_audio_that_is_gone_is_none_and_another_failure_is_raised() -> None:
    quo = connector(api_key=API_KEY)

    assert fetched(quo, "voicemail:AC1", httpx.Response(404))[0] is None
    with pytest.raises(httpx.HTTPStatusError):
        fetched(quo, "voicemail:AC1", httpx.Response(500))


@pytest.mark.parametrize("source", ["other:AC1", "recording:AC1", "recording:AC1#x"])
def test_a_source_that_is_not_ours_is_not_asked_for(source: str) -> None:
    assert fetched(connector(api_key=API_KEY), source, httpx.Response(200)) == (None, [])


def test_without_a_key_nothing_is_asked_for() -> None:
    assert fetched(connector(), "voicemail:AC1", httpx.Response(200)) == (None, [])


# Messages


@pytest.mark.parametrize(
    ("name", "message_id", "text", "at"),
    [
        ("message-received", "message:AC-msg-1", "Is Saturday free?", (21, 22)),
        ("legacy-message-received", "message:AC24", "Hello", (21, 23)),
    ],
)
def test_an_inbound_text_becomes_one_inbound_message(
    sample: Deliver, name: str, message_id: str, text: str, at: tuple[int, int]
) -> None:
    quo = connector()
    event = only(quo.parse_event(sample(f"quo-{name}.json")))

    assert event == Event(
        id=message_id,
        person=DANA,
        text=text,
        occurred_at=datetime(2026, 11, 6, *at, tzinfo=UTC),
        thread=PAIR,
        recipient="+15005550009",
    )
    assert message_of(quo, event) == BasicMessage(text=text)
    assert badge_of(quo, event) == Badge(text="Quo")
    named = connector(label="Salon", icon_url="https://example.com/icon.png")
    assert badge_of(named, event) == Badge(text="Salon", icon_url="https://example.com/icon.png")


@pytest.mark.parametrize(
    ("name", "text"),
    [("message-delivered", "Yes, 10:00 works"), ("legacy-message-delivered", "Hi Dana")],
)
def test_a_delivered_text_is_an_outbound_message(sample: Deliver, name: str, text: str) -> None:
    event = only(connector().parse_event(sample(f"quo-{name}.json")))

    assert (event.text, event.direction, event.person, event.thread) == (
        text,
        "outbound",
        DANA,
        PAIR,
    )


def test_a_text_to_several_people_reaches_each_of_them(sample: Deliver) -> None:
    events = connector().parse_event(sample("quo-message-delivered-group.json"))

    told = [(event.id, event.person.phone) for event in events if isinstance(event, Event)]
    assert told == [
        ("message:AC-msg-3:0", "+15005550006"),
        ("message:AC-msg-3:1", "+15005550007"),
    ]


def test_a_receiver_who_is_no_number_leaves_the_others(sample: Deliver) -> None:
    body = sample("quo-message-delivered-group.json").json()
    body["data"]["context"]["recipientIdentifiers"] = [
        "+15005550006",
        "odd",
        "+15005550006",
        "72975",
    ]
    first, odd, last = connector().parse_event(posted(body))

    assert isinstance(first, Event)
    assert isinstance(odd, UnreadablePart)
    assert isinstance(last, Event)
    assert (first.id, last.id) == ("message:AC-msg-3:0", "message:AC-msg-3:1")
    assert odd.reason == "data.context.recipientIdentifiers holds what is no number"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("message-failed", "Your SMS was not delivered (“Yes, 10:00 works”)"),
        ("message-undelivered", "Your SMS was not delivered: error 30003 (“Yes, 10:00 works”)"),
    ],
)
def test_a_text_that_did_not_arrive_is_an_activity(sample: Deliver, name: str, text: str) -> None:
    request = sample(f"quo-{name}.json")
    event = only(connector().parse_event(request))

    assert (event.kind, event.direction, event.person, event.text) == (
        "activity",
        "outbound",
        DANA,
        text,
    )
    assert event.id.startswith("undelivered:message:")
    assert connector(failures=False).parse_event(request) == [
        IgnoredPart(kind=name.replace("-", "."))
    ]


def test_a_customers_text_is_never_told_as_not_delivered(sample: Deliver) -> None:
    body = sample("quo-message-failed.json").json()
    body["data"]["resource"]["direction"] = "incoming"
    event = only(connector().parse_event(posted(body)))

    assert (event.kind, event.text) == ("message", "Yes, 10:00 works")


def test_a_file_that_did_not_arrive_is_told_without_words(sample: Deliver) -> None:
    body = sample("quo-message-failed.json").json()
    body["data"]["resource"].update(text="", media=[])

    assert only(connector().parse_event(posted(body))).text == "Your SMS was not delivered"


def test_a_file_without_a_web_address_is_told_in_words(sample: Deliver) -> None:
    body = sample("quo-message-media.json").json()
    body["data"]["resource"].update(text="See", media=[{"url": "ftp://x"}, 7, None])
    event = only(connector().parse_event(posted(body)))

    assert event.attachments == ()
    assert event.text.splitlines() == ["See", *["(a file that cannot be shown)"] * 2]


def test_media_are_kept_in_order(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("quo-message-media.json")))

    assert event.text == ""
    assert event.attachments == (
        Attachment(kind="image", url="https://files.quo.example/p.jpg", mime_type="image/jpeg"),
        Attachment(kind="file", url="https://files.quo.example/q.pdf"),
    )


# What cannot be read


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("quo-call-missed.json", ("type",), "type is missing"),
        ("quo-call-missed.json", ("data",), "data is missing"),
        ("quo-call-missed.json", ("data", "resource"), "data.resource is missing"),
        ("quo-call-missed.json", ("data", "resource", "id"), "data.resource.id is missing"),
        ("quo-voicemail.json", ("data", "resource", "callId"), "data.resource.callId is missing"),
        (
            "quo-message-received.json",
            ("data", "context", "senderIdentifier"),
            "data.context.senderIdentifier is missing",
        ),
        (
            "quo-message-delivered.json",
            ("data", "context", "recipientIdentifiers"),
            "data.context.recipientIdentifiers is missing",
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


# Signatures


def standard(signature: str, stamp: str = "1614265330") -> WebhookRequest:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
    }
    return WebhookRequest(url=URL, headers=headers, body=b'{"test": 2432232314}')


def legacy(header: str = LEGACY_HEADER, body: bytes = b'{"id":"EV1"}') -> WebhookRequest:
    return WebhookRequest(url=URL, headers={"OpenPhone-Signature": header}, body=body)


def test_the_standard_webhooks_vector_passes() -> None:
    scheme = connector().signature()
    good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    assert scheme.verify(standard(good), 1614265330) is None
    assert scheme.verify(standard("v1,AAAA " + good), 1614265330) is None
    assert scheme.verify(standard(good), 1614265330 + 301)
    assert scheme.verify(standard(good[:-2] + "A="), 1614265330)
    assert scheme.verify(standard(good, "1614265331"), 1614265330)


def test_the_legacy_vector_passes_with_the_legacy_key() -> None:
    assert connector(signing_key=LEGACY_KEY).signature().verify(legacy(), LEGACY_NOW) is None
    assert connector().signature().verify(legacy(), LEGACY_NOW)


def test_both_generations_and_a_rotated_key_are_live_together() -> None:
    scheme = connector(signing_key=["whsec_AAAA", KEY, LEGACY_KEY]).signature()

    assert scheme.verify(legacy(), LEGACY_NOW) is None
    good = standard("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    assert scheme.verify(good, 1614265330) is None


@pytest.mark.parametrize("off", [301, -301])
def test_a_legacy_timestamp_is_in_milliseconds_and_ages(off: float) -> None:
    scheme = connector(signing_key=LEGACY_KEY).signature()

    assert scheme.verify(legacy(), LEGACY_NOW + off)
    assert scheme.verify(legacy(), LEGACY_NOW + off / 2) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "hmac;1;1700000000000",
        LEGACY_HEADER.replace("hmac", "none"),
        LEGACY_HEADER.replace(";1;", ";2;"),
        LEGACY_HEADER.replace("1700000000000", "1700000000001"),
        LEGACY_HEADER.replace("1700000000000", "²"),
        LEGACY_HEADER[:-2] + "B=",
        LEGACY_HEADER + ";x",
    ],
)
def test_a_wrong_legacy_signature_is_refused(header: str) -> None:
    assert connector(signing_key=LEGACY_KEY).signature().verify(legacy(header), LEGACY_NOW)


def test_another_body_is_refused() -> None:
    scheme = connector(signing_key=LEGACY_KEY).signature()

    assert scheme.verify(legacy(body=b'{"id":"EV2"}'), LEGACY_NOW)
    assert scheme.verify(WebhookRequest(url=URL, body=b"{}"), LEGACY_NOW)


@settings(max_examples=100)
@given(st.text(max_size=40) | st.from_regex(r"hmac;1;[0-9]{0,20};[\w+/=]{0,12}"))
def test_any_legacy_header_is_refused_not_an_error(header: str) -> None:
    assert connector(signing_key=LEGACY_KEY).signature().verify(legacy(header), LEGACY_NOW)


@pytest.mark.parametrize("key", ["", "whsec_", "not base64!", "whpk_AAAA"])
def test_a_key_that_is_none_is_refused_in_the_settings(key: str) -> None:
    with pytest.raises(ValidationError) as refused:
        connector(signing_key=key)

    assert refused.value.errors()[0]["loc"][0] == "signing_key"
