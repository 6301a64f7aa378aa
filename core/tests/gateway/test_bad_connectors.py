"""A connector that misbehaves costs its own delivery something, never the gateway."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from inboxbridge import (
    Answer,
    Event,
    MalformedBody,
    Person,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.journal import reads

from .conftest import NOW, House, Open, OpenShop, Shop

pytestmark = pytest.mark.slow

SAID = {"id": "e1", "email": "dana@example.com", "text": "Is Saturday free?"}
WORDS = "Is Saturday free?"


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Waited for by hooks that hang; set at the end, so that their threads end too."""
    event = threading.Event()
    yield event
    event.set()


class Raises(OpenShop):
    error: BaseException = ValueError(f"cannot make sense of {WORDS}")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        raise self.error


class Exits(Raises):
    error = SystemExit(1)


class Interrupts(Raises):
    error = KeyboardInterrupt()


class Stops(Raises):
    error = StopIteration(WORDS)


class RunsOutOfStack(OpenShop):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        return self.parse_event(request)


class ReturnsNothing(OpenShop):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> Any:
        return None


class ReturnsOneEvent(OpenShop):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> Any:
        return Event(id="1")


class ReturnsDicts(OpenShop):
    @hookimpl
    def parse_event(self, request: WebhookRequest) -> Any:
        return [{"id": "1", "text": WORDS}]


@pytest.mark.parametrize(
    ("connector", "said"),
    [
        (Raises, "Raises.parse_event raised ValueError"),
        (Exits, "Exits.parse_event raised SystemExit"),
        (Interrupts, "Interrupts.parse_event raised KeyboardInterrupt"),
        (Stops, "Stops.parse_event raised StopIteration"),
        (RunsOutOfStack, "RunsOutOfStack.parse_event raised RecursionError"),
        (ReturnsNothing, "parse_event returned None, not a list of Event"),
        (ReturnsOneEvent, "parse_event returned a Event, not a list of Event"),
        (ReturnsDicts, "parse_event returned a list with dict, not a list of Event"),
    ],
)
async def test_a_delivery_that_its_connector_fails_on_is_kept_and_the_next_one_served(
    open_house: Open, connector: type[Any], said: str
) -> None:
    async with open_house(more={"ill": connector}) as house:
        failed = await house.http.post("/hooks/ill", json=SAID)
        well = await house.deliver(SAID)

        assert (failed.status_code, well.status_code) == (200, 200)
        record = next(one for one in await house.records() if one.connection == "ill")
        assert record.state == "unreadable"
        assert said in str(record.reason)
        assert WORDS not in str(record.reason)
        kept = await house.journal.read(reads.raw_delivery, record.id)
        assert kept is not None
        assert json.loads(kept.request.body) == SAID


async def test_a_connector_that_hangs_keeps_its_deliveries_whole(
    open_house: Open, never: threading.Event
) -> None:
    class Hangs(OpenShop):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            never.wait()
            return []

    async with open_house(more={"ill": Hangs}, limit_seconds=0.05) as house:
        for number in range(5):
            assert (await house.http.post("/hooks/ill", json={"id": number})).status_code == 200
        assert (await house.deliver(SAID)).status_code == 200

        records = [one for one in await house.records() if one.connection == "ill"]
        assert [one.state for one in records] == ["unreadable"] * 5
        assert "was cut off" in str(records[-1].reason)
        assert "still hang" in str(records[0].reason)
        for record in records:
            assert await house.journal.read(reads.raw_delivery, record.id) is not None


async def test_the_reason_does_not_quote_what_a_malformed_body_says(open_house: Open) -> None:
    class Quotes(Shop):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            raise MalformedBody(f"the field text has no such value: {request.json()['text']}")

    class QuotesOpenly(Quotes, OpenShop):
        pass

    async with open_house(more={"ill": Quotes, "openly": QuotesOpenly}) as house:
        await house.deliver(SAID, to="ill")
        malformed = await house.http.post("/hooks/openly", json=SAID)
        [record] = await house.records()

    assert record.reason == "the field text has no such value: …"
    assert WORDS not in malformed.text


class SecretInBody(OpenShop):
    """Takes the token out before a delivery is kept, as it should."""

    @hookimpl
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        body = {**request.json_object(), "token": "[taken out]"}
        return WebhookRequest(url=request.url, body=json.dumps(body).encode())


class CannotRedact(OpenShop):
    @hookimpl
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        raise ValueError(WORDS)


class RedactsToText(OpenShop):
    @hookimpl
    def redact(self, request: WebhookRequest) -> Any:
        return request.body


async def test_what_a_connector_takes_out_is_never_on_disk(open_house: Open) -> None:
    async with open_house(more={"careful": SecretInBody}) as house:
        await house.http.post("/hooks/careful", json={**SAID, "token": "kept-token"})
        [record] = await house.records()
        kept = await house.journal.read(reads.raw_delivery, record.id)

    assert kept is not None
    assert json.loads(kept.request.body)["token"] == "[taken out]"


@pytest.mark.parametrize("connector", [CannotRedact, RedactsToText])
async def test_where_taking_out_fails_the_events_are_stored_and_the_body_is_not(
    open_house: Open, connector: type[Any]
) -> None:
    async with open_house(more={"ill": connector}) as house:
        answer = await house.http.post("/hooks/ill", json=SAID)
        [record] = await house.records()

        assert answer.status_code == 200
        assert record.state == "pending"
        assert await house.journal.read(reads.raw_delivery, record.id) is None


async def test_what_can_neither_be_read_nor_kept_is_not_answered_as_if_it_were(
    open_house: Open,
) -> None:
    class Hopeless(CannotRedact):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            raise ValueError(WORDS)

    async with open_house(more={"ill": Hopeless}) as house:
        answer = await house.http.post("/hooks/ill", json=SAID)

        assert answer.status_code == 503
        assert await house.states() == []


