"""`GET /`: the Inbox as a person would see it, without anything loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from inboxbridge_sandbox.conversations import Conversation
from inboxbridge_sandbox.page_parts import linked, safe_link, safe_picture
from inboxbridge_sandbox.page_view import Viewer, newest_first
from inboxbridge_sandbox.world import Sandbox, Site

_HERE = Path(__file__).parent
_LOOKING_AT = "x-inbox-looking-at"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data: http: https:; media-src http: https:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


def page_routes() -> list[BaseRoute]:
    """`/` and the style sheet and script it needs, below `/_static`."""
    return [Route("/", inbox), Mount("/_static", StaticFiles(directory=_HERE / "static"))]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    environment.filters["safe_link"] = safe_link
    environment.filters["safe_picture"] = safe_picture
    return environment


async def inbox(request: Request) -> Response:
    """The page; `304` when nothing has changed since the version in `If-None-Match`."""
    sandbox: Sandbox = request.app.state.sandbox
    wanted = request.query_params.get("conversation")
    site, conversation = _chosen(sandbox, request.query_params.get("site"), wanted)
    _mark_read(sandbox, request, conversation if wanted else None)
    viewer = Viewer(site, sandbox.now_micros()) if site else None
    tag = f'"{sandbox.version}-{viewer.today if viewer else ""}"'
    headers = {**_HEADERS, "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    words = request.query_params.get("q", "").strip()
    rows, count = viewer.rows(conversation, words) if viewer else ([], 0)
    html = (
        _templates()
        .get_template("inbox.html")
        .render(
            business=sandbox.options.business_name,
            sites=list(sandbox.sites),
            site=site.id if site else None,
            rows=rows,
            count=count,
            words=words,
            messages=len(sandbox.arrivals),
            thread=viewer.thread(conversation) if viewer and conversation else None,
            chosen=bool(wanted and conversation),
            address=str(request.base_url).rstrip("/"),
            tag=tag,
        )
    )
    return Response(html.encode("utf-8", "replace"), media_type="text/html", headers=headers)


def _chosen(
    sandbox: Sandbox, site_id: str | None, conversation_id: str | None
) -> tuple[Site | None, Conversation | None]:
    """The site and conversation asked for; otherwise those where something happened last."""
    sites = sandbox.sites
    candidates = [sites[site_id]] if site_id in sites else list(sites.values())
    for site in candidates if conversation_id else ():
        conversation = site.conversations.find(conversation_id or "")
        if conversation:
            return site, conversation
    if site_id not in sites and sandbox.arrivals:
        candidates = [sites[sandbox.arrivals[-1].conversation.site_id]]
    if not candidates:
        return None, None
    return candidates[0], next(iter(newest_first(candidates[0])), None)


def _mark_read(sandbox: Sandbox, request: Request, opened: Conversation | None) -> None:
    """Opening a conversation, or having it in view while the page refreshes, reads it."""
    looking_at = request.headers.get(_LOOKING_AT)
    if opened is not None and looking_at not in (None, opened.id):
        opened = None
    if opened is not None and opened.unread:
        opened.read_sequence = opened.last_sequence
        sandbox.changed()
