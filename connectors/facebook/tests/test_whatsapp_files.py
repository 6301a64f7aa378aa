"""Photos, recordings and files of WhatsApp, asked of a stand-in for the Graph API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from inboxbridge import Attachment, ConnectorError, Download, Event, WebhookRequest
from inboxbridge_facebook.whatsapp import WhatsApp

TOKEN = "whatsapp-token-demo"
LINK = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=6543&ext=1&hash=x"
PHOTO = Attachment(kind="image", source="6543", mime_type="image/jpeg")
GONE = {"error": {"code": 100, "error_subcode": 33}}

Sample = Callable[[str], WebhookRequest]


def connect(**changes: Any) -> WhatsApp:
    values = {"app_secret": "s", "verify_token": "v", "access_token": TOKEN, **changes}
    return WhatsApp(WhatsApp.Settings(**values))


def read(connector: WhatsApp, request: WebhookRequest) -> list[Event]:
    return [part for part in connector.parse_event(request) if isinstance(part, Event)]


async def fetched(
    connector: WhatsApp, answer: Any, status: int = 200
) -> tuple[Download | None, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def graph(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(graph)) as http:
        return await connector.fetch_attachment(PHOTO, http), asked


def test_with_a_token_a_photo_is_an_attachment_and_the_caption_its_text(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-image"))

    assert (event.text, event.attachments) == ("like this", (PHOTO,))


def test_without_a_token_a_photo_is_a_line(sample: Sample) -> None:
    (event,) = read(connect(access_token=None), sample("whatsapp-image"))

    assert (event.text, event.attachments) == ("[photo] like this", ())


def test_with_a_token_every_kind_of_file_is_an_attachment(sample: Sample) -> None:
    events = read(connect(), sample("whatsapp-media"))

    assert [event.text for event in events] == ["watch", "", "", "our prices", ""]
    assert [event.attachments for event in events] == [
        (Attachment(source="1", filename="video.mp4", mime_type="video/mp4"),),
        (Attachment(source="2", filename="voice message.ogg", mime_type="audio/ogg"),),
        (Attachment(source="3", filename="audio.mp3", mime_type="audio/mpeg"),),
        (Attachment(source="4", filename="list.pdf", mime_type="application/pdf"),),
        (Attachment(kind="image", source="5", mime_type="image/webp"),),
    ]


def test_a_photo_of_the_history_is_an_attachment_too(sample: Sample) -> None:
    (event,) = read(connect(), sample("whatsapp-history-media"))

    assert event.history
    assert [file.source for file in event.attachments] == ["24230790383178626"]


async def test_a_file_is_fetched_where_the_graph_api_says_with_the_same_token() -> None:
    answer = {"url": LINK, "mime_type": "image/jpeg", "sha256": "x", "id": "6543"}
    found, asked = await fetched(connect(), answer)

    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert found == Download(url=LINK, headers=bearer, mime_type="image/jpeg")
    (request,) = asked
    assert str(request.url).startswith("https://graph.facebook.com/v25.0/6543?appsecret_proof=")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "link",
    [
        "https://files.example/x",
        "https://fbsbx.com.example/x",
        "https://evilfbsbx.com/x",
        "http://lookaside.fbsbx.com/x",
    ],
)
async def test_the_token_goes_to_no_host_but_metas(link: str) -> None:
    found, _ = await fetched(connect(), {"url": link})

    assert found == Download(url=link)


@pytest.mark.parametrize(
    ("answer", "status"), [(GONE, 400), ({}, 404), ({}, 200), ({"url": "javascript:x"}, 200)]
)
async def test_a_file_that_is_gone_or_has_no_address_is_not_fetched(
    answer: Any, status: int
) -> None:
    assert (await fetched(connect(), answer, status))[0] is None


async def test_without_a_token_nothing_is_fetched() -> None:
    assert await fetched(connect(access_token=None), {"url": LINK}) == (None, [])


async def test_a_refused_token_is_a_failed_try_that_says_what_to_check() -> None:
    with pytest.raises(ConnectorError, match=r"HTTP 401, error 190.*check access_token") as caught:
        await fetched(connect(), {"error": {"code": 190, "message": TOKEN}}, 401)

    assert TOKEN not in str(caught.value)
