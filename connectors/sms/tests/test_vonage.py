from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
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
    Part,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_sms.vonage import VonageSms
from jwt import decode as decoded_jwt
from pydantic import ValidationError

SECRET = "vonage-signature-secret"
URL = "https://hooks.example.com/hooks/sms"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}
AT = datetime(2026, 11, 6, 21, 20, tzinfo=UTC)
PAIR = "+15005550009/+15005550006"
NOW = 1767323045.0
VECTOR = {
    "api-key": "abcd1234",
    "keyword": "A",
    "message-timestamp": "2026-01-02 03:04:05",
    "messageId": "0A0000000123ABCD1",
    "msisdn": "15005550006",
    "nonce": "n-1",
    "text": "a&b=c",
    "timestamp": "1767323045",
    "to": "15005550009",
    "type": "text",
}
SHA256 = "33c466de676ec1324261f2e99c21818d9aaa368d7cf139af5f60f9397f172677"
MD5HASH = "0dfcd466d4c8d6a62a572156c8883fc3"

Deliver = Callable[..., WebhookRequest]


def connector(**more: object) -> VonageSms:
    return VonageSms(VonageSms.Settings.model_validate({"signature_secret": SECRET, **more}))


def form(fields: dict[str, str]) -> WebhookRequest:
    return WebhookRequest(url=URL, headers=FORM_TYPE, body=urlencode(fields).encode())


def get(fields: dict[str, str]) -> WebhookRequest:
    return WebhookRequest(method="GET", url=f"{URL}?{urlencode(fields)}")


def posted_json(fields: dict[str, Any], **headers: str) -> WebhookRequest:
    return WebhookRequest(
        url=URL,
        headers={"Content-Type": "application/json"} | headers,
        body=json.dumps(fields).encode(),
    )


WAYS = pytest.mark.parametrize("send", [form, get, posted_json])


def only(parts: list[Part]) -> Event:
    [event] = parts
    assert isinstance(event, Event)
    return event


# SMS API


@pytest.mark.parametrize("name", ["vonage-sms.form", "vonage-sms.json"])
def test_an_inbound_text_becomes_one_inbound_message(sample: Deliver, name: str) -> None:
    assert connector().parse_event(sample(name)) == [
        Event(
            id="0A0000000123ABCD1",
            person=Person(phone="+15005550006"),
            text="Is Saturday free?",
            occurred_at=AT,
            thread=PAIR,
            recipient="+15005550009",
        )
    ]


def test_a_get_delivery_is_read_from_the_query(sample: Deliver) -> None:
    posted = sample("vonage-sms.form")
    got = WebhookRequest(method="GET", url=f"{URL}?{posted.text()}")

    assert connector().parse_event(got) == connector().parse_event(posted)


def test_each_part_of_a_long_text_says_which_it_is(sample: Deliver) -> None:
    second = only(connector().parse_event(sample("vonage-sms-part-2.form")))
    first = only(connector().parse_event(sample("vonage-sms-part-1.form")))

    assert (first.text, second.text) == ("Is Saturday free… (1/2)", "…and Sunday? (2/2)")
    assert first.id != second.id
    assert first.thread == second.thread


def test_the_part_may_be_told_in_json_numbers() -> None:
    fields = VECTOR | {"concat": True, "concat-total": 3, "concat-part": 2}

    assert only(connector().parse_event(posted_json(fields))).text == "a&b=c (2/3)"


@pytest.mark.parametrize("part", ["", "²", "many", "9999"])
def test_an_unreadable_part_number_is_left_out(part: str) -> None:
    fields = VECTOR | {"concat": "true", "concat-total": "2", "concat-part": part}

    assert only(connector().parse_event(form(fields))).text == "a&b=c"


def test_a_binary_message_says_that_it_has_no_text(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-sms-binary.form")))

    assert event.text == "(message without text)"


def test_a_sender_that_is_no_phone_is_known_by_its_name(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-sms-alphanumeric.form")))

    assert event.person == Person(id="PARCELCO", name="PARCELCO")


@pytest.mark.parametrize(
    ("msisdn", "person"),
    [
        ("298211234", Person(phone="+298211234")),
        ("72975", Person(id="72975", name="72975")),
        ("447700900123", Person(phone="+447700900123")),
    ],
)
def test_a_number_is_read_as_international_digits(msisdn: str, person: Person) -> None:
    assert only(connector().parse_event(form(VECTOR | {"msisdn": msisdn}))).person == person


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vonage-receipt.form", "receipt delivered"),
        ("vonage-message-status.json", "message delivered"),
    ],
)
def test_receipts_and_statuses_are_left_out_by_their_names(
    sample: Deliver, name: str, kind: str
) -> None:
    assert connector().parse_event(sample(name)) == [IgnoredPart(kind=kind)]


