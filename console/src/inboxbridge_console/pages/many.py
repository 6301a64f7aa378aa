"""Many at once: the same decision about everything that a search finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inboxbridge.errors import ConfigError
from inboxbridge.journal import finding, reads
from inboxbridge.operate import decisions
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import Desk, Form, back, change, desk_of, page, who
from inboxbridge_console.jobs import Job, Jobs
from inboxbridge_console.listing import asked_for, query_of, row_of, wanted_of

MOST = 10_000
"""So many events at once."""

SAMPLES = 3
ACTIONS = {"replay": "Replay", "give-up": "Give up"}
CHUNK = 100


async def found_ids(desk: Desk, asked: Mapping[str, str], action: str) -> list[int]:
    """The events that a decision is about: those of a search, but for what it cannot be made of.

    Raises:
        ConfigError: The search asks for what is not there.
    """
    wanted = await wanted_of(desk, asked)
    ids = await desk.read(finding.count_at_least, wanted, MOST)
    states = await desk.read(reads.states_of, ids)
    if action == "give-up":
        may = set(decisions.UNFINISHED)
    else:
        may = {"parked", "dead", "unreadable", "retrying"}
        if asked.get("state") in ("delivered", "ignored"):
            may = {asked["state"]}
    chosen = [key for key in reversed(ids) if states.get(key) in may]
    if action == "replay":
        left = set(await desk.read(reads.unconfirmed, chosen))
        chosen = [key for key in chosen if key not in left]
    return chosen


def takes_seconds(desk: Desk, count: int) -> float:
    """How long so many messages take within the limit of the sites, a call each."""
    limits = [site.calls_per_minute for site in desk.config.sites.values()]
    limit = min((one for one in limits if one), default=0)
    return count / limit * 60 if limit else 0.0


async def preview(request: Request) -> Response:
    """How many it is about, three of them, and how long it takes."""
    desk = desk_of(request)
    asked = asked_for(request.query_params)
    action = request.query_params.get("action", "replay")
    if action not in ACTIONS:
        raise HTTPException(404)
    try:
        ids = await found_ids(desk, asked, action)
    except ConfigError as error:
        raise HTTPException(400, str(error)) from None
    samples = await desk.read(_samples, ids[:SAMPLES])
    shown = desk.shows(request)
    return page(
        request,
        "many.html",
        asked=asked,
        action=action,
        actions=ACTIONS,
        links={name: "/many?" + query_of(asked, action=name) for name in ACTIONS},
        count=len(ids),
        most=MOST,
        rows=[row_of(one, shown=shown) for one in samples],
        takes=takes_seconds(desk, len(ids)) if action == "replay" else 0.0,
        back="/find?" + query_of(asked),
    )


async def start(request: Request, form: Form) -> Response:
    """Begin."""
    desk, jobs = desk_of(request), _jobs(request)
    asked, action = asked_for(form), form.get("action", "")
    if action not in ACTIONS:
        raise HTTPException(404)
    try:
        ids = await found_ids(desk, asked, action)
    except ConfigError as error:
        raise HTTPException(400, str(error)) from None
    if str(len(ids)) != form.get("count"):
        # What was previewed is what is done.
        return back("/many?" + query_of(asked, action=action))
    by = who(request)
    states = await desk.read(reads.states_of, ids)
    job = Job(ACTIONS[action], len(ids))

    async def work(job: Job) -> None:
        for state in dict.fromkeys(states.values()):
            of_state = [key for key in ids if states[key] == state]
            for begin in range(0, len(of_state), CHUNK):
                if job.is_stopping:
                    return
                chunk = of_state[begin : begin + CHUNK]
                if action == "give-up":
                    job.changed += await decisions.give_up(
                        desk.journal, chunk, who=by, states=(state,)
                    )
                else:
                    outcome = await decisions.replay(
                        desk.config, desk.journal, chunk, who=by, states=(state,)
                    )
                    job.changed += outcome.reopened + outcome.stored
                    job.left += outcome.left
                job.done += len(chunk)

    jobs.start(job, work)
    return back(f"/jobs/{job.id}")


async def progress(request: Request) -> Response:
    """How far it is."""
    job = _job(request)
    return page(request, "job.html", job=job, refresh=not job.is_finished)


async def stop(request: Request, form: Form) -> Response:
    """Do no more than what is under way."""
    job = _job(request)
    job.is_stopping = True
    return back(f"/jobs/{job.id}")


def _samples(connection: Any, ids: list[int]) -> list[finding.FoundEvent]:
    return finding.by_ids(connection, ids)


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _job(request: Request) -> Job:
    job = _jobs(request).get(request.path_params["id"])
    if job is None:
        raise HTTPException(404, "This is not known any more: the console was started anew.")
    return job


ROUTES = [
    Route("/many", preview),
    Route("/many", change(start), methods=["POST"]),
    Route("/jobs/{id}", progress),
    Route("/jobs/{id}/stop", change(stop), methods=["POST"]),
]
