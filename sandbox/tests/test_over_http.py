"""A real server on loopback: what only a socket can show."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn
from inboxbridge_sandbox import create_app

from .conftest import CONTACT, SITE, contact, message

pytestmark = pytest.mark.slow

HEADERS = {"authorization": "IST.key", "wix-site-id": SITE}
SEND = "/inbox/v2/messages"


class Server(uvicorn.Server):
    """Says when it takes connections, so that nothing has to wait by the clock."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(), loop=request.param, log_config=None)
        server = Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            assert server.ready.wait(30)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers=HEADERS, timeout=10, trust_env=False) as made:
        made.post("/_sandbox/reset")
        yield made


@pytest.fixture
def conversation(client: httpx.Client) -> str:
    client.post("/_sandbox/contacts", json=[contact(CONTACT, email="dana@example.com")])
    body = {"participantId": {"contactId": CONTACT}}
    answer = client.post("/inbox/v2/conversations", json=body)
    found: str = answer.json()["conversation"]["id"]
    return found


def kept(client: httpx.Client) -> int:
    return len(client.get("/_sandbox/messages").json()["messages"])


def test_a_message_goes_all_the_way(client: httpx.Client, conversation: str) -> None:
    answer = client.post(SEND, json=message(conversation))

    assert answer.status_code == 200
    assert "x-wix-request-id" in answer.headers
    assert kept(client) == 1


def test_a_reset_cuts_the_connection_without_a_byte(
    client: httpx.Client, conversation: str
) -> None:
    client.post("/_sandbox/faults", json={"p_reset": 1})

    with pytest.raises(httpx.ReadError):
        client.post(SEND, json=message(conversation))

    assert kept(client) == 0


def test_a_reset_after_commit_cuts_the_connection_with_the_message_kept(
    client: httpx.Client, conversation: str
) -> None:
    client.post("/_sandbox/faults", json={"p_reset_after_commit": 1})

    with pytest.raises(httpx.ReadError):
        client.post(SEND, json=message(conversation))

    assert kept(client) == 1


def test_a_hang_lasts_until_the_caller_gives_up(client: httpx.Client, conversation: str) -> None:
    client.post("/_sandbox/faults", json={"p_hang_after_commit": 1})

    with pytest.raises(httpx.ReadTimeout):
        client.post(SEND, json=message(conversation), timeout=0.2)

    assert kept(client) == 1


def test_the_server_goes_on_after_many_resets(
    client: httpx.Client, conversation: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And it does not take them for errors of the application."""
    client.post("/_sandbox/faults", json={"p_reset": 0.5, "seed": 3})
    cut = 0
    for _ in range(60):
        try:
            assert client.post(SEND, json=message(conversation)).status_code == 200
        except httpx.ReadError:
            cut += 1
    client.post("/_sandbox/faults", json={"p_reset": 0})

    assert 0 < cut < 60
    assert kept(client) == 60 - cut
    assert client.post(SEND, json=message(conversation)).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def rule(client: httpx.Client, **written: object) -> None:
    client.post("/_sandbox/rules", json=[written]).raise_for_status()


def test_an_answer_by_rule_leaves_as_it_is_written(client: httpx.Client) -> None:
    """The server adds no date of its own to one that is given."""
    date = "Mon, 01 Jan 2001 00:00:00 GMT"
    headers = {"Date": date, "Server": "pepyaka", "Retry-After": 0}
    rule(client, answer={"status": 503, "headers": headers, "body": "<html>"})

    first = client.post(SEND)
    client.post("/_sandbox/rules", json=[])
    after = client.post(SEND)

    assert (first.status_code, first.content) == (503, b"<html>")
    assert first.headers.get_list("date") == [date]
    assert first.headers.get_list("server") == ["pepyaka"]
    assert after.headers["date"] != date


@pytest.mark.parametrize("status", [200, 204, 304, 599])
def test_an_answer_by_rule_may_have_no_body(client: httpx.Client, status: int) -> None:
    rule(client, times=2, answer={"status": status})

    answers = [client.post(SEND) for _ in range(2)]

    assert [(each.status_code, each.content) for each in answers] == [(status, b"")] * 2


@pytest.mark.parametrize(("after_commit", "messages"), [(False, 0), (True, 1)])
def test_a_reset_by_rule_cuts_the_connection(
    client: httpx.Client, conversation: str, after_commit: bool, messages: int
) -> None:
    rule(client, call="send", after_commit=after_commit, answer="reset")

    with pytest.raises(httpx.ReadError):
        client.post(SEND, json=message(conversation))

    assert kept(client) == messages


def test_a_slow_answer_does_nothing_for_a_caller_that_has_gone(
    client: httpx.Client, conversation: str
) -> None:
    rule(client, call="send", answer="slow", times=1)

    with pytest.raises(httpx.ReadTimeout):
        client.post(SEND, json=message(conversation), timeout=0.1)
    wait_for(lambda: client.get("/_sandbox/stats").json()["answers"].get("dropped") == 1)

    assert kept(client) == 0
    assert client.post(SEND, json=message(conversation)).status_code == 200


def test_what_is_late_is_done_for_a_caller_that_has_gone(
    client: httpx.Client, conversation: str
) -> None:
    rule(client, call="send", answer="late", seconds=0.3)

    with pytest.raises(httpx.ReadTimeout):
        client.post(SEND, json=message(conversation), timeout=0.1)

    assert kept(client) == 0
    wait_for(lambda: kept(client) == 1)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_large_body_arrives_whole(client: httpx.Client, conversation: str) -> None:
    items = [{"text": "x" * 8000} for _ in range(50)]
    body = message(conversation, content={"basic": {"items": items}})

    answer = client.post(SEND, json=body)

    assert answer.json()["message"]["content"]["basic"]["items"] == items


def test_the_style_sheet_and_script_are_served(client: httpx.Client) -> None:
    for name, kind in (("inbox.css", "text/css"), ("inbox.js", "text/javascript")):
        answer = client.get(f"/_static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
