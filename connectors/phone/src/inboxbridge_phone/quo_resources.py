"""Quo's calls and messages, brought from either generation of its payloads to one form.

The current generation (``2026-03-30``) has ``data.resource`` and ``data.context``; the older ones
(``v2`` to ``v4``) have it all in ``data.object``.

Source: https://www.quo.com/docs/2026-03-30/webhooks-event-payloads
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inboxbridge import Attachment, Direction, MalformedBody, clean_text, normalize_phone
from inboxbridge.reading import (
    identifier,
    iso_moment,
    items,
    mapping,
    scalar,
    web_link,
    whole_seconds,
)

from inboxbridge_phone.wording import NO_TEXT, UNUSABLE_FILE, Outcome

_OUTCOMES: dict[str, Outcome] = {
    "answered": "answered",
    "unanswered": "missed",
    "abandoned": "missed",
    "failed": "failed",
    "forwarded": "forwarded",
    "ai-handled": "assistant",
}


@dataclass(frozen=True, slots=True)
class Voicemail:
    """What somebody left on tape: its length in seconds, what was said, where to hear it."""

    call: str
    line: str | None
    direction: Direction
    ours: str
    theirs: str
    seconds: int | None
    transcript: str
    at: datetime | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call: its length in seconds, and where each part of it can be heard."""

    call: str
    line: str | None
    seconds: int | None
    at: datetime | None
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An ended call. `theirs` is None where Quo does not know who was there."""

    id: str
    line: str | None
    direction: Direction
    ours: str
    theirs: str | None
    outcome: Outcome
    seconds: int | None
    at: datetime | None
    url: str | None
    voicemail: Voicemail | None


@dataclass(frozen=True, slots=True)
class Message:
    """A text. `theirs` are the receivers of an outbound one, the sender of an inbound one.

    `line` is which of the business's lines it was, `error` why it was not delivered.
    """

    id: str
    line: str | None
    direction: Direction
    ours: str
    theirs: tuple[str, ...]
    text: str
    attachments: tuple[Attachment, ...]
    at: datetime | None
    error: str


def resource_of(data: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what an event is about and its path. Raises `MalformedBody` where it is missing."""
    for path in ("resource", "object"):
        if isinstance(resource := data.get(path), dict):
            return resource, f"data.{path}"
    raise MalformedBody("data.resource is missing")


def app_link(data: dict[str, Any]) -> str | None:
    """Return where Quo's app shows it."""
    return web_link(mapping(data.get("links")).get("quo"))


def our_line(data: dict[str, Any], *ours: str) -> str | None:
    """Return which of the business's lines it was: its number, or else Quo's id of it."""
    context = mapping(data.get("context"))
    number = _first(*ours) or _first(*_all(mapping(context.get("participants")).get("workspace")))
    return normalize_phone(number) or number or _first(context.get("phoneNumberId")) or None


def read_message(data: dict[str, Any], *, received: bool) -> Message:
    """Read a text that was received, or else delivered.

    Raises:
        MalformedBody: It has no id, or nobody sent or got it.
    """
    resource, path = resource_of(data)
    context = mapping(data.get("context"))
    sender = _first(context.get("senderIdentifier"), resource.get("from"))
    receivers = _all(context.get("recipientIdentifiers")) or _all(resource.get("to"))
    outbound = _direction(resource, "incoming" if received else "outgoing") == "outbound"
    theirs = receivers if outbound else ((sender,) if sender else ())
    if not theirs:
        missing = "recipientIdentifiers" if outbound else "senderIdentifier"
        raise MalformedBody(f"data.context.{missing} is missing")
    files, unusable = _media(resource.get("media"))
    text = _first(resource.get("text"), resource.get("body"))
    if unusable:
        text = "\n".join([text, *[UNUSABLE_FILE] * unusable]).strip()
    ours = sender if outbound else _first(*receivers)
    return Message(
        id=identifier(resource.get("id"), f"{path}.id"),
        line=our_line(data, ours),
        direction="outbound" if outbound else "inbound",
        ours=ours,
        theirs=theirs,
        text=text or ("" if files else NO_TEXT),
        attachments=files,
        at=iso_moment(resource.get("createdAt")),
        error=_first(resource.get("errorCode")),
    )


def read_call(data: dict[str, Any], *, missed: bool) -> Call:
    """Read an ended call. ``call.missed`` says little of it: it was incoming and not answered.

    Raises:
        MalformedBody: It has no id.
    """
    resource, path = resource_of(data)
    call = identifier(resource.get("id"), f"{path}.id")
    direction = _direction(resource, "incoming")
    ours, theirs = _sides(data, resource, direction)
    return Call(
        id=call,
        line=our_line(data, ours),
        direction=direction,
        ours=ours,
        theirs=theirs,
        outcome="missed" if missed else _outcome(resource),
        seconds=_talked(resource),
        at=iso_moment(resource.get("completedAt")) or iso_moment(resource.get("createdAt")),
        url=app_link(data),
        voicemail=_inner_voicemail(call, our_line(data, ours), ours, theirs or "", resource),
    )


