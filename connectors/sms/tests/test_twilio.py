from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge import (
    Answer,
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


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


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
        recipient="+15005550009",
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
def test_a_media_address_that_is_no_web_address_is_told_in_words(address: str) -> None:
    fields = [*VECTOR[:4], ("NumMedia", "1"), ("MediaUrl0", address)]
    event = only(connector().parse_event(form(fields)))

    assert event.attachments == ()
    assert event.text == "Hi there\n(a file that cannot be shown)"


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


def test_a_delivery_status_is_left_out_by_its_name(sample: Deliver) -> None:
    request = sample("twilio-status-delivered.form")

    assert connector().parse_event(request) == [IgnoredPart(kind="message delivered")]


def test_a_status_that_is_new_is_left_out_without_its_words() -> None:
    fields = [*VECTOR[:3], ("MessageStatus", "call me")]

    assert connector().parse_event(form(fields)) == [IgnoredPart(kind="message status")]


def test_every_status_of_an_outbound_copy_has_the_same_id(sample: Deliver) -> None:
    sent = only(connector().parse_event(sample("twilio-copy-sent.form")))
    delivered = only(connector().parse_event(sample("twilio-copy-delivered.form")))

    assert sent == delivered
    assert sent.direction == "outbound"
    assert sent.person == Person(phone="+15005550006")
    assert sent.thread == "+15005550009/+15005550006"
    assert sent.text == "Yes, 10:00 works"


def test_a_text_that_failed_is_one_activity_with_the_reason(sample: Deliver) -> None:
    twilio = connector()
    event = only(twilio.parse_event(sample("twilio-status-undelivered.form")))

    assert event == Event(
        id="undelivered:SM0000000000000000000000000000000b",
        kind="activity",
        direction="outbound",
        person=Person(phone="+15005550006"),
        text="Your SMS was not delivered: the phone cannot be reached",
        thread="+15005550009/+15005550006",
        recipient="+15005550009",
    )
    assert message_of(twilio, event) == MinimalMessage(text=event.text)


def test_a_text_that_failed_quotes_itself_where_the_callback_tells_it(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-copy-failed.form")))

    assert event.text == "Your SMS was not delivered: the phone cannot be reached (“Yes”)"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"ErrorCode": "99999"}, "Your SMS was not delivered: Twilio's error 99999"),
        ({"ErrorCode": "0"}, "Your SMS was not delivered"),
        ({"ErrorCode": "x"}, "Your SMS was not delivered"),
        ({}, "Your SMS was not delivered"),
        (
            {"To": "whatsapp:+15005550006", "ChannelStatusMessage": "Not on WhatsApp"},
            "Your WhatsApp message was not delivered: Not on WhatsApp",
        ),
    ],
)
def test_the_reason_of_a_failure_is_what_twilio_tells(fields: dict[str, str], text: str) -> None:
    given = {**dict(VECTOR[:3]), "MessageStatus": "failed", **fields}

    assert only(connector().parse_event(form(list(given.items())))).text == text


def test_failures_can_be_left_out(sample: Deliver) -> None:
    request = sample("twilio-status-undelivered.form")

    assert connector(failures=False).parse_event(request) == [
        IgnoredPart(kind="message undelivered")
    ]


def test_a_failure_between_own_numbers_is_left_out(sample: Deliver) -> None:
    twilio = connector(numbers=["+15005550006", "+15005550009"])

    assert twilio.parse_event(sample("twilio-status-undelivered.form")) == [
        IgnoredPart(kind="message undelivered")
    ]


def test_a_failure_that_reaches_nobody_is_malformed() -> None:
    with pytest.raises(MalformedBody, match="To is missing"):
        connector().parse_event(form([*VECTOR[:2], ("MessageStatus", "failed")]))


def test_a_copy_still_in_the_queue_waits_for_its_next_status() -> None:
    parts = connector().parse_event(form([*VECTOR, ("SmsStatus", "queued")]))

    assert parts == [IgnoredPart(kind="message queued")]


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

    assert twilio.parse_event(form([*VECTOR, ("SmsStatus", "received")])) == [
        IgnoredPart(kind="message between own numbers")
    ]


# WhatsApp


def whatsapp(**fields: str) -> Event:
    given = {
        "MessageSid": "SM1",
        "From": "whatsapp:+15005550006",
        "To": "whatsapp:+15005550009",
        "SmsStatus": "received",
        **fields,
    }
    return only(connector().parse_event(form(list(given.items()))))


@pytest.mark.parametrize("given", ["whatsapp:US.2041", "US.2041"])
def test_whatsapps_own_user_id_is_kept_beside_the_number(given: str) -> None:
    event = whatsapp(Body="Hello", ProfileName="Dana Reyes", ExternalUserId=given)

    assert event.person == Person(phone="+15005550006", id="whatsapp:US.2041", name="Dana Reyes")
    assert event.recipient == "+15005550009"


def test_somebody_who_hides_the_number_is_the_same_person() -> None:
    event = whatsapp(Body="Hello", From="whatsapp:US.2041", ExternalUserId="whatsapp:US.2041")

    assert event.person == Person(id="whatsapp:US.2041", name="US.2041")


