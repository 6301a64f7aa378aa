"""Puts the sandbox together: Wix's own paths, the control paths and the Inbox page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import Mount

from inboxbridge_sandbox.control import control_routes
from inboxbridge_sandbox.door import Door
from inboxbridge_sandbox.media import media_routes
from inboxbridge_sandbox.options import SandboxOptions
from inboxbridge_sandbox.page import page_routes
from inboxbridge_sandbox.world import Sandbox


def create_app(options: SandboxOptions | None = None) -> Starlette:
    """The sandbox as an ASGI application; its state is `app.state.sandbox`.

    Webhooks are sent in the background while the application's lifespan runs (as under uvicorn);
    without it, call `await app.state.sandbox.webhooks.deliver_due()`.
    """
    sandbox = Sandbox(options)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        delivering = asyncio.create_task(sandbox.webhooks.keep_delivering())
        yield
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering

    routes = [*page_routes(), Mount("/_sandbox", routes=control_routes()), media_routes()]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.sandbox = sandbox
    # Everything else is Wix's: it answers its own 404 and 405.
    app.router.redirect_slashes = False
    app.router.default = Door(sandbox)
    return app


def create_command_app(*, lenient: bool) -> Starlette:
    """The application that `inboxbridge sandbox` serves."""
    return create_app(SandboxOptions(lenient=lenient))
