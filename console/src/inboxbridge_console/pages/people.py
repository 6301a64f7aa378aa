"""Person: everything held about one person, to export or erase."""

from __future__ import annotations

import json

from inboxbridge.errors import ConfigError
from inboxbridge.operate import people
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import Form, back, change, desk_of, notice, page, who

CONFIRMATION = "erase"


async def person(request: Request) -> Response:
    """The form, and what is held about whom it names."""
    return await _page(request, request.query_params.get("identity", "").strip())


async def export(request: Request, form: Form) -> Response:
    """All of it, as a file."""
    desk = desk_of(request)
    try:
        key = people.identity_of(form.get("identity", ""))
    except ConfigError as error:
        return await _page(request, form.get("identity", ""), str(error))
    exported = await desk.read(people.export, key)
    await desk.set_down(who(request), "export", "a person", f"{len(exported['events'])} events")
    return Response(
        json.dumps(exported, indent=2, ensure_ascii=False),
        media_type="application/json",
        headers={"content-disposition": 'attachment; filename="person.json"'},
    )


async def erase(request: Request, form: Form) -> Response:
    """Erase it, if the word was typed."""
    desk = desk_of(request)
    try:
        key = people.identity_of(form.get("identity", ""))
    except ConfigError as error:
        return await _page(request, form.get("identity", ""), str(error))
    if form.get("confirmation", "").strip().lower() != CONFIRMATION:
        problem = f"Nothing was erased: type the word “{CONFIRMATION}” to confirm."
        return await _page(request, form.get("identity", ""), problem)
    gone = await desk.journal.write(people.erase, (key, who(request)))
    count = len(gone.event_ids) + len(gone.unreadable_ids)
    notice(
        request,
        f"Erased: {count:,} events, {len(gone.delivery_ids):,} raw deliveries and "
        f"{len(gone.links):,} links. What is in Wix stays there.",
    )
    return back("/person")


async def _page(request: Request, identity: str, problem: str = "") -> Response:
    desk, held = desk_of(request), None
    if identity and not problem:
        try:
            held = await desk.read(people.held, people.identity_of(identity))
        except ConfigError as error:
            problem = str(error)
    return page(
        request,
        "person.html",
        identity=identity,
        held=held,
        problem=problem,
        confirmation=CONFIRMATION,
        status=400 if problem else 200,
    )


ROUTES = [
    Route("/person", person),
    Route("/person/export", change(export), methods=["POST"]),
    Route("/person/erase", change(erase), methods=["POST"]),
]
