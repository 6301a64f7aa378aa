"""Checks of reading: what becomes of a delivery's body."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zlib import crc32

import time_machine
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from inboxbridge.errors import HookFailed, MalformedBody
from inboxbridge.model import BasicMessage, Event, MinimalMessage, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.testing.mutation import at_path, broken, junk_text, misfits, paths, replaced
from inboxbridge.testing.samples import CONTENT_TYPES, Sample, difference
from inboxbridge.testing.sealed import NotAllowed, sealed
from inboxbridge.testing.subject import Subject, Unmet, message, parse, parse_all

_LONG = "Grüße 😀 " * 11_000
_LONG_PLACES = 4
_ODD_ITEMS: tuple[Any, ...] = (7, "text", {}, {"id": {"odd": True}, "type": ["odd"]})
_CLOCKS = (1_000_000_000.0, 1_900_000_000.5)
_GENTLY = settings(
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def _fuzz(sample: Sample, examples: int) -> Callable[[Any], Any]:
    """The same bodies each time, and others for each sample.

    A green suite stays green until the connector or the sample changes.
    """
    gently = settings(_GENTLY, max_examples=examples)
    return lambda test: seed(crc32(sample.name.encode() + sample.body))(gently(test))


def events_of(subject: Subject, sample: Sample) -> list[Event]:
    """Return the sample's events. Raises `Unmet` where it is malformed or a hook fails."""
    __tracebackhide__ = True
    try:
        events, unreadable = parse_all(subject.connection(), subject.delivery(sample))
    except MalformedBody as error:
        raise Unmet(f"{sample.name} is refused as malformed: {error}") from error
    if unreadable:
        raise Unmet(f"a part of {sample.name} is refused as malformed: {unreadable[0].reason}")
    return events


def parses(subject: Subject, sample: Sample) -> None:
    """Every sample is read into events, or into none."""
    events_of(subject, sample)


def becomes_messages(subject: Subject, sample: Sample) -> None:
    """Every event becomes a message of the form of its kind, with something in it."""
    connection = subject.connection()
    for event in events_of(subject, sample):
        content, _ = message(connection, event)
        wanted = BasicMessage if event.kind == "message" else MinimalMessage
        if not isinstance(content, wanted):
            raise Unmet(
                f"{sample.name}: event {event.id!r} is of kind {event.kind!r} but to_wix_message "
                f"returned {type(content).__name__}, not {wanted.__name__}"
            )


def is_as_expected(subject: Subject, sample: Sample) -> None:
    """The sample's events and messages are what its ``.expected.json`` says."""
    if sample.expected is None:
        return
    connection = subject.connection()
    events = events_of(subject, sample)
    actual = {
        "events": [event.model_dump(mode="json") for event in events],
        "messages": [_message_as_json(connection, event) for event in events],
    }
    for part, wanted in (
        ("events", sample.expected.events),
        ("messages", sample.expected.messages),
    ):
        if wanted is not None:
            found = difference(wanted, actual[part], part)
            if found:
                raise Unmet(f"{sample.name} differs from its .expected.json: {found}")


def _message_as_json(connection: Connection, event: Event) -> dict[str, Any]:
    content, badge = message(connection, event)
    kind = "BASIC" if isinstance(content, BasicMessage) else "MINIMAL"
    return content.model_dump(mode="json") | {"type": kind, "badge": badge.text if badge else None}


def ids_are_stable(subject: Subject, sample: Sample) -> None:
    """A delivery that comes again, later and signed anew, has the same ids and threads."""
    first = events_of(subject, sample)
    again = parse(subject.connection(), subject.delivery(sample, later_seconds=3600))
    for name in ("id", "thread_key", "about"):
        before = [getattr(event, name) for event in first]
        after = [getattr(event, name) for event in again]
        if before != after:
            raise Unmet(
                f"{sample.name}: the {name} of its events changes when the source repeats the "
                f"delivery an hour later: {before} became {after}. Take it from the body"
            )


def ids_are_distinct(subject: Subject, sample: Sample) -> None:
    """Within one delivery no two events have the same id: the second would be lost."""
    ids = [event.id for event in events_of(subject, sample)]
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    if repeated:
        raise Unmet(f"{sample.name}: several events have the id {repeated[0]!r}")