@pytest.mark.parametrize(
    ("name", "kind", "event_id", "text"),
    [
        (
            "vonage-receipt-failed.form",
            "receipt rejected",
            "undelivered:0A0000000123ABCD7",
            "Your SMS was not delivered: the carrier took it for spam",
        ),
        (
            "vonage-message-rejected.json",
            "message rejected",
            "undelivered:aaaaaaaa-bbbb-4ccc-8ddd-000000000205",
            "Your WhatsApp message was not delivered: "
            "Invalid params: the recipient is not on WhatsApp",
        ),
    ],
)
def test_what_was_not_delivered_is_an_activity_unless_left_out(
    sample: Deliver, name: str, kind: str, event_id: str, text: str
) -> None:
    event = only(connector().parse_event(sample(name)))

    assert (event.id, event.kind, event.direction, event.text) == (
        event_id,
        "activity",
        "outbound",
        text,
    )
    assert connector(failures=False).parse_event(sample(name)) == [IgnoredPart(kind=kind)]


def test_a_failure_without_a_reason_in_words_names_none() -> None:
    fields = {"messageId": "1", "msisdn": "15005550006", "to": "15005550009", "status": "failed"}

    assert only(connector().parse_event(form(fields))).text == "Your SMS was not delivered"
    status = {
        "message_uuid": "u-1",
        "to": "15005550006",
        "from": "15005550009",
        "channel": "sms",
        "status": "undeliverable",
        "error": {"title": "1000"},
    }
    assert only(connector().parse_event(posted_json(status))).text == "Your SMS was not delivered"


@pytest.mark.parametrize("what", ["a private word", ""])
def test_a_status_that_is_new_is_left_out_without_its_words(what: str) -> None:
    fields = {"messageId": "1", "msisdn": "15005550006", "status": what}

    assert connector().parse_event(form(fields)) == [IgnoredPart(kind="receipt status")]


@pytest.mark.parametrize("left_out", ["messageId", "msisdn", "text"])
@WAYS
def test_a_missing_field_is_named(
    left_out: str, send: Callable[[dict[str, str]], WebhookRequest]
) -> None:
    fields = {name: value for name, value in VECTOR.items() if name != left_out}

    with pytest.raises(MalformedBody, match=f"{left_out} is missing"):
        connector().parse_event(send(fields))


# Messages API


