"""One event: its whole story, and what can be decided about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inboxbridge.config import Config
from inboxbridge.identity import identities_of
from inboxbridge.journal import overview, reads
from inboxbridge.model import Event
from inboxbridge.model.records import EventRecord
from inboxbridge.operate import decisions
from inboxbridge.operate.contacts import Looked, candidates, look_at_contact
from inboxbridge.operate.decisions import preview_reading
from inboxbridge.operate.story import message_of, tell
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inboxbridge_console.desk import Form, Values, back, change, desk_of, notice, page, who
from inboxbridge_console.listing import event_of
from inboxbridge_console.masks import (
    masked_email,
    masked_id,
    masked_name,
    masked_phone,
    person_label,
    tame,
)

MOST_RAW = 20_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision that can be made about an event.

    Attributes:
        action: The last part of its address.
        label: What its button says.
        is_first: Whether it is what one usually does.
    """

    action: str
    label: str
    is_first: bool = False


def choices_of(record: EventRecord, *, unconfirmed: bool) -> list[Choice]:
    """What can be decided about an event in its state."""
    give_up = Choice("give-up", "Give up")
    if record.state == "parked" and unconfirmed:
        return [Choice("send-again", "Send again"), give_up]
    return {
        "parked": [Choice("link", "Link to contact", True), Choice("replay", "Replay"), give_up],
        "dead": [Choice("replay", "Replay", True), Choice("link", "Link to contact"), give_up],
        "unreadable": [Choice("replay", "Read again", True), give_up],
        "delivered": [Choice("replay", "Send once more")],
        "ignored": [Choice("replay", "Deliver after all")],
        "retrying": [Choice("replay", "Try now"), give_up],
        "pending": [give_up],
    }.get(record.state, [])


async def show(request: Request) -> Response:
    """The page of an event."""
    desk, record = desk_of(request), await _record(request)
    shown = desk.shows(request)
    story = await desk.work(lambda: tell(desk.config, desk.reader, record, reveal=shown))
    event = event_of(await desk.read(reads.event_body, record.id))
    message = await _message(request, record, event, shown=shown)
    unconfirmed = bool(await desk.read(reads.unconfirmed, [record.id]))
    deeds = await desk.read(overview.deeds_of_event, record.id)
    if shown:
        await desk.set_down(who(request), "show", f"event {record.id}")
    request_text = story["request"] and json.dumps(story["request"]["body"], indent=2)
    if request_text is not None and shown:
        request_text = json.dumps(story["request"]["body"], indent=2, ensure_ascii=False)
    choices = choices_of(record, unconfirmed=unconfirmed)
    if record.state == "ignored" and event is None:
        choices = []
    return page(
        request,
        "event.html",
        record=record,
        story=story,
        person=_person(event, shown=shown),
        label=person_label(event.person if event else None, shown=shown),
        message=message,
        request_text=request_text and tame(request_text, MOST_RAW),
        choices=choices,
        unconfirmed=unconfirmed,
        deeds=deeds,
    )


async def preview(request: Request) -> Response:
    """What a decision would do, and the button that makes it."""
    desk, record = desk_of(request), await _record(request)
    action: str = request.path_params["action"]
    unconfirmed = bool(await desk.read(reads.unconfirmed, [record.id]))
    choice = next(
        (c for c in choices_of(record, unconfirmed=unconfirmed) if c.action == action), None
    )
    if choice is None:
        notice(request, _nothing_to_do(record), "problem")
        return back(f"/events/{record.id}")
    if action == "link":
        return await _link_page(request, record)
    shown = desk.shows(request)
    event = event_of(await desk.read(reads.event_body, record.id))
    steps, problem = _what_happens(record, choice), ""
    messages = []
    if action != "give-up":
        if record.state == "unreadable":
            reading = await desk.work(lambda: preview_reading(desk.config, desk.reader, record))
            problem = reading.problem or ""
            if reading.note:
                steps = [f"The delivery can be read now. {reading.note}; nothing is sent."]
            events = reading.events
        else:
            events = (event,) if event else ()
            problem = "" if event else "There is no text to send any more: it was erased."
        for one in events[:10]:
            if message := await _message(request, record, one, shown=shown):
                messages.append(message)
    return page(
        request,
        "decide.html",
        record=record,
        choice=choice,
        steps=steps,
        problem=problem,
        messages=messages,
    )


