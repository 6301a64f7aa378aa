"""What Crisp deliveries become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from inboxbridge import (
    Attachment,
    Badge,
    Event,
    MalformedBody,
    MinimalMessage,
    Person,
    WebhookRequest,
)
from inboxbridge.testing import badge_of, message_of
from inboxbridge_chat.crisp import Crisp

SESSION = "session_36ba3566-9651-4790-afc8-ffedbccc317f"
BODY = b'{"event":"message:send"}'
STAMP = "1700000000000"
SIGNED = "c9e50d6f174c35785fe2903608e9e8c4a7e37dec55c8f20d70913d2ec33191ff"
IN_SECONDS = "717a7bf8efe1d4370d36ebee358ced74f4aaa8c80ba2a1d67a6fee702545c72e"
NOW = 1_700_000_000.0

Sample = Callable[[str], WebhookRequest]
Delivery = Callable[[Any], WebhookRequest]


def connect(**changes: Any) -> Crisp:
    return Crisp(Crisp.Settings(**(changes or {"signing_secret": "crisp-signing-secret"})))


def message(**data: Any) -> dict[str, Any]:
    defaults = {"session_id": SESSION, "fingerprint": 1, "type": "text", "content": "hi"}
    return {"event": "message:send", "data": {**defaults, **data}, "timestamp": 1794000000000}


def test_what_a_visitor_sends_is_inbound(sample: Sample) -> None:
    (event,) = connect().parse_event(sample("crisp-message"))

    assert event.id == f"{SESSION}:179400000049423"
    assert (event.kind, event.direction, event.text) == ("message", "inbound", "Hey, open Sunday?")
    assert event.person == Person(id=SESSION, name="visitor49")
    assert event.thread_key == SESSION
    assert event.occurred_at == datetime(2026, 11, 6, 21, 20, 0, 616000, UTC)


@pytest.mark.parametrize(
    ("name", "text"),
    [("crisp-reply", "Yes, from 10:00"), ("crisp-bot-reply", "We will be right with you")],
)
def test_what_a_visitor_receives_is_outbound_and_about_the_visitor(
    sample: Sample, name: str, text: str
) -> None:
    """The nickname beside it is the operator's."""
    (event,) = connect().parse_event(sample(name))

    assert (event.direction, event.text) == ("outbound", text)
    assert event.person == Person(id=SESSION)


@pytest.mark.parametrize("name", ["private-note", "event", "updated", "set-nickname"])
def test_private_notes_internal_events_edits_and_nicknames_give_nothing(
    sample: Sample, name: str
) -> None:
    assert connect().parse_event(sample(f"crisp-{name}")) == []


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        (
            "crisp-file-image",
            Attachment(
                kind="image",
                url="https://storage.example/hair.jpg",
                filename="hair.jpg",
                mime_type="image/jpeg",
            ),
        ),
        (
            "crisp-file-pdf",
            Attachment(
                url="https://storage.example/list.pdf",
                filename="list.pdf",
                mime_type="application/pdf",
            ),
        ),
        ("crisp-audio", Attachment(url="https://storage.example/a.ogg", mime_type="audio/ogg")),
        (
            "crisp-animation",
            Attachment(kind="image", url="https://storage.example/a.gif", mime_type="image/gif"),
        ),
    ],
)
def test_pictures_are_shown_and_other_files_offered(
    sample: Sample, name: str, attachment: Attachment
) -> None:
    (event,) = connect().parse_event(sample(name))

    assert event.attachments == (attachment,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("crisp-picker", "Which day?"),
        ("crisp-field", "Your first name\nDana"),
        ("crisp-unknown-type", "[carousel]"),
    ],
)
def test_forms_say_what_they_ask_and_what_was_answered(
    sample: Sample, name: str, text: str
) -> None:
    (event,) = connect().parse_event(sample(name))

    assert event.text == text


@pytest.mark.parametrize(
    ("name", "person", "text"),
    [
        (
            "crisp-set-email",
            Person(id=SESSION, email="dana@example.com"),
            "Email address: dana@example.com",
        ),
        (
            "crisp-set-phone",
            Person(id=SESSION, phone="+14155550132"),
            "Phone number: +1 415-555-0132",
        ),
    ],
)
def test_a_given_address_joins_the_session_to_it(
    sample: Sample, name: str, person: Person, text: str
) -> None:
    connector = connect()
    (event,) = connector.parse_event(sample(name))

    assert (event.kind, event.person) == ("activity", person)
    assert message_of(connector, event) == MinimalMessage(text=text)
    assert event.thread_key == SESSION
    assert "dana" not in event.id


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "event is missing"),
        (message(session_id=None), "data.session_id is missing"),
        (message(fingerprint=None), "data.fingerprint is missing"),
        (message(content=["secret words"]), "data.content is neither"),
        (message(timestamp={}), "data.timestamp is not a time"),
    ],
)
def test_a_body_of_another_shape_is_malformed_and_the_path_is_named(
    delivery: Delivery, body: Any, path: str
) -> None:
    with pytest.raises(MalformedBody) as caught:
        connect().parse_event(delivery(body))

    assert path in str(caught.value)
    assert "secret" not in str(caught.value)


