from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import (
    Answer,
    Attachment,
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
from inboxbridge_phone.twilio import TwilioPhone
from pydantic import ValidationError

TOKEN = "twilio-auth-token-demo"
URL = "https://hooks.example.com/h/acme/twilio"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
DANA = Person(phone="+15005550006")
PAIR = "+15005550009/+15005550006"
MISSED = {
    "CallSid": "CA1",
    "Direction": "inbound",
    "CallStatus": "no-answer",
    "From": "+15005550006",
    "To": "+15005550009",
}

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> TwilioPhone:
    return TwilioPhone(TwilioPhone.Settings.model_validate({"auth_token": TOKEN, **more}))


def form(fields: dict[str, str], **headers: str) -> WebhookRequest:
    return WebhookRequest(url=URL, headers=FORM_TYPE | headers, body=urlencode(fields).encode())


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


def left_out(kind: str) -> list[Part]:
    return [IgnoredPart(kind=kind)]


def told(fields: dict[str, str], **more: object) -> Event:
    return only(connector(**more).parse_event(form(fields)))


# One activity for each call


def test_a_missed_call_becomes_one_activity(sample: Deliver) -> None:
    twilio = connector(icon_url="https://example.com/phone.png")
    event = only(twilio.parse_event(sample("twilio-missed.form")))

    assert event == Event(
        id="call:CA00000000000000000000000000000001",
        kind="activity",
        direction="inbound",
        person=DANA,
        text="Missed call",
        occurred_at=datetime(2026, 11, 6, 21, 20, 31, tzinfo=UTC),
        thread=PAIR,
        about="call:CA00000000000000000000000000000001",
        recipient="+15005550009",
    )
    assert message_of(twilio, event) == MinimalMessage(
        text="Missed call", icon_url="https://example.com/phone.png"
    )
    assert badge_of(twilio, event) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("twilio-answered", "Call, 4 min 12 s"),
        ("twilio-busy", "Missed call, the line was busy"),
        ("twilio-canceled", "Missed call"),
        ("twilio-failed", "Missed call, it could not be connected"),
        ("twilio-completed-0-s", "Missed call"),
        ("twilio-dial-no-answer", "Missed call"),
        ("twilio-dial-answered", "Call answered, 4 min"),
    ],
)
def test_an_incoming_call_says_how_it_ended(sample: Deliver, name: str, text: str) -> None:
    event = only(connector().parse_event(sample(f"{name}.form")))

    assert (event.text, event.direction, event.person, event.thread) == (
        text,
        "inbound",
        DANA,
        PAIR,
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("twilio-outbound-answered", "Called, 2 min"),
        ("twilio-outbound-no-answer", "Called, no answer"),
    ],
)
def test_an_outgoing_call_is_about_whom_the_business_called(
    sample: Deliver, name: str, text: str
) -> None:
    event = only(connector().parse_event(sample(f"{name}.form")))

    assert (event.text, event.direction, event.person, event.thread) == (
        text,
        "outbound",
        DANA,
        PAIR,
    )


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "new-status"])
def test_a_call_that_has_not_ended_makes_nothing(status: str) -> None:
    fields = MISSED | {"CallStatus": status, "CallbackSource": "call-progress-events"}

    known = "status" if status == "new-status" else status
    assert connector().parse_event(form(fields)) == left_out(f"call {known}")


@pytest.mark.parametrize("name", ["twilio-child-no-answer", "twilio-child-completed"])
def test_a_dialled_leg_makes_nothing_of_its_own(sample: Deliver, name: str) -> None:
    assert connector().parse_event(sample(f"{name}.form")) == left_out("dialled leg")


@pytest.mark.parametrize("ending", ["no-answer", "answered"])
def test_the_dial_result_and_the_calls_own_status_are_one_activity(
    sample: Deliver, ending: str
) -> None:
    dial = only(connector().parse_event(sample(f"twilio-dial-{ending}.form")))
    parent = only(connector().parse_event(sample(f"twilio-dial-{ending}-parent.form")))

    assert dial.id == parent.id


def test_the_dial_result_outweighs_the_status_beside_it() -> None:
    fields = MISSED | {
        "CallStatus": "completed",
        "CallDuration": "45",
        "DialCallStatus": "no-answer",
    }

    assert told(fields).text == "Missed call"