def test_a_text_by_the_messages_api_reads_the_same(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-sms.json")))

    assert event == Event(
        id="aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        person=Person(phone="+15005550006"),
        text="Is Saturday free?",
        occurred_at=AT,
        thread=PAIR,
        recipient="+15005550009",
    )
    assert badge_of(connector(), event) == Badge(text="SMS")
    named = connector(label="Salon", icon_url="https://example.com/icon.png")
    assert badge_of(named, event) == Badge(text="Salon", icon_url="https://example.com/icon.png")


def test_a_picture_arrives_with_its_caption(sample: Deliver) -> None:
    vonage = connector()

    assert message_of(
        vonage, only(vonage.parse_event(sample("vonage-message-mms.json")))
    ) == BasicMessage(
        text="see photo",
        attachments=(
            Attachment(kind="image", url="https://media.example/p.jpg", filename="p.jpg"),
        ),
    )


def test_whatsapp_finds_the_same_phone_under_its_own_badge(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-whatsapp.json")))

    assert event.person == Person(phone="+15005550006", name="Dana Reyes")
    assert event.thread == f"whatsapp:{PAIR}"
    assert badge_of(connector(), event) == Badge(text="WhatsApp")


def test_a_file_without_words_is_offered_as_a_file(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-file.json")))

    assert event.text == ""
    assert event.attachments == (
        Attachment(kind="file", url="https://media.example/form.pdf", filename="form.pdf"),
    )


def test_a_sticker_is_a_picture(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-sticker.json")))

    assert event.text == ""
    assert event.attachments == (Attachment(kind="image", url="https://media.example/s.webp"),)


def told(kind: str, **fields: Any) -> Event:
    body = {
        "channel": "whatsapp",
        "message_uuid": "u-1",
        "to": "15005550009",
        "from": "15005550006",
        "message_type": kind,
        **fields,
    }
    return only(connector().parse_event(posted_json(body)))


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("sticker", {}, "(sticker)"),
        ("image", {"url": "ftp://x"}, "(a file that cannot be shown)"),
        ("vcard", None, "(contact card)"),
        ("location", {"lat": "north"}, "(location)"),
        ("poll", {"q": 1}, "(a message that cannot be shown here)"),
        ("unsupported", None, "(a message that cannot be shown here)"),
        ("content", [], "(message without text)"),
        ("reply", {"id": "slot1-1", "title": "9am", "description": "Tuesday"}, "9am\nTuesday"),
        ("button", {"payload": "STOP_OFFERS", "text": "No more offers"}, "No more offers"),
        ("reply", {"response_json": '{"day": "Mon"}'}, "[answered a form]\nDay: Mon"),
        (
            "location",
            {"latitude": 47.5, "longitude": 8},
            "[location] https://www.google.com/maps/search/?api=1&query=47.5,8",
        ),
        (
            "contact",
            {"name": {"formatted_name": "Mara"}, "phones": [{"phone": "+41 44 668 18 00"}]},
            "[contact] Mara, +41 44 668 18 00",
        ),
        (
            "content",
            [
                7,
                {},
                {"type": "text", "text": "Both"},
                {"type": "image", "url": "x", "caption": "A"},
            ],
            "Both\nA\n(a file that cannot be shown)",
        ),
    ],
)
def test_each_kind_of_message_says_what_it_holds(kind: str, content: Any, text: str) -> None:
    assert told(kind, **{kind: content}).text == text


def test_several_files_are_kept_in_order_with_their_captions() -> None:
    files = [
        {"type": "image", "url": "https://f.example/1.jpg", "caption": "Before"},
        {"type": "file", "url": "https://f.example/2.pdf", "name": "quote.pdf"},
        {"type": "vcard", "url": "https://f.example/3"},
    ]
    event = told("content", content=files)

    assert event.text == "Before"
    assert [(file.kind, file.filename) for file in event.attachments] == [
        ("image", None),
        ("file", "quote.pdf"),
        ("file", "contact.vcf"),
    ]


def test_whatsapps_own_user_id_is_kept_beside_the_number() -> None:
    event = told("text", text="Hi", whatsapp={"sender": {"user_id": "US.2041"}})

    assert event.person == Person(phone="+15005550006", id="US.2041")


@pytest.mark.parametrize("sender", ["US.2041", "", None])
def test_somebody_who_hides_the_number_is_the_same_person(sender: str | None) -> None:
    whatsapp = {"sender": {"user_id": "US.2041"}}
    body = {"text": "Hi", "from": sender, "profile": {"name": "Dana"}, "whatsapp": whatsapp}
    event = told("text", **body)

    assert event.person == Person(id="US.2041", name="Dana")


def test_a_number_that_only_whatsapps_sender_names_is_read() -> None:
    whatsapp = {"sender": {"user_id": "US.2041", "wa_id": "15005550006"}}
    event = told("text", **{"text": "Hi", "from": None, "whatsapp": whatsapp})

    assert event.person == Person(phone="+15005550006", id="US.2041")


def test_a_number_is_preferred_to_the_user_id_that_stands_for_it() -> None:
    whatsapp = {"sender": {"user_id": "US.2041", "wa_id": "15005550006"}}
    event = told("text", **{"text": "Hi", "from": "US.2041", "whatsapp": whatsapp})

    assert event.person == Person(phone="+15005550006", id="US.2041")


def test_somebody_without_a_profile_name_is_called_by_the_user_name() -> None:
    assert told("text", text="Hi", profile={"username": "danareyes"}).person.name == "danareyes"


def test_a_failure_names_whom_it_did_not_reach() -> None:
    status = {
        "message_uuid": "u-1",
        "to": "US.2041",
        "from": "15005550009",
        "channel": "whatsapp",
        "status": "rejected",
        "profile": {"name": "Dana Reyes"},
        "whatsapp": {"recipient": {"user_id": "US.2041", "wa_id": "15005550006"}},
    }
    event = only(connector().parse_event(posted_json(status)))

    assert event.person == Person(phone="+15005550006", id="US.2041", name="Dana Reyes")


# Media

MEDIA = "https://api-us.nexmo.com/v3/media/1b456509-974c-458b-aafa-45fc48a4d976"


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def application(private_key: rsa.RSAPrivateKey) -> dict[str, str]:
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"application_id": "app-1", "private_key": pem}


def picture(url: str = MEDIA) -> WebhookRequest:
    return posted_json(
        {
            "channel": "whatsapp",
            "message_uuid": "u-1",
            "to": "15005550009",
            "from": "15005550006",
            "message_type": "image",
            "image": {"url": url},
        }
    )


def fetched(vonage: VonageSms, attachment: Attachment) -> Download | None:
    async def ask() -> Download | None:
        async with httpx.AsyncClient() as http:
            return await vonage.fetch_attachment(attachment, http)

    return asyncio.run(ask())


def test_with_a_key_media_are_fetched_with_a_token_of_the_application(
    private_key: rsa.RSAPrivateKey, application: dict[str, str]
) -> None:
    vonage = connector(**application)
    [file] = only(vonage.parse_event(picture())).attachments
    download = fetched(vonage, file)

    assert (file.kind, file.url, file.source) == ("image", MEDIA, MEDIA)
    assert download is not None
    assert download.url == MEDIA
    scheme, _, token = download.headers["Authorization"].partition(" ")
    claims = decoded_jwt(token, private_key.public_key(), algorithms=["RS256"])
    assert scheme == "Bearer"
    assert claims["application_id"] == "app-1"
    assert claims["exp"] - claims["iat"] == 300


def test_without_a_key_media_are_shown_where_they_are() -> None:
    [file] = only(connector().parse_event(picture())).attachments

    assert (file.url, file.source) == (MEDIA, None)
    assert fetched(connector(), Attachment(source=MEDIA)) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://api-us.nexmo.com.example.com/1",
        "https://api-us.nexmo.com@example.com/1",
        "https://example.nexmo.com/1",
        "http://api-us.nexmo.com/1",
        "https://api-us.nexmo.com:8443/1",
        "https://api-us.nexmo.com:x/1",
    ],
)
def test_tokens_go_to_vonage_alone(url: str, application: dict[str, str]) -> None:
    vonage = connector(**application)
    [file] = only(vonage.parse_event(picture(url))).attachments

    assert (file.url, file.source) == (url, None)
    assert fetched(vonage, Attachment(source=url)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"private_key": "no key at all"}, "private_key must be the PEM file"),
        ({"private_key": None}, "give both application_id and private_key"),
        ({"application_id": None}, "give both application_id and private_key"),
    ],
)
def test_a_key_that_is_none_or_half_is_refused_in_the_settings(
    application: dict[str, str], change: dict[str, str | None], said: str
) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        connector(**{**application, **change})

    assert "PRIVATE" not in str(refused.value).replace("BEGIN PRIVATE KEY", "")


