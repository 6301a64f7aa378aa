"""Find: one box and a few filters."""

from __future__ import annotations

from inboxbridge.errors import ConfigError
from inboxbridge.journal import finding, reads
from inboxbridge.operate.waiting import waiting_for
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import desk_of, page, who
from inboxbridge_console.listing import FIELDS, asked_for, by_person, query_of, row_of, wanted_of

PAGE = 25

MOST_PARKED, MOST_PEOPLE = 1000, 12
"""Among so many parked events people are told apart, and so many of them are listed."""


async def find(request: Request) -> Response:
    """The page: the form, and what was found."""
    desk = desk_of(request)
    asked = asked_for(request.query_params)
    before = request.query_params.get("before", "")
    known = {**desk.config.connections}
    connections = sorted({*known, *await desk.read(reads.connection_names)})
    problem, rows, people, older = "", [], [], None
    try:
        wanted = await wanted_of(desk, asked)
    except ConfigError as error:
        problem = str(error)
    else:
        before_id = int(before) if before.isdecimal() and len(before) < 19 else None
        found = await desk.read(finding.find, wanted, before_id=before_id, limit=PAGE)
        records = [one.record for one in found.events]
        why = await desk.read(waiting_for, records, hold=desk.config.courier.hold, now=desk.now())
        shown = desk.shows(request)
        rows = [row_of(one, shown=shown, waiting_for=why[one.record.id]) for one in found.events]
        older = found.next_before
        if asked.get("state") == "parked" and before_id is None:
            parked = await desk.read(finding.find, wanted, limit=MOST_PARKED)
            people = by_person(parked.events, shown=shown)
        if shown and rows:
            ids = f"events {rows[-1].record.id} to {rows[0].record.id}"
            await desk.set_down(who(request), "show list", ids)
    return page(
        request,
        "find.html",
        asked={name: asked.get(name, "") for name in FIELDS},
        rows=rows,
        people=people[:MOST_PEOPLE],
        more_people=len(people) - MOST_PEOPLE,
        problem=problem,
        connections=connections,
        older=None if older is None else "/find?" + query_of(asked, before=older),
        newest="/find?" + query_of(asked) if before else None,
        many="/many?" + query_of(asked),
        status=400 if problem else 200,
    )


ROUTES = [Route("/find", find)]
