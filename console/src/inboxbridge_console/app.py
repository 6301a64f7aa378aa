"""The application: its routes, and what it says when something is wrong."""

from __future__ import annotations

from pathlib import Path

import structlog
from inboxbridge.config import Config
from inboxbridge.journal import Journal, JournalUnavailable
from inboxbridge.operate.contacts import Open, open_client
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from inboxbridge_console import api
from inboxbridge_console.access import Access
from inboxbridge_console.desk import Desk, page
from inboxbridge_console.guard import Guard
from inboxbridge_console.jobs import Jobs
from inboxbridge_console.live import Live
from inboxbridge_console.pages import (
    audit,
    connections,
    entering,
    event,
    find,
    live,
    many,
    overview,
    people,
)

_STATIC = Path(__file__).parent / "static"
_WORDS = {
    400: "This cannot be understood",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    413: "Too large",
}


class Console:
    """The console's ASGI application.

    Args:
        desk: What the pages work with.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.jobs = Jobs()
        self.live = Live(desk)
        modules = (entering, overview, find, many, live, connections, people, audit, event, api)
        self.routes = [route for module in modules for route in module.ROUTES]
        inner = Starlette(
            routes=[*self.routes, Mount("/static", StaticFiles(directory=_STATIC))],
            exception_handlers={
                HTTPException: _refused,
                JournalUnavailable: _no_journal,
                Exception: _failed,
            },
        )
        inner.state.desk, inner.state.jobs, inner.state.live = desk, self.jobs, self.live
        self._guard = Guard(inner, desk.access)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._guard(scope, receive, send)

    async def close(self) -> None:
        """End what pages have begun: what listens, and what is done in the background."""
        await self.live.close()
        await self.jobs.close()


def create_app(
    config: Config,
    journal: Journal,
    *,
    password: str | None,
    token: str | None,
    open_client: Open = open_client,
) -> Console:
    """Return the console, for a journal that is open in this event loop.

    Args:
        config: The configuration.
        journal: The open journal; whoever opened it closes it.
        password: What people log in with; None lets nobody in.
        token: What programs send; None lets none in.
        open_client: Makes a client for a site of Wix.
    """
    access = Access(password, token, session_seconds=config.console.session_hours * 3600)
    return Console(Desk(config, journal, access, open_client=open_client))


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _WORDS.get(error.status_code, "Something is wrong")
    is_default = error.detail in ("Not Found", "Method Not Allowed", "Forbidden", "Bad Request")
    return _problem(request, error.status_code, title, "" if is_default else error.detail)


async def _no_journal(request: Request, error: Exception) -> Response:
    return _problem(request, 503, "The journal cannot be read now", str(error))


async def _failed(request: Request, error: Exception) -> Response:
    structlog.get_logger("inboxbridge").error("console_failed", exc_info=error)
    kind = type(error).__name__
    told = f"An error inside inboxbridge ({kind}). The log has all of it; nothing was changed."
    return _problem(request, 500, "Something went wrong", told)


def _problem(request: Request, status: int, title: str, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": text or title}, status)
    return page(request, "problem.html", status=status, title=title, text=text)