@pytest.mark.parametrize("dialled", ["completed", "answered"])
@pytest.mark.parametrize(
    ("bridged", "text"),
    [("false", "Missed call"), ("true", "Call answered, 17 s"), ("", "Call answered, 17 s")],
)
def test_a_dial_that_was_not_bridged_is_a_missed_call(
    dialled: str, bridged: str, text: str
) -> None:
    fields = MISSED | {
        "CallStatus": "in-progress",
        "DialCallStatus": dialled,
        "DialCallDuration": "17",
        "DialBridged": bridged,
    }

    assert told(fields).text == text
    assert told(fields, outcome="dial").text == text


def test_a_dial_of_an_own_softphone_that_was_not_bridged_had_no_answer() -> None:
    fields = MISSED | {
        "From": "client:desk",
        "To": "+15005550006",
        "CallStatus": "in-progress",
        "DialCallStatus": "completed",
        "DialBridged": "false",
    }

    assert told(fields, numbers=["client:desk"]).text == "Called, no answer"


def test_only_a_dial_result_says_that_a_person_answered() -> None:
    fields = MISSED | {"CallStatus": "completed", "CallDuration": "252"}
    dialled = {"DialCallStatus": "completed", "DialCallDuration": "240"}

    assert told(fields).text == "Call, 4 min 12 s"
    assert told(fields | dialled).text == "Call answered, 4 min"
    assert told(fields | {"Direction": "outbound-api"}).text == "Called, 4 min 12 s"


def test_a_dial_result_that_is_new_is_left_to_the_calls_own_status() -> None:
    fields = MISSED | {"CallStatus": "in-progress", "DialCallStatus": "new-status"}

    assert connector().parse_event(form(fields)) == left_out("call in-progress")
    assert told(fields | {"CallStatus": "busy"}).text == "Missed call, the line was busy"


def test_with_outcome_dial_only_the_dial_result_tells_of_a_completed_call(sample: Deliver) -> None:
    twilio = connector(outcome="dial")

    assert twilio.parse_event(sample("twilio-dial-no-answer-parent.form")) == left_out(
        "call completed"
    )
    assert only(twilio.parse_event(sample("twilio-dial-no-answer.form"))).text == "Missed call"
    assert only(twilio.parse_event(sample("twilio-missed.form"))).text == "Missed call"
    assert only(twilio.parse_event(sample("twilio-completed-0-s.form"))).text == "Missed call"
    assert only(twilio.parse_event(sample("twilio-outbound-answered.form"))).text == "Called, 2 min"


def test_the_dial_result_of_an_outgoing_call_is_about_our_own_desk() -> None:
    fields = MISSED | {"Direction": "outbound-api", "CallStatus": "in-progress"}

    parts = connector().parse_event(form(fields | {"DialCallStatus": "no-answer"}))

    assert parts == left_out("call in-progress")


def test_a_question_after_the_caller_hung_up_is_no_ended_call() -> None:
    fields = MISSED | {"CallStatus": "completed", "RecordingUrl": "https://api.example/RE1"}

    assert connector().parse_event(form(fields)) == left_out("call completed")


# Who it was


@pytest.mark.parametrize("name", ["twilio-withheld", "twilio-blank-caller"])
def test_a_withheld_number_is_one_person_of_its_own(sample: Deliver, name: str) -> None:
    event = only(connector().parse_event(sample(f"{name}.form")))

    assert event.person == Person(id="withheld", name="Withheld number")
    assert event.thread == "+15005550009/withheld"


@pytest.mark.parametrize(
    "caller",
    ["anonymous", "Anonymous", "Restricted", "266696687", "+7378742833", "+2562533", "+8656696"],
)
def test_every_known_spelling_of_withheld_is_recognised(caller: str) -> None:
    assert told(MISSED | {"From": caller}).person.id == "withheld"


def test_the_spellings_of_withheld_can_be_set() -> None:
    withheld = {"withheld": ["Private"]}

    assert told(MISSED | {"From": "PRIVATE"}, **withheld).person.id == "withheld"
    assert told(MISSED | {"From": "Restricted"}, **withheld).person.id == "Restricted"


