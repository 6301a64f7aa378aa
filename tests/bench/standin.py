"""The least server that a courier can deliver to: answers every Wix call at once, keeps nothing.

It stands for Wix at 0 ms (or at a given latency), so that a benchmark measures the courier and not
the sandbox. Run: python standin.py PORT_FILE [LATENCY_SECONDS]
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import httptools

_COUNTER = itertools.count(1_700_000_000_000_000)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "


class StandIn(asyncio.Protocol):
    """One connection; counts what was sent to it."""

    sent = 0
    latency = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.path = b""
        self.body = b""

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.path == b"/inbox/v2/messages":
            StandIn.sent += 1
            number = next(_COUNTER)
            answer = b'{"message":{"id":"%d","createdDate":"2026-11-22T12:00:00.000Z"}}' % number
        elif self.path == b"/inbox/v2/conversations":
            contact = json.loads(self.body)["participantId"]["contactId"]
            answer = b'{"conversation":{"id":"%s"}}' % contact.encode()
        elif self.path.startswith(b"/contacts/v4/contacts/query"):
            answer = _contacts(json.loads(self.body)["query"]["filter"])
        else:
            answer = b'{"sent":%d}' % StandIn.sent
        response = _HEAD + b"%d\r\n\r\n" % len(answer) + answer
        if StandIn.latency:
            asyncio.get_running_loop().call_later(StandIn.latency, self.transport.write, response)
        else:
            self.transport.write(response)


def _contacts(condition: dict[str, dict[str, object]]) -> bytes:
    wanted = condition["info.emails.email"]
    emails = wanted.get("$in") or [wanted["$eq"]]
    assert isinstance(emails, list)
    found = [
        {"id": email.partition("@")[0], "info": {"emails": {"items": [{"email": email}]}}}
        for email in emails
    ]
    return json.dumps({"contacts": found, "pagingMetadata": {"count": len(found)}}).encode()


async def main(port_file: str, latency: float) -> None:
    StandIn.latency = latency
    server = await asyncio.get_running_loop().create_server(StandIn, "127.0.0.1", 0, backlog=1024)
    Path(port_file).write_text(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.0))
    except KeyboardInterrupt:
        pass
