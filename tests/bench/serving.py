"""A server to put load on. Run: python serving.py PORT_FILE KIND [JOURNAL_URL WIX_URL SITES]

KIND is one of

    bare      an ASGI application that reads the body and answers 200
    gateway   takes deliveries in, and no more
    serve     gateway and courier in one process, as `inboxbridge serve`
    courier   takes events to Wix, and no more
    sandbox   the stand-in for Wix that is faithful to it

All run behind the same uvicorn and log as in production. Until SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import common
from inboxbridge.cli.serve import spare_the_collector
from inboxbridge.config import config_from
from inboxbridge.gateway.listening import listen
from inboxbridge.gateway.server import serving
from inboxbridge.runtime import running
from inboxbridge.telemetry.logs import configure_logs


async def bare(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def served(kind: str, arguments: list[str]) -> AsyncIterator[str]:
    if kind in ("bare", "sandbox"):
        app: Any = bare
        if kind == "sandbox":
            from inboxbridge_sandbox import create_app

            app = create_app()
        async with serving(app, listen("127.0.0.1", 0)) as url:
            yield url
        return
    journal_url, wix_url, sites = arguments
    tables = common.tables(journal_url, wix_url, secret=common.SECRET, sites=int(sites))
    async with running(
        config_from(tables, {}), gateway=kind != "courier", courier=kind != "gateway"
    ) as runtime:
        yield runtime.url or ":0"


async def main() -> None:
    configure_logs("json")
    told_to_end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to_end.set)
    async with served(sys.argv[2], sys.argv[3:]) as url:
        spare_the_collector()
        Path(sys.argv[1]).write_text(url.rpartition(":")[2])
        await told_to_end.wait()


if __name__ == "__main__":
    common.run(main)
