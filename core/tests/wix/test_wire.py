"""The JSON in which a message travels, in both forms, and text of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge.model import Attachment, Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import Outgoing, request_for, wire_form
from inboxbridge.wix.wire._text import bubbles, one_line

Build = Callable[..., Outgoing]

CONVERSATION = "a4e3de1e-13ad-351e-a2e1-f33bf18a2325"


def test_a_message_in_the_current_form(outgoing: Build) -> None:
    assert request_for(outgoing(), "current") == (
        "POST",
        "/inbox/v2/messages",
        {
            "conversationId": CONVERSATION,
            "message": {
                "direction": "PARTICIPANT_TO_BUSINESS",
                "visibility": "BUSINESS",
                "content": {
                    "previewText": "Is Saturday free?",
                    "basic": {"items": [{"text": "Is Saturday free?"}]},
                },
                "badges": [
                    {
                        "text": "Facebook",
                        "iconUrl": "https://cdn.example.net/facebook.png",
                        "badgeVisibility": "BUSINESS",
                    }
                ],
            },
            "sendNotifications": False,
            "silent": False,
        },
    )


def test_an_activity_in_the_current_form_has_no_badge(outgoing: Build) -> None:
    done = MinimalMessage(
        text="Booked:\n  Spa Treatment",
        icon_url="https://cdn.example.net/calendar.png",
        url="https://bookings.example.net/b/1",
    )

    body = wire_form("current")(
        outgoing(content=done, direction="outbound", visibility="everyone", silent=True)
    )

    assert body == {
        "conversationId": CONVERSATION,
        "message": {
            "direction": "BUSINESS_TO_PARTICIPANT",
            "visibility": "BUSINESS_AND_PARTICIPANT",
            "content": {
                "previewText": "Booked: Spa Treatment",
                "minimal": {
                    "text": "Booked: Spa Treatment",
                    "iconUrl": "https://cdn.example.net/calendar.png",
                    "url": "https://bookings.example.net/b/1",
                },
            },
            "silent": True,
        },
        "sendNotifications": False,
        "silent": True,
    }


def test_the_article_form_is_the_articles_message_to_the_letter(
    outgoing: Build, example: Callable[[str], Any]
) -> None:
    expected = example("message")
    badge = expected["message"]["badges"][0]

    body = wire_form("article")(
        outgoing(
            "<INCOMING_MESSAGE_FROM_EXTERNAL_SERVICE>",
            badge=Badge(text=badge["text"], icon_url=badge["iconUrl"]),
        )
    )

    assert body == {"conversationId": CONVERSATION, **expected}


def test_the_article_form_is_the_articles_activity_to_the_letter(
    outgoing: Build, example: Callable[[str], Any]
) -> None:
    expected = example("activity")
    icon_url = expected["message"]["payload"]["minimal"]["iconUrl"]

    body = wire_form("article")(
        outgoing(content=MinimalMessage(text="Booked Spa Treatment", icon_url=icon_url))
    )

    assert body == {"conversationId": CONVERSATION, **expected}


@pytest.mark.parametrize("form", ["current", "article"])
def test_silence_is_asked_for_in_the_message_and_in_its_old_place(
    outgoing: Build, form: str
) -> None:
    silent, usual = wire_form(form)(outgoing(silent=True)), wire_form(form)(outgoing())

    assert silent["silent"] is silent["message"]["silent"] is True
    assert not usual.get("silent")
    assert "silent" not in usual["message"]


def test_the_article_form_says_silent_only_where_it_is_asked_for(outgoing: Build) -> None:
    assert wire_form("article")(outgoing(silent=True))["silent"] is True
    assert "silent" not in wire_form("article")(outgoing())


@pytest.mark.parametrize("form", ["current", "article"])
@pytest.mark.parametrize("visibility", ["business", "everyone"])
def test_no_form_ever_sends_anything_on_to_the_contact(
    outgoing: Build, form: str, visibility: str
) -> None:
    for content in (BasicMessage(text="Hello"), MinimalMessage(text="Booked")):
        body = wire_form(form)(outgoing(content=content, visibility=visibility))

        assert body.get("sendNotifications", False) is False
        assert "targetChannels" not in str(body)
        assert "targetChannelIds" not in str(body)
        assert "sendAs" not in body


def test_pictures_and_files_follow_the_text(outgoing: Build) -> None:
    content = BasicMessage(
        text="Two things",
        attachments=(
            Attachment(kind="image", url="https://a.example/1.jpg", width=1280, height=960),
            Attachment(
                url="https://a.example/v.ogg", filename="v.ogg", mime_type="audio/ogg", width=3
            ),
        ),
    )

    items = wire_form("current")(outgoing(content=content))["message"]["content"]["basic"]["items"]

    assert items == [
        {"text": "Two things"},
        {"image": {"url": "https://a.example/1.jpg", "width": 1280, "height": 960}},
        {"file": {"url": "https://a.example/v.ogg", "filename": "v.ogg", "mimeType": "audio/ogg"}},
    ]


@pytest.mark.parametrize(
    ("attachment", "preview"),
    [
        (Attachment(kind="image", url="https://a.example/1"), "Image"),
        (
            Attachment(kind="image", url="https://a.example/1", filename="room.jpg"),
            "Image: room.jpg",
        ),
        (Attachment(url="https://a.example/1"), "File"),
        (Attachment(url="https://a.example/1", filename="offer.pdf"), "File: offer.pdf"),
    ],
)
def test_a_message_without_text_is_previewed_by_its_attachment(
    outgoing: Build, attachment: Attachment, preview: str
) -> None:
    content = BasicMessage(attachments=(attachment,))

    message = wire_form("current")(outgoing(content=content))["message"]

    assert message["content"]["previewText"] == preview
    assert len(message["content"]["basic"]["items"]) == 1


@pytest.mark.parametrize("form", ["current", "article"])
def test_an_empty_message_is_refused_with_what_to_do(outgoing: Build, form: str) -> None:
    with pytest.raises(ValueError, match="neither text nor an attachment"):
        request_for(outgoing(content=BasicMessage()), form)


def test_badges_without_an_icon_and_no_badge(outgoing: Build) -> None:
    build = wire_form("current")

    plain = build(outgoing(badge=Badge(text="SMS")))["message"]["badges"]
    assert plain == [{"text": "SMS", "badgeVisibility": "BUSINESS"}]
    assert "badges" not in build(outgoing(badge=None))["message"]


def test_an_unknown_form_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match='"current" and "article"'):
        wire_form("classic")


def test_a_long_text_becomes_several_bubbles_of_one_message(outgoing: Build) -> None:
    text = " ".join(["thirteen"] * 6000)  # 53,999 characters

    content = wire_form("current")(outgoing(text))["message"]["content"]

    parts = [item["text"] for item in content["basic"]["items"]]
    assert len(parts) == 4
    assert " ".join(parts) == text
    assert all(len(part) <= 16_384 for part in parts)
    assert 250 < len(content["previewText"]) <= 256


@pytest.mark.parametrize("length", [4001, 16_384])
def test_a_text_that_wix_takes_whole_is_one_bubble(outgoing: Build, length: int) -> None:
    said = wire_form("current")(outgoing("x" * length))["message"]["content"]
    done = wire_form("current")(outgoing(content=MinimalMessage(text="x" * length)))

    assert said["basic"]["items"] == [{"text": "x" * length}]
    assert done["message"]["content"]["minimal"]["text"] == "x" * length


UNFIT = ["ftp://a.example/1", "/b/1", "javascript:alert(1)", "https://", "https://a/" + "x" * 2000]


@pytest.mark.parametrize("form", ["current", "article"])
@pytest.mark.parametrize("url", UNFIT, ids=lambda url: url[:20])
def test_a_link_or_icon_that_wix_refuses_is_left_out_and_the_message_stays(
    outgoing: Build, form: str, url: str
) -> None:
    done = MinimalMessage(text="Booked", icon_url=url, url=url)

    minimal = wire_form(form)(outgoing(content=done))["message"]
    badge = wire_form(form)(outgoing(badge=Badge(text="SMS", icon_url=url)))["message"]["badges"][0]

    assert url not in str(minimal)
    assert "Booked" in str(minimal)
    assert (badge["text"], "iconUrl" in badge) == ("SMS", False)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://a.example/1", "File: offer.pdf ftp://a.example/1"),
        ("https://a/" + "x" * 2000, "File: offer.pdf https://a/" + "x" * 2000),
        ("https://a/" + "x" * 20_000, "File: offer.pdf"),
        ("data:image/png;base64,AA", "File: offer.pdf"),
    ],
    ids=lambda value: value[:30],
)
def test_an_attachment_that_wix_refuses_is_told_in_words(
    outgoing: Build, url: str, text: str
) -> None:
    content = BasicMessage(text="Here", attachments=(Attachment(url=url, filename="offer.pdf"),))

    items = wire_form("current")(outgoing(content=content))["message"]["content"]["basic"]["items"]

    assert items == [{"text": "Here"}, {"text": text}]


def test_what_else_wix_limits_of_an_attachment_is_cut_or_left_out(outgoing: Build) -> None:
    url = "https://a.example/1"
    file = Attachment(url=url, filename="x" * 300 + ".pdf", mime_type="x" * 101)
    content = BasicMessage(text="Here", attachments=(file,))

    items = wire_form("current")(outgoing(content=content))["message"]["content"]["basic"]["items"]

    assert items[1] == {"file": {"url": url, "filename": "x" * 251 + ".pdf"}}


words = st.text(st.sampled_from("ab \n\té😀\u200d\u0301"), max_size=400)


@given(text=words, most=st.integers(1, 60))
@settings(max_examples=300)
def test_bubbles_keep_every_character_but_the_white_space_they_are_cut_at(
    text: str, most: int
) -> None:
    text = text.strip()

    parts = list(bubbles(text, most))

    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    if text and len(text) <= most:
        assert parts == [text]


@given(text=words, most=st.integers(1, 40))
@settings(max_examples=300)
def test_a_preview_is_one_line_of_the_text_and_says_if_it_was_cut(text: str, most: int) -> None:
    line = one_line(text, most)

    whole = " ".join(text.split())
    assert len(line) <= most
    assert "\n" not in line
    if len(whole) <= most:
        assert line == whole
    else:
        assert line.endswith("…")
        assert whole.startswith(line[:-1])


@pytest.mark.parametrize("cluster", ["e\u0301", "👩\u200d🚀", "1\ufe0f\u20e3"])
def test_no_cut_parts_a_letter_from_its_accent_or_an_emoji_from_its_joiner(cluster: str) -> None:
    text = cluster * 50

    for most in range(10, 20):
        for part in bubbles(text, most):
            assert len(part) % len(cluster) == 0
            assert part.startswith(cluster[0])
        line = one_line(text, most)
        assert line[:-1] == cluster * ((len(line) - 1) // len(cluster))


def test_a_megabyte_without_white_space_is_cut_quickly_and_wholly() -> None:
    text = "x" * 100_000

    assert "".join(bubbles(text)) == text
    assert [len(part) for part in bubbles(text)] == [16_384] * 6 + [1696]
