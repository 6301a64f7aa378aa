"""Forms of both encodings are read into the same parts."""

from __future__ import annotations

import pytest
from inboxbridge import MalformedBody, WebhookRequest
from inboxbridge.reading import form_parts

MULTIPART = {"content-type": "Multipart/Form-Data; boundary=B"}
BODY = (
    b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\ncaf\xe9\r\n'
    b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\r\n\r\n\x00\r\n--B--\r\n"
)
FIELD = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'


def test_a_multipart_form_gives_fields_and_files_as_they_are():
    field, file = form_parts(WebhookRequest(headers=MULTIPART, body=BODY))

    assert (field.name, field.content, field.filename, field.content_type) == (
        "text", b"caf\xe9", None, "",
    )  # fmt: skip
    assert field.text("latin-1") == "café"
    assert (file.name, file.content, file.filename, file.content_type) == (
        "photo", b"\xff\xd8\r\n\r\n\x00", "a.jpg", "image/jpeg",
    )  # fmt: skip


@pytest.mark.parametrize(("raw", "name"), [(b"\xc3\xa9", "é"), (b"\xff", "\ufffd")])
def test_a_files_name_may_hold_any_bytes(raw, name):
    body = BODY.replace(b"a.jpg", raw)

    assert form_parts(WebhookRequest(headers=MULTIPART, body=body))[1].filename == name


def test_a_plain_form_gives_the_same_parts():
    parts = form_parts(WebhookRequest(body=b"text=caf%E9&blank=&text=more"))

    assert [(part.name, part.content) for part in parts] == [
        ("text", b"caf\xe9"), ("blank", b""), ("text", b"more"),
    ]  # fmt: skip


@pytest.mark.parametrize("charset", ["no-such-charset", "rot13", "idna", "\x00"])
def test_a_charset_that_there_is_not_is_read_as_utf_8(charset):
    [part] = form_parts(WebhookRequest(body=b"text=%C3%A9%FF"))

    assert part.text(charset) == "é\ufffd"


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ({"content-type": "multipart/form-data"}, BODY, "no boundary"),
        (MULTIPART, b"--other", "cannot be read"),
        (MULTIPART, BODY[:-6], "cannot be read"),
        (MULTIPART, FIELD * 1001 + b"--B--", "cannot be read"),
        ({}, b"a=1&" * 1001, "cannot be read"),
    ],
)
def test_what_is_no_form_is_malformed(headers, body, reason):
    with pytest.raises(MalformedBody, match=reason):
        form_parts(WebhookRequest(headers=headers, body=body))
