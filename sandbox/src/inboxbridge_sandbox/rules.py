"""Answers by script: which calls get which odd answer, and how often."""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from inboxbridge_sandbox.world import Site

Json = dict[str, Any]
Kind = Literal["answer", "reset", "slow", "late"]

CALLS: Final[Mapping[str, str]] = {
    "send": "POST /inbox/v2/messages",
    "list": "GET /inbox/v2/messages",
    "query": "POST /contacts/v4/contacts/query",
    "create": "POST /contacts/v4/contacts",
    "get": "GET /contacts/v4/contacts/{id}",
    "update": "PATCH /contacts/v4/contacts/{id}",
    "conversation": "POST /inbox/v2/conversations",
    "get_conversation": "GET /inbox/v2/conversations/{id}",
    "upload": "POST /site-media/v1/files/generate-upload-url",
    "token": "POST /oauth2/token",
}
"""The methods of Wix by the word that a rule has for them."""

SLOW_SECONDS: Final = 120.0
"""How long `slow` and `late` wait unless told: longer than any client of ours."""

_WORDS: Final = ("reset", "slow", "late")
_KEYS: Final = ("call", "contact", "conversation", "text", "times", "after_commit", "seconds")
_ANSWER_KEYS: Final = ("status", "headers", "body", "body_base64", "json")
_BODIES: Final = ("body", "body_base64", "json")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BODILESS: Final = (204, 304)


class RuleError(ValueError):
    """A rule has an unknown key or an impossible value; the text names both."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer that is given to the letter: nothing is added but what HTTP cannot do without."""

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def framed(self) -> list[tuple[bytes, bytes]]:
        """The headers, and the length of the body where they do not tell it."""
        names = {name.lower() for name, _ in self.headers}
        if self.status in _BODILESS or names & {b"content-length", b"transfer-encoding"}:
            return list(self.headers)
        return [*self.headers, (b"content-length", str(len(self.body)).encode())]


@dataclass(slots=True)
class Rule:
    """Which calls it is for, and what they get.

    call: a word of the table below, or a method as the stats call it (`GET /inbox/v2/messages`);
        without it the rule is for every call to Wix.
    contact: the id of a contact that the call is about: it is in the request; or the conversation
        in the request is that contact's; or a Query or Create Contact has one of its addresses.
    conversation: the id of a conversation: it is in the request, or a Get or Create Conversation
        asks for its participant.
    text: stands in a string of the request: its path, a value of its query or of its JSON body.
    times: how many calls get it, then the rule is spent; without it all do.
    after_commit: do what is asked for, then give the odd answer. A call that the sandbox refuses
        gets its refusal, and does not count.
    seconds: how long the caller waits for the odd answer.
    answer: `{"status", "headers", "body" | "body_base64" | "json"}`, given to the letter; `"reset"`
        cuts the connection; `"slow"` keeps the caller waiting, and then answers as ever one that is
        still there; `"late"` does so as well, but does what is asked for even if it is not.
    """

    kind: Kind
    scripted: Scripted
    written: Json
    call: str | None = None
    contact: str | None = None
    conversation: str | None = None
    text: str | None = None
    times: int | None = None
    after_commit: bool = False
    seconds: float = 0.0
    hits: int = 0

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def as_json(self) -> Json:
        return {**self.written, "hits": self.hits}

    def matches(self, asked: Asked) -> bool:
        """Whether the rule is for this call."""
        if self.call is not None and self.call != asked.name:
            return False
        if self.text is not None and not any(self.text in each for each in asked.texts):
            return False
        if self.contact is not None and not asked.is_about_contact(self.contact):
            return False
        return self.conversation is None or asked.is_about_conversation(self.conversation)


@dataclass(slots=True)
class Asked:
    """One call as the rules see it. `name` is the endpoint's, empty for an unknown path."""

    name: str
    path: str
    query: Sequence[tuple[str, str]]
    body: bytes
    sites: Collection[Site]
    _texts: list[str] | None = field(default=None)

    @property
    def texts(self) -> list[str]:
        """Every string of the request."""
        if self._texts is None:
            self._texts = [self.path, *(text for _, value in self.query for text in _read(value))]
            if self.body:
                self._texts += _read(self.body.decode("utf-8", "replace"))
        return self._texts

    @property
    def ids(self) -> set[str]:
        return {each for text in self.texts for each in _GUID.findall(text.lower())}

    def is_about_contact(self, contact_id: str) -> bool:
        ids = self.ids
        if contact_id in ids:
            return True
        conversations = [site.conversations.find(each) for site in self.sites for each in ids]
        if any(each is not None and each.contact_id == contact_id for each in conversations):
            return True
        if self.name not in (CALLS["query"], CALLS["create"]):
            return False
        addresses = {each for site in self.sites for each in site.contacts.addresses(contact_id)}
        return any(text.lower() in addresses for text in self.texts)

    def is_about_conversation(self, conversation_id: str) -> bool:
        ids = self.ids
        if conversation_id in ids:
            return True
        if self.name != CALLS["conversation"]:
            return False
        conversations = (site.conversations.find(conversation_id) for site in self.sites)
        return any(each and ids.intersection(each.participant.values()) for each in conversations)