def test_a_callers_name_is_kept_for_a_new_contact(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-caller-name.form")))

    assert event.person == Person(phone="+15005550006", name="DANA REYES")


@pytest.mark.parametrize(
    ("caller", "person"),
    [
        ("sip:+15005550006@pbx.example.com", DANA),
        ("client:alice", Person(id="client:alice", name="alice")),
        ("12345", Person(id="12345", name="12345")),
    ],
)
def test_a_caller_need_not_be_a_plain_number(caller: str, person: Person) -> None:
    assert told(MISSED | {"From": caller}).person == person


def test_a_call_from_an_own_softphone_is_outbound_and_dial_tells_how_it_went() -> None:
    fields = MISSED | {
        "From": "client:desk",
        "To": "+15005550006",
        "CallStatus": "in-progress",
        "DialCallStatus": "completed",
        "DialCallDuration": "65",
    }
    event = told(fields, numbers=["client:desk", "+15005550009"])

    assert (event.text, event.direction, event.person) == ("Called, 1 min 5 s", "outbound", DANA)


def test_a_call_between_own_lines_is_left_out() -> None:
    twilio = connector(numbers=["+15005550006", "+1 (500) 555-0009"])

    assert twilio.parse_event(form(MISSED)) == left_out("call between own numbers")


# Voicemail, recordings, transcripts


def test_a_voicemail_is_joined_to_its_call(sample: Deliver) -> None:
    twilio = connector()
    event = only(twilio.parse_event(sample("twilio-voicemail.form")))
    call = only(twilio.parse_event(sample("twilio-missed.form")))

    assert event == Event(
        id="voicemail:RE00000000000000000000000000000001",
        kind="activity",
        text="Voicemail, 0:18",
        occurred_at=datetime(2026, 11, 6, 21, 20, 40, tzinfo=UTC),
        about=call.about,
        url="https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1.mp3",
    )
    assert not event.person.is_known
    assert message_of(twilio, event) == MinimalMessage(text="Voicemail, 0:18", url=event.url)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.example/RE1", "https://api.example/RE1.mp3"),
        ("https://api.example/RE1.mp3", "https://api.example/RE1.mp3"),
        ("https://api.example/RE1.wav", "https://api.example/RE1.wav"),
        ("https://api.example/RE 1", None),
        ("https://api.example/\x00", None),
        ("file:///RE1", None),
        ("", None),
    ],
)
def test_a_recording_is_linked_as_audio_if_its_address_is_one(given: str, kept: str | None) -> None:
    fields = {
        "CallSid": "CA1",
        "RecordingSid": "RE1",
        "RecordingStatus": "completed",
        "RecordingSource": "RecordVerb",
        "RecordingUrl": given,
    }
    event = told(fields)

    assert (event.text, event.url) == ("Voicemail", kept)


@pytest.mark.parametrize("status", ["in-progress", "absent"])
def test_a_recording_that_is_not_there_makes_nothing(sample: Deliver, status: str) -> None:
    request = sample(f"twilio-recording-{status}.form")

    assert connector().parse_event(request) == left_out(f"recording {status}")


def fetched(twilio: TwilioPhone, attachment: Attachment) -> Download | None:
    async def ask() -> Download | None:
        async with httpx.AsyncClient() as http:
            return await twilio.fetch_attachment(attachment, http)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("name", "filename"),
    [("twilio-voicemail", "voicemail.mp3"), ("twilio-call-recording", "recording.mp3")],
)
def test_with_credentials_audio_is_a_file_of_a_message(
    sample: Deliver, name: str, filename: str
) -> None:
    request = sample(f"{name}.form")
    twilio = connector(account_sid="AC1")
    plain, event = only(connector().parse_event(request)), only(twilio.parse_event(request))
    [file] = event.attachments

    assert (event.id, event.text, event.about) == (plain.id, plain.text, plain.about)
    assert (plain.kind, event.kind) == ("activity", "message")
    assert (file.source, file.url, file.filename) == (plain.url, "", filename)
    basic = base64.b64encode(f"AC1:{TOKEN}".encode()).decode()
    assert plain.url is not None
    assert fetched(twilio, file) == Download(
        url=plain.url, headers={"Authorization": f"Basic {basic}"}
    )