class AnswersBadly(OpenShop):
    found: Any = None

    @hookimpl
    def answer(self, request: WebhookRequest) -> Any:
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


def answering(found: Any) -> type[AnswersBadly]:
    return type("Answering", (AnswersBadly,), {"found": found})


@pytest.mark.parametrize(
    "found",
    [
        ValueError(WORDS),
        MalformedBody(WORDS),
        SystemExit(1),
        "ok",
        {"status": 200},
        Answer(headers={"X-Note": "split\r\nSet-Cookie: a=b"}),
        Answer(headers={"X-Note": "\u263a"}),
        Answer(headers={"X Note": "spaced"}),
        Answer(headers={"": "unnamed"}),
        Answer(body="x", content_type="text/plain\r\nX: y"),
    ],
)
async def test_an_answer_that_cannot_be_given_becomes_the_plain_one(
    open_house: Open, found: Any
) -> None:
    async with open_house(more={"ill": answering(found)}) as house:
        answer = await house.http.post("/hooks/ill", json=SAID)

        assert (answer.status_code, answer.text) == (200, "")
        assert "set-cookie" not in answer.headers
        assert await house.states() == ["pending"]


async def test_an_answers_length_is_that_of_its_body(open_house: Open) -> None:
    wrong = Answer(status=202, headers={"Content-Length": "3", "X-Shop": "é"}, body="thanks")
    async with open_house(more={"ill": answering(wrong)}) as house:
        answer = await house.http.post("/hooks/ill", json=SAID)

    assert (answer.status_code, answer.text) == (202, "thanks")
    assert answer.headers.get_list("content-length") == ["6"]


class GreetsBadly(Shop):
    found: Any = None

    @hookimpl
    def handshake(self, request: WebhookRequest) -> Any:
        if isinstance(self.found, BaseException):
            raise self.found
        return self.found


@pytest.mark.parametrize("found", [ValueError(WORDS), SystemExit(1), "1158201444", 200])
async def test_a_handshake_that_fails_is_refused(open_house: Open, found: Any) -> None:
    connector = type("Greeting", (GreetsBadly,), {"found": found})
    async with open_house(more={"ill": connector}) as house:
        assert (await house.http.get("/hooks/ill?challenge=1")).status_code == 401


class OwnScheme(Signature):
    """A scheme that a connector brings itself."""

    def __init__(self, verdict: Any) -> None:
        self.verdict = verdict

    def verify(self, request: WebhookRequest, now: float) -> str | None:
        if isinstance(self.verdict, BaseException):
            raise self.verdict
        if isinstance(self.verdict, threading.Event):
            self.verdict.wait()
            return None
        return self.verdict  # type: ignore[no-any-return]

    def sign(self, request: WebhookRequest, now: float) -> WebhookRequest:
        return request


def signed_by(verdict: Any) -> type[Shop]:
    class Own(Shop):
        @hookimpl
        def signature(self) -> Signature:
            return OwnScheme(verdict)

    return Own


@pytest.mark.parametrize("verdict", [ValueError(WORDS), SystemExit(1), True, 0, b"no", ["no"]])
async def test_a_scheme_that_fails_lets_nothing_in(open_house: Open, verdict: Any) -> None:
    async with open_house(more={"ill": signed_by(verdict)}) as house:
        assert (await house.http.post("/hooks/ill", json=SAID)).status_code == 401
        assert await house.states() == []


async def test_a_scheme_that_hangs_lets_nothing_in_and_holds_nobody_up(
    open_house: Open, never: threading.Event
) -> None:
    async with open_house(more={"ill": signed_by(never)}, limit_seconds=0.05) as house:
        assert (await house.http.post("/hooks/ill", json=SAID)).status_code == 401
        assert (await house.deliver(SAID)).status_code == 200
        assert [one.connection for one in await house.records()] == ["shop"]


async def test_a_scheme_of_its_own_that_works_lets_in(open_house: Open) -> None:
    async with open_house(more={"own": signed_by(None)}) as house:
        assert (await house.http.post("/hooks/own", json=SAID)).status_code == 200


async def test_whatever_else_happens_the_source_is_asked_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(WORDS)

    monkeypatch.setattr(house.journal, "accept", broken)

    answer = await house.deliver(SAID)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert WORDS not in answer.text


async def test_many_events_of_one_delivery_are_all_stored(open_house: Open) -> None:
    class Batch(OpenShop):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            return [Event(id=str(n), person=Person(id="1"), text=str(n)) for n in range(1000)]

    async with open_house(more={"batch": Batch}) as house:
        assert (await house.http.post("/hooks/batch", json={})).status_code == 200
        stored = await house.journal.read(reads.list_events, limit=2000)

    assert [one.source_id for one in reversed(stored)] == [str(n) for n in range(1000)]
    assert {one.received_at.timestamp() for one in stored} == {NOW}


@pytest.mark.parametrize("error", [MalformedBody, LookupError])
async def test_what_cannot_be_read_is_let_go_of_without_the_garbage_collector(
    open_house: Open, error: type[Exception]
) -> None:
    class Fails(Shop):
        @hookimpl
        def parse_event(self, request: WebhookRequest) -> list[Event]:
            raise error("no")

    async with open_house(more={error.__name__: Fails}) as house:
        gc.disable()
        try:
            for number in range(4):
                await house.deliver({**SAID, "id": str(number)}, to=error.__name__)
            requests = [one for one in gc.get_objects() if isinstance(one, WebhookRequest)]
        finally:
            gc.enable()

    # The thread of the hooks keeps the last one until the next comes.
    assert len([one for one in requests if one.url.endswith(error.__name__)]) <= 1
