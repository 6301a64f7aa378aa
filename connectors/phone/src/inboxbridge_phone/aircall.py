"""Aircall: calls, voicemails and texts.

Sources: https://developer.aircall.io/api-references/#webhooks and
https://developer.aircall.io/tutorials/webhooks-guide
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from inboxbridge import (
    Attachment,
    Direction,
    Download,
    Event,
    Label,
    MalformedBody,
    Part,
    Person,
    Secret,
    Secrets,
    SharedToken,
    Signature,
    clean_text,
    hookimpl,
)
from inboxbridge.reading import identifier, iso_moment, items, mapping, scalar, unix_time, web_link
from pydantic import model_validator

from inboxbridge_phone.audio import audio_file, basic, with_audio
from inboxbridge_phone.callers import WITHHELD
from inboxbridge_phone.systems import Readers, SystemConnector, SystemSettings
from inboxbridge_phone.wording import (
    NO_TEXT,
    UNUSABLE_FILE,
    call_line,
    not_delivered,
    recording_line,
    voicemail_line,
)

if TYPE_CHECKING:
    import httpx

API = "https://api.aircall.io/v1"

_NOT_DELIVERED = frozenset({"failed", "undelivered"})
_WHY_MISSED = {
    "out_of_opening_hours": "outside opening hours",
    "short_abandoned": "hung up at once",
    "abandoned_in_ivr": "hung up in the menu",
}


class AircallPhoneSettings(SystemSettings):
    """Settings of a ``phone`` connection with ``provider = "aircall"``.

    Attributes:
        token: The token that Aircall issued for this webhook; several for several webhooks.
        api_id: The API ID of a key of Aircall's API, to fetch voicemails and recordings, whose
            links expire. Without it activities lead to Aircall's own page.
        api_token: The API token that belongs to `api_id`.
    """

    token: Secrets
    api_id: str | None = None
    api_token: Secret | None = None
    label: Label = "Aircall"

    @model_validator(mode="after")
    def _both_or_none(self) -> AircallPhoneSettings:
        if (self.api_id is None) != (self.api_token is None):
            raise ValueError("give both api_id and api_token, or neither")
        return self


class AircallPhone(SystemConnector[AircallPhoneSettings]):
    """One activity for each ended call, one for its voicemail, and every text as a message.

    ``call.ended`` tells of a call: it comes about half a minute after the end, with everything in
    it. Links to audio live shortly, so they are asked for when they are fetched; without a key of
    the API activities point at Aircall's own page of the call.
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
            "message.status_updated": self._status,
        }

    @hookimpl
    def signature(self) -> Signature:
        return SharedToken(self.settings.token, body_field="token")

    def _ended(self, call: dict[str, Any]) -> list[Part]:
        about = _about(call)
        if "raw_digits" not in call:
            raise MalformedBody("data.raw_digits is missing")
        direction = _direction(call)
        person, thread, recipient = self._other_end(call)
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
                recipient=recipient,
            )
        ]

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Ask for the audio's address, which is valid for an hour.

        Source: https://developer.aircall.io/api-references/#retrieve-a-call
        """
        what, _, call = (attachment.source or "").partition(":")
        key, token = self.settings.api_id, self.settings.api_token
        if key is None or token is None or what not in ("voicemail", "recording"):
            return None
        headers = basic(key, token.get_secret_value())
        answer = await http.get(f"{API}/calls/{quote(call, safe='')}", headers=headers)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        url = web_link(mapping(mapping(answer.json()).get("call")).get(what))
        return Download(url=url) if url else None

    def _voicemail(self, call: dict[str, Any]) -> list[Part]:
        return [self._further(call, "voicemail", voicemail_line(None))]

    def _audio(self, call: dict[str, Any]) -> list[Part]:
        """Read which audio of a call is ready; a voicemail may have been told of already."""
        if call.get("voicemail"):
            return self._voicemail(call)
        if call.get("recording") and self.settings.call_recordings:
            return [self._further(call, "recording", recording_line(None))]
        return []

    def _further(self, call: dict[str, Any], what: str, text: str) -> Event:
        about = _about(call)
        person, thread, recipient = Person(), None, self._lines.recipient(_our_line(call))
        if "raw_digits" in call:
            person, thread, recipient = self._other_end(call)
        page = web_link(call.get("asset"))
        event_id = f"{what}:{about.removeprefix('call:')}"
        event = Event(
            id=event_id,
            kind="activity",
            person=person,
            text=text,
            occurred_at=unix_time(call.get("ended_at")),
            thread=thread,
            about=about,
            url=page,
            recipient=recipient,
        )
        if self.settings.api_id is None:
            return event
        return with_audio(event, audio_file(event_id, f"{what}.mp3", page))

    def _received(self, message: dict[str, Any]) -> list[Part]:
        return [self._message(message, "inbound")]

    def _sent(self, message: dict[str, Any]) -> list[Part]:
        return [self._message(message, "outbound")]

    def _status(self, message: dict[str, Any]) -> list[Part]:
        """Tell of a text that did not arrive; of other statuses there is nothing to say."""
        is_failure = scalar(message.get("status")).lower() in _NOT_DELIVERED
        is_theirs = scalar(message.get("direction")) == "inbound"
        if is_theirs or not (is_failure and self.settings.failures):
            return []
        failed = self._message(message, "outbound")
        text = clean_text(scalar(message.get("body")))
        return [
            failed.model_copy(
                update={
                    "id": f"undelivered:{failed.id}",
                    "kind": "activity",
                    "text": not_delivered("", text),
                    "attachments": (),
                }
            )
        ]

    def _message(self, message: dict[str, Any], direction: Direction) -> Event:
        number = clean_text(scalar(message.get("external_number")))
        if not number:
            raise MalformedBody("data.external_number is missing")
        person = self._lines.person(number)
        files, unusable = _media(message.get("media_url"))
        lines = (clean_text(scalar(message.get("body"))), *[UNUSABLE_FILE] * unusable)
        text = "\n".join(part for part in lines if part)
        return Event(
            id=f"message:{identifier(message.get('id'), 'data.id')}",
            direction=direction,
            person=_with_contact(person, message.get("contact")),
            text=text or ("" if files else NO_TEXT),
            occurred_at=_moment(message.get("sent_at")) or _moment(message.get("created_at")),
            thread=self._lines.thread(_our_line(message), number),
            recipient=self._lines.recipient(_our_line(message)),
            attachments=files,
        )

    def _other_end(self, call: dict[str, Any]) -> tuple[Person, str, str | None]:
        """Return who was there, the thread of their calls, and which line of ours it was."""
        number, ours = scalar(call.get("raw_digits")), _our_line(call)
        person = _with_contact(self._lines.person(number), call.get("contact"))
        return person, self._lines.thread(ours, number), self._lines.recipient(ours)


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


def _moment(value: object) -> datetime | None:
    return unix_time(value) or iso_moment(value)


def _media(value: object) -> tuple[tuple[Attachment, ...], int]:
    """Return the files, and how many there are that nobody can open."""
    entries = [entry for entry in (value if isinstance(value, list) else [value]) if entry]
    files = tuple(file for entry in entries if (file := Attachment.from_link(entry)))
    return files, len(entries) - len(files)
