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
    return page(
        request,
        "live.html",
        rows=[row_of(one, shown=False) for one in found.events],
        newest=found.events[0].record.id if found.events else 0,
    )


async def stream(request: Request) -> Response:
    """The new events, people masked; after the one that is known, if the request says so."""
    source: Live = request.app.state.live
    known = request.headers.get("last-event-id") or request.query_params.get("after", "")
    after = int(known) if known.isdecimal() and len(known) < 19 else None
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(source.listen(after), media_type="text/event-stream", headers=headers)


ROUTES = [Route("/live", live), Route("/api/live", stream)]