def test_audio_may_have_credentials_of_its_own() -> None:
    twilio = connector(account_sid="SK1", media_auth_token="key-secret-1")
    download = fetched(twilio, Attachment(source="https://api.twilio.com/RE1.mp3"))

    assert download is not None
    basic = base64.b64encode(b"SK1:key-secret-1").decode()
    assert download.headers == {"Authorization": f"Basic {basic}"}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com.example.com/RE1",
        "https://api.twilio.com@example.com/RE1",
        "https://api.twilio.com:x/RE1",
        "http://api.twilio.com/RE1",
    ],
)
def test_credentials_go_to_twilio_alone(url: str) -> None:
    fields = {
        "CallSid": "CA1",
        "RecordingSid": "RE1",
        "RecordingStatus": "completed",
        "RecordingSource": "RecordVerb",
        "RecordingUrl": url,
    }
    event = told(fields, account_sid="AC1")

    assert (event.kind, event.attachments) == ("activity", ())
    assert fetched(connector(account_sid="AC1"), Attachment(source=url)) is None


def test_without_credentials_nothing_is_fetched() -> None:
    assert fetched(connector(), Attachment(source="https://api.twilio.com/RE1.mp3")) is None


def test_a_recorded_call_gives_at_most_one_further_activity(sample: Deliver) -> None:
    request = sample("twilio-call-recording.form")
    event = only(connector().parse_event(request))

    assert event.id == "recording:CA0000000000000000000000000000000d"
    assert event.about == "call:CA0000000000000000000000000000000d"
    assert event.text == "Call recording, 4 min"
    assert connector(call_recordings=False).parse_event(request) == left_out("recording completed")


def test_a_transcript_is_one_line_in_the_callers_thread(sample: Deliver) -> None:
    request = sample("twilio-transcription.form")
    event = only(connector().parse_event(request))

    assert event.id == "transcription:TR00000000000000000000000000000001"
    assert event.text == "Voicemail transcript: “Hi, this is Dana. Is Saturday free?”"
    assert (event.person, event.thread) == (DANA, PAIR)
    assert event.about == "call:CA00000000000000000000000000000001"
    assert event.recipient == "+15005550009"
    assert connector(transcriptions=False).parse_event(request) == left_out("transcription")


def test_a_transcript_without_numbers_is_joined_to_its_call() -> None:
    event = told({"TranscriptionSid": "TR1", "TranscriptionText": "Hi", "CallSid": "CA1"})

    assert (event.person, event.about) == (Person(), "call:CA1")


def test_a_transcript_that_is_not_there_is_no_call_either() -> None:
    parts = connector().parse_event(form(MISSED | {"TranscriptionSid": "TR1"}))

    assert parts == left_out("transcription")


def test_a_failed_transcript_makes_nothing(sample: Deliver) -> None:
    assert connector().parse_event(sample("twilio-transcription-failed.form")) == left_out(
        "transcription"
    )


# What cannot be read


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Hello": "there"}, "CallSid is missing"),
        ({"CallSid": "CA1", "CallStatus": "busy"}, "From is missing"),
        (MISSED | {"Direction": "outbound-api", "To": ""}, "To is missing"),
        (MISSED | {"CallSid": "", "AccountSid": "AC1"}, "CallSid is missing"),
        ({"RecordingStatus": "completed", "RecordingSource": "RecordVerb"}, "CallSid is missing"),
        (
            {"RecordingStatus": "completed", "RecordingSource": "RecordVerb", "CallSid": "CA1"},
            "RecordingSid is missing",
        ),
        ({"TranscriptionText": "Hi", "CallSid": "CA1"}, "TranscriptionSid is missing"),
    ],
)
def test_a_missing_field_is_named(fields: dict[str, str], said: str) -> None:
    with pytest.raises(MalformedBody, match=said):
        connector().parse_event(form(fields))


def test_callbacks_of_other_voice_products_make_nothing() -> None:
    fields = {"AccountSid": "AC1", "ConferenceSid": "CF1", "StatusCallbackEvent": "conference-end"}

    assert connector().parse_event(form(fields)) == left_out("conference-end")
    assert connector().answer(form(fields)) == Answer(status=204)


def test_json_of_other_products_is_understood_as_nothing() -> None:
    url = f"{URL}?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

    assert connector().parse_event(WebhookRequest(url=url, body=b'{"a":1}')) == []


@pytest.mark.parametrize(
    "stamp", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 06 Nov 2026 25:61:00 +0000"]
)
def test_an_unreadable_time_is_left_out(stamp: str) -> None:
    assert told(MISSED | {"Timestamp": stamp}).occurred_at is None