def test_a_reaction_is_an_activity_unless_left_out(sample: Deliver) -> None:
    request = sample("vonage-message-reaction.json")
    event = only(connector().parse_event(request))

    assert (event.kind, event.text) == ("activity", "Reacted with 👍")
    assert connector(reactions=False).parse_event(request) == [IgnoredPart(kind="reaction")]


def test_an_order_is_told_with_its_items_and_total(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-order.json")))

    assert event.text.splitlines() == [
        "[order]",
        "2 × MUG-BLUE, 9.50 GBP",
        "1 × TEA-EARL, 4.00 GBP",
        "Total: 23.00 GBP",
    ]


def test_a_total_is_told_only_where_it_can_be_reckoned() -> None:
    items = [
        {"product_retailer_id": "A", "quantity": 1, "item_price": 1, "currency": "EUR"},
        {"product_retailer_id": "A", "quantity": 1, "item_price": 1, "currency": "USD"},
        {"product_retailer_id": "B", "quantity": True, "item_price": "1e9"},
    ]

    assert told("order", order={"product_items": items}).text.splitlines() == [
        "[order]",
        "1 × A, 1.00 EUR",
        "1 × A, 1.00 USD",
        "B",
    ]
    assert "Total" not in told("order", order={"product_items": items[:2]}).text
    assert "Total: 1.00 EUR" in told("order", order={"product_items": items[:1]}).text


def test_a_messenger_user_has_no_phone(sample: Deliver) -> None:
    event = only(connector().parse_event(sample("vonage-message-messenger.json")))

    assert event.person == Person(id="messenger:7890123456789012")
    assert badge_of(connector(), event) == Badge(text="Messenger")


@pytest.mark.parametrize("left_out", ["message_uuid", "from", "message_type"])
def test_a_missing_field_of_the_messages_api_is_named(sample: Deliver, left_out: str) -> None:
    body = sample("vonage-message-sms.json").json_object()
    del body[left_out]

    with pytest.raises(MalformedBody, match=f"{left_out} is missing"):
        connector().parse_event(posted_json(body))


# The signature of the SMS API


@WAYS
@pytest.mark.parametrize(
    ("method", "sig"),
    [("sha256", SHA256), ("sha256", SHA256.upper()), ("md5hash", MD5HASH)],
)
def test_the_published_signature_passes_however_it_is_sent(
    send: Callable[[dict[str, str]], WebhookRequest], method: str, sig: str
) -> None:
    scheme = connector(signature_method=method).signature()

    assert scheme.verify(send(VECTOR | {"sig": sig}), NOW) is None


def test_whole_numbers_in_json_are_signed_as_their_digits() -> None:
    fields = VECTOR | {"sig": SHA256, "timestamp": 1767323045, "to": 15005550009}

    assert connector().signature().verify(posted_json(fields), NOW) is None


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256", "sha512"])
def test_every_hmac_method_is_the_hmac_of_the_sorted_parameters(method: str) -> None:
    content = (
        "&api-key=abcd1234&keyword=A&message-timestamp=2026-01-02 03:04:05"
        "&messageId=0A0000000123ABCD1&msisdn=15005550006&nonce=n-1&text=a_b_c"
        "&timestamp=1767323045&to=15005550009&type=text"
    )
    sig = hmac.new(SECRET.encode(), content.encode(), method).hexdigest()
    scheme = connector(signature_method=method).signature()

    assert scheme.verify(form(VECTOR | {"sig": sig}), NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"sig": ""},
        {"sig": SHA256[:-1]},
        {"sig": SHA256[:-1] + "8"},
        {"sig": "é" * 64},
        {"sig": SHA256, "text": "a&b=d"},
        {"sig": SHA256, "more": ""},
        {"sig": SHA256, "timestamp": "²"},
        {"sig": MD5HASH},
    ],
)
@WAYS
def test_a_wrong_signature_is_refused(
    send: Callable[[dict[str, str]], WebhookRequest], changes: dict[str, str]
) -> None:
    assert connector().signature().verify(send(VECTOR | changes), NOW)


