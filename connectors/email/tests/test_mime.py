"""Whole mails: structure, character sets, files, and what is broken in them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest
from inboxbridge import MalformedBody
from inboxbridge_email.mime import content_of, read_mail

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20_000)
Write = Callable[..., bytes]
HOOK_SECONDS = 5.0
"""After so much time the core cuts a hook off."""


def part(content: str, **headers: str) -> str:
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"--b\n{lines}\n{content}\n"


def mixed(*parts: str) -> dict[str, str]:
    return {"mail": "".join(parts) + "--b--", "Content_Type": "multipart/mixed; boundary=b"}


def file(name: str | None = "a.jpg", content: bytes = JPEG, **headers: str) -> str:
    disposition = "attachment" if name is None else f'attachment; filename="{name}"'
    usual = {
        "Content_Type": "image/jpeg",
        "Content_Disposition": disposition,
        "Content_Transfer_Encoding": "base64",
    }
    return part(base64.encodebytes(content).decode(), **{**usual, **headers})


TEXT = part("Is Saturday free?", Content_Type="text/plain")


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("utf-8", "café".encode(), "café"),
        ("iso-8859-1", b"caf\xe9", "café"),
        ("utf-8", b"caf\xe9", "café"),
        ("us-ascii", b"caf\xe9", "café"),
        ("us-ascii", "café ☀".encode(), "café ☀"),
        ("no-such-charset", b"caf\xe9", "café"),
        ("rot13", "café".encode(), "café"),
        ("iso-2022-jp", "土曜".encode("iso-2022-jp"), "土曜"),
        ("gb2312", "你好".encode("gb2312"), "你好"),
        ("utf-16", b"odd", "odd"),
    ],
)
def test_a_text_in_any_charset_is_read(read, charset, content, text, raw_mail):
    raw = raw_mail(content, Content_Type=f"text/plain; charset={charset}")

    assert read(raw).text == f"A question\n\n{text}"


@pytest.mark.parametrize(
    "subject",
    ["=?utf-8?b?Y2Fmw6k=?=", "=?iso-8859-1?q?caf=E9?=", "=?utf-8?q?caf?= =?utf-8?q?=C3=A9?="],
)
def test_a_subjects_encoded_words_are_read(read, subject):
    assert read("x", Subject=subject).text == "café\n\nx"


def test_raw_letters_in_headers_are_read(read, raw_mail):
    utf8, latin1 = raw_mail(Subject="café"), raw_mail(Subject="caf#").replace(b"#", b"\xe9")

    assert read(utf8).text == read(latin1).text == "café\n\nIs Saturday free?"


@pytest.mark.parametrize("subject", ["=?utf-8?b?x?=", "=?nope?q?x?=", "=?utf-8?q?x", "=?" * 5000])
def test_a_broken_encoded_word_stays_or_is_read_as_well_as_can_be(read, subject):
    assert read("Hello", Subject=subject).text.endswith("\n\nHello")


def test_a_header_cannot_bring_in_another(read):
    event = read("x", Subject="=?utf-8?q?a=0D=0AFrom:_evil@example.com?=")

    assert event.person.email == "dana@example.com"
    assert event.text == "a From: evil@example.com\n\nx"


def test_flowed_text_is_joined(read):
    body = "One line that \ngoes on.\n> quoted \n> twice\n two\n-- \nDana"
    event = read(body, Content_Type="text/plain; format=flowed")

    assert event.text == "A question\n\nOne line that goes on.\n> quoted \n> twice\ntwo"


def test_flowed_text_with_deleted_spaces_is_joined_without_them(read):
    event = read("土曜 \n日", Content_Type="text/plain; charset=utf-8; format=flowed; DelSp=yes")

    assert event.text == "A question\n\n土曜日"


def test_files_are_attachments_that_can_be_taken_out_again(read, raw_mail):
    given = mixed(TEXT, file("a.jpg"), file("b.pdf", b"%PDF", Content_Type="application/pdf"))
    event = read(**given)
    raw = raw_mail(given["mail"], Content_Type=given["Content_Type"])

    assert event.text == "A question\n\nIs Saturday free?"
    assert [(one.kind, one.filename, one.mime_type) for one in event.attachments] == [
        ("image", "a.jpg", "image/jpeg"),
        ("file", "b.pdf", "application/pdf"),
    ]
    assert [content_of(raw, one.source) for one in event.attachments] == [JPEG, b"%PDF"]
    assert content_of(raw, "part:1") is None
    assert content_of(raw, "part:99") is None


HTML = part("<p>the HTML</p>", Content_Type="text/html")


def alternative(*parts: str) -> str:
    inner = "".join(parts).replace("--b\n", "--c\n")
    return part(f"{inner}--c--", Content_Type="multipart/alternative; boundary=c")


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([alternative(TEXT, HTML)], "Is Saturday free?"),
        ([alternative(HTML, TEXT)], "Is Saturday free?"),
        ([alternative(part(" ", Content_Type="text/plain"), HTML)], "the HTML"),
        ([HTML, part("Checked for viruses")], "the HTML\nChecked for viruses"),
        (
            [part("A list of the town"), alternative(TEXT, HTML)],
            "A list of the town\nIs Saturday free?",
        ),
        ([HTML, HTML], "the HTML\n\nthe HTML"),
        ([alternative(TEXT, file())], "Is Saturday free?"),
    ],
)
def test_texts_that_follow_each_other_are_shown_and_forms_of_one_text_once(read, parts, text):
    assert read(**mixed(*parts)).text == f"A question\n\n{text}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=?utf-8?q?caf=C3=A9.jpg?=", "café.jpg"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\x07b.jpg", "ab.jpg"),
        ("", None),
        (None, None),
    ],
)
def test_a_files_name_is_read_as_it_is(read, name, shown):
    [attachment] = read(**mixed(TEXT, file(name))).attachments

    assert attachment.filename == shown


def test_a_small_picture_within_the_text_is_left_out(read):
    logo = file(None, b"GIF89a", Content_Disposition="inline", Content_ID="<logo>")
    photo = file("photo.jpg", Content_Disposition="inline; filename=photo.jpg", Content_ID="<p>")

    assert [one.filename for one in read(**mixed(TEXT, logo, photo)).attachments] == ["photo.jpg"]


def test_more_files_than_are_shown_are_counted(read):
    event = read(**mixed(TEXT, *[file(f"{number}.jpg") for number in range(23)]))

    assert len(event.attachments) == 20
    assert event.text.endswith("Attached: 3 more files")


def test_a_forwarded_mail_that_is_attached_is_a_file(read, raw_mail):
    inner = "From: a@example.com\nSubject: inner\n\nHello"
    given = mixed(TEXT, part(inner, Content_Type="message/rfc822"))
    [attachment] = read(**given).attachments
    raw = raw_mail(given["mail"], Content_Type=given["Content_Type"])

    assert (attachment.filename, attachment.mime_type) == ("message.eml", "message/rfc822")
    assert b"Subject: inner" in content_of(raw, attachment.source)


def test_signatures_for_mail_programs_are_no_files(read):
    keys = part("x", Content_Type="application/pgp-signature; name=signature.asc")

    assert read(**mixed(TEXT, keys)).attachments == ()


def test_a_mail_with_files_alone_needs_no_text(read):
    event = read(**mixed(file()), Subject=None)

    assert (event.text, len(event.attachments)) == ("", 1)


def test_the_message_id_is_the_events_id(read):
    assert read().id == "m-1@mail.example.com"


def test_without_a_message_id_the_same_mail_has_the_same_id(read):
    first, again, other = (read(body, Message_ID=None).id for body in ("a", "a", "b"))

    assert first == again != other


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Fri, 6 Nov 2026 16:20:01 -0500", "2026-11-06T21:20:01+00:00"),
        ("Sun, 8 Nov 2026 16:20:01 -0500", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_the_time_is_the_mails_own_unless_its_clock_runs_ahead(read, date, moment):
    occurred_at = read(Date=date).occurred_at

    assert (occurred_at.isoformat() if occurred_at else None) == moment


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"no headers at all", b"\x00\xff"])
def test_what_is_no_mail_is_malformed(raw):
    with pytest.raises(MalformedBody):
        read_mail(raw)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": ";;;="},
        {"Content_Type": "multipart/mixed"},
        {"Content_Type": "multipart/mixed; boundary="},
        {"Content_Type": "text/plain; charset*0*=x'y'%FF; charset*1=z"},
        {"Content_Transfer_Encoding": "no-such-encoding"},
        {"Content_Disposition": "\x00"},
        {"Received": "x" * 100_000},
    ],
)
def test_odd_headers_leave_the_text_as_it_is(read, headers):
    assert "Is Saturday free?" in read(**headers).text


@pytest.mark.parametrize("encoding", ["base64", "x-uuencode", "quoted-printable"])
def test_a_text_that_is_not_encoded_as_it_says_does_no_harm(read, encoding):
    assert read("=%%%=", Content_Transfer_Encoding=encoding).text.startswith("A question")


LINE = b"x" * 75 + b"\r\n"


def nested(raw_mail: Write, depth: int, filling: bytes = b"") -> bytes:
    heads = "".join(
        f"Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n" for at in range(depth)
    )
    inner = b"Content-Type: text/plain\r\n\r\nIs Saturday free?\r\n"
    return raw_mail(b"").rstrip(b"\r\n") + b"\r\n" + heads.encode() + inner + filling


MIXED = "multipart/mixed; boundary=b"
BIG: dict[str, Callable[[Write], bytes]] = {
    "25 MB in one file": lambda write: write(
        (TEXT + file(None, b"x" * 18_000_000) + "--b--").encode(), Content_Type=MIXED
    ),
    "25 MB of text": lambda write: write(b"Is Saturday free?" + b" word" * 5_000_000),
    "25 MB of blank lines": lambda write: write(b"Is Saturday free?" + b"\n" * 25_000_000),
    "100 multiparts, one in another": lambda write: nested(write, 100),
    "100 multiparts around 25 MB": lambda write: nested(write, 100, LINE * 325_000),
    "300,000 parts": lambda write: write(
        b"--b\r\n\r\nIs Saturday free?\r\n" * 300_000, Content_Type=MIXED
    ),
    "10,000 recipients": lambda write: write(
        To=", ".join(f"D <d{n}@example.com>" for n in range(10_000))
    ),
    "500,000 headers": lambda write: b"X: y\r\n" * 500_000 + write(),
    "a million references": lambda write: write(References="<a@example.com> " * 1_000_000),
    "a million parameters": lambda write: write(Content_Type="text/plain; " + "a=b; " * 1_000_000),
    "a million quotes": lambda write: write(
        "Is Saturday free?\n" + "On Fri wrote:\n> x\n" * 500_000, In_Reply_To="<s@salon.example>"
    ),
    "one line that might begin a quote": lambda write: write(
        "Is Saturday free?\nOn " + "On a" * 7_000, In_Reply_To="<s@salon.example>"
    ),
    "300 mails in mails": lambda write: (
        write(b"").rstrip(b"\r\n") + b"\r\nContent-Type: message/rfc822\r\n\r\nSubject: x" * 300
    ),
}


CUT = ("25 MB of blank lines", "100 multiparts around 25 MB", "300,000 parts")
"""What is read up to a place, as the whole would take too long."""


@pytest.mark.slow
@pytest.mark.parametrize("name", BIG)
def test_a_huge_or_hostile_mail_is_read_in_time(read, raw_mail, name):
    raw = BIG[name](raw_mail)
    began = time.process_time()
    event = read(raw)

    assert time.process_time() - began < HOOK_SECONDS
    assert event.person.email == "dana@example.com"
    assert "Is Saturday free?" in event.text or event.attachments
    assert ("Only the beginning of this email is shown" in event.text[-100:]) is (name in CUT)


@pytest.mark.parametrize("depth", [101, 1000, 20_000])
def test_a_mail_that_nests_too_deep_says_that_it_is_not_whole(read, raw_mail, depth):
    assert "Only the beginning of this email is shown" in read(nested(raw_mail, depth)).text
