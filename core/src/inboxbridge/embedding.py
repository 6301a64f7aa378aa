"""The gateway as an ASGI application inside another project, in place of `inboxbridge serve`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from inboxbridge.config import load_config
from inboxbridge.runtime import running
from inboxbridge.telemetry.logs import configure_logs

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


@contextlib.asynccontextmanager
async def application(
    config: str | os.PathLike[str] | None = None, *, courier: bool = True, logs: bool = True
) -> AsyncIterator[Application]:
    """Run inboxbridge for as long as the block, and give its gateway to mount under any path.

    Args:
        config: The configuration; ``INBOXBRIDGE_CONFIG`` or ``connectors.toml`` by default.
        courier: Whether this process also takes events to Wix. With a SQLite journal one process
            may; with PostgreSQL any number, here or as ``inboxbridge courier``.
        logs: Whether to set up structlog as ``serve`` does, so that nobody's words are logged.

    Raises:
        ConfigError: The configuration cannot be used.
        JournalUnavailable: The journal cannot be opened.
        AlreadyRunning: Another process delivers from this SQLite journal.
    """
    read = load_config(config)
    if logs:
        configure_logs()
    async with running(read, courier=courier, listening=False) as runtime:
        gateway = runtime.app
        assert gateway is not None

        async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
            root, path = scope.get("root_path", ""), scope.get("path", "")
            if root and path.startswith(root):
                scope = {**scope, "path": path[len(root) :] or "/"}
            await gateway(scope, receive, send)

        yield mounted
