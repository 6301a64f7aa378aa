"""What differs from carrier to carrier: recipients, files, checks, forms of both encodings."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from inboxbridge import Attachment, IgnoredPart, MalformedBody, WebhookRequest
from inboxbridge_email import connector

RECEIVED_AT = datetime(2026, 11, 7, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parent.parent / "samples"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\r\n--B\r\n" + bytes(20_000)
SETTINGS: dict[str, dict[str, Any]] = {
    "mailgun": {"signing_key": "key-1", "api_key": "api-key-1"},
    "sendgrid": {"url_token": "token-1"},
    "postmark": {"url_token": "token-1"},
}


def carrier(provider: str, **settings: Any) -> Any:
    cls = connector.load(provider)
    return cls(cls.Settings(**{**SETTINGS[provider], **settings}))


def form(fields: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None):
    """A form as the carriers post it: multipart where there are files."""
    if files is None:
        return WebhookRequest(body=urlencode(fields).encode(), received_at=RECEIVED_AT)
    boundary = b"x" * 40
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary, name.encode(), value.encode())
        for name, value in fields.items()
    )
    body += b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n%b\r\n"
        % (boundary, name.encode(), filename.encode(), content)
        for name, (filename, content) in files.items()
    )
    return WebhookRequest(
        headers={"content-type": f"multipart/form-data; boundary={boundary.decode()}"},
        body=body + b"--" + boundary + b"--\r\n",
        received_at=RECEIVED_AT,
    )


def posted(body: dict[str, Any]) -> WebhookRequest:
    return WebhookRequest(body=json.dumps(body).encode(), received_at=RECEIVED_AT)


def sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_bytes())


async def fetched(one: Any, attachment: Attachment, delivery: WebhookRequest | None) -> Any:
    async with httpx.AsyncClient() as http:
        return await one.fetch_attachment(attachment, delivery, http)


PARSED = {
    "mailgun": {
        "recipient": "salon@mg.example.com",
        "sender": "dana@example.com",
        "from": "Dana Reyes <dana@example.com>",
        "subject": "The chip",
        "body-plain": "See the photo",
        "message-headers": '[["Message-Id", "<c-1@mail.example.com>"]]',
    },
    "sendgrid": {
        "headers": "Message-ID: <c-1@mail.example.com>\n",
        "envelope": '{"to": ["salon@parse.example.com"], "from": "dana@example.com"}',
        "from": "Dana Reyes <dana@example.com>",
        "subject": "The chip",
        "text": "See the photo",
    },
}
FILE = {"mailgun": "attachment-1", "sendgrid": "attachment1"}


@pytest.mark.parametrize("provider", PARSED)
async def test_a_file_in_a_multipart_form_is_shown_and_taken_from_there(provider):
    one, name = carrier(provider), FILE[provider]
    delivery = form(PARSED[provider], {name: ("näil.jpg", JPEG)})

    [event] = one.parse_event(delivery)

    assert event.id == "c-1@mail.example.com"
    assert event.text == "The chip\n\nSee the photo"
    [attachment] = event.attachments
    assert (attachment.kind, attachment.filename) == ("image", "näil.jpg")
    assert (await fetched(one, attachment, delivery)).content == JPEG
    assert await fetched(one, attachment, None) is None
    assert await fetched(one, Attachment(source="field:other"), delivery) is None


@pytest.mark.parametrize(
    ("provider", "field"),
    [("mailgun", "body-mime"), ("sendgrid", "email"), ("postmark", "RawEmail")],
)
async def test_a_file_in_a_whole_mail_is_taken_from_there(provider, field, raw_mail):
    content = base64.encodebytes(JPEG).decode()
    raw = raw_mail(
        f"--b\n\nSee the photo\n--b\nContent-Type: image/jpeg; name=a.jpg\n"
        f"Content-Transfer-Encoding: base64\n\n{content}--b--",
        Content_Type="multipart/mixed; boundary=b",
    ).decode()
    one = carrier(provider)
    fields = {field: raw, "recipient": "salon@mg.example.com", "sender": "dana@example.com"}
    delivery = posted(fields) if provider == "postmark" else form(fields)

    [event] = one.parse_event(delivery)

    assert event.text == "A question\n\nSee the photo"
    assert (await fetched(one, event.attachments[0], delivery)).content == JPEG
    assert await fetched(one, Attachment(source="part:9"), delivery) is None
    assert await fetched(one, event.attachments[0], None) is None


@pytest.mark.parametrize("provider", PARSED)
def test_a_small_picture_that_the_text_shows_is_left_out(provider):
    ids = {"mailgun": "content-id-map", "sendgrid": "content-ids"}[provider]
    key, value = ("<logo>", FILE[provider])
    fields = {**PARSED[provider], ids: json.dumps({key: value})}

    [event] = carrier(provider).parse_event(form(fields, {FILE[provider]: ("l.gif", b"GIF89a")}))

    assert event.attachments == ()


async def test_postmarks_files_are_taken_from_its_json():
    one, delivery = carrier("postmark"), posted(sample("postmark-attachments"))

    [event] = one.parse_event(delivery)

    photo, offer = event.attachments
    assert (await fetched(one, photo, delivery)).content.startswith(b"\xff\xd8")
    assert (await fetched(one, offer, delivery)).content == b"%PDF-1.4 x"
    for source in ("item:2", "item:-1", "item:x", "part:1"):
        assert await fetched(one, Attachment(source=source), delivery) is None


async def test_a_stored_file_is_fetched_from_mailgun_alone():
    one = carrier("mailgun")
    url = "https://storage.eu.mailgun.net/v3/domains/mg.example.com/messages/K/attachments/0"

    download = await fetched(one, Attachment(source=url), None)

    assert download.url == url
    assert download.headers == {"Authorization": "Basic YXBpOmFwaS1rZXktMQ=="}
    for other in ("https://evil.example/a", "https://a.mailgun.net.evil.example/a", "https://[/a"):
        assert await fetched(one, Attachment(source=other), None) is None


@pytest.mark.parametrize(
    "url", ["https://evil.example/0", "http://a.mailgun.net/0", "https://[", ""]
)
def test_a_stored_file_that_is_elsewhere_is_named_in_words(url):
    listed = [{"url": url, "name": "nail.jpg", "size": 48_211, "content-type": "image/jpeg"}]
    fields = {**PARSED["mailgun"], "attachments": json.dumps(listed)}

    [event] = carrier("mailgun").parse_event(form(fields))

    assert event.attachments == ()
    assert event.text == "The chip\n\nSee the photo\n\nAttached: nail.jpg (48 kB)"


def test_without_an_api_key_stored_files_are_named_in_words():
    body = (SAMPLES / "mailgun-stored-files.form").read_bytes()

    [event] = carrier("mailgun", api_key=None).parse_event(WebhookRequest(body=body))

    assert event.text.endswith("Attached: nail.jpg (48 kB)")


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ({"name": "a.zip", "size": 2_340_000}, "a.zip (2.3 MB)"),
        ({"content-type": "image/jpeg"}, "image/jpeg"),
        ({}, "a file"),
        ({"name": ["x"], "size": "x"}, "a file"),
    ],
)
def test_a_file_is_named_by_what_is_known_of_it(listed, words):
    fields = {**PARSED["mailgun"], "attachments": json.dumps([listed])}

    [event] = carrier("mailgun").parse_event(form(fields))

    assert event.text.endswith(f"\n\nAttached: {words}")


def test_each_recipient_of_the_envelope_gets_the_mail_under_one_id():
    envelope = {"to": ["A@parse.example.com", "b@parse.example.com", "a@parse.example.com", 7]}
    fields = {**PARSED["sendgrid"], "envelope": json.dumps(envelope), "to": "other@example.com"}

    events = carrier("sendgrid").parse_event(form(fields))

    assert [event.recipient for event in events] == ["a@parse.example.com", "b@parse.example.com"]
    assert len({event.id for event in events}) == 1


def test_ten_thousand_recipients_become_fifty_events():
    envelope = {"to": [f"r{number}@parse.example.com" for number in range(10_000)]}
    fields = {**PARSED["sendgrid"], "envelope": json.dumps(envelope)}

    assert len(carrier("sendgrid").parse_event(form(fields))) == 50


@pytest.mark.parametrize(
    ("spf", "dkim", "is_told"),
    [
        ("pass", "{@example.com : pass}", False),
        ("softfail", "{@example.com : pass}", False),
        ("softfail", "none", True),
        ("fail", "{@example.com : fail, @other.example : fail}", True),
        ("none", "none", False),
        ("", "", False),
    ],
)
def test_what_sendgrid_found_of_the_sender_is_told(spf, dkim, is_told):
    fields = {**PARSED["sendgrid"], "SPF": spf, "dkim": dkim}

    [event] = carrier("sendgrid").parse_event(form(fields))

    assert ("may be forged" in event.text) is is_told


def test_sendgrids_fields_are_read_in_their_own_charsets():
    fields = {**PARSED["sendgrid"], "charsets": '{"text": "iso-8859-1", "subject": "UTF-8"}'}
    del fields["text"]
    body = urlencode(fields).encode() + b"&text=caf%E9"

    [event] = carrier("sendgrid").parse_event(WebhookRequest(body=body))

    assert event.text == "The chip\n\ncafé"


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid"])
@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"a=1"])
def test_a_form_without_a_mail_is_malformed(provider, body):
    with pytest.raises(MalformedBody):
        carrier(provider).parse_event(WebhookRequest(body=body))


@pytest.mark.parametrize("body", [{}, {"RecordType": ""}, {"From": 7}, {"RawEmail": " "}])
def test_json_without_a_mail_is_malformed(body):
    with pytest.raises(MalformedBody):
        carrier("postmark").parse_event(posted(body))


def test_postmarks_other_webhooks_are_counted_by_their_names():
    assert carrier("postmark").parse_event(posted({"RecordType": "Bounce"})) == [
        IgnoredPart(kind="Bounce")
    ]


def test_a_name_with_quotes_in_postmarks_json_stays_whole():
    full = {"Email": "dana@example.com", "Name": 'Dana "D, \\" Reyes'}

    [event] = carrier("postmark").parse_event(
        posted({**sample("postmark-parsed"), "FromFull": full})
    )

    assert event.person.name == 'Dana "D, \\" Reyes'


def test_a_mail_delivered_in_either_form_has_one_id(raw_mail):
    raw = raw_mail(Message_ID="<c-1@mail.example.com>").decode()
    fields = {"recipient": "salon@mg.example.com", "sender": "dana@example.com", "body-mime": raw}

    [whole] = carrier("mailgun").parse_event(form(fields))
    [parsed] = carrier("mailgun").parse_event(form(PARSED["mailgun"]))

    assert whole.id == parsed.id
