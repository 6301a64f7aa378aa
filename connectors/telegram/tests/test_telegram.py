from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from inboxbridge import Attachment, Download, Event, IgnoredPart, WebhookRequest
from inboxbridge_telegram import Telegram, TelegramSettings

SAMPLES = Path(__file__).parent.parent / "samples"
TOKEN = "8000001:telegram-token-1"
DANA = {"id": 7450011, "is_bot": False, "first_name": "Dana"}
CHAT = {"id": 7450011, "first_name": "Dana", "type": "private"}


def bot(**settings: Any) -> Telegram:
    return Telegram(TelegramSettings(secret_token="telegram-secret-1", **settings))  # type: ignore[arg-type]


def read(update: dict[str, Any], **settings: Any) -> list[Any]:
    body = json.dumps({"update_id": 1, **update}).encode()
    return bot(**settings).parse_event(WebhookRequest(body=body))


def message(**fields: Any) -> dict[str, Any]:
    return {"message": {"message_id": 1, "from": DANA, "chat": CHAT, "date": 1794000000, **fields}}


def text_of(**fields: Any) -> str:
    [event] = read(message(**fields))
    assert isinstance(event, Event)
    return event.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("photo", [{"file_id": "p"}], "[picture]"),
        ("voice", {"file_id": "v"}, "[voice message]"),
        ("video_note", {"file_id": "v"}, "[video message]"),
        ("document", {"file_id": "d", "file_name": "menu.pdf"}, "[file] menu.pdf"),
        ("photo", "odd", "[picture]"),
        ("photo", [], "[picture]"),
        ("document", None, "[file]"),
    ],
)
def test_a_file_without_a_token_is_told_in_words(field: str, value: Any, words: str) -> None:
    assert text_of(**{field: value}) == words


@pytest.mark.parametrize(
    "contact",
    [
        {"phone_number": "14155550199", "first_name": "Noa"},
        {"phone_number": "14155550199", "first_name": "Noa", "user_id": 7450099},
        {"phone_number": "anonymous", "first_name": "Dana", "user_id": 7450011},
    ],
)
def test_only_ones_own_number_is_the_persons(contact: dict[str, Any]) -> None:
    [event] = read(message(contact=contact))

    assert event.person.phone is None


def test_a_number_that_the_business_shares_is_not_the_customers() -> None:
    owner = {"id": 9900001, "first_name": "Lin"}
    contact = {"phone_number": "+14155550100", "user_id": 9900001}
    update = message(contact=contact)["message"] | {"from": owner, "business_connection_id": "bc"}

    [event] = read({"business_message": update})

    assert (event.direction, event.person.phone) == ("outbound", None)


@pytest.mark.parametrize("chat_type", ["group", "supergroup", "channel", ""])
def test_what_is_no_private_chat_is_left_out(chat_type: str) -> None:
    assert read(message(text="Hello", chat={"id": -1, "type": chat_type})) == [
        IgnoredPart(kind="message outside of private chats")
    ]


def test_a_link_without_a_code_opens_the_chat() -> None:
    assert text_of(text="/start") == "Opened the chat"


def test_a_word_that_begins_like_the_command_is_a_word() -> None:
    assert text_of(text="/starting tomorrow?") == "/starting tomorrow?"


def test_a_button_whose_message_is_too_old_is_still_a_tap() -> None:
    query = {"from": DANA, "message": {"chat": CHAT, "date": 0, "message_id": 1}, "data": "x"}

    [event] = read({"callback_query": query})

    assert event.text == "[tapped a button]"


async def fetched(status: int, answer: Any, source: str = "file-1", **settings: Any) -> Any:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        found = await bot(**settings).fetch_attachment(Attachment(source=source), http)
    return found, asked


async def test_a_file_is_asked_for_by_its_id_and_fetched_from_telegram() -> None:
    answer = {"ok": True, "result": {"file_id": "file-1", "file_path": "photos/file 9.jpg"}}

    found, [asked] = await fetched(200, answer, bot_token=TOKEN)

    assert str(asked.url) == f"https://api.telegram.org/bot{TOKEN}/getFile"
    assert json.loads(asked.content) == {"file_id": "file-1"}
    assert found == Download(
        url=f"https://api.telegram.org/file/bot{TOKEN}/photos/file%209.jpg", filename="file 9.jpg"
    )
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("status", [400, 404])
async def test_a_file_that_is_gone_or_too_large_is_not_fetched(status: int) -> None:
    found, _ = await fetched(status, {"ok": False}, bot_token=TOKEN)

    assert found is None


async def test_a_telegram_that_fails_is_asked_again() -> None:
    with pytest.raises(OSError, match="getFile was answered 502") as caught:
        await fetched(502, {}, bot_token=TOKEN)

    assert TOKEN not in str(caught.value)


async def test_nothing_is_asked_without_a_token() -> None:
    assert await fetched(200, {}) == (None, [])


@pytest.mark.parametrize("path", ["", "x" * 501])
async def test_an_answer_without_a_path_is_no_file(path: str) -> None:
    found, _ = await fetched(200, {"result": {"file_path": path}}, bot_token=TOKEN)

    assert found is None


def test_no_event_holds_the_token() -> None:
    for sample in SAMPLES.glob("*.json"):
        body = json.loads(sample.read_bytes())
        if "update_id" in body:
            assert TOKEN not in repr(read(body, bot_token=TOKEN))
