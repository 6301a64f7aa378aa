"""``try``: a dry run of one captured delivery."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from inboxbridge.cli.captured import captured_request
from inboxbridge.cli.console import console, count, print_json
from inboxbridge.cli.signed import signed
from inboxbridge.cli.stand_ins import connection_with_stand_ins
from inboxbridge.cli.trial import Trial, attempt
from inboxbridge.identity import identities_of
from inboxbridge.model import Event
from inboxbridge.plugins import connect, installed

LOCAL_URL = "http://127.0.0.1:8080/hooks/"


def try_delivery(
    config_path: Path | None,
    connection: str,
    file: Path,
    *,
    headers: Sequence[str],
    method: str,
    query: str | None,
    at: datetime | None,
    sign: bool,
    as_json: bool,
) -> int:
    """Show what would become of a delivery. Returns 1 if it would be rejected.

    With *sign* it is signed first, as its source would, with a stand-in for a secret that is unset.

    Raises:
        ConfigError: The connection cannot be used, a header is not written ``Name: value``, or its
            scheme cannot sign.
    """
    config, settings, unset = connection_with_stand_ins(config_path, connection)
    url = config.hook_url(connection)
    target = connect(settings, installed(), url=url, locate=config.locate)
    request = captured_request(file, url or LOCAL_URL + connection, query=query, given=headers)
    request = request.replace(method=method.upper(), received_at=at or datetime.now(UTC))
    if sign:
        request, unset = signed(target, request), []
    site = config.sites.get(settings.site)
    wire_form = site.wire_form if site else "current"
    trial = attempt(target, request, wire_form=wire_form, unset=unset)
    if as_json:
        names = ("verified", "events", "requests", "would", "reason")
        print_json({name: getattr(trial, name) for name in names}, indent=2)
    else:
        _print_trial(connection, trial)
    return 1 if trial.would == "reject" else 0


def _print_trial(connection: str, trial: Trial) -> None:
    out = console()
    mark, style = ("✓", "green") if trial.verified else ("✗", "bold red")
    said = "verified" if trial.verified else f"not verified: {trial.reason}"
    out.print(f"{mark} {said}", style=style, soft_wrap=True)
    out.print(count(len(trial.events), "event"), style="bold")
    for values in trial.events:
        event = Event.model_validate(values)
        known = ", ".join(identities_of(connection, event.person)) or "nobody by name"
        out.print(f"  {event.direction} {event.kind} {event.id}", soft_wrap=True)
        out.print(f"    person: {known}", soft_wrap=True)
        out.print(f"    text: {event.text}", soft_wrap=True)
    if trial.requests:
        out.print("requests to Wix, in this order (nothing was sent)", style="bold")
    for request in trial.requests:
        out.print(f"  {request['method']} {request['path']}", style="cyan")
        body = json.dumps(request["body"], indent=2, ensure_ascii=False)
        out.print("    " + body.replace("\n", "\n    "), soft_wrap=True)
    for line in trial.raised:
        out.print(line, style="red", soft_wrap=True)
    for note in trial.notes:
        out.print(f"note: {note}", style="dim", soft_wrap=True)
    ends = {"deliver": "green", "park": "magenta", "ignore": "dim", "reject": "bold red"}
    out.print(trial.verdict, style=ends[trial.would], soft_wrap=True)
