"""Audit: who decided or looked at what."""

from __future__ import annotations

from inboxbridge.journal import overview
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import desk_of, page

PAGE = 50


async def audit(request: Request) -> Response:
    """The page."""
    typed = request.query_params.get("before", "")
    before = int(typed) if typed.isdecimal() and len(typed) < 19 else None
    found = await desk_of(request).read(overview.deeds, before_id=before, limit=PAGE)
    older = f"/audit?before={found[-1][0]}" if len(found) == PAGE else None
    return page(request, "audit.html", deeds=[deed for _, deed in found], older=older)


ROUTES = [Route("/audit", audit)]
