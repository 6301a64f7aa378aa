"""What would become of one delivery: the whole path, without journal and without network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from inboxbridge.errors import HookFailed, MalformedBody
from inboxbridge.identity import identities_of
from inboxbridge.model import Event, WebhookRequest
from inboxbridge.plugins import Connection
from inboxbridge.signing import NoSignature
from inboxbridge.wix import Outgoing, contacts, request_for
from inboxbridge.wix.operations import CONTACTS_PATH, CONTACTS_QUERY_PATH, CONVERSATIONS_PATH

CONTACT = "<contact id>"
CONVERSATION = "<conversation id>"
_LOOKED_UP_BY = {"email": "info.emails.email", "phone": "info.phones.e164Phone"}

Would = Literal["deliver", "park", "ignore", "reject"]


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
    """

    verified: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    would: Would = "reject"
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def ends(self, would: Would, reason: str) -> Trial:
        """Set how it ends, and return the trial."""
        self.would, self.reason = would, reason
        return self


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
    trial = Trial()
    if request.method in connection.connector.handshake_methods and not unset:
        answer = connection.handshake(request)
        if answer is not None:
            trial.verified = True
            return trial.ends("ignore", f"a handshake, answered {answer.status}: {answer.body}")
    refusal = _refusal(connection, request, unset)
    trial.verified = refusal is None
    try:
        _, events = connection.parse(request)
    except (MalformedBody, HookFailed) as error:
        return _unparsed(trial, connection, error, refusal)
    trial.events = [event.model_dump(mode="json") for event in events]
    ends = _Plan(connection, wire_form, trial).of(events)
    if refusal is not None:
        trial.note(f"were it verified, it would {ends[0]}: {ends[1]}")
        return trial.ends("reject", refusal)
    return trial.ends(*ends)


def _refusal(connection: Connection, request: WebhookRequest, unset: list[str]) -> str | None:
    if unset:
        return f"it cannot be verified: {'; '.join(unset)}"
    reason = connection.signature.verify(request, request.received_at.timestamp())
    return None if reason is None else f"answered 401: {reason}"


def _unparsed(trial: Trial, connection: Connection, error: Exception, refusal: str | None) -> Trial:
    if refusal is not None:
        trial.note(f"were it verified, it could still not be read: {error}")
        return trial.ends("reject", refusal)
    if isinstance(error, MalformedBody) and isinstance(connection.signature, NoSignature):
        return trial.ends("reject", f"answered 400: {error}")
    return trial.ends("park", f"kept whole as unreadable until the connector is mended: {error}")


class _Plan:
    """Works out the calls to Wix for the events of one delivery."""

    def __init__(self, connection: Connection, wire_form: str, trial: Trial) -> None:
        self._connection = connection
        self._wire_form = wire_form
        self._trial = trial
        self._known: set[str] = set()

    def of(self, events: list[Event]) -> tuple[Would, str]:
        """Add the calls to the trial. Returns how the delivery ends."""
        if not events:
            return "ignore", "its connector found nothing for the Inbox in this delivery"
        ends = [self._event(event) for event in events]
        ranking: tuple[Would, ...] = ("deliver", "park", "ignore")
        return min(ends, key=lambda end: ranking.index(end[0]))

    def _event(self, event: Event) -> tuple[Would, str]:
        try:
            content, badge = self._connection.message(event)
        except HookFailed as error:
            return "park", f"it would become a dead letter: {error}"
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
            return "park", f"it would become a dead letter: {error}"
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
        settings, person = self._connection.settings, event.person
        keys = set(identities_of(self._connection.name, person))
        if keys & self._known:
            return "deliver", "its person is known by then"
        by = "email" if person.email else "phone" if person.phone else None
        if by is not None:
            query = contacts.query(_LOOKED_UP_BY[by], [person.email or person.phone or ""])
            self._call("POST", CONTACTS_QUERY_PATH, query)
            self._note_otherwise(by, also_phone=bool(person.email and person.phone))
            why = f"the contact is looked up by {by}"
        elif settings.unmatched == "create":
            label = f"{self._connection.label} {(person.id or '')[-6:]}".strip()
            body = contacts.new_contact(person.name or label, None, None)
            self._call("POST", CONTACTS_PATH, body)
            why = "a contact is created: nothing but the source's own id is known of the person"
            self._trial.note("a person whose id is linked already needs no contact created")
        elif settings.unmatched == "park":
            return "park", (
                "only the source's own id is known of the person, and unless that is linked "
                'to a contact, unmatched = "park" decides'
            )
        else:
            return "ignore", (
                "only the source's own id is known of the person, and unless that is linked "
                'to a contact, unmatched = "drop" decides'
            )
        self._known |= keys
        self._call("POST", CONVERSATIONS_PATH, {"participantId": {"contactId": CONTACT}})
        return "deliver", why

    def _note_otherwise(self, by: str, *, also_phone: bool) -> None:
        settings = self._connection.settings
        then = {
            "create": "one is created (Create Contact)",
            "park": "the event is parked",
            "drop": "the event is dropped",
        }[settings.unmatched]
        also = " nor by phone" if also_phone else ""
        several = {"park": "the event is parked", "all": "every one of them gets the message"}
        chosen = several.get(settings.ambiguous, f"the {settings.ambiguous} one is taken")
        self._trial.note(f"if no contact is found by {by}{also}, {then}")
        self._trial.note(f"if several are found, {chosen}")

    def _call(self, method: str, path: str, body: dict[str, Any]) -> None:
        self._trial.requests.append({"method": method, "path": path, "body": body})