def survives_json(subject: Subject, sample: Sample) -> None:
    """Events and their messages are the same after storage as JSON."""
    connection = subject.connection()
    for event in events_of(subject, sample):
        stored = Event.model_validate_json(event.model_dump_json())
        if stored != event or message(connection, stored) != message(connection, event):
            raise Unmet(f"{sample.name}: event {event.id!r} is another one after storage as JSON")


def is_pure(subject: Subject, sample: Sample) -> None:
    """The same delivery gives the same events and messages, whatever the clock says."""
    outcomes = []
    for clock in _CLOCKS:
        with time_machine.travel(clock, tick=False):
            connection = subject.connection()
            for _ in range(2):
                events = parse(connection, subject.delivery(sample))
                messages = [message(connection, event) for event in events]
                outcomes.append((events, messages))
    if any(outcome != outcomes[0] for outcome in outcomes):
        raise Unmet(
            f"{sample.name}: the same delivery gave different events or messages the second time, "
            "or under another clock. Hooks use no clock, no chance and no memory; where the source "
            "names no time, take request.received_at"
        )


def keeps_order(subject: Subject, sample: Sample) -> None:
    """Events of a batch come in the order in which the body holds them."""
    if sample.is_form:
        return
    whole = [event.id for event in events_of(subject, sample)]
    body = json.loads(sample.body)
    for path in paths(body) if len(whole) > 1 else ():
        items = at_path(body, path)
        if isinstance(items, list) and len(items) > 1:
            _check_order(subject, sample, whole, [replaced(body, path, [one]) for one in items])


def parts_are_independent(subject: Subject, sample: Sample) -> None:
    """In a batch one item that cannot be read leaves the others as they are."""
    if sample.is_form:
        return
    body = json.loads(sample.body)
    for path in paths(body) if len(events_of(subject, sample)) > 1 else ():
        items = at_path(body, path)
        if isinstance(items, list) and len(items) > 1:
            for index in range(len(items)):
                _check_others(subject, sample, body, path, index)


def _check_others(subject: Subject, sample: Sample, body: Any, path: Any, index: int) -> None:
    items = at_path(body, path)

    def ids(changed: list[Any]) -> set[str]:
        delivery = subject.delivery(sample, json.dumps(replaced(body, path, changed)).encode())
        return {event.id for event in parse(subject.connection(), delivery)}

    try:
        others = ids(items[:index] + items[index + 1 :])
    except MalformedBody:
        return
    for odd in _ODD_ITEMS:
        try:
            missing = others - ids([*items[:index], odd, *items[index + 1 :]])
        except MalformedBody as error:
            missing, why = others, str(error)
        else:
            why = "parse_event returned too few events"
        if missing:
            where = ".".join(map(str, (*path, index)))
            raise Unmet(
                f"{sample.name}: with {json.dumps(odd)} at {where} the event {min(missing)!r} of "
                f"another item is lost: {why}. Read the items with inboxbridge.reading.read_each"
            )


def _check_order(subject: Subject, sample: Sample, whole: list[str], parts: list[Any]) -> None:
    owner: dict[str, int] = {}
    for index, part in enumerate(parts):
        try:
            alone = parse(subject.connection(), subject.delivery(sample, json.dumps(part).encode()))
        except MalformedBody:
            return
        for event in alone:
            if owner.setdefault(event.id, index) != index:
                return
    found = [owner[one] for one in whole if one in owner]
    if found != sorted(found):
        raise Unmet(f"{sample.name}: its events are not in the order of the body: {whole}")


def ignores_unknown(subject: Subject, samples: list[Sample]) -> None:
    """A kind of event that the connector does not know gives no event and no error."""
    for body in subject.unknown:
        connection = subject.connection()
        like = _shaped_like(samples, body)
        try:
            events = parse(connection, subject.delivery(like, body))
        except MalformedBody as error:
            raise Unmet(f"a body of an unknown kind is refused as malformed: {error}") from error
        if events:
            raise Unmet(f"a body of an unknown kind gave {len(events)} events")
    kinds = dict.fromkeys(("type", "event", "topic", "kind", "object"), "inboxbridge.unknown")
    bodies = {sample.is_form: sample for sample in samples}
    for is_form, sample in bodies.items():
        body = urlencode(kinds).encode() if is_form else json.dumps(kinds).encode()
        try:
            events = parse(subject.connection(), subject.delivery(sample, body))
        except MalformedBody:
            continue
        if events:
            raise Unmet(f"a body of an unknown kind gave {len(events)} events: {body.decode()}")


