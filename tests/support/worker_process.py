"""A gateway, a courier or both in a process of its own, which may kill itself at a named step."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from inboxbridge.config import config_from
from inboxbridge.runtime import running
from inboxbridge.telemetry.logs import configure_logs


async def main(options: dict[str, Any], ready: Callable[[str], None]) -> None:
    reached: Counter[str] = Counter()

    def at_step(step: str) -> None:
        reached[step] += 1
        if step == options.get("crash_step") and reached[step] == options.get("crash_count", 1):
            os.kill(os.getpid(), signal.SIGKILL)

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    arguments: dict[str, Any] = {}
    if options.get("courier", True):
        arguments = {"at_step": at_step, "poll_seconds": 0.5}
    async with running(
        config_from(options["config"], environ={}),
        gateway=options.get("gateway", True),
        courier=options.get("courier", True),
        port=options.get("port", 0),
        **arguments,
    ) as runtime:
        ready(str(runtime.url))
        await stopped.wait()


def run(options: dict[str, Any], ready: Connection, log_path: str) -> None:
    """The process: tells its URL through *ready*, logs to a file."""
    sys.stderr = open(log_path, "a", buffering=1)  # noqa: SIM115 - open as long as the process
    os.dup2(sys.stderr.fileno(), 2)
    configure_logs("json")
    asyncio.run(main(options, ready.send))
