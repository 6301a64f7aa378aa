"""Checks of what a reader of the Inbox sees: whole sentences, and one human being at a time."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from inboxbridge.model import BasicMessage, Event
from inboxbridge.model.emails import normalize_email
from inboxbridge.model.phone import normalize_phone
from inboxbridge.reading import iso_moment, rfc2822
from inboxbridge.testing.checks_reading import events_of
from inboxbridge.testing.samples import Sample
from inboxbridge.testing.subject import Subject, Unmet, message

_TAG = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"\w+")
_LEAST_WORDS = 2


def keeps_what_was_said(subject: Subject, sample: Sample) -> None:
    """Each sentence of a sample is shown, or listed as left out with the reason.

    A sentence is a text of two words or more, one of them of letters, that is no time.
    """
    events = events_of(subject, sample)
    if not events:
        return
    shown = " ".join(_words(text) for text in _shown(subject, events))
    missing = [
        f"{path}: {text[:60]!r}"
        for path, text in _texts(sample)
        if _is_sentence(text)
        and f" {_words(text)} " not in f" {shown} "
        and not _is_left_out(sample, path)
    ]
    if missing:
        raise Unmet(
            f"{sample.name} says what no message shows: {'; '.join(missing)}. Show it, or list its "
            'place with the reason in left-out.json beside the samples: {"place": "reason"}'
        )


def _is_left_out(sample: Sample, path: str) -> bool:
    places = (path, f"{sample.name}:{path}")
    return any(fnmatchcase(place, pattern) for place in places for pattern in sample.left_out)


def people_are_not_mixed(subject: Subject, sample: Sample) -> None:
    """A person is put together from fields of one human being."""
    if sample.is_form:
        return
    body = json.loads(sample.body)
    for event in events_of(subject, sample):
        for path, items in _lists(body, ""):
            _expect_one_human(sample, event, path, items)


def _expect_one_human(sample: Sample, event: Event, path: str, items: list[Any]) -> None:
    person = event.person
    told = {"email": person.email, "phone": person.phone, "name": person.name}
    holders = {
        kind: {at for at, item in enumerate(items) if _holds(item, value)}
        for kind, value in told.items()
        if value
    }
    found = {kind: ats for kind, ats in holders.items() if ats}
    for kind, ats in found.items():
        for other, others in found.items():
            if not ats & others:
                raise Unmet(
                    f"{sample.name}: the person of event {event.id!r} has the {kind} of one item "
                    f"of {path} and the {other} of another. Take them from one human being"
                )


def _holds(item: Any, value: str) -> bool:
    if isinstance(item, dict):
        return any(_holds(inner, value) for inner in item.values())
    if isinstance(item, list):
        return any(_holds(inner, value) for inner in item)
    if not isinstance(item, str):
        return False
    return value in (item, normalize_email(item), normalize_phone(item), " ".join(item.split()))


def _lists(value: Any, path: str) -> Iterator[tuple[str, list[Any]]]:
    """The lists of several objects in a body, with their places."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if sum(isinstance(item, dict) for item in value) > 1:
            yield path, value
        for at, inner in enumerate(value):
            yield from _lists(inner, f"{path}.{at}")


def _texts(sample: Sample) -> Iterator[tuple[str, str]]:
    """The texts of a sample with their places, such as ``entry.0.message.text``."""
    if sample.is_form:
        yield from parse_qsl(sample.body.decode())
        return
    found: list[tuple[str, Any]] = [("", json.loads(sample.body))]
    while found:
        path, value = found.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            found += [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
        elif isinstance(value, list):
            found += [(f"{path}.{at}", inner) for at, inner in enumerate(value)]


def _shown(subject: Subject, events: list[Event]) -> Iterator[str]:
    connection = subject.connection()
    for event in events:
        content, badge = message(connection, event)
        yield content.text
        if isinstance(content, BasicMessage):
            for attachment in content.attachments:
                yield f"{attachment.url} {attachment.filename or ''}"
        else:
            yield content.url or ""
        yield badge.text if badge else ""
        yield event.person.name or ""


def _is_sentence(text: str) -> bool:
    words = _words(text).split()
    if len(words) < _LEAST_WORDS or len(text.split()) < _LEAST_WORDS:
        return False
    is_time = rfc2822(text) is not None or iso_moment(text) is not None
    return not is_time and any(word.isalpha() and len(word) > 1 for word in words)


def _words(text: str) -> str:
    """The words alone, in lower case: markup, punctuation and white space make no difference."""
    return " ".join(_WORD.findall(html.unescape(_TAG.sub(" ", text)))).casefold()