async def decide(request: Request, form: Form) -> Response:
    """Make a decision, unless somebody else has made one since the page was drawn."""
    desk, record = desk_of(request), await _record(request)
    action: str = request.path_params["action"]
    seen = form.get("seen", "")
    if action == "give-up":
        done = await decisions.give_up(
            desk.journal, [record.id], who=who(request), states=_states(seen)
        )
        if done:
            notice(request, f"Event {record.id} is given up: it will not be delivered.")
        else:
            notice(request, _decided_by_another(await _record(request)), "problem")
        return back(f"/events/{record.id}")
    if action not in ("replay", "send-again"):
        raise HTTPException(404)
    outcome = await decisions.replay(
        desk.config,
        desk.journal,
        [record.id],
        who=who(request),
        send_again=action == "send-again" and record.state == "parked" == seen,
        states=_states(seen),
    )
    done = outcome.reopened + outcome.stored
    for line in outcome.left:
        notice(request, _sentence(line), "problem")
    if done:
        notice(request, "It goes to the Inbox now. Its progress shows here.")
    elif not outcome.left:
        notice(request, "The delivery was read; there is nothing in it for the Inbox.")
    return back(f"/events/{record.id}")


async def link(request: Request, form: Form) -> Response:
    """Link the event's person to a contact."""
    desk, record = desk_of(request), await _record(request)
    assert isinstance(form, Values)
    typed = form.get("contact_id", "").strip() or form.get("candidate", "").strip()
    event = event_of(await desk.read(reads.event_body, record.id))
    allowed = identities_of(record.connection, event.person) if event else []
    places = {place for place in form.all("identity") if place.isdecimal()}
    keys = [key for place, key in enumerate(allowed) if str(place) in places]
    if record.state != form.get("seen"):
        notice(request, _decided_by_another(record), "problem")
        return back(f"/events/{record.id}")
    if not typed or not keys:
        what = "Choose a contact, or type its id." if not typed else "Choose what to link."
        return await _link_page(request, record, problem=what, status=400)
    contact = await look_at_contact(desk.config, record.site, typed, desk.open_client)
    if contact.is_unknown:
        problem = f"Wix knows no contact with the id {tame(typed, 100)} on this site."
        return await _link_page(request, record, problem=problem, status=400)
    if contact.problem:
        problem = f"Wix could not be asked about this contact: {contact.problem}"
        return await _link_page(request, record, problem=problem, status=502)
    released = 0
    for key in keys:
        released += await decisions.link(
            desk.journal, record.site, key, contact.id, who=who(request)
        )
    events = "1 event goes" if released == 1 else f"{released:,} events go"
    notice(request, f"Linked. {events} to this contact's conversation now.")
    return back(f"/events/{record.id}")


async def raw(request: Request, form: Form) -> Response:
    """The delivery that the event came in, whole."""
    desk, record = desk_of(request), await _record(request)
    delivery = await desk.read(reads.raw_delivery, record.id)
    if delivery is None:
        notice(request, "The delivery is not kept, or not any more.", "problem")
        return back(f"/events/{record.id}")
    await desk.set_down(who(request), "show raw", f"event {record.id}")
    body = delivery.request.body
    if form.get("as") == "file":
        ending = "json" if body[:1] in (b"{", b"[") else "form"
        return Response(
            body,
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="event-{record.id}.{ending}"'},
        )
    return page(
        request,
        "raw.html",
        record=record,
        delivery=delivery.request,
        body=tame(_indented(body), MOST_RAW),
    )


async def _link_page(
    request: Request, record: EventRecord, *, problem: str = "", status: int = 200
) -> Response:
    desk = desk_of(request)
    event = event_of(await desk.read(reads.event_body, record.id))
    if event is None:
        notice(request, "It is not known any more who this event is about.", "problem")
        return back(f"/events/{record.id}")
    shown = desk.shows(request)
    found, trouble = await candidates(desk.config, record.site, event.person, desk.open_client)
    keys = identities_of(record.connection, event.person)
    waiting: set[int] = set()
    for key in keys:
        waiting.update(await decisions.released_by(desk.journal, record.site, key))
    return page(
        request,
        "link.html",
        record=record,
        label=person_label(event.person, shown=shown),
        identities=[_identity(key, shown=shown) for key in keys],
        candidates=[_candidate(one, shown=shown) for one in found],
        trouble=trouble,
        problem=problem,
        waiting=len(waiting),
        status=status,
    )


async def _record(request: Request) -> EventRecord:
    typed: str = request.path_params["id"]
    number = int(typed) if typed.isdecimal() and len(typed) < 20 else 0
    record = await desk_of(request).read(reads.get_event, number)
    if record is None:
        raise HTTPException(
            404,
            f"There is no event {tame(typed, 30)} in the journal. Finished ones are erased after "
            "[journal] keep_days.",
        )
    return record