def test_a_missing_signature_is_refused() -> None:
    assert "sig is missing" in str(connector().signature().verify(form(VECTOR), NOW))


@pytest.mark.parametrize(
    ("off", "passes"), [(299, True), (-299, True), (301, False), (-301, False)]
)
def test_the_time_window_is_five_minutes_both_ways(off: float, passes: bool) -> None:
    reason = connector().signature().verify(form(VECTOR | {"sig": SHA256}), NOW + off)

    assert (reason is None) is passes


def test_the_time_window_can_be_widened() -> None:
    scheme = connector(tolerance_seconds=86_400).signature()

    assert scheme.verify(form(VECTOR | {"sig": SHA256}), NOW + 80_000) is None


def test_values_that_sig_does_not_cover_are_refused() -> None:
    fields: dict[str, Any] = {"timestamp": str(int(NOW)), "text": {"inner": "covered by nothing"}}
    content = f"&text=&timestamp={int(NOW)}".encode()
    fields["sig"] = hmac.digest(SECRET.encode(), content, "sha256").hex()

    assert connector().signature().verify(posted_json(fields), NOW)


def test_a_body_that_sig_cannot_cover_is_signed_by_the_other_scheme() -> None:
    """The Messages API's bodies have values inside values; its deliveries carry a JWT."""
    scheme = connector().signature()
    body = posted_json({"from": {"type": "sms", "number": "14155550132"}, "text": "Saturday?"})

    signed = scheme.sign(body, NOW)

    assert signed.body == body.body
    assert signed.headers["authorization"].startswith("Bearer ")
    assert scheme.verify(signed, NOW) is None


