"""Live: new events as they happen."""

from __future__ import annotations

from inboxbridge.journal import finding
from inboxbridge.journal.finding import Wanted
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from inboxbridge_console.desk import desk_of, page
from inboxbridge_console.listing import row_of
from inboxbridge_console.live import Live

LAST = 20


async def live(request: Request) -> Response:
    """The page, with the last events; a script adds the new ones."""
    desk = desk_of(request)
    found = await desk.read(finding.find, Wanted(), limit=LAST)
    return page(request, "live.html", rows=[row_of(one, shown=False) for one in found.events])


async def stream(request: Request) -> Response:
    """The new events, people masked."""
    source: Live = request.app.state.live
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(source.listen(), media_type="text/event-stream", headers=headers)


ROUTES = [Route("/live", live), Route("/api/live", stream)]
