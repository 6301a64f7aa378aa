"""The fixtures run real parts: what is posted is verified, stored and delivered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import structlog
from inboxbridge import (
    Answer,
    Connector,
    ConnectorSettings,
    Event,
    HmacSignature,
    MalformedBody,
    Person,
    Secrets,
    Signature,
    UrlFormSignature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.testing import RECEIVED_AT, FakeClock, Sample
from inboxbridge.testing.fixtures import captured_logs, deliver, fake_clock
from inboxbridge.testing.stage import Delivered, SandboxServer, in_background, sandbox_server

pytestmark = pytest.mark.slow

__all__ = ["captured_logs", "deliver", "fake_clock"]

Deliver = Callable[..., Delivered]


class Settings(ConnectorSettings):
    secret: Secrets


class Acme(Connector[Settings]):
    Settings: ClassVar[Any] = Settings
    label = "Acme"

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.secret, "x-acme")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        texts = request.json_object().get("texts")
        if not isinstance(texts, list):
            raise MalformedBody("texts is missing")
        dana = Person(email="dana@example.com", name="Dana Reyes")
        return [Event(id=f"acme:{text}", person=dana, text=str(text)) for text in texts]

    @hookimpl
    def answer(self) -> Answer:
        return Answer(status=202, body="thanks")


class UrlSigned(Acme):
    @hookimpl
    def signature(self) -> Signature:
        return UrlFormSignature(self.settings.secret)


SETTINGS = {"secret": "s3cret-of-acme"}
SAMPLE = Sample("two.json", b'{"texts": ["first", "second"]}')


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with sandbox_server() as server:
        yield server


@pytest.fixture
def post(deliver: Deliver) -> Deliver:
    return partial(deliver, settings=SETTINGS)


def test_a_delivery_becomes_messages_in_order(post: Deliver, sandbox: SandboxServer) -> None:
    done = post(Acme, SAMPLE)

    assert (done.status, done.body) == (202, b"thanks")
    assert [event.state for event in done.events] == ["delivered", "delivered"]
    assert sandbox.texts() == ["first", "second"]
    assert done.messages == sandbox.messages()


def test_a_repeated_delivery_stores_nothing_new(post: Deliver, sandbox: SandboxServer) -> None:
    post(Acme, SAMPLE)
    again = post(Acme, SAMPLE)

    assert again.status == 202
    assert len(again.events) == 2
    assert sandbox.texts() == ["first", "second"]


def test_an_unsigned_delivery_is_refused(post: Deliver, sandbox: SandboxServer) -> None:
    done = post(Acme, SAMPLE, signed=False)

    assert done.status == 401
    assert done.events == []
    assert sandbox.messages() == []


def test_a_signed_url_is_the_samples_own(post: Deliver, sandbox: SandboxServer) -> None:
    url = "https://hooks.acme.example.com/some/where?x=1"
    mine = Sample("form.json", b'{"texts": ["signed url"]}', url=url)

    assert post(UrlSigned, mine).status == 202
    assert sandbox.texts() == ["signed url"]


def test_it_arrives_in_spite_of_an_odd_answer(post: Deliver, sandbox: SandboxServer) -> None:
    lost = {"status": 502, "body": "<html>"}
    sandbox.rules({"call": "send", "times": 1, "after_commit": True, "answer": lost})

    done = post(Acme, SAMPLE)

    assert [event.state for event in done.events] == ["delivered", "delivered"]
    assert sandbox.texts() == ["first", "second"]
    assert sandbox.stats()["answers"]["502"] == 1


def test_it_arrives_in_spite_of_faults(post: Deliver, sandbox: SandboxServer) -> None:
    sandbox.faults(p_500=0.3)

    done = post(Acme, SAMPLE)

    assert [event.state for event in done.events] == ["delivered", "delivered"]
    assert sandbox.texts() == ["first", "second"]


def test_a_seeded_contact_is_found_until_the_sandbox_is_reset(
    post: Deliver, sandbox: SandboxServer
) -> None:
    dana = "c0000000-0000-4000-8000-000000000001"
    sandbox.seed({"id": dana, "info": {"emails": {"items": [{"email": "dana@example.com"}]}}})

    done = post(Acme, SAMPLE)

    assert {event.contact_id for event in done.events} == {dana}
    assert sandbox.stats()
    sandbox.reset()
    assert sandbox.messages() == []


def test_what_the_sandbox_refuses_is_told_in_its_own_words(sandbox: SandboxServer) -> None:
    with pytest.raises(ValueError, match=r"/_sandbox/rules was refused: .*'anwser'"):
        sandbox.rules({"anwser": "reset"})
    with pytest.raises(ValueError, match=r"/_sandbox/faults was refused: .*p_5"):
        sandbox.faults(p_5=1)


def test_the_sandbox_is_gone_after_its_test() -> None:
    with sandbox_server() as server:
        assert httpx.get(server.url).status_code == 200

    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_failing_start_is_told_to_the_test(tmp_path: Path) -> None:
    def fails() -> Any:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"), in_background(fails):
        raise AssertionError("entered")


def test_the_fake_clock_goes_on_only_when_told(fake_clock: FakeClock) -> None:
    assert fake_clock() == RECEIVED_AT.timestamp()
    fake_clock.advance(90)

    assert fake_clock.moment == RECEIVED_AT + timedelta(seconds=90)
    with pytest.raises(ValueError, match="never goes back"):
        fake_clock.advance(-1)


def test_log_lines_are_captured(captured_logs: list[Any]) -> None:
    structlog.get_logger("acme").info("stored", connection="acme")

    assert captured_logs == [{"event": "stored", "connection": "acme", "log_level": "info"}]


def test_the_plugin_gives_the_fixtures_by_name(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["inboxbridge.testing.fixtures"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(sandbox, deliver, fake_clock, captured_logs):\n"
        "    assert sandbox.messages() == []\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "1 passed" in done.stdout, done.stdout + done.stderr
