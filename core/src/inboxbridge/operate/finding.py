"""Turn what an operator types into a search of the journal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from unicodedata import combining, normalize

import phonenumbers

from inboxbridge.config import nearest
from inboxbridge.errors import ConfigError
from inboxbridge.journal.finding import Phrases, Wanted, phrase_of
from inboxbridge.model import numbering
from inboxbridge.model.phone import normalize_phone
from inboxbridge.model.records import STATES

DIRECTIONS = ("inbound", "outbound")
MOST_WORDS = 12
LONGEST = 200
"""So much of what is typed counts, in words and in characters."""

_NUMBER = re.compile(r"[0-9]{1,19}")
_WIX_ID = re.compile(r"[^\s@+]{3,100}")
_LIKE_A_PHONE = re.compile(r"[+(]?[0-9][0-9\s().\-/]{5,}[0-9]")
_CHUNK = re.compile(r'"([^"]*)"|(\S+)')
_IDENTITY = re.compile(r"(email|phone|id):\s*", re.IGNORECASE)
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class NotUnderstood(ConfigError):
    """What was typed cannot be looked for; the text says what can."""


def anything(typed: str) -> Wanted:
    """Return the search for what one box takes.

    That is an email address, a phone number in any spelling, a name, words of a text, an event's
    number or the source's id of it, or Wix's id of a contact, conversation or message. Words in
    quotation marks must stand together.
    """
    typed = " ".join(_IDENTITY.sub("", typed[:LONGEST], count=1).split())
    if not typed:
        return Wanted()
    phones = _phones(typed)
    if phones:
        any_of: tuple[Phrases, ...] = tuple((phone,) for phone in phones)
        if spelt := phrase_of(typed):
            any_of = (*any_of, (spelt,))
    else:
        any_of = (_phrases(typed),)
    return Wanted(
        any_of=tuple(phrases for phrases in any_of if phrases),
        event_id=int(typed) if _NUMBER.fullmatch(typed) else None,
        wix_id=typed if _WIX_ID.fullmatch(typed) else None,
    )


def person(typed: str) -> Wanted:
    """Return the search for events of a person: email, phone in any spelling, name or id."""
    bare = " ".join(_IDENTITY.sub("", typed[:LONGEST], count=1).split())
    phones = [f"+{digits}" for digits in _phones(bare)]
    any_of = tuple((phone[1:],) for phone in phones) or (_phrases(bare),)
    phrases = _phrases(bare)

    def is_theirs(body: str | None) -> bool:
        about = _read(body).get("person") or {}
        if phones:
            return about.get("phone") in phones
        held = _padded(about.get(name) for name in ("email", "name", "id"))
        return bool(phrases) and all(_folded(f" {phrase} ") in held for phrase in phrases)

    return Wanted(any_of=any_of, accepts=is_theirs)


_of_person = person


def words(typed: str) -> Wanted:
    """Return the search for words of what was said; those in quotation marks stand together."""
    phrases = _phrases(typed[:LONGEST])

    def says(body: str | None) -> bool:
        held = _padded([_read(body).get("text")])
        return bool(phrases) and all(_folded(f" {phrase} ") in held for phrase in phrases)

    return Wanted(any_of=(phrases,), accepts=says)


def asked(
    *,
    anything_: str | None = None,
    person: str | None = None,
    text: str | None = None,
    state: str | None = None,
    connection: str | None = None,
    direction: str | None = None,
    since: str | None = None,
    until: str | None = None,
    now: datetime | None = None,
) -> Wanted:
    """Return the search for what was typed into several fields; an empty one does not count.

    Times count from *now*, in its zone.

    Raises:
        NotUnderstood: A time is not one.
    """
    wanted = anything(anything_ or "")
    for typed, search in ((person, _of_person), (text, words)):
        if typed and typed.strip():
            narrower = search(typed)
            wanted = both(wanted, narrower) if wanted.any_of else narrower
    return replace(
        wanted,
        state=state or None,
        connection=connection or None,
        direction=direction or None,
        since=moment(since, now) if since and since.strip() else None,
        until=moment(until, now) if until and until.strip() else None,
    )


def both(first: Wanted, second: Wanted) -> Wanted:
    """Return the search for what both of two searches for people and words want."""
    any_of = tuple((*one, *other) for one in first.any_of for other in second.any_of)

    def accepts(body: str | None) -> bool:
        return all(one.accepts is None or one.accepts(body) for one in (first, second))

    return Wanted(any_of=any_of, accepts=accepts)


def expect_state(state: str) -> str:
    """Return *state* if it is one. Raises `ConfigError` with the nearest."""
    if state not in STATES:
        raise ConfigError(f"there is no state {state!r}. {nearest(state, STATES)}")
    return state


def expect_connection(name: str, known: Iterable[str]) -> str:
    """Return *name* if it is one of *known*. Raises `ConfigError` with the nearest."""
    known = list(known)
    if name not in known:
        hint = nearest(name, known) or "There is no connection yet."
        raise ConfigError(f"there is no connection called {name!r}. {hint}")
    return name


def moment(typed: str, now: datetime | None = None) -> float:
    """Return the moment that is meant, in Unix seconds.

    Args:
        typed: ISO 8601 (without a zone in local time), a time of the last 24 hours such as
            ``09:00``, a span before now such as ``2h``, ``today`` or ``yesterday``.
        now: The time; with its zone. By default now, in local time.

    Raises:
        NotUnderstood: It is none of these.
    """
    now = datetime.now().astimezone() if now is None else now
    text = typed.strip().lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return (midnight - timedelta(days=text == "yesterday")).timestamp()
    if ago := _AGO.fullmatch(text):
        return now.timestamp() - float(ago[1]) * _SECONDS[ago[2]]
    if clock := _CLOCK.fullmatch(text):
        at = midnight.replace(hour=int(clock[1]), minute=int(clock[2]))
        return (at if at <= now else at - timedelta(days=1)).timestamp()
    try:
        parsed = datetime.fromisoformat(typed.strip())
    except ValueError:
        raise NotUnderstood(
            f"{typed!r} is not a time: write 09:00, 2h, yesterday, 2026-11-06 or "
            "2026-11-06T09:00:00Z"
        ) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=now.tzinfo or UTC)
    return parsed.timestamp()


def _phrases(typed: str) -> Phrases:
    found = (phrase_of(quoted or bare) for quoted, bare in _CHUNK.findall(typed))
    return tuple(dict.fromkeys(filter(None, found)))[:MOST_WORDS]


def _phones(typed: str) -> tuple[str, ...]:
    """The digits, with the country's, of every number that may be meant."""
    if not _LIKE_A_PHONE.fullmatch(typed):
        return ()
    direct = normalize_phone(typed)
    found = [form[1:] for form in numbering.forms(direct)] if direct else []
    if not typed.startswith(("+", "00")):
        found += _national(typed)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=256)
def _national(typed: str) -> tuple[str, ...]:
    """A number without its country is looked for in every country: few of them are anybody's."""
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    found = (normalize_phone(typed, region) for region in regions)
    return tuple(dict.fromkeys(number[1:] for number in found if number))


def _read(body: str | None) -> dict[str, Any]:
    try:
        read = json.loads(body) if body else None
    except (ValueError, TypeError):
        return {}
    return read if isinstance(read, dict) else {}


def _padded(values: Iterable[Any]) -> str:
    return _folded("".join(f" {phrase_of(value)} " for value in values if isinstance(value, str)))


def _folded(text: str) -> str:
    """Without accents, as SQLite's index has it."""
    return "".join(one for one in normalize("NFKD", text) if not combining(one))
