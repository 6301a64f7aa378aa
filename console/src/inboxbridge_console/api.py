"""The same for programs, as JSON; with the token, or with a person's session for reading."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from inboxbridge.errors import ConfigError
from inboxbridge.journal import finding, reads
from inboxbridge.operate import decisions
from inboxbridge.operate.objects import as_object
from inboxbridge.operate.story import tell
from inboxbridge.operate.waiting import waiting_for
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from inboxbridge_console.desk import LARGEST_FORM, desk_of, who
from inboxbridge_console.listing import asked_for, person_of, wanted_of
from inboxbridge_console.masks import masked
from inboxbridge_console.pages.many import SAMPLES, found_ids, takes_seconds
from inboxbridge_console.pages.overview import current

MOST_FOUND = 500

Handler = Callable[[Request], Awaitable[Response]]


async def status(request: Request) -> Response:
    """The overview."""
    return JSONResponse(await current(desk_of(request)))


async def find(request: Request) -> Response:
    """A page of what is found."""
    desk, params = desk_of(request), request.query_params
    try:
        wanted = await wanted_of(desk, asked_for(params))
        limit = _number(params.get("limit", ""), 50, MOST_FOUND)
        before = _number(params.get("before", ""), 0, 10**18) or None
    except ConfigError as error:
        return JSONResponse({"error": str(error)}, 400)
    page = await desk.read(finding.find, wanted, before_id=before, limit=limit)
    records = [one.record for one in page.events]
    why = await desk.read(waiting_for, records, hold=desk.config.courier.hold, now=desk.now())
    found = [
        {**as_object(one.record, why[one.record.id]), "person": masked(person_of(one.body))}
        for one in page.events
    ]
    return JSONResponse({"events": found, "next": page.next_before})


async def event(request: Request) -> Response:
    """One event's story, its texts as their lengths."""
    desk = desk_of(request)
    record = await desk.read(reads.get_event, _id(request))
    if record is None:
        return JSONResponse({"error": "there is no such event"}, 404)
    return JSONResponse(await desk.work(lambda: tell(desk.config, desk.reader, record)))


async def replay(request: Request) -> Response:
    """Deliver one event again; ``{"again": true}`` also one that is delivered."""
    desk = desk_of(request)
    body = await _json(request)
    plan = await desk.work(lambda: decisions.plan_replay(desk.reader, [_id(request)]))
    if not plan.ready and not plan.unconfirmed:
        return JSONResponse({"error": "there is no such event"}, 404)
    if plan.unconfirmed and body.get("send_again") is not True:
        error = "sent, cannot be confirmed: look in the Inbox, then say send_again"
        return JSONResponse({"error": error}, 409)
    if plan.again and body.get("again") is not True:
        error = "it is delivered: the message would appear twice; say again if that is wanted"
        return JSONResponse({"error": error}, 409)
    outcome = await decisions.replay(
        desk.config, desk.journal, [_id(request)], who=who(request),
        send_again=bool(plan.unconfirmed),
    )  # fmt: skip
    done = outcome.reopened + outcome.stored
    return JSONResponse({"count": done, "left": outcome.left}, 409 if outcome.left else 200)


async def replay_many(request: Request) -> Response:
    """Deliver again what is found; with ``dry_run``, which is the default, only say how many."""
    desk = desk_of(request)
    body = await _json(request)
    try:
        ids = await found_ids(desk, asked_for(body), "replay")
    except ConfigError as error:
        return JSONResponse({"error": str(error)}, 400)
    samples = await desk.read(finding.by_ids, ids[:SAMPLES])
    told = {
        "count": len(ids),
        "sample": [as_object(one.record) for one in samples],
        "seconds": round(takes_seconds(desk, len(ids)), 1),
    }
    if body.get("dry_run", True) is False:
        outcome = await decisions.replay(desk.config, desk.journal, ids, who=who(request))
        told["count"] = outcome.reopened + outcome.stored
        told["left"] = outcome.left
    return JSONResponse(told)


def by_programs_only(handler: Handler) -> Handler:
    """A change by the token alone: a page of another site cannot send it, so no form is needed."""

    async def endpoint(request: Request) -> Response:
        if not request.state.is_program:
            return Response(status_code=401)
        return await handler(request)

    endpoint.is_change = True  # type: ignore[attr-defined]
    return endpoint


def _id(request: Request) -> int:
    typed: str = request.path_params["id"]
    return int(typed) if typed.isdecimal() and len(typed) < 20 else 0


def _number(typed: str, default: int, most: int) -> int:
    if not typed:
        return default
    if not typed.isdecimal() or not 0 < int(typed[:20]) <= most:
        raise ConfigError(f"a number from 1 to {most:,} is expected, not {typed[:20]!r}")
    return int(typed)


async def _json(request: Request) -> dict[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    try:
        read = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


ROUTES = [
    Route("/api/status", status),
    Route("/api/find", find),
    Route("/api/events/{id}", event),
    Route("/api/events/{id}/replay", by_programs_only(replay), methods=["POST"]),
    Route("/api/replay", by_programs_only(replay_many), methods=["POST"]),
]
