"""A message of ours is recognised in the conversation, and no other message is."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inboxbridge.model import Attachment, Badge, BasicMessage, MinimalMessage
from inboxbridge.wix import Outgoing, fingerprint, request_for
from inboxbridge.wix.wire._text import bubbles, one_line

Build = Callable[..., Outgoing]

URL = "https://a.example/room.jpg"


def as_listed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The message as List Messages gives it back."""
    return {
        **body["message"],
        "id": "1772615727418302",
        "sender": {"appId": "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10"},
        "targetChannels": [],
        "sourceChannel": "UNKNOWN_CHANNEL_TYPE",
        "createdDate": "2026-03-04T09:15:27.418Z",
        **changes,
    }


contents = st.one_of(
    st.builds(BasicMessage, text=st.text(min_size=1).filter(str.strip)),
    st.builds(
        lambda text, url, kind: BasicMessage(
            text=text, attachments=(Attachment(kind=kind, url=f"https://a.example/{url}"),)
        ),
        st.text(),
        st.text(),
        st.sampled_from(["image", "file"]),
    ),
    st.builds(lambda text: MinimalMessage(text=f"x{text}"), st.text()),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents, direction=st.sampled_from(["inbound", "outbound"]))
def test_an_outgoing_its_body_and_the_listed_message_are_the_same(
    outgoing: Build, content: Any, direction: str
) -> None:
    message = outgoing(content=content, direction=direction)
    try:
        _, _, body = request_for(message, "current")
    except ValueError:  # emptied by cleaning
        return
    _, _, article = request_for(message, "article")

    listed = as_listed(body)
    listed["content"] = {**listed["content"], "contentType": "BASIC", "previewText": "shorter"}

    assert len({fingerprint(m) for m in (message, body, article, listed)}) == 1


def test_what_wix_may_change_makes_no_difference(outgoing: Build) -> None:
    message = outgoing("Tom & Zoë asked:\n\n1 < 2?  " + "long " * 2000)
    _, _, body = request_for(message, "current")
    items = body["message"]["content"]["basic"]["items"]

    changed = as_listed(
        body,
        content={
            "contentType": "BASIC",
            "basic": {
                "items": [
                    {"text": unicodedata.normalize("NFD", html.escape(item["text"])) + "\n"}
                    for item in items
                ]
            },
        },
        badges=[{"text": "Facebook", "iconUrl": "https://static.wixstatic.com/media/1.png"}],
        visibility="BUSINESS_AND_PARTICIPANT",
    )
    joined = as_listed(body, content={"basic": {"items": [{"text": message.content.text}]}})

    assert fingerprint(changed) == fingerprint(message)
    assert fingerprint(joined) == fingerprint(message)


@pytest.mark.parametrize("most", [4000, 16_384])
def test_a_long_text_is_recognised_however_it_was_cut_when_it_was_sent(
    outgoing: Build, most: int
) -> None:
    """A message that left before bubbles grew from 4,000 to 16,384 characters is in the Inbox."""
    text = "Tom & Zoë asked:\n\n" + "long " * 4000
    said, done = outgoing(text), outgoing(content=MinimalMessage(text=text))
    _, _, basic = request_for(said, "current")
    _, _, minimal = request_for(done, "current")
    pieces = [{"text": part} for part in bubbles(text, most)]
    line = {"text": one_line(text, most)}

    assert fingerprint(as_listed(basic, content={"basic": {"items": pieces}})) == fingerprint(said)
    assert fingerprint(as_listed(minimal, content={"minimal": line})) == fingerprint(done)


def test_fingerprints_in_the_journal_from_before_the_longer_texts_hold(outgoing: Build) -> None:
    text = "long " * 1500

    assert fingerprint(outgoing(text)) == "ad3ee6332160cadf8ef86c52fe01e33f"
    assert (
        fingerprint(outgoing(content=MinimalMessage(text=text)))
        == "3e36d48d7d62fde1bc7d1eb041b72ae0"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"content": BasicMessage(text="Is Sunday free?")},
        {"content": MinimalMessage(text="Is Saturday free?")},
        {"content": BasicMessage(text="Is Saturday free?", attachments=(Attachment(url=URL),))},
        {"direction": "outbound"},
        {"badge": Badge(text="SMS")},
        {"badge": None},
    ],
)
def test_what_tells_messages_apart_makes_a_difference(
    outgoing: Build, other: dict[str, Any]
) -> None:
    assert fingerprint(outgoing()) != fingerprint(outgoing(**other))


def test_attachments_count_in_their_order_and_kind(outgoing: Build) -> None:
    one, two = Attachment(url="https://a.example/1"), Attachment(url="https://a.example/2")
    picture = Attachment(kind="image", url="https://a.example/1")

    seen = {
        fingerprint(outgoing(content=BasicMessage(attachments=attachments)))
        for attachments in [(one, two), (two, one), (one,), (picture,), (one, one)]
    }

    assert len(seen) == 5


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": None},
        {"content": {"form": {"title": "Form"}}, "direction": "PARTICIPANT_TO_BUSINESS"},
        {"content": {"basic": {"items": "odd"}}, "badges": "odd"},
        {"content": {"basic": {"items": [{"text": 7}, 3, {"image": "odd"}]}}, "badges": [None]},
        {"message": []},
    ],
)
def test_any_listed_message_has_a_fingerprint_and_it_is_not_ours(
    outgoing: Build, message: dict[str, Any]
) -> None:
    assert len(fingerprint(message)) == 32
    assert fingerprint(message) != fingerprint(outgoing())


def test_a_fingerprint_is_the_same_in_every_process_and_version(outgoing: Build) -> None:
    """The journal keeps it across restarts and updates."""
    assert fingerprint(outgoing()) == "08321c457c31ba0809a01bfb8418ab07"
