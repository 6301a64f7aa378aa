"""From a carrier's delivery into an Inbox."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from inboxbridge.testing import load_samples
from inboxbridge_email import connector

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent.parent / "samples"
MAILGUN = {"provider": "mailgun", "settings": {"signing_key": "key-1"}}
POSTMARK = {"provider": "postmark", "settings": {"credentials": "name:password-1"}}


def sample(name: str) -> Any:
    return load_samples(SAMPLES, only=name)[0]


@pytest.mark.parametrize(
    ("name", "how"), [("mailgun-mime.form", MAILGUN), ("postmark-raw.json", POSTMARK)]
)
def test_a_picture_in_a_mail_is_a_picture_in_the_inbox(deliver, sandbox, name, how):
    deliver(connector, sample(name), **how)

    [message] = sandbox.messages()
    said, picture = message["content"]["basic"]["items"]
    assert said["text"].endswith("Samstag? ☀\n\nIm Café oder im Salon?")
    assert picture["image"]["filename"] == "föto.jpg"


def test_a_mail_that_mailgun_posts_in_both_forms_shows_once(deliver, sandbox):
    whole = sample("mailgun-mime.form")
    parsed = sample("mailgun-parsed.form")
    parsed = replace(parsed, body=parsed.body.replace(b"m-1%40", b"m-8%40"))

    deliver(connector, whole, **MAILGUN)
    deliver(connector, parsed, **MAILGUN)

    assert len(sandbox.messages()) == 1


def test_a_token_in_the_address_is_proof_all_the_way(deliver, sandbox):
    how = {"provider": "sendgrid", "settings": {"url_token": "token-1"}}

    assert deliver(connector, sample("sendgrid-parsed.form"), **how).status == 200
    assert deliver(connector, sample("sendgrid-raw.form"), **how, signed=False).status == 401
    assert len(sandbox.messages()) == 1


def test_an_automatic_answer_shows_nothing(deliver, sandbox):
    assert deliver(connector, sample("postmark-auto-reply.json"), **POSTMARK).status == 200
    assert sandbox.messages() == []


def test_a_mail_to_two_addresses_of_one_connection_shows_once(deliver, sandbox):
    how = {"provider": "sendgrid", "settings": {"url_token": "token-1"}}
    one = sample("sendgrid-parsed.form")
    other = quote('["other@parse.example.com", ').encode()
    both = replace(one, body=one.body.replace(quote('["salon').encode(), other + b"%22salon"))

    cls = connector.load("sendgrid")
    assert len(cls(cls.Settings(**how["settings"])).parse_event(both.request())) == 2
    assert deliver(connector, both, **how).status == 200
    assert len(sandbox.messages()) == 1
