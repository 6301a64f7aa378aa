"""Aircall: calls, voicemails and texts.

Sources: https://developer.aircall.io/api-references/#webhooks and
https://developer.aircall.io/tutorials/webhooks-guide
"""

from __future__ import annotations

from typing import Any

from inboxbridge import (
    Attachment,
    Direction,
    Event,
    Label,
    MalformedBody,
    Person,
    Secrets,
    SharedToken,
    Signature,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import identifier, items, mapping, scalar, unix_time, web_link

from inboxbridge_phone.callers import WITHHELD
from inboxbridge_phone.systems import Readers, SystemConnector, SystemSettings
from inboxbridge_phone.wording import NO_TEXT, call_line, recording_line, voicemail_line

_WHY_MISSED = {
    "out_of_opening_hours": "outside opening hours",
    "short_abandoned": "hung up at once",
    "abandoned_in_ivr": "hung up in the menu",
}


class AircallPhoneSettings(SystemSettings):
    """Settings of a ``phone`` connection with ``provider = "aircall"``.

    Attributes:
        token: The token that Aircall issued for this webhook; several for several webhooks.
    """

    token: Secrets
    label: Label = "Aircall"


class AircallPhone(SystemConnector[AircallPhoneSettings]):
    """One activity for each ended call, one for its voicemail, and every text as a message.

    ``call.ended`` tells of a call: it comes about half a minute after the end, with everything in
    it. Links to audio live shortly, so activities point at Aircall's own page of the call.
    """

    label = "Aircall"
    kind_field = "event"

    def readers(self) -> Readers:
        return {
            "call.ended": self._ended,
            "call.voicemail_left": self._voicemail,
            "call.comm_assets_generated": self._audio,
            "message.received": self._received,
            "message.sent": self._sent,
        }

    @hookimpl
    def signature(self) -> Signature:
        return SharedToken(self.settings.token, body_field="token")

    def _ended(self, call: dict[str, Any]) -> list[Event]:
        about = _about(call)
        if "raw_digits" not in call:
            raise MalformedBody("data.raw_digits is missing")
        direction = _direction(call)
        person, thread = self._other_end(call)
        return [
            Event(
                id=about,
                kind="activity",
                direction=direction,
                person=person,
                text=_how_it_went(call, direction),
                occurred_at=unix_time(call.get("ended_at")),
                thread=thread,
                about=about,
                url=web_link(call.get("asset")),
            )
        ]

    def _voicemail(self, call: dict[str, Any]) -> list[Event]:
        return [self._further(call, "voicemail", voicemail_line(None))]

    def _audio(self, call: dict[str, Any]) -> list[Event]:
        """Read which audio of a call is ready; a voicemail may have been told of already."""
        if call.get("voicemail"):
            return self._voicemail(call)
        if call.get("recording") and self.settings.call_recordings:
            return [self._further(call, "recording", recording_line(None))]
        return []

    def _further(self, call: dict[str, Any], what: str, text: str) -> Event:
        about = _about(call)
        person, thread = self._other_end(call) if "raw_digits" in call else (Person(), None)
        return Event(
            id=f"{what}:{about.removeprefix('call:')}",
            kind="activity",
            person=person,
            text=text,
            occurred_at=unix_time(call.get("ended_at")),
            thread=thread,
            about=about,
            url=web_link(call.get("asset")),
        )

    def _received(self, message: dict[str, Any]) -> list[Event]:
        return [self._message(message, "inbound")]

    def _sent(self, message: dict[str, Any]) -> list[Event]:
        return [self._message(message, "outbound")]

    def _message(self, message: dict[str, Any], direction: Direction) -> Event:
        number = clean_text(scalar(message.get("external_number")))
        if not number:
            raise MalformedBody("data.external_number is missing")
        person = self._lines.person(number)
        files = _media(message.get("media_url"))
        text = clean_text(scalar(message.get("body")))
        return Event(
            id=f"message:{identifier(message.get('id'), 'data.id')}",
            direction=direction,
            person=_with_contact(person, message.get("contact")),
            text=text or ("" if files else NO_TEXT),
            occurred_at=unix_time(message.get("sent_at")),
            thread=self._lines.thread(_our_line(message), number),
            attachments=files,
        )

    def _other_end(self, call: dict[str, Any]) -> tuple[Person, str]:
        """Return who was there and the thread of their calls."""
        number = scalar(call.get("raw_digits"))
        person = self._lines.person(number)
        thread = self._lines.thread(_our_line(call), number)
        return _with_contact(person, call.get("contact")), thread


def _about(call: dict[str, Any]) -> str:
    return f"call:{identifier(call.get('id'), 'data.id')}"


def _direction(call: dict[str, Any]) -> Direction:
    return "outbound" if scalar(call.get("direction")) == "outbound" else "inbound"


def _how_it_went(call: dict[str, Any], direction: Direction) -> str:
    """Say how a call ended. Aircall's own ``duration`` may count the ringing, so it is not used."""
    answered, ended = unix_time(call.get("answered_at")), unix_time(call.get("ended_at"))
    reason = scalar(call.get("missed_call_reason"))
    if answered and not reason:
        seconds = int((ended - answered).total_seconds()) if ended else None
        return call_line(direction, "answered", max(0, seconds) if seconds else None)
    line = call_line(direction, "missed")
    why = _WHY_MISSED.get(reason) if direction == "inbound" else None
    return f"{line}, {why}" if why else line


def _with_contact(person: Person, contact: object) -> Person:
    """Add what Aircall's address book knows: a name and an email address.

    A caller who withheld the number is in no address book, so nothing is added.
    """
    known = mapping(contact)
    if not known or person == WITHHELD:
        return person
    emails = (scalar(mapping(entry).get("value")) for entry in items(known.get("emails")))
    names = (clean_text(scalar(known.get(part))) for part in ("first_name", "last_name"))
    company = clean_text(scalar(known.get("company_name")))
    return Person(
        email=next((email for email in emails if "@" in email), None),
        phone=person.phone,
        id=person.id,
        name=" ".join(filter(None, names)) or company or person.name,
    )


def _our_line(of: dict[str, Any]) -> str:
    number = mapping(of.get("number"))
    return scalar(number.get("digits")) or scalar(number.get("id"))


def _media(value: object) -> tuple[Attachment, ...]:
    given = value if isinstance(value, list) else [value]
    files = (Attachment.from_link(entry) for entry in given)
    return tuple(file for file in files if file)
