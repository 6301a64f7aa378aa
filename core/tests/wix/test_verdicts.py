"""Each answer of each call has one meaning: which error, how far it reaches, what it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inboxbridge.wix import errors
from inboxbridge.wix.answers import refusal
from inboxbridge.wix.operations import (
    CREATE_ACCESS_TOKEN,
    CREATE_CONTACT,
    GET_CONTACT,
    GET_CONVERSATION,
    GET_OR_CREATE_CONVERSATION,
    LIST_MESSAGES,
    QUERY_CONTACTS,
    QUERY_ONE_CONTACT,
    SEND_MESSAGE,
    Operation,
)

CALLS = {
    CREATE_ACCESS_TOKEN: "site",
    QUERY_CONTACTS: "site",
    QUERY_ONE_CONTACT: "contact",
    GET_CONTACT: "contact",
    CREATE_CONTACT: "contact",
    GET_OR_CREATE_CONVERSATION: "contact",
    GET_CONVERSATION: "conversation",
    LIST_MESSAGES: "conversation",
    SEND_MESSAGE: "conversation",
}
OF_A_SITE = [call for call in CALLS if call is not CREATE_ACCESS_TOKEN]
HTML = b"<html><body>Not what you asked for</body></html>"
ELSEWHERE = [300, 301, 302, 307, 400, 401, 403, 404, 405, 409, 410, 421, 425, 428, 451, 499]


def envelope(code: str = "SOME_CODE") -> bytes:
    details = {"applicationError": {"code": code, "description": "No.", "data": {}}}
    return json.dumps({"message": "No.", "details": details}).encode()


def oauth(error: str) -> bytes:
    return json.dumps({"error": error, "error_description": "No."}).encode()


def meaning(call: Operation, status: int, body: bytes) -> tuple[Any, ...]:
    error = refusal(call, status, {}, body)
    return type(error), error.scope, error.retriable, error.effect


def named(call: Operation) -> str:
    return f"{call.name}, {call.subject}"


@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_a_refusal_in_wixs_form_reaches_as_far_as_what_was_asked(call: Operation) -> None:
    subject = CALLS[call]
    body = "message" if call is SEND_MESSAGE else subject

    assert meaning(call, 400, envelope()) == (errors.Rejected, body, False, "none")
    assert meaning(call, 403, envelope()) == (errors.Forbidden, subject, False, "none")
    assert meaning(call, 404, envelope()) == (errors.NotFound, subject, False, "none")
    assert meaning(call, 409, envelope()) == (errors.Conflict, subject, False, "none")
    assert meaning(call, 429, envelope()) == (errors.Throttled, subject, True, "none")
    assert meaning(call, 501, envelope()) == (errors.Rejected, subject, False, "none")


@pytest.mark.parametrize("body", [envelope(), b""], ids=["named", "empty"])
@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_who_is_asking_is_a_question_of_the_site(call: Operation, body: bytes) -> None:
    assert meaning(call, 401, body) == (errors.Unauthorized, "site", False, "none")


@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_an_empty_403_is_still_one(call: Operation) -> None:
    assert meaning(call, 403, b"") == (errors.Forbidden, CALLS[call], False, "none")


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b'{"message":"no Route matched with those values"}',
        b'{"details":{}}',
        b"[]",
        oauth("invalid_client"),
    ],
)
@pytest.mark.parametrize("status", ELSEWHERE)
@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_what_is_not_in_wixs_form_is_an_outage_and_proves_nothing(
    call: Operation, status: int, body: bytes
) -> None:
    effect = "unknown" if call.changes else "none"

    assert meaning(call, status, body) == (errors.Outage, "site", True, effect)


@pytest.mark.parametrize("status", [302, 400, 404, 405, 409])
@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_an_empty_answer_is_an_outage_but_for_401_and_403(call: Operation, status: int) -> None:
    assert meaning(call, status, b"")[0] is errors.Outage


@pytest.mark.parametrize("body", [envelope(), HTML, b""])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("call", OF_A_SITE, ids=named)
def test_a_failure_reaches_no_further_than_what_was_asked(
    call: Operation, status: int, body: bytes
) -> None:
    effect = "unknown" if call.changes else "none"

    assert meaning(call, status, body) == (errors.ServerFault, CALLS[call], True, effect)


def test_a_request_too_long_for_somebody_on_the_way_is_about_that_message() -> None:
    assert meaning(SEND_MESSAGE, 413, HTML) == (errors.Outage, "message", True, "unknown")


def test_a_429_of_somebody_else_is_the_sites() -> None:
    assert meaning(SEND_MESSAGE, 429, HTML) == (errors.Throttled, "site", True, "unknown")


@pytest.mark.parametrize(
    ("code", "kind", "scope", "retriable"),
    [
        ("INBOX_INSTANCE_NOT_FOUND", errors.Forbidden, "site", False),
        ("IDENTITY_DOES_NOT_MATCH", errors.Forbidden, "conversation", False),
        ("INVALID_MEDIA_URL", errors.Rejected, "message", False),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_code_of_the_inbox_says_more_than_its_status(
    status: int, code: str, kind: Any, scope: str, retriable: bool
) -> None:
    assert meaning(SEND_MESSAGE, status, envelope(code)) == (kind, scope, retriable, "none")


def test_an_id_that_wix_gave_out_twice_is_asked_for_again() -> None:
    body = envelope("CONTACT_ID_ALREADY_EXISTS")

    assert meaning(CREATE_CONTACT, 409, body) == (errors.Conflict, "contact", True, "none")


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("code", ["invalid_client", "invalid_grant", "unauthorized_client"])
def test_only_the_tokens_own_words_refuse_the_credentials_for_good(status: int, code: str) -> None:
    found = meaning(CREATE_ACCESS_TOKEN, status, oauth(code))

    assert found == (errors.CredentialsRefused, "site", False, "none")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, oauth("invalid_request"), errors.CredentialsRefused),
        (401, b"", errors.CredentialsRefused),
        (401, envelope(), errors.CredentialsRefused),
        (401, HTML, errors.Outage),
        (403, b"", errors.Forbidden),
        (302, HTML, errors.Outage),
        (400, envelope(), errors.Outage),
        (404, envelope(), errors.Outage),
        (404, HTML, errors.Outage),
        (429, envelope(), errors.Throttled),
        (500, HTML, errors.ServerFault),
    ],
)
def test_anything_else_that_the_token_call_says_may_pass(
    status: int, body: bytes, kind: Any
) -> None:
    assert meaning(CREATE_ACCESS_TOKEN, status, body) == (kind, "site", True, "none")


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_every_status_has_a_meaning(call: Operation) -> None:
    for status in range(300, 1000):
        for body in (envelope(), oauth("x"), HTML, b""):
            kind, scope, _, effect = meaning(call, status, body)
            assert issubclass(kind, errors.WixError)
            assert scope in ("message", "conversation", "contact", "site")
            assert effect == "none" or call.changes