def test_two_secrets_are_live_while_one_is_rotated() -> None:
    both = connector(signature_secret=["new-secret", SECRET]).signature()

    assert both.verify(form(VECTOR | {"sig": SHA256}), NOW) is None
    assert (
        both.verify(connector(signature_secret="new-secret").signature().sign(form(VECTOR), 5), 5)
        is None
    )
    assert both.verify(connector(signature_secret="x").signature().sign(form(VECTOR), 5), 5)


@WAYS
@pytest.mark.parametrize("method", ["md5hash", "md5", "sha1", "sha256", "sha512"])
def test_what_is_signed_for_a_test_passes(
    send: Callable[[dict[str, str]], WebhookRequest], method: str
) -> None:
    scheme = connector(signature_method=method).signature()

    assert scheme.verify(scheme.sign(send(VECTOR), NOW + 900), NOW + 900) is None


# The signature of the Messages API


def jwt(request: WebhookRequest, secret: str = SECRET, **changes: Any) -> WebhookRequest:
    """Sign as Vonage does, written out apart from the code under test."""
    head = {"alg": changes.pop("alg", "HS256"), "typ": "JWT"}
    claims = {
        "iat": int(NOW),
        "jti": "j-1",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(request.body).hexdigest(),
        "api_key": "abcd1234",
    } | changes
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)
    ]
    made = hmac.digest(secret.encode(), b".".join(parts), "sha256")
    token = b".".join([*parts, base64.urlsafe_b64encode(made).rstrip(b"=")]).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return WebhookRequest(url=URL, headers=headers, body=request.body)


def test_a_genuine_jwt_passes(sample: Deliver) -> None:
    signed = jwt(sample("vonage-message-sms.json"))

    assert connector().signature().verify(signed, NOW) is None
    assert connector(signature_secret=["new", SECRET]).signature().verify(signed, NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "wrong"},
        {"alg": "none"},
        {"alg": "HS512"},
        {"iat": NOW - 301},
        {"iat": NOW + 301},
        {"iat": None},
        {"iat": "1767323045"},
        {"iat": 10**400},
        {"payload_hash": "0" * 64},
        {"payload_hash": None},
    ],
)
def test_a_jwt_that_proves_nothing_is_refused(sample: Deliver, changes: dict[str, Any]) -> None:
    signed = jwt(sample("vonage-message-sms.json"), **changes)

    assert connector().signature().verify(signed, NOW)


def test_a_jwt_does_not_pass_for_another_body(sample: Deliver) -> None:
    signed = jwt(sample("vonage-message-sms.json"))
    other = WebhookRequest(url=URL, headers=signed.headers, body=signed.body + b" ")

    assert connector().signature().verify(other, NOW)


@settings(max_examples=100)
@given(st.text(max_size=40) | st.from_regex(r"Bearer [\w\-]{0,12}\.[\w\-]{0,12}\.[\w\-]{0,12}"))
def test_any_authorization_header_is_refused_not_an_error(header: str) -> None:
    request = WebhookRequest(url=URL, headers={"Authorization": header}, body=b"{}")

    assert connector().signature().verify(request, NOW)


# Settings and storage


def test_an_unsigned_connection_must_be_written_out() -> None:
    with pytest.raises(ValidationError, match='signature_method = "none"'):
        VonageSms.Settings.model_validate({})

    chosen = VonageSms.Settings.model_validate({"signature_method": "none"})
    assert VonageSms(chosen).signature().verify(form(VECTOR), NOW) is None


@pytest.mark.parametrize(
    ("wrong", "where"),
    [({"signature_method": "sha3"}, "signature_method"), ({"secret": "x"}, "secret")],
)
def test_wrong_settings_are_named(wrong: dict[str, str], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        connector(**wrong)

    assert refused.value.errors()[0]["loc"][0] == where


# Anything may arrive


def assert_usable(request: WebhookRequest) -> None:
    vonage = connector()
    vonage.signature().verify(request, NOW)
    try:
        events = vonage.parse_event(request)
    except MalformedBody:
        return
    for event in (part for part in events if isinstance(part, Event)):
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert message_of(vonage, event)
        assert badge_of(vonage, event)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from([*VECTOR, "concat", "concat-part", "concat-total", "status", "sig"]),
        st.text(max_size=20) | st.sampled_from(["true", "1", "text", "15005550006"]),
    )
)
def test_any_form_gives_events_or_is_malformed(fields: dict[str, str]) -> None:
    clean = {name: value.encode("utf-8", "ignore").decode() for name, value in fields.items()}
    for send in (form, get, posted_json):
        assert_usable(send(clean))