@pytest.mark.parametrize("duration", ["soon", "-5", "9" * 40, "²"])
def test_an_unreadable_duration_is_left_out(duration: str) -> None:
    fields = MISSED | {"CallStatus": "completed", "CallDuration": duration}

    assert told(fields).text == "Call"


def test_a_get_delivery_is_read_from_the_query(sample: Deliver) -> None:
    posted = sample("twilio-missed.form")
    got = WebhookRequest(method="GET", url=f"{URL}?{posted.text()}")

    assert connector().parse_event(got) == connector().parse_event(posted)


# Answers, storage, settings, signature


@pytest.mark.parametrize(
    "name", ["twilio-missed", "twilio-voicemail", "twilio-transcription", "twilio-in-progress"]
)
def test_a_report_is_answered_with_nothing(sample: Deliver, name: str) -> None:
    assert connector().answer(sample(f"{name}.form")) == Answer(status=204)


@pytest.mark.parametrize("name", ["twilio-voice-url", "twilio-dial-no-answer"])
def test_a_question_of_what_to_do_is_answered_with_empty_twiml(sample: Deliver, name: str) -> None:
    assert connector().answer(sample(f"{name}.form")) == Answer(
        status=200, body=EMPTY_TWIML, content_type="text/xml"
    )


def test_the_voice_url_itself_makes_no_activity(sample: Deliver) -> None:
    assert connector().parse_event(sample("twilio-voice-url.form")) == left_out("call ringing")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({}, "auth_token"),
        ({"auth_token": [""]}, "auth_token"),
        ({"auth_token": TOKEN, "outcome": "guess"}, "outcome"),
        ({"auth_token": TOKEN, "call_recording": True}, "call_recording"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, object], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TwilioPhone.Settings.model_validate(wrong)

    assert refused.value.errors()[0]["loc"][0] == where


def test_only_a_genuine_delivery_passes() -> None:
    fields = {
        "MessageSid": "SM00000000000000000000000000000001",
        "From": "+15005550006",
        "To": "+15005550009",
        "Body": "Hi there",
        "NumMedia": "0",
    }
    signature = {"X-Twilio-Signature": "RfYdHJj5DZ8NC07tF0iS8W/gNsI="}
    scheme = connector().signature()

    assert scheme.verify(form(fields, **signature), 0) is None
    assert scheme.verify(form(fields | {"Body": "Hi"}, **signature), 0)
    assert scheme.verify(form(fields), 0)
    assert connector(auth_token="other").signature().verify(form(fields, **signature), 0)
    assert (
        connector(auth_token=["other", TOKEN]).signature().verify(form(fields, **signature), 0)
        is None
    )


# Anything may arrive

NAMES = [
    "AccountSid",
    "CallDuration",
    "CallSid",
    "CallStatus",
    "CallbackSource",
    "CallerName",
    "DialCallDuration",
    "DialBridged",
    "DialCallStatus",
    "Direction",
    "From",
    "ParentCallSid",
    "RecordingDuration",
    "RecordingSid",
    "RecordingSource",
    "RecordingStartTime",
    "RecordingStatus",
    "RecordingUrl",
    "Timestamp",
    "To",
    "TranscriptionSid",
    "TranscriptionText",
]
TYPICAL = [
    "completed",
    "no-answer",
    "RecordVerb",
    "CA1",
    "+15005550006",
    "https://x.example/1",
    "outbound-api",
    "0",
    "18",
    "Fri, 06 Nov 2026 21:20:31 +0000",
]
VALUES = st.sampled_from(TYPICAL) | st.text(max_size=30)


def assert_usable(twilio: TwilioPhone, request: WebhookRequest) -> None:
    assert twilio.answer(request)
    try:
        events = twilio.parse_event(request)
    except MalformedBody:
        return
    for event in (part for part in events if isinstance(part, Event)):
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert message_of(twilio, event)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_form_gives_events_that_survive_storage_or_is_malformed(fields: dict[str, str]) -> None:
    clean = {name: value.encode("utf-8", "ignore").decode() for name, value in fields.items()}
    assert_usable(connector(numbers=["+15005550009"]), form(clean))


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | VALUES
        | st.lists(st.text(max_size=3), max_size=2)
        | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    )
)
def test_any_json_gives_events_or_is_malformed(body: dict[str, object]) -> None:
    request = WebhookRequest(
        url=URL, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode()
    )
    assert_usable(connector(), request)
