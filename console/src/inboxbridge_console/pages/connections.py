"""Connections: how each is set up, and what came by it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from inboxbridge.config.tables import ConnectionSettings
from inboxbridge.errors import InboxbridgeError
from inboxbridge.journal import overview
from inboxbridge.operate.decisions import connected
from inboxbridge.plugins import installed
from pydantic import BaseModel, SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import Desk, desk_of, page
from inboxbridge_console.masks import tame
from inboxbridge_console.pages.overview import current

SECRET_WORDS = ("secret", "token", "key", "password", "auth", "credential")
SHORTEST_GUIDE = 200


async def connections(request: Request) -> Response:
    """All of them."""
    told = await current(desk_of(request))
    return page(request, "connections.html", connections=told["connections"])


async def connection(request: Request) -> Response:
    """One of them."""
    desk = desk_of(request)
    name: str = request.path_params["name"]
    told = await current(desk)
    state = next((one for one in told["connections"] if one["name"] == name), None)
    if state is None:
        raise HTTPException(404, "The configuration has no connection of this name.")
    made = await desk.work(lambda: _made(desk, name))
    refused = await desk.read(overview.last_refused, name, 10)
    return page(request, "connection.html", state=state, refused=refused, **made)


def _made(desk: Desk, name: str) -> dict[str, Any]:
    settings = desk.config.connections[name]
    common = _common(settings)
    if not settings.enabled:
        return {"scheme": None, "common": common, "own": [], "problem": None, "guide": None}
    try:
        made = connected(desk.config, name)
    except InboxbridgeError as error:
        problem = tame(str(error), 1000)
        return {"scheme": None, "common": common, "own": [], "problem": problem, "guide": None}
    made.runner.close()
    own = getattr(made.connector, "settings", None)
    return {
        "scheme": type(made.signature).__name__,
        "common": common,
        "own": _safe(own) if isinstance(own, BaseModel) else [],
        "problem": None,
        "guide": _guide(settings),
    }


def _common(settings: ConnectionSettings) -> list[tuple[str, str]]:
    names = ("plugin", "provider", "site", "unmatched", "ambiguous", "visibility")
    return [(name, str(value)) for name in names if (value := getattr(settings, name, None))]


def _safe(own: BaseModel) -> list[tuple[str, str]]:
    """Settings without anything that may be secret, by its type or its name."""
    told = []
    for name in type(own).model_fields:
        if name not in own.model_fields_set:
            continue
        value = getattr(own, name)
        if value is None or value in ((), [], {}, ""):
            continue
        if _holds_secret(value) or any(word in name.lower() for word in SECRET_WORDS):
            told.append((name, "set, not shown"))
        else:
            told.append((name, tame(str(value), 300)))
    return told


def _holds_secret(value: Any) -> bool:
    if isinstance(value, SecretStr):
        return True
    if isinstance(value, dict):
        return any(_holds_secret(one) for one in value.values())
    if isinstance(value, BaseModel):
        return any(_holds_secret(getattr(value, name)) for name in type(value).model_fields)
    return isinstance(value, (tuple, list, set, frozenset)) and any(map(_holds_secret, value))


def _guide(settings: ConnectionSettings) -> str | None:
    """What the connector's own package says of how to connect it."""
    for found in installed().get(settings.plugin, ()):
        try:
            about = metadata(found.package)
        except PackageNotFoundError:
            continue
        text = str(about.json.get("description") or "")
        if text and len(text) >= SHORTEST_GUIDE:
            return tame(text, 20_000)
    return None


ROUTES = [Route("/connections", connections), Route("/connections/{name}", connection)]