def signed(stamp: str = STAMP, signature: str = SIGNED, body: bytes = BODY) -> WebhookRequest:
    headers = {"X-Crisp-Request-Timestamp": stamp, "X-Crisp-Signature": signature}
    return WebhookRequest(headers=headers, body=body)


def test_a_plugins_signature_covers_the_timestamp_and_the_body() -> None:
    assert connect().signature().verify(signed(), NOW) is None


@pytest.mark.parametrize(
    "request_",
    [
        WebhookRequest(body=BODY),
        signed(signature=""),
        signed(signature=SIGNED[:-1]),
        signed(stamp="1700000000001"),
        signed(stamp=""),
        signed(stamp="soon"),
        signed(body=BODY + b" "),
    ],
)
def test_a_missing_or_wrong_signature_is_refused(request_: WebhookRequest) -> None:
    assert connect().signature().verify(request_, NOW)


@pytest.mark.parametrize("seconds_off", [-301, 301])
def test_a_stale_or_early_delivery_is_refused(seconds_off: int) -> None:
    assert connect().signature().verify(signed(), NOW + seconds_off)


def test_the_timestamp_may_count_seconds() -> None:
    """Crisp does not say which; either must lie in the window."""
    request = signed("1700000000", IN_SECONDS)

    assert connect().signature().verify(request, NOW) is None
    assert connect().signature().verify(request, NOW + 301)


def test_both_secrets_pass_while_one_replaces_the_other() -> None:
    assert (
        connect(signing_secret=["new", "crisp-signing-secret"]).signature().verify(signed(), NOW)
        is None
    )
    assert connect(signing_secret="new").signature().verify(signed(), NOW)


def called(query: str) -> WebhookRequest:
    return WebhookRequest(url=f"https://hooks.example.com/hooks/chat{query}", body=BODY)


def test_a_website_hook_proves_itself_by_the_token_in_its_address() -> None:
    scheme = connect(url_token=["n/w", "t0ken+é"]).signature()

    assert scheme.verify(called("?token=t0ken%2B%C3%A9"), NOW) is None
    assert scheme.verify(scheme.sign(called("?a=1"), NOW), NOW) is None


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?token=other", "?Token=t0ken", "?token=t0ken&token=t0ken", "?x=t0ken"],
)
def test_a_missing_doubled_or_wrong_token_is_refused(query: str) -> None:
    assert connect(url_token="t0ken").signature().verify(called(query), NOW)


def test_either_proof_passes_where_both_are_set() -> None:
    scheme = connect(signing_secret="crisp-signing-secret", url_token="t0ken").signature()

    assert scheme.verify(signed(), NOW) is None
    assert scheme.verify(called("?token=t0ken"), NOW) is None
    assert scheme.verify(called(""), NOW)


@pytest.mark.parametrize(
    ("query", "kept"),
    [("?token=t0ken", ""), ("?a=%20&token=t0ken&b", "?a=%20&b"), ("?tok%65n=t", ""), ("", "")],
)
def test_the_token_is_taken_out_before_a_delivery_is_stored(query: str, kept: str) -> None:
    request = called(query)
    stored = connect(url_token="t0ken").signature().redact(request)

    assert stored.url == f"https://hooks.example.com/hooks/chat{kept}"
    assert (stored.body, stored.received_at) == (request.body, request.received_at)


@pytest.mark.parametrize(
    "values", [{}, {"signing_secret": ""}, {"url_token": []}, {"url_token": "t", "typo": 1}]
)
def test_settings_that_prove_nothing_or_are_misspelt_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Crisp.Settings(**values)


def test_settings_without_a_secret_say_which_two_there_are() -> None:
    with pytest.raises(ValueError, match=r"set signing_secret .* or url_token"):
        Crisp.Settings()


def test_secrets_do_not_show_when_printed() -> None:
    made = connect(signing_secret="s3cret", url_token="t0ken")
    shown = f"{made.settings!r} {made.signature()!r}"

    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_the_badge_is_crisps() -> None:
    assert badge_of(connect(), Event(id="1")) == Badge(text="Crisp")
