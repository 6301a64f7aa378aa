"""Dry run of one delivery: the whole path, without journal and without network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from inboxbridge.errors import HookFailed
from inboxbridge.gateway.intake import (
    Handshake,
    Ignored,
    Malformed,
    Progress,
    Stored,
    Unreadable,
    contents,
    prove,
    why_ignored,
)
from inboxbridge.identity import Plan, plan
from inboxbridge.model import Event, WebhookRequest
from inboxbridge.plugins import Connection, lines_about
from inboxbridge.wix import Outgoing, contacts, request_for
from inboxbridge.wix.contacts import LOOKED_UP_BY
from inboxbridge.wix.operations import CONTACTS_PATH, CONTACTS_QUERY_PATH, CONVERSATIONS_PATH

CONTACT = "<contact id>"
CONVERSATION = "<conversation id>"

Would = Literal["deliver", "park", "ignore", "reject"]

_DEAD = "it would become a dead letter"
_PASSIVE = {"deliver": "delivered", "park": "parked", "ignore": "ignored", "reject": "rejected"}
_VERDICTS = {
    "answered ": "would be rejected with ",
    f"{_DEAD}: ": "would become a dead letter: ",
    "kept ": "would be kept ",
    "a handshake, ": "would be taken as a handshake, ",
}
"""How a reason begins that says more exactly than `Would` what happens, and the sentence for it."""


@dataclass
class Trial:
    """What would happen. The first five fields are those of ``try --json``.

    Attributes:
        verified: Whether the delivery is genuine.
        events: What was parsed, as JSON values.
        requests: The calls to Wix in order: ``{"method", "path", "body"}``.
        would: What would become of it: of all its events, the best.
        reason: Why, in words.
        notes: What else is good to know, a line each.
        raised: What the connector raised, and where, a line each.
    """

    verified: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    would: Would = "reject"
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def shows(self, error: BaseException | None) -> None:
        """Add what the connector raised, once."""
        lines = lines_about(error)
        if not set(lines) <= set(self.raised):
            self.raised += lines

    def ends(self, would: Would, reason: str) -> Trial:
        """Set how it ends, and return the trial."""
        self.would, self.reason = would, reason
        return self

    @property
    def verdict(self) -> str:
        """What would become of it, as a sentence."""
        for begins, instead in _VERDICTS.items():
            if self.reason.startswith(begins):
                return instead + self.reason.removeprefix(begins)
        return f"would be {_PASSIVE[self.would]}: {self.reason}"


def attempt(
    connection: Connection,
    request: WebhookRequest,
    *,
    wire_form: str,
    unset: list[str],
) -> Trial:
    """Take *request* the way that a delivery goes.

    Args:
        connection: The connection it is for.
        request: The delivery; its time is the time of its arrival.
        wire_form: Of the connection's site.
        unset: Why some of the connection's secrets are stand-ins; nothing is verified then.
    """
    trial, progress = Trial(), Progress()
    refusal = f"it cannot be verified: {'; '.join(unset)}" if unset else None
    if not unset:
        proven = prove(connection, request, request.received_at.timestamp(), progress)
        if isinstance(proven, Handshake):
            trial.verified = True
            answer = proven.answer
            said = f"a handshake, answered {answer.status}: {answer.body.decode()}"
            return trial.ends("ignore", said)
        refusal = None if proven is None else f"answered 401: {proven.reason}"
    trial.verified = refusal is None
    case = contents(connection, request, progress)
    for fault in progress.faults:
        trial.note(str(fault))
        trial.shows(fault)
    if isinstance(case, Malformed | Unreadable):
        trial.shows(case.error)
        return _unread(trial, case, refusal)
    events, unreadable = (case.events, case.unreadable) if isinstance(case, Stored) else ((), ())
    trial.events = [event.model_dump(mode="json") for event in events]
    for part in unreadable:
        trial.note(f"a part of it would be kept as unreadable: {part.reason}")
        trial.shows(part.error)
    for recipient in dict.fromkeys(event.recipient for event in events):
        if not _is_for(connection, recipient):
            trial.note(f"what came to {recipient} is for another connection, or for none")
    ends = _Plan(connection, wire_form, trial).of(case)
    if refusal is not None:
        trial.note(f"were it verified, it would {ends[0]}: {ends[1]}")
        return trial.ends("reject", refusal)
    return trial.ends(*ends)


def _is_for(connection: Connection, recipient: str | None) -> bool:
    mine = connection.settings.recipients
    return not mine or recipient is None or recipient in mine


def _unread(trial: Trial, case: Malformed | Unreadable, refusal: str | None) -> Trial:
    if refusal is not None:
        trial.note(f"were it verified, it could still not be read: {case.reason}")
        return trial.ends("reject", refusal)
    if isinstance(case, Malformed):
        return trial.ends("reject", f"answered 400: {case.reason}")
    return trial.ends(
        "park", f"kept whole as unreadable until its connector is fixed: {case.reason}"
    )


class _Plan:
    """Works out the calls to Wix for the events of one delivery."""

    def __init__(self, connection: Connection, wire_form: str, trial: Trial) -> None:
        self._connection = connection
        self._wire_form = wire_form
        self._trial = trial
        self._known: set[str] = set()

    def of(self, case: Ignored | Stored) -> tuple[Would, str]:
        """Add the calls to the trial. Returns how the delivery ends."""
        if isinstance(case, Ignored):
            return "ignore", why_ignored(case)
        if not case.events:
            return "park", f"kept as unreadable: {case.unreadable[0].reason}"
        ends = [self._event(event) for event in case.events]
        ranking: tuple[Would, ...] = ("deliver", "park", "ignore")
        return min(ends, key=lambda end: ranking.index(end[0]))

    def _event(self, event: Event) -> tuple[Would, str]:
        try:
            content, badge = self._connection.message(event)
        except HookFailed as error:
            self._trial.shows(error)
            return "park", f"{_DEAD}: {error}"
        if not event.person.is_known:
            return self._nameless(event)
        ends = self._contact(event)
        if ends[0] != "deliver":
            return ends
        outgoing = Outgoing(
            conversation_id=CONVERSATION,
            content=content,
            badge=badge,
            direction=event.direction,
            visibility=self._connection.settings.visibility,
            silent=event.silent,
        )
        try:
            self._call(*request_for(outgoing, self._wire_form))
        except ValueError as error:
            return "park", f"{_DEAD}: {error}"
        return ends

    def _nameless(self, event: Event) -> tuple[Would, str]:
        if event.about is None:
            return "park", "the event names no person: no email, no phone, no id of the source"
        return "park", (
            "the event names no person itself; it waits for another event about the same thing, "
            "and is parked if none names one"
        )

    def _contact(self, event: Event) -> tuple[Would, str]:
        """Add the calls that find the contact and its conversation, once for each person."""
        planned = plan(event.person, self._connection.settings, self._connection.label)
        keys = set(planned.identities)
        if keys & self._known:
            return "deliver", "its person is known by then"
        if planned.look_ups:
            kind, value = planned.look_ups[0]
            self._call("POST", CONTACTS_QUERY_PATH, contacts.query(LOOKED_UP_BY[kind], [value]))
            self._note_otherwise(planned)
            why = f"the contact is looked up by {kind}"
        elif planned.unmatched == "create":
            self._call("POST", CONTACTS_PATH, contacts.new_contact(planned.name, None, None))
            why = "a contact is created: nothing but the source's own id is known of the person"
            self._trial.note("a person whose id is linked already needs no contact created")
        else:
            return "park" if planned.unmatched == "park" else "ignore", (
                "only the source's own id is known of the person, and unless that is linked "
                f'to a contact, unmatched = "{planned.unmatched}" decides'
            )
        self._known |= keys
        self._call("POST", CONVERSATIONS_PATH, {"participantId": {"contactId": CONTACT}})
        return "deliver", why

    def _note_otherwise(self, planned: Plan) -> None:
        kinds = [kind for kind, _ in planned.look_ups]
        then = {
            "create": "one is created (Create Contact)",
            "park": "the event is parked",
            "drop": "the event is dropped",
        }[planned.unmatched]
        several = {"park": "the event is parked", "all": "every one of them gets the message"}
        chosen = several.get(planned.ambiguous, f"the {planned.ambiguous} one is taken")
        self._trial.note(f"if no contact is found by {' nor by '.join(kinds)}, {then}")
        self._trial.note(f"if several are found, {chosen}")

    def _call(self, method: str, path: str, body: dict[str, Any]) -> None:
        self._trial.requests.append({"method": method, "path": path, "body": body})
