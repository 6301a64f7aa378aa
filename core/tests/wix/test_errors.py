"""What comes back from Wix, or does not, becomes one error with a cause, an effect and advice."""

from __future__ import annotations

import inspect
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge.errors import InboxbridgeError
from inboxbridge.wix import errors
from inboxbridge.wix.answers import no_answer, refusal
from inboxbridge.wix.operations import GET_CONTACT, SEND_MESSAGE
from inboxbridge.wix.redaction import MAX_REASON_CHARACTERS, scrub

NAMED = {
    "message": "text",
    "details": {
        "applicationError": {"code": "SOME_CODE", "description": "Some words.", "data": {}}
    },
}


def answer(
    status: int, body: Any = None, headers: dict[str, str] | None = None, **more: Any
) -> errors.WixError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(more.pop("operation", SEND_MESSAGE), status, headers or {}, content, **more)


@pytest.mark.parametrize(
    ("status", "kind", "effect", "retriable"),
    [
        (302, errors.Rejected, "none", False),
        (400, errors.Rejected, "none", False),
        (401, errors.Unauthorized, "none", False),
        (403, errors.Forbidden, "none", False),
        (404, errors.NotFound, "none", False),
        (405, errors.Rejected, "none", False),
        (408, errors.ServerFault, "unknown", True),
        (409, errors.Conflict, "none", False),
        (413, errors.Rejected, "none", False),
        (428, errors.Rejected, "none", False),
        (429, errors.Throttled, "none", True),
        (500, errors.ServerFault, "unknown", True),
        (501, errors.Rejected, "none", False),
        (502, errors.ServerFault, "unknown", True),
        (503, errors.ServerFault, "unknown", True),
        (504, errors.ServerFault, "unknown", True),
        (599, errors.ServerFault, "unknown", True),
    ],
)
def test_each_status_has_its_error(
    status: int, kind: type[errors.WixError], effect: str, retriable: bool
) -> None:
    error = answer(status, NAMED, {"x-wix-request-id": "r-1"})

    assert type(error) is kind
    assert isinstance(error, InboxbridgeError)
    assert (error.effect, error.retriable) == (effect, retriable)
    assert (error.status, error.code, error.request_id) == (status, "SOME_CODE", "r-1")
    assert error.reason == "Some words."
    assert "Send Message" in str(error)
    assert str(status) in str(error)


def test_a_call_that_only_reads_has_no_effect_however_it_ends() -> None:
    assert answer(500, NAMED, operation=GET_CONTACT).effect == "none"
    assert no_answer(GET_CONTACT, httpx.ReadTimeout("x"), 1.0).effect == "none"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"message":"","details":{}}',
        b'{"message":7,"details":[]}',
        b'{"details":{"applicationError":null}}',
        b'{"details":{"validationError":{"fieldViolations":{"a":1}}}}',
        b'{"details":{"validationError":{"fieldViolations":[1,{"field":2}]}}}',
        b'{"error":{}}',
    ],
)
@pytest.mark.parametrize("status", [400, 403, 409, 502])
def test_any_body_is_endured(status: int, body: bytes) -> None:
    error = answer(status, body)

    assert error.status == status
    assert error.code is None
    assert error.reason == ""
    assert "html" not in str(error)


def test_a_numeric_code_is_kept_as_text() -> None:
    body = {"details": {"applicationError": {"code": -31002, "description": "Odd"}}}

    assert answer(400, body).code == "-31002"


@pytest.mark.parametrize("code", ["DUPLICATE_CONTACT_EXISTS", "DUPLICATE_CONTACT_EXIST"])
def test_both_spellings_of_the_duplicate_name_the_contact(code: str) -> None:
    details = {"code": code, "description": "…", "data": {"duplicateContactId": "c-1"}}

    error = answer(409, {"details": {"applicationError": details}})

    assert isinstance(error, errors.DuplicateContact)
    assert error.contact_id == "c-1"


@pytest.mark.parametrize("data", [{}, None, {"duplicateContactId": 5}])
def test_a_duplicate_that_names_no_contact_is_a_plain_conflict(data: Any) -> None:
    details = {"code": "DUPLICATE_CONTACT_EXISTS", "description": "…", "data": data}

    assert type(answer(409, {"details": {"applicationError": details}})) is errors.Conflict


def test_a_validation_error_names_the_fields_and_never_the_data() -> None:
    violations = [
        {
            "field": f"contact.info.field{n}",
            "description": "has a bad format",
            "violatedRule": "FORMAT",
            "data": {"value": "secret words"},
        }
        for n in range(7)
    ]
    body = {
        "message": "contact is invalid: secret words",
        "details": {"validationError": {"fieldViolations": violations}},
    }

    error = answer(400, body)

    assert error.reason.startswith("contact.info.field0 has a bad format; contact.info.field1")
    assert error.reason.endswith("and 2 more")
    assert "secret words" not in str(error)


