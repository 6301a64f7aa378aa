"""Stands before every page: nobody comes by without a session or a token."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inboxbridge_console.access import COOKIE, Access

OPEN_PATHS = ("/login", "/healthz")
STATIC = "/static/"

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # With "no-referrer" a browser says "Origin: null" of our own forms as well.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Lets in whom `Access` knows, and gives every answer the headers that browsers heed.

    Args:
        app: What it stands before.
        access: Who may come in.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith(STATIC):
                    headers["cache-control"] = "no-store"
            await send(message)

        if refused is not None:
            await refused(scope, receive, send_guarded)
            return
        # Starlette answers, then raises again what it cannot handle: that is in the log by then.
        with contextlib.suppress(Exception):
            await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        request = Request(scope)
        state = scope.setdefault("state", {})
        state["session"] = self._access.session_of(request.cookies.get(COOKIE))
        state["is_program"] = False
        path: str = scope["path"]
        if path in OPEN_PATHS or path.startswith(STATIC):
            return None
        offered = _bearer(request.headers)
        if offered is not None:
            state["is_program"] = self._access.is_token(offered)
            return None if state["is_program"] else PlainTextResponse("", 401)
        if state["session"] is not None:
            return _from_elsewhere(request)
        if path.startswith("/api/") or request.method not in ("GET", "HEAD"):
            return PlainTextResponse("", 401)
        if "text/html" not in request.headers.get("accept", "text/html"):
            return PlainTextResponse("", 401)
        query = f"?{request.url.query}" if request.url.query else ""
        wanted = {} if path == "/" else {"next": f"{path}{query}"}
        return RedirectResponse("/login" + (f"?{urlencode(wanted)}" if wanted else ""), 303)


def _bearer(headers: Headers) -> str | None:
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else None


def _from_elsewhere(request: Request) -> Response | None:
    """Refuse a change that another site's page makes: its form has no token, and this says so."""
    origin = request.headers.get("origin")
    if request.method in ("GET", "HEAD") or origin is None:
        return None
    host = origin.partition("://")[2]
    if host == request.headers.get("host"):
        return None
    return PlainTextResponse("This form belongs to another site.\n", 403)