async def _message(
    request: Request, record: EventRecord, event: Event | None, *, shown: bool
) -> dict[str, Any] | None:
    if event is None:
        return None
    config: Config = desk_of(request).config
    made = await desk_of(request).work(lambda: message_of(config, record, event))
    if made is None:
        return None
    content, badge = made
    text = content.text
    attachments = getattr(content, "attachments", ())
    return {
        "is_activity": event.kind == "activity",
        "direction": event.direction,
        "badge": tame(badge.text, 60) if badge else None,
        "text": tame(text) if shown else f"{len(text):,} characters",
        "shown": shown,
        "attachments": [
            tame(one.filename or one.url or one.kind, 200) if shown else one.kind
            for one in attachments
        ],
        "occurred_at": event.occurred_at,
    }


def _person(event: Event | None, *, shown: bool) -> list[tuple[str, str]]:
    if event is None:
        return []
    about = event.person
    known = (
        ("Name", about.name, masked_name),
        ("Email", about.email, masked_email),
        ("Phone", about.phone, masked_phone),
        ("Id at the source", about.id, masked_id),
    )
    return [
        (label, tame(value, 300) if shown else mask(value)) for label, value, mask in known if value
    ]


def _identity(key: str, *, shown: bool) -> dict[str, str]:
    kind, _, value = key.partition(":")
    if kind == "id":
        value = value.partition(":")[2]
    mask = {"email": masked_email, "phone": masked_phone}.get(kind, masked_id)
    label = {"email": "Email", "phone": "Phone"}.get(kind, "Id at the source")
    return {"label": label, "value": tame(value, 300) if shown else mask(value)}


def _candidate(one: Looked, *, shown: bool) -> dict[str, Any]:
    name = one.name or "without a name"
    addresses = [
        *(tame(e, 200) if shown else masked_email(e) for e in one.emails[:3]),
        *(tame(p, 60) if shown else masked_phone(p) for p in one.phones[:3]),
    ]
    return {
        "id": one.id,
        "name": (tame(name, 120) if shown else masked_name(name)) if one.name else name,
        "addresses": ", ".join(addresses),
        "found_by": one.found_by,
        "created_at": one.created_at,
    }


def _states(seen: str) -> tuple[str, ...]:
    """The state that the page showed: the decision is about that one."""
    return (seen,) if seen in decisions.UNFINISHED or seen in ("delivered", "ignored") else ("-",)


def _nothing_to_do(record: EventRecord) -> str:
    return f"There is nothing to decide about it now: {_is(record)}."


def _decided_by_another(record: EventRecord) -> str:
    return f"Nothing was changed: somebody else decided meanwhile. {_is(record).capitalize()}."


def _is(record: EventRecord) -> str:
    reason = f" ({record.reason})" if record.reason else ""
    return f"event {record.id} is {record.state}{reason}"


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}."


def _what_happens(record: EventRecord, choice: Choice) -> list[str]:
    if choice.action == "give-up":
        return [
            "It will not be delivered to the Inbox.",
            "It becomes ignored, and the later events of its thread go on.",
            "Until its text is erased you can still deliver it after all.",
        ]
    if choice.action == "send-again":
        return [
            "It was sent once, and Wix could not be asked whether it arrived.",
            "If it did arrive, the message will appear twice. Look into the Inbox first.",
            "It is sent again now, without another look.",
        ]
    if record.state == "unreadable":
        return [
            "The stored delivery is read again by its connector as it is today.",
            "What it tells of is stored as new events, which go to the Inbox.",
        ]
    if record.state == "delivered":
        return [
            "The message is in the Inbox already: it will appear there twice.",
            "The customer is not notified. The first message stays.",
        ]
    return [
        "It becomes pending and takes its turn in its thread at once.",
        "Its contact is looked up, and the message below goes into that contact's conversation.",
        "If an earlier attempt turns out to have arrived, nothing is sent twice.",
    ]


def _indented(body: bytes) -> str:
    text = body.decode("utf-8", errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


ROUTES = [
    Route("/events/{id}", show),
    Route("/events/{id}/raw", change(raw), methods=["POST"]),
    Route("/events/{id}/link", change(link), methods=["POST"]),
    Route("/events/{id}/{action}", preview, methods=["GET"]),
    Route("/events/{id}/{action}", change(decide), methods=["POST"]),
]