def test_a_user_id_of_the_sender_is_not_put_on_whom_the_business_wrote_to() -> None:
    event = whatsapp(Body="Hello", SmsStatus="delivered", ExternalUserId="whatsapp:US.2041")

    assert event.person == Person(phone="+15005550009")


def test_a_place_is_shown_with_a_link_to_a_map(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("twilio-whatsapp-place.form")))

    assert event.text == (
        "[location] https://www.google.com/maps/search/?api=1&query=12.1608,75.2652"
    )
    assert event.recipient == "MG77"
    named = whatsapp(Latitude="12.1", Longitude="75", Label="Salon", Address="1 Main St", Body="")
    assert named.text == (
        "[location] Salon, 1 Main St https://www.google.com/maps/search/?api=1&query=12.1,75"
    )


@pytest.mark.parametrize(("latitude", "longitude"), [("", "75"), ("91", "75"), ("x", "75")])
def test_coordinates_that_are_none_are_not_linked(latitude: str, longitude: str) -> None:
    event = whatsapp(Latitude=latitude, Longitude=longitude, MessageType="location")

    assert event.text == "(a message that cannot be shown here)"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "CONFIRM_1"}, "Yes"),
        ({"Body": "", "ButtonText": "Yes"}, "Yes"),
        ({"Body": "9am", "ListTitle": "9am", "ListDescription": "Tuesday"}, "9am\nTuesday"),
        (
            {"Body": "Hi", "ReferralHeadline": "Spring sale", "ReferralBody": "20 % off"},
            "Hi\n[from an ad] Spring sale\n20 % off",
        ),
        (
            {"Body": "Hi", "ReferralSourceUrl": "https://fb.me/1"},
            "Hi\n[from an ad]\nhttps://fb.me/1",
        ),
        (
            {
                "Body": "",
                "InteractiveData": json.dumps(
                    {"flow_token": "t-1", "screen_0_Your_day_1": "2_Next_week", "pets": ["cat", 2]}
                ),
            },
            "[answered a form]\nYour day: Next week\nPets: cat, 2",
        ),
        ({"Body": "Hi", "InteractiveData": "no json"}, "Hi"),
        (
            {
                "Body": "",
                "InteractiveData": '{"type":"list_reply","list_reply":{"id":"s1","title":"9am"}}',
            },
            "9am",
        ),
        ({"Body": "Yes", "InteractiveData": '{"id":"CONFIRM_1","payload":"x"}'}, "Yes"),
        (
            {"Body": "Sent", "FlowData": '{"name":"flow","response_json":"{\\"day\\":\\"Mon\\"}"}'},
            "Sent\n[answered a form]\nDay: Mon",
        ),
    ],
)
def test_what_was_picked_answered_or_clicked_before_is_kept(
    fields: dict[str, str], text: str
) -> None:
    assert whatsapp(**fields).text == text


def test_a_kind_that_twilio_does_not_pass_on_is_said_so() -> None:
    assert whatsapp(MessageType="unsupported").text == "(a message that cannot be shown here)"


# Media behind credentials

MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"


def fetched(twilio: TwilioSms, attachment: Attachment) -> Download | None:
    async def ask() -> Download | None:
        async with httpx.AsyncClient() as http:
            return await twilio.fetch_attachment(attachment, http)

    return asyncio.run(ask())


def test_with_credentials_media_are_fetched_with_them(sample: Deliver) -> None:
    twilio = connector(account_sid="AC1")
    [file] = only(twilio.parse_event(sample("twilio-inbound-mms.form"))).attachments

    assert (file.url, file.source, file.mime_type) == ("", MEDIA, "image/jpeg")
    basic = base64.b64encode(f"AC1:{TOKEN}".encode()).decode()
    assert fetched(twilio, file) == Download(url=MEDIA, headers={"Authorization": f"Basic {basic}"})


def test_media_may_have_credentials_of_their_own(sample: Deliver) -> None:
    twilio = connector(account_sid="SK1", media_auth_token="key-secret-1")
    [file] = only(twilio.parse_event(sample("twilio-inbound-mms.form"))).attachments
    download = fetched(twilio, file)

    assert download is not None
    basic = base64.b64encode(b"SK1:key-secret-1").decode()
    assert download.headers == {"Authorization": f"Basic {basic}"}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com.example.com/1",
        "https://example.com/api.twilio.com/1",
        "https://api.twilio.com@example.com/1",
        "https://api.twilio.com:8443/1",
        "https://api.twilio.com:x/1",
        "http://api.twilio.com/1",
        "https://twilio.com/1",
        "https://[/1",
    ],
)
def test_credentials_go_to_twilio_alone(url: str) -> None:
    twilio = connector(account_sid="AC1")
    fields = [*VECTOR[:4], ("NumMedia", "1"), ("MediaUrl0", url)]
    [file] = only(twilio.parse_event(form(fields))).attachments

    assert (file.url, file.source) == (url, None)
    assert fetched(twilio, Attachment(source=url)) is None


def test_without_credentials_nothing_is_fetched() -> None:
    assert fetched(connector(), Attachment(source=MEDIA)) is None


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
    for event in (part for part in events if isinstance(part, Event)):
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
    for event in (part for part in events if isinstance(part, Event)):
        assert Event.model_validate_json(event.model_dump_json()) == event
