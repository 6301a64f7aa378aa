"""The connector that one writes in an afternoon: query, conversation, send, one after the other.

Run: python inline_script.py PORT_FILE WIX_URL [answer-first]. With ``answer-first`` the source gets
its 200 before anything is done, as sources with short time-outs make people write it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import common
import httpx
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import serving
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HEADERS = {"Authorization": "bench", "wix-site-id": "5a10a000-0000-4000-8000-000000000001"}


def script(wix: httpx.AsyncClient, *, answer_first: bool) -> Starlette:
    async def post(path: str, body: dict[str, Any]) -> Any:
        answer = await wix.post(path, json=body, headers=HEADERS)
        return answer.raise_for_status().json()

    async def deliver(event: dict[str, Any]) -> None:
        condition = {"info.emails.email": {"$eq": event["email"]}}
        query = {"query": {"filter": condition, "fields": ["id"]}}
        contact = (await post("/contacts/v4/contacts/query", query))["contacts"][0]["id"]
        participant = {"participantId": {"contactId": contact}}
        conversation = (await post("/inbox/v2/conversations", participant))["conversation"]["id"]
        message = {
            "content": {
                "previewText": event["text"],
                "basic": {"items": [{"text": event["text"]}]},
            },
            "direction": "PARTICIPANT_TO_BUSINESS",
            "visibility": "BUSINESS",
            "sourceChannel": "UNKNOWN_CHANNEL_TYPE",
            "badges": [],
        }
        await post("/inbox/v2/messages", {"conversationId": conversation, "message": message})

    async def hook(request: Request) -> Response:
        event = json.loads(await request.body())
        if answer_first:
            return Response(background=BackgroundTask(deliver, event))
        await deliver(event)
        return Response()

    return Starlette(routes=[Route("/hooks/shop", hook, methods=["POST"])])


async def main() -> None:
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    async with httpx.AsyncClient(base_url=sys.argv[2], timeout=30) as wix:
        app = script(wix, answer_first="answer-first" in sys.argv)
        async with serving(app, listen("127.0.0.1", 0)) as url:
            Path(sys.argv[1]).write_text(url.rpartition(":")[2])
            await told_to_end.wait()


if __name__ == "__main__":
    common.run(main)