def read_voicemail(data: dict[str, Any]) -> Voicemail:
    """Read a voicemail's own event. Raises `MalformedBody` where it does not name its call."""
    resource, path = resource_of(data)
    direction = _direction(resource, "incoming")
    sides = (_first(*_all(resource.get("to"))), _first(resource.get("from")))
    ours, theirs = sides if direction == "inbound" else sides[::-1]
    return Voicemail(
        call=identifier(resource.get("callId"), f"{path}.callId"),
        line=our_line(data, ours),
        direction=direction,
        ours=ours,
        theirs=theirs,
        seconds=whole_seconds(resource.get("duration")),
        transcript=scalar(resource.get("transcript")),
        at=iso_moment(resource.get("createdAt")),
        url=web_link(resource.get("recordingUrl")) or app_link(data),
    )


def read_recording(data: dict[str, Any]) -> Recording:
    """Read that a call was recorded. Raises `MalformedBody` where it names no call.

    The resource is the recording with the id of its call, or the call with its ``recordings``.
    """
    resource, path = resource_of(data)
    parts = [mapping(part) for part in items(resource.get("recordings"))]
    lengths = [whole_seconds(part.get("duration")) for part in parts] or [
        whole_seconds(resource.get("duration"))
    ]
    links = (web_link(part.get("url")) for part in parts)
    single = web_link(resource.get("recordingUrl"))
    return Recording(
        call=identifier(resource.get("callId") or resource.get("id"), f"{path}.callId"),
        line=our_line(data),
        seconds=sum(length or 0 for length in lengths) or None,
        at=iso_moment(resource.get("createdAt")),
        urls=(single,) if single else tuple(link for link in links if link),
    )


def _inner_voicemail(
    call: str, line: str | None, ours: str, theirs: str, resource: dict[str, Any]
) -> Voicemail | None:
    """Read the voicemail that an older call carries within itself."""
    voicemail = mapping(resource.get("voicemail"))
    url = web_link(voicemail.get("url"))
    if url is None:
        return None
    seconds = whole_seconds(voicemail.get("duration"))
    at = iso_moment(resource.get("completedAt"))
    return Voicemail(call, line, "inbound", ours, theirs, seconds, "", at, url)


def _direction(resource: dict[str, Any], otherwise: str) -> Direction:
    word = scalar(resource.get("direction")) or otherwise
    return "outbound" if word == "outgoing" else "inbound"


def _sides(
    data: dict[str, Any], resource: dict[str, Any], direction: Direction
) -> tuple[str, str | None]:
    """Return our line and theirs; theirs is None where Quo says that it could not find out.

    The context names the participants or, as it does for messages, sender and receivers.
    """
    context = mapping(data.get("context"))
    participants = mapping(context.get("participants"))
    if participants:
        external = _all(participants.get("external"))
        unknown = not external and participants.get("resolution") == "unavailable"
        return _first(*_all(participants.get("workspace"))), (
            None if unknown else _first(*external)
        )
    caller = _first(context.get("senderIdentifier"))
    called = _first(*_all(context.get("recipientIdentifiers")))
    if caller or called:
        ours, theirs = (called, caller) if direction == "inbound" else (caller, called)
        return ours, theirs or None
    sides = (_first(*_all(resource.get("to"))), _first(*_all(resource.get("from"))))
    ours, theirs = sides if direction == "inbound" else sides[::-1]
    known = "from" in resource or "to" in resource
    return ours, theirs if known else None


def _outcome(resource: dict[str, Any]) -> Outcome:
    answered: Outcome = "answered" if resource.get("answeredAt") else "missed"
    return _OUTCOMES.get(scalar(resource.get("status")), answered)


def _talked(resource: dict[str, Any]) -> int | None:
    seconds = whole_seconds(resource.get("duration"))
    if seconds is not None:
        return seconds
    start, end = iso_moment(resource.get("answeredAt")), iso_moment(resource.get("completedAt"))
    return max(0, int((end - start).total_seconds())) if start and end else None


def _media(value: object) -> tuple[tuple[Attachment, ...], int]:
    """Return the files, and how many there are that nobody can open."""
    entries = [entry for entry in items(value) if entry]
    if not entries:
        return (), 0
    files_or_none = (
        Attachment.from_link(entry.get("url"), mime_type=entry.get("type"))
        if isinstance(entry, dict)
        else Attachment.from_link(entry)
        for entry in entries
    )
    files = tuple(file for file in files_or_none if file)
    return files, len(entries) - len(files)


def _all(value: object) -> tuple[str, ...]:
    """Return one text or a list of them, without the blank ones."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for value in values if (text := clean_text(scalar(value))))


def _first(*values: object) -> str:
    return next((text for value in values if (text := clean_text(scalar(value)))), "")