def test_wix_quoting_what_it_was_sent_tells_nothing_about_the_person() -> None:
    sent = {
        "conversationId": "a4e3de1e-13ad-351e-a2e1-f33bf18a2325",
        "message": {
            "direction": "PARTICIPANT_TO_BUSINESS",
            "content": {"basic": {"items": [{"text": "I was at Dr. Miller"}, {"text": "Dana"}]}},
        },
    }
    said = (
        "basic.items[0] 'I was at Dr. Miller' and Dana may not go with PARTICIPANT_TO_BUSINESS in "
        "a4e3de1e-13ad-351e-a2e1-f33bf18a2325; ask dana.reyes@example.com or +1 (415) 555-0132"
    )

    error = answer(400, {"message": said}, sent=sent)

    assert error.reason == (
        "basic.items[0] '[value]' and [value] may not go with PARTICIPANT_TO_BUSINESS in "
        "a4e3de1e-13ad-351e-a2e1-f33bf18a2325; ask [email] or [phone]"
    )


def test_a_value_within_another_does_not_leave_the_rest_of_it() -> None:
    assert scrub("Dana Reyes is known", {"a": "Dana", "b": "Dana Reyes"}) == "[value] is known"


personal = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=3, max_size=20)


@settings(max_examples=100)
@given(words=st.lists(personal, min_size=1, max_size=3), noise=st.text(max_size=50))
def test_no_value_that_was_sent_survives_as_a_word_of_its_own(words: list[str], noise: str) -> None:
    reason = scrub(f"{noise} {' '.join(words)} {noise}", {"text": words})

    assert not set(words) - {"value", "phone", "email"} & set(reason.split())
    assert len(reason) <= MAX_REASON_CHARACTERS
    assert reason.isprintable()


@pytest.mark.parametrize(
    ("told", "date", "seconds"),
    [
        ("30", "", 30.0),
        ("1.5", "", 1.5),
        (" 7 ", "", 7.0),
        ("Wed, 04 Mar 2026 09:16:00 GMT", "Wed, 04 Mar 2026 09:15:30 GMT", 30.0),
        ("Wed, 04 Mar 2026 09:16:00 GMT", "", 60.0),
        ("Wed, 04 Mar 2026 09:00:00 GMT", "Wed, 04 Mar 2026 09:15:30 GMT", 0.0),
        ("-5", "", None),
        ("soon", "", None),
        ("", "", None),
        ("nan", "", None),
        ("1e9", "", None),
        ("9" * 400, "", None),
    ],
)
def test_retry_after_is_read_in_every_form(told: str, date: str, seconds: float | None) -> None:
    now = 1772615700.0  # 2026-03-04T09:15:00Z

    error = answer(429, NAMED, {"retry-after": told, "date": date}, now=now)

    assert error.retry_after_seconds == seconds


def test_a_missing_permission_is_named() -> None:
    assert 'Grant "Manage Inbox Messages"' in str(answer(403, b""))


def test_a_redirect_points_at_the_base_url() -> None:
    assert "base_url" in str(answer(301, b""))


NOTHING_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
}
MAYBE_SENT = {
    "CloseError",
    "CookieConflict",
    "DecodingError",
    "HTTPError",
    "HTTPStatusError",
    "LocalProtocolError",
    "NetworkError",
    "ProtocolError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TransportError",
    "WriteError",
    "WriteTimeout",
}


def test_every_exception_of_httpx_is_accounted_for() -> None:
    """A new one in httpx fails here, so that someone decides whether the request was sent."""
    known = {
        name
        for name, value in vars(httpx).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }

    assert known == NOTHING_SENT | MAYBE_SENT


@pytest.mark.parametrize("name", sorted(NOTHING_SENT | MAYBE_SENT))
def test_an_exception_of_the_transport_says_whether_the_request_was_sent(name: str) -> None:
    kind = getattr(httpx, name)
    raised = kind.__new__(kind)  # their constructors differ

    error = no_answer(SEND_MESSAGE, raised, 1.5)

    expected = errors.Unreachable if name in NOTHING_SENT else errors.Unanswered
    assert type(error) is expected
    assert error.effect == ("none" if name in NOTHING_SENT else "unknown")
    assert error.retriable
    assert "1.5 s" in str(error)


def test_what_a_transport_says_is_not_repeated_for_it_may_quote_a_header() -> None:
    raised = httpx.LocalProtocolError("Illegal header value b'IST.secret'")

    assert "IST.secret" not in str(no_answer(SEND_MESSAGE, raised, 0.1))


def test_the_tree_in_the_documentation_is_the_tree_in_the_code() -> None:
    drawn = [
        line.strip(" │├└─…").split()[0]
        for line in (errors.__doc__ or "").split("::")[1].split("Statuses")[0].splitlines()
        if line.strip()
    ]
    defined = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.WixError)
    ]

    assert sorted(drawn) == sorted(defined)
