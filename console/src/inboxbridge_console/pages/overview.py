"""The overview: what needs a person now, sites, connections."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from inboxbridge.journal import JournalUnavailable
from inboxbridge.operate.status import status
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from inboxbridge_console.desk import Desk, desk_of, page


async def current(desk: Desk) -> dict[str, Any]:
    """The overview as ``status --json`` prints it."""
    return await desk.work(lambda: status(desk.config, desk.reader, desk.now()))


async def overview(request: Request) -> Response:
    """The page."""
    told = await current(desk_of(request))
    for group in told["needs_attention"]:
        group["url"] = _url(group)
    return page(
        request,
        "overview.html",
        told=told,
        total=sum(group["count"] for group in told["needs_attention"]),
        stopped=[site for site in told["sites"] if site["state"] != "running"],
        refusing=[one for one in told["connections"] if one["refused_last_hour"]],
    )


async def ready(request: Request) -> Response:
    """``/readyz`` with its details: stopped sites, and why the journal cannot be used."""
    desk = desk_of(request)
    try:
        await desk.journal.check_writable()
        told = await current(desk)
    except JournalUnavailable as error:
        return JSONResponse({"ready": False, "reason": str(error), "stopped_sites": []}, 503)
    stopped = [
        {"name": site["name"], "reason": site["reason"]}
        for site in told["sites"]
        if site["state"] != "running"
    ]
    return JSONResponse({"ready": True, "reason": None, "stopped_sites": stopped})


async def metrics(request: Request) -> Response:
    """Prometheus text, of the process that serves the console."""
    from inboxbridge.telemetry.metrics import registry
    from prometheus_client import generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _url(group: dict[str, Any]) -> str:
    if group["count"] == 1:
        return f"/events/{group['newest_event']}"
    return "/find?" + urlencode({"state": group["state"], "connection": group["connection"]})


ROUTES = [Route("/", overview), Route("/readyz", ready), Route("/metrics", metrics)]
