from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import (
    Answer,
    Attachment,
    Badge,
    BasicMessage,
    Event,
    MalformedBody,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_sms.twilio import TwilioSms
from pydantic import ValidationError

TOKEN = "twilio-auth-token-demo"
URL = "https://hooks.example.com/h/acme/twilio"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
SAMPLES = sorted((Path(__file__).parent.parent / "samples").glob("twilio-*.form"))
VECTOR = [
    ("MessageSid", "SM00000000000000000000000000000001"),
    ("From", "+15005550006"),
    ("To", "+15005550009"),
    ("Body", "Hi there"),
    ("NumMedia", "0"),
]

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> TwilioSms:
    return TwilioSms(TwilioSms.Settings.model_validate({"auth_token": TOKEN, **more}))


def form(pairs: list[tuple[str, str]], url: str = URL, **headers: str) -> WebhookRequest:
    return WebhookRequest(url=url, headers=FORM_TYPE | headers, body=urlencode(pairs).encode())


def only(events: list[Event]) -> Event:
    assert len(events) == 1
    return events[0]


# What arrives


def test_an_inbound_text_becomes_one_inbound_message(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-inbound-sms.form")))

    assert event == Event(
        id="SM00000000000000000000000000000001",
        kind="message",
        direction="inbound",
        person=Person(phone="+15005550006"),
        text="Is Saturday free?\nAround 10 😊",
        thread="+15005550009/+15005550006",
    )


def test_the_form_has_no_time_so_none_is_claimed(sample: Deliver) -> None:
    assert only(connector().parse_event(sample("twilio-inbound-sms.form"))).occurred_at is None


def test_a_picture_arrives_with_its_text(sample: Deliver) -> None:
    twilio = connector()
    event = only(twilio.parse_event(sample("twilio-inbound-mms.form")))

    assert message_of(twilio, event) == BasicMessage(
        text="see photo",
        attachments=(
            Attachment(
                kind="image",
                url="https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
                mime_type="image/jpeg",
            ),
        ),
    )


def test_media_without_text_keep_their_order_and_kinds(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-inbound-media-only.form")))

    assert event.text == ""
    assert [(file.kind, file.mime_type, file.url[-3:]) for file in event.attachments] == [
        ("image", "image/png", "ME1"),
        ("file", "application/pdf", "ME2"),
        ("file", None, "ME3"),
    ]


def test_media_are_found_though_nummedia_is_missing() -> None:
    fields = [*VECTOR[:4], ("MediaUrl0", "https://media.example/1"), ("SmsStatus", "received")]

    assert len(only(connector().parse_event(form(fields))).attachments) == 1


def test_media_are_found_though_the_first_and_the_text_are_missing() -> None:
    fields = [*VECTOR[:3], ("NumMedia", "2"), ("MediaUrl1", "https://media.example/1")]
    event = only(connector().parse_event(form(fields)))

    assert [file.url for file in event.attachments] == ["https://media.example/1"]
    assert event.text == ""


@pytest.mark.parametrize("name", ["SmsSid", "SmsMessageSid"])
def test_the_older_names_of_the_id_are_read_too(name: str) -> None:
    assert only(connector().parse_event(form([(name, "SM1"), *VECTOR[1:]]))).id == "SM1"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://x.example/a b", "https://x.example/\x00", "ftp://x"]
)
def test_a_media_address_that_is_no_web_address_is_left_out(address: str) -> None:
    fields = [*VECTOR[:4], ("NumMedia", "1"), ("MediaUrl0", address)]
    event = only(connector().parse_event(form(fields)))

    assert event.attachments == ()
    assert event.text == "Hi there"


def test_a_stop_word_is_shown_as_what_the_customer_said(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-inbound-stop.form")))

    assert (event.text, event.direction) == ("Stop", "inbound")


def test_a_message_with_neither_text_nor_media_says_so(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-inbound-blank.form")))

    assert event.text == "(message without text)"


def test_of_repeated_fields_the_first_that_is_not_blank_counts(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-inbound-repeated-fields.form")))

    assert event.text == "first"


@pytest.mark.parametrize(
    ("name", "sender"),
    [("twilio-inbound-short-code", "72975"), ("twilio-inbound-alphanumeric", "PARCELCO")],
)
def test_a_sender_that_is_no_phone_is_known_by_its_name(
    sample: Deliver, name: str, sender: str
) -> None:
    event = only(connector().parse_event(sample(f"{name}.form")))

    assert event.person == Person(id=sender, name=sender)
    assert event.thread == f"+15005550009/{sender.casefold()}"


def test_whatsapp_finds_the_same_phone_under_its_own_badge(sample: Deliver) -> None:
    twilio = connector(icon_url="https://example.com/icon.png")
    event = only(twilio.parse_event(sample("twilio-inbound-whatsapp.form")))

    assert event.person == Person(phone="+15005550006", name="Dana Reyes")
    assert event.thread == "whatsapp:+15005550009/+15005550006"
    assert badge_of(twilio, event) == Badge(
        text="WhatsApp", icon_url="https://example.com/icon.png"
    )


def test_a_channel_without_phone_numbers_keeps_its_users_id_and_name() -> None:
    fields = {**dict(VECTOR), "From": "messenger:7890", "ProfileName": "Dana Reyes"}
    event = only(connector().parse_event(form(list(fields.items()))))

    assert event.person == Person(id="messenger:7890", name="Dana Reyes")
    assert badge_of(connector(), event) == Badge(text="Messenger")


def test_the_badge_of_a_text_message_can_be_renamed(sample: Deliver) -> None:
    request = sample("twilio-inbound-sms.form")

    for twilio, text in ((connector(), "SMS"), (connector(label=" Front desk "), "Front desk")):
        assert badge_of(twilio, only(twilio.parse_event(request))) == Badge(text=text)


def test_a_get_delivery_is_read_from_the_query(sample: Deliver) -> None:
    posted = sample("twilio-inbound-mms.form")
    got = WebhookRequest(method="GET", url=f"{URL}?{posted.text()}")

    assert connector().parse_event(got) == connector().parse_event(posted)


# What the business sent


@pytest.mark.parametrize("name", ["twilio-status-delivered", "twilio-status-undelivered"])
def test_delivery_statuses_make_no_message(sample: Deliver, name: str) -> None:
    assert connector().parse_event(sample(f"{name}.form")) == []


def test_every_status_of_an_outbound_copy_has_the_same_id(sample: Deliver) -> None:
    sent = only(connector().parse_event(sample("twilio-copy-sent.form")))
    delivered = only(connector().parse_event(sample("twilio-copy-delivered.form")))

    assert sent == delivered
    assert sent.direction == "outbound"
    assert sent.person == Person(phone="+15005550006")
    assert sent.thread == "+15005550009/+15005550006"
    assert sent.text == "Yes, 10:00 works"


def test_a_copy_that_failed_was_never_said(sample: Deliver) -> None:
    assert connector().parse_event(sample("twilio-copy-failed.form")) == []


def test_a_copy_still_in_the_queue_waits_for_its_next_status() -> None:
    assert connector().parse_event(form([*VECTOR, ("SmsStatus", "queued")])) == []


def test_a_copy_that_says_it_is_outbound_need_not_wait_for_a_status() -> None:
    fields = [*VECTOR, ("Direction", "outbound-api"), ("SmsStatus", "queued")]
    event = only(connector().parse_event(form(fields)))

    assert (event.direction, event.person.phone) == ("outbound", "+15005550009")


def test_an_outbound_copy_without_a_receiver_is_malformed() -> None:
    fields = [pair for pair in VECTOR if pair[0] != "To"]

    with pytest.raises(MalformedBody, match="To is missing"):
        connector().parse_event(form([*fields, ("SmsStatus", "sent")]))


@pytest.mark.parametrize("status", ["received", "sent", "queued", ""])
def test_a_message_from_an_own_number_is_the_businesss(status: str) -> None:
    twilio = connector(numbers="+1 500 555 0006")
    event = only(twilio.parse_event(form([*VECTOR, ("SmsStatus", status)])))

    assert event.direction == "outbound"
    assert event.person == Person(phone="+15005550009")
    assert event.thread == "+15005550006/+15005550009"


def test_a_message_between_own_numbers_is_left_out() -> None:
    twilio = connector(numbers=["+15005550006", "+15005550009"])

    assert twilio.parse_event(form([*VECTOR, ("SmsStatus", "received")])) == []


# What cannot be read


@pytest.mark.parametrize(
    ("left_out", "said"),
    [("MessageSid", "MessageSid is missing"), ("From", "From is missing"), ("Body", "Body is")],
)
def test_a_missing_field_is_named(left_out: str, said: str) -> None:
    fields = [(name, value) for name, value in VECTOR if name != left_out]

    with pytest.raises(MalformedBody, match=said):
        connector().parse_event(form([*fields, ("SmsStatus", "received")]))


@pytest.mark.parametrize("sid", ["SM\x00", "S" * 600, "Sé"])
def test_an_id_that_could_not_be_stored_is_refused_without_quoting_it(sid: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        connector().parse_event(form([*VECTOR[1:], ("MessageSid", sid)]))

    assert sid not in str(refused.value)


def test_json_of_other_products_is_understood_as_nothing() -> None:
    url = f"{URL}?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

    assert connector().parse_event(WebhookRequest(url=url, body=b'{"a":1}')) == []


def test_json_with_the_same_fields_is_read_like_a_form() -> None:
    body = (
        b'{"MessageSid":"SM1","From":"+15005550006","To":"+15005550009","Body":"Hi","NumMedia":0}'
    )
    request = WebhookRequest(url=URL, headers={"Content-Type": "application/json"}, body=body)

    assert only(connector().parse_event(request)).text == "Hi"


# Answer, storage, settings


@pytest.mark.parametrize("name", [path.name for path in SAMPLES])
def test_every_delivery_is_answered_with_empty_twiml(sample: Deliver, name: str) -> None:
    assert connector().answer(sample(name)) == Answer(
        status=200,
        body='<?xml version="1.0" encoding="UTF-8"?><Response/>',
        content_type="text/xml",
    )


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({}, "auth_token"),
        ({"auth_token": " "}, "auth_token"),
        ({"auth_token": TOKEN, "label": ""}, "label"),
        ({"auth_token": TOKEN, "auth_tokne": "x"}, "auth_tokne"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, str], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TwilioSms.Settings.model_validate(wrong)

    assert refused.value.errors()[0]["loc"][0] == where
    assert TOKEN not in repr(TwilioSms.Settings.model_validate({"auth_token": TOKEN}))


# Signature


@pytest.mark.parametrize(
    ("headers", "signature"),
    [
        ({}, "RfYdHJj5DZ8NC07tF0iS8W/gNsI="),
        (
            {"X-Twilio-Webhooks-Signature-Settings": "key=SK1,algorithm=HMAC_SHA256"},
            "wKkGpuw9DnSX1b3obuAPF93yyHxwfi04E2jD5AVh1OY=",
        ),
    ],
)
def test_the_signature_of_a_form_passes(headers: dict[str, str], signature: str) -> None:
    signed = form(VECTOR, **headers, **{"X-Twilio-Signature": signature})

    assert connector().signature().verify(signed, 0) is None


def test_the_signature_of_a_json_body_passes() -> None:
    url = f"{URL}?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    headers = {"X-Twilio-Signature": "bc50TZKVpDcPLka57Ys/EuY7S6U="}
    scheme = connector().signature()

    assert scheme.verify(WebhookRequest(url=url, headers=headers, body=b'{"a":1}'), 0) is None
    assert scheme.verify(WebhookRequest(url=url, headers=headers, body=b'{"a":2}'), 0)


def test_twilios_own_vector_passes_at_any_port() -> None:
    fields = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ]
    scheme = connector(auth_token="12345").signature()

    for host in ("mycompany.com", "mycompany.com:1234"):
        url = f"https://{host}/myapp.php?foo=1&bar=2"
        signed = form(fields, url, **{"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="})
        assert scheme.verify(signed, 0) is None


def test_repeated_names_are_signed_once_and_sorted() -> None:
    fields = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        *(("Digits", d) for d in ["5678", "1234", "1234"]),
    ]
    signed = form(
        fields,
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        **{"X-Twilio-Signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
    )

    assert connector(auth_token="12345").signature().verify(signed, 0) is None


def test_a_get_is_signed_by_its_url_alone() -> None:
    url = f"{URL}?{urlencode(VECTOR)}"
    made = base64.b64encode(hmac.digest(TOKEN.encode(), url.encode(), hashlib.sha1)).decode()
    signed = WebhookRequest(method="GET", url=url, headers={"X-Twilio-Signature": made})

    assert connector().signature().verify(signed, 0) is None


@pytest.mark.parametrize("signature", ["", "RfYdHJj5DZ8NC07tF0iS8W/gNsJ=", "RfYd", "é"])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    assert connector().signature().verify(form(VECTOR, **{"X-Twilio-Signature": signature}), 0)


def test_a_missing_signature_is_refused() -> None:
    assert connector().signature().verify(form(VECTOR), 0)


def test_a_changed_field_or_url_is_refused() -> None:
    scheme = connector().signature()
    signed = scheme.sign(form(VECTOR), 0)
    header = {"X-Twilio-Signature": signed.headers["X-Twilio-Signature"]}

    assert scheme.verify(signed, 0) is None
    assert scheme.verify(form([*VECTOR, ("Body", "more")], **header), 0)
    assert scheme.verify(form(VECTOR, URL + "/", **header), 0)


def test_two_tokens_are_live_while_one_is_rotated() -> None:
    old, new = connector(auth_token="old-token"), connector(auth_token="new-token")
    both = connector(auth_token=["new-token", "old-token"]).signature()

    for sender in (old, new):
        assert both.verify(sender.signature().sign(form(VECTOR), 0), 0) is None
    assert both.verify(connector().signature().sign(form(VECTOR), 0), 0)


# Anything may arrive

ANY_TEXT = st.text(max_size=30)
NAMES = [
    "MessageSid",
    "SmsSid",
    "MessageStatus",
    "SmsStatus",
    "From",
    "To",
    "Body",
    "NumMedia",
    "MediaUrl0",
    "MediaContentType0",
    "ProfileName",
    "Direction",
    "MessagingServiceSid",
]


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        ANY_TEXT
        | st.sampled_from(["received", "sent", "SM1", "+15005550006", "https://x.example/1"]),
    )
)
def test_any_form_gives_events_that_survive_storage_or_is_malformed(fields: dict[str, str]) -> None:
    twilio = connector(numbers=["+15005550009"])
    request = form(
        [(name, value.encode("utf-8", "ignore").decode()) for name, value in fields.items()]
    )
    try:
        events = twilio.parse_event(request)
    except MalformedBody:
        return
    for event in events:
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert message_of(twilio, event)
        assert badge_of(twilio, event)


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2)
            ),
        ),
    )
)
def test_any_json_gives_events_or_is_malformed(body: dict[str, object]) -> None:
    request = WebhookRequest(
        url=URL, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode()
    )
    try:
        events = connector().parse_event(request)
    except MalformedBody:
        return
    for event in events:
        assert Event.model_validate_json(event.model_dump_json()) == event