def _shaped_like(samples: list[Sample], body: bytes) -> Sample:
    form = not body.lstrip().startswith((b"{", b"["))
    return next((sample for sample in samples if sample.is_form == form), samples[0])


def is_garbage_safe(subject: Subject, sample: Sample) -> None:
    """Whatever the body, there are events or `MalformedBody`; those can be kept and delivered."""
    __tracebackhide__ = True
    connection = subject.connection()

    def never_fails(body: bytes, content_type: str) -> None:
        __tracebackhide__ = True
        try:
            events = parse(connection, replace(sample, content_type=content_type).request(body))
        except MalformedBody:
            return
        for event in events[:20]:
            stored = Event.model_validate_json(event.model_dump_json())
            if stored != event:
                raise Unmet(f"{sample.name} with a broken body: {event.id!r} changes in storage")
            message(connection, stored)

    for body in misfits(sample):
        never_fails(body, sample.content_type)
    types = st.just(sample.content_type) | st.sampled_from(
        [*CONTENT_TYPES.values(), "text/plain", ""]
    )
    given_any = given(body=broken(sample), content_type=types)
    _fuzz(sample, subject.fuzz)(given_any(never_fails))()


def other_hooks_are_garbage_safe(subject: Subject, sample: Sample) -> None:
    """`handshake` takes any request; `answer` and `redact` take any that is verified."""
    __tracebackhide__ = True
    connection = subject.connection()
    query = st.lists(st.tuples(st.sampled_from(_QUERY_NAMES) | junk_text, junk_text), max_size=4)

    @_fuzz(sample, -(-subject.fuzz // 2))
    @given(body=broken(sample), query=query)
    def never_fails(body: bytes, query: list[tuple[str, str]]) -> None:
        __tracebackhide__ = True
        written = urlencode([(n.encode("utf-8", "replace"), v.encode("utf-8", "replace"))
                             for n, v in query])  # fmt: skip
        request = subject.delivery(sample, body)
        odd = WebhookRequest(method="GET", url=f"{sample.url}?{written}", headers=request.headers)
        try:
            with sealed():
                if subject.arrives(request):
                    connection.redacted(request)
                    connection.answer(request)
                connection.handshake(request)
                connection.handshake(odd)
        except (HookFailed, MalformedBody, NotAllowed) as error:
            raise Unmet(f"{sample.name} with a broken body: {error}: {error.__cause__}") from error

    never_fails()


_QUERY_NAMES = ["hub.mode", "hub.challenge", "hub.verify_token", "challenge", "token", "validation"]


def takes_long_texts(subject: Subject, sample: Sample) -> None:
    """A text of 100 kB is read whole, and an unknown field of 100 kB does no harm."""
    connection = subject.connection()
    before = events_of(subject, sample)
    for original, body in _with_long_texts(sample, [event.text for event in before]):
        is_the_text = original in {event.text for event in before}
        try:
            events = parse(connection, subject.delivery(sample, body))
        except MalformedBody as error:
            if is_the_text:
                raise Unmet(f"{sample.name}: a text of 100 kB is refused: {error}") from error
            continue
        for event in events:
            message(connection, event)
        if is_the_text and len(events) != len(before):
            raise Unmet(f"{sample.name}: with a text of 100 kB there are {len(events)} events")


def _with_long_texts(sample: Sample, texts: list[str]) -> list[tuple[str, bytes]]:
    """Bodies in which a field that shows in an event's text is long, and what it was before."""

    def shows(value: Any) -> bool:
        return isinstance(value, str) and len(value) > 1 and any(value in text for text in texts)

    if sample.is_form:
        pairs = parse_qsl(sample.body.decode(), keep_blank_values=True)
        changed = [
            (value.strip(), urlencode([*pairs[:at], (name, _LONG), *pairs[at + 1 :]]).encode())
            for at, (name, value) in enumerate(pairs)
            if shows(value)
        ]
        return [*changed[:_LONG_PLACES], ("", urlencode([*pairs, ("zz_unknown", _LONG)]).encode())]
    body = json.loads(sample.body)
    changed = [
        (value.strip(), json.dumps(replaced(body, path, _LONG)).encode())
        for path in paths(body)
        if shows(value := at_path(body, path))
    ]
    more = {**body, "zz_unknown": _LONG} if isinstance(body, dict) else body
    return [*changed[:_LONG_PLACES], ("", json.dumps(more).encode())]