class Rules:
    """The script in force. The first rule that is for a call and is not spent counts."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def __bool__(self) -> bool:
        return bool(self._rules)

    def replace(self, written: Any, known_calls: Collection[str] = ()) -> None:
        """Put these rules in place of those there are; all of them, or none after a `RuleError`."""
        if not isinstance(written, list):
            raise RuleError("The body must be an array of rules; an empty one removes them.")
        known = {**CALLS, **{name: name for name in known_calls}}
        self._rules = [_rule(each, f"rules[{at}]", known) for at, each in enumerate(written)]

    def first(self, asked: Asked) -> Rule | None:
        return next((each for each in self._rules if not each.spent and each.matches(asked)), None)

    def as_json(self) -> list[Json]:
        return [each.as_json() for each in self._rules]


def _read(text: str) -> Iterator[str]:
    """The strings in a JSON document, or the text itself where it is none."""
    try:
        yield from _strings(json.loads(text))
    except (ValueError, RecursionError):
        yield text
        if text.startswith("ey"):  # a JSON object in base64, as Wix's SDK asks for a list
            try:
                decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                yield from _strings(json.loads(decoded))
            except (ValueError, RecursionError, binascii.Error):
                return


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif value is not None:
        yield value if isinstance(value, str) else json.dumps(value)


def _rule(written: Any, where: str, calls: Mapping[str, str]) -> Rule:
    if not isinstance(written, dict):
        raise RuleError(f"{where} must be an object, not {_shown(written)}.")
    _refuse_unknown(written, (*_KEYS, "answer"), where)
    keys = {key: value for key, value in written.items() if value is not None}
    if "answer" not in keys:
        raise RuleError(f"{where} has no answer.")
    kind, scripted = _answer(keys["answer"], f"{where}.answer")
    call = keys.get("call")
    if call is not None and call not in calls:
        known = ", ".join(CALLS)
        raise RuleError(f"{where}.call must be one of {known}, not {_shown(call)}.")
    for name in ("contact", "conversation", "text"):
        value = keys.get(name)
        if value is not None and not (isinstance(value, str) and value):
            raise RuleError(f"{where}.{name} must be a text that is not empty.")
        if value is not None and name != "text" and not _GUID.fullmatch(value.lower()):
            raise RuleError(f"{where}.{name} must be a GUID, not {_shown(value)}.")
    times, seconds = keys.get("times"), keys.get("seconds")
    if times is not None and (type(times) is not int or times < 1):
        raise RuleError(f"{where}.times must be a whole number of at least 1.")
    if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds < 1e9):
        raise RuleError(f"{where}.seconds must be a number of at least 0.")
    after_commit = keys.get("after_commit", False)
    if type(after_commit) is not bool:
        raise RuleError(f"{where}.after_commit must be true or false.")
    if after_commit and kind == "late":
        raise RuleError(f'{where}: "late" does its work after the wait, never before it.')
    if seconds is None:
        seconds = SLOW_SECONDS if kind in ("slow", "late") else 0.0
    return Rule(
        kind,
        scripted,
        written,
        call=None if call is None else calls[call],
        contact=_lowered(keys.get("contact")),
        conversation=_lowered(keys.get("conversation")),
        text=keys.get("text"),
        times=times,
        after_commit=after_commit,
        seconds=float(seconds),
    )


def _answer(written: Any, where: str) -> tuple[Kind, Scripted]:
    if isinstance(written, str) and written in _WORDS:
        return written, Scripted()  # type: ignore[return-value]
    if not isinstance(written, dict):
        words = ", ".join(f'"{word}"' for word in _WORDS)
        raise RuleError(f"{where} must be an object or one of {words}, not {_shown(written)}.")
    _refuse_unknown(written, _ANSWER_KEYS, where)
    bodies = [name for name in _BODIES if name in written]
    if len(bodies) > 1:
        raise RuleError(f"{where} has several bodies: {', '.join(bodies)}.")
    status = written.get("status", 200)
    if type(status) is not int or not 200 <= status <= 599:
        raise RuleError(f"{where}.status must be a whole number from 200 to 599.")
    headers = _headers(written.get("headers", {}), f"{where}.headers")
    body = b""
    if "json" in written:
        body = json.dumps(written["json"]).encode()
        if not any(name.lower() == b"content-type" for name, _ in headers):
            headers.append((b"content-type", b"application/json"))
    elif "body" in written:
        if not isinstance(written["body"], str):
            raise RuleError(f"{where}.body must be a text; a JSON value goes into json.")
        body = written["body"].encode("utf-8", "surrogatepass")
    elif "body_base64" in written:
        try:
            body = base64.b64decode(written["body_base64"], validate=True)
        except (ValueError, TypeError):
            raise RuleError(f"{where}.body_base64 must be base64.") from None
    if body and status in _BODILESS:
        raise RuleError(f"{where}: an answer {status} has no body.")
    return "answer", Scripted(status, tuple(headers), body)


def _headers(written: Any, where: str) -> list[tuple[bytes, bytes]]:
    """An object of headers, or an array of `[name, value]` where one comes twice."""
    pairs = list(written.items()) if isinstance(written, dict) else written
    headers = []
    for pair in pairs if isinstance(pairs, list) else [None]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise RuleError(f"{where} must be an object, or an array of [name, value].")
        name, value = pair
        value = str(value) if type(value) in (int, float) else value
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RuleError(f"{where}: {_shown(name)} is not the name of a header.")
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or not _is_latin(value):
            raise RuleError(f"{where}.{name} must be a line of text.")
        headers.append((name.lower().encode(), value.encode("latin-1")))
    return headers


def _refuse_unknown(written: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in written:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise RuleError(f"{where}: unknown key {key!r}; did you mean {near!r}?")


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _lowered(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _shown(value: Any) -> str:
    return repr(value)[:80]
