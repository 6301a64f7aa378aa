"""Quo (formerly OpenPhone): calls, voicemails and texts, in both generations of its webhooks.

Sources: https://www.quo.com/docs/2026-03-30/webhooks-overview,
https://www.quo.com/docs/2026-03-30/webhooks-event-payloads and, for the older generation,
https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from inboxbridge import (
    AnyOf,
    Attachment,
    Download,
    Event,
    Label,
    MalformedBody,
    Part,
    Person,
    Secret,
    Secrets,
    Signature,
    StandardWebhooks,
    hookimpl,
    normalize_phone,
)
from inboxbridge.reading import (
    identifier,
    items,
    mapping,
    one_line,
    read_each,
    scalar,
    web_link,
)
from inboxbridge.signing import decode_base64
from pydantic import AfterValidator, SecretStr

from inboxbridge_phone.audio import audio_file, with_audio
from inboxbridge_phone.quo_legacy_signature import OpenPhoneSignature
from inboxbridge_phone.quo_resources import (
    Call,
    Message,
    Voicemail,
    app_link,
    our_line,
    read_call,
    read_message,
    read_recording,
    read_voicemail,
    resource_of,
)
from inboxbridge_phone.systems import Readers, SystemConnector, SystemSettings
from inboxbridge_phone.wording import (
    NO_TEXT,
    call_line,
    not_delivered,
    recording_line,
    voicemail_line,
)

if TYPE_CHECKING:
    import httpx

API = "https://api.quo.com/v1"
_MOST_PARTS = 20
_SHORTEST_CODE = 3


def _base64_keys(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for secret in secrets:
        if not decode_base64(secret.get_secret_value().removeprefix("whsec_")):
            raise ValueError("must be base64, as Quo shows it (whsec_… for current webhooks)")
    return secrets


class QuoPhoneSettings(SystemSettings):
    """Settings of a ``phone`` connection with ``provider = "quo"``.

    Attributes:
        signing_key: The webhook's key: ``whsec_…`` of a current one, plain base64 of one made in
            the app before. Several of either kind may be live at once.
        summaries: Whether Quo's summary of a call is a further activity.
        api_key: A key of Quo's API, to fetch voicemails and recordings. Without it activities lead
            to the address that Quo gives.
    """

    signing_key: Annotated[Secrets, AfterValidator(_base64_keys)]
    summaries: bool = True
    api_key: Secret | None = None
    label: Label = "Quo"


class QuoPhone(SystemConnector[QuoPhoneSettings]):
    """One activity for each ended call, one for its voicemail, and every text as a message.

    ``call.completed`` and ``call.missed`` may both tell of one call; their events have the same id,
    so the first is kept.
    """

    label = "Quo"
    kind_field = "type"

    def readers(self) -> Readers:
        readers: dict[str, Any] = {
            "message.received": self._received,
            "message.delivered": self._delivered,
            "message.failed": self._failed,
            "message.undelivered": self._failed,
            "call.completed": self._completed,
            "call.missed": self._missed,
            "call.voicemail.completed": self._voicemail,
        }
        if not self.settings.failures:
            del readers["message.failed"], readers["message.undelivered"]
        if self.settings.call_recordings:
            readers["call.recording.completed"] = self._recording
        if self.settings.summaries:
            readers["call.summary.completed"] = self._summary
        return readers

    @hookimpl
    def signature(self) -> Signature:
        keys = self.settings.signing_key
        return AnyOf((StandardWebhooks(keys), OpenPhoneSignature(keys)))

    def _received(self, data: dict[str, Any]) -> list[Part]:
        return self._texts(read_message(data, received=True))

    def _delivered(self, data: dict[str, Any]) -> list[Part]:
        return self._texts(read_message(data, received=False))

    def _failed(self, data: dict[str, Any]) -> list[Part]:
        message = read_message(data, received=False)
        return self._texts(message, failed=message.direction == "outbound")

    def _texts(self, message: Message, *, failed: bool = False) -> list[Part]:
        """Return one event for each person; a receiver who is no number is kept apart."""
        if len(message.theirs) == 1:
            return [self._text(message, message.theirs[0], f"message:{message.id}", failed)]
        receivers = list(dict.fromkeys(message.theirs))
        numbers = [number for number in receivers if _is_number(number)]

        def read(number: str) -> Event:
            if number not in numbers:
                raise MalformedBody("data.context.recipientIdentifiers holds what is no number")
            place = "" if len(numbers) == 1 else f":{numbers.index(number)}"
            return self._text(message, number, f"message:{message.id}{place}", failed)

        return read_each(receivers, read)

    def _text(self, message: Message, number: str, event_id: str, failed: bool) -> Event:
        text, files = message.text, message.attachments
        if failed:
            reason = f"error {message.error}" if message.error else ""
            text, files = not_delivered(reason, "" if text == NO_TEXT else text), ()
        return Event(
            id=f"undelivered:{event_id}" if failed else event_id,
            kind="activity" if failed else "message",
            direction=message.direction,
            person=self._lines.person(number),
            text=text,
            occurred_at=message.at,
            thread=self._lines.thread(message.ours, number),
            recipient=message.line,
            attachments=files,
        )

    def _completed(self, data: dict[str, Any]) -> list[Part]:
        return self._call(read_call(data, missed=False))

    def _missed(self, data: dict[str, Any]) -> list[Part]:
        return self._call(read_call(data, missed=True))

    def _call(self, call: Call) -> list[Part]:
        about = f"call:{call.id}"
        person, thread = Person(), None
        if call.theirs is not None:
            person = self._lines.person(call.theirs)
            thread = self._lines.thread(call.ours, call.theirs)
        event = Event(
            id=about,
            kind="activity",
            direction=call.direction,
            person=person,
            text=call_line(call.direction, call.outcome, call.seconds),
            occurred_at=call.at,
            thread=thread,
            about=about,
            url=call.url,
            recipient=call.line,
        )
        return [event, self._left(call.voicemail)] if call.voicemail else [event]

    def _voicemail(self, data: dict[str, Any]) -> list[Part]:
        return [self._left(read_voicemail(data))]

    def _left(self, voicemail: Voicemail) -> Event:
        person, thread = Person(), None
        if voicemail.theirs:
            person = self._lines.person(voicemail.theirs)
            thread = self._lines.thread(voicemail.ours, voicemail.theirs)
        event_id = f"voicemail:{voicemail.call}"
        event = Event(
            id=event_id,
            kind="activity",
            direction=voicemail.direction,
            person=person,
            text=voicemail_line(voicemail.seconds, voicemail.transcript),
            occurred_at=voicemail.at,
            thread=thread,
            about=f"call:{voicemail.call}",
            url=voicemail.url,
            recipient=voicemail.line,
        )
        if self.settings.api_key is None:
            return event
        return with_audio(event, audio_file(event_id, "voicemail.mp3", voicemail.url))

    def _recording(self, data: dict[str, Any]) -> list[Part]:
        recording = read_recording(data)
        event_id = f"recording:{recording.call}"
        event = Event(
            id=event_id,
            kind="activity",
            text=recording_line(recording.seconds),
            occurred_at=recording.at,
            about=f"call:{recording.call}",
            url=next(iter(recording.urls), None) or app_link(data),
            recipient=recording.line,
        )
        if self.settings.api_key is None:
            return [event]
        urls = recording.urls[:_MOST_PARTS] or (event.url,)
        files = (
            audio_file(f"{event_id}#{place}", "recording.mp3", url)
            for place, url in enumerate(urls)
        )
        return [with_audio(event, *files)]

    def _summary(self, data: dict[str, Any]) -> list[Part]:
        resource, path = resource_of(data)
        summary = _sentences(resource.get("summary"))
        steps = _sentences(resource.get("nextSteps"))
        if not (summary or steps):
            return []
        sentences = (
            f"Call summary: {summary}" if summary else "",
            f"Next steps: {steps}" if steps else "",
        )
        call = identifier(resource.get("callId"), f"{path}.callId")
        return [
            Event(
                id=f"summary:{call}",
                kind="activity",
                text=" ".join(part for part in sentences if part),
                about=f"call:{call}",
                url=app_link(data),
                recipient=our_line(data),
            )
        ]

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Ask for the audio's address anew: the one of the delivery may have expired.

        Sources: https://www.quo.com/docs/mdx/api-reference/calls/get-a-voicemail-for-a-call and
        https://www.quo.com/docs/mdx/api-reference/calls/get-recordings-for-a-call
        """
        what, _, rest = (attachment.source or "").partition(":")
        call, _, place = rest.rpartition("#") if what == "recording" else (rest, "", "0")
        key = self.settings.api_key
        if key is None or what not in _AUDIO or not place.isdigit():
            return None
        address = f"{API}/{_AUDIO[what]}/{quote(call, safe='')}"
        answer = await http.get(address, headers={"Authorization": key.get_secret_value()})
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        data = mapping(answer.json()).get("data")
        if what == "voicemail":
            url = web_link(mapping(data).get("recordingUrl"))
        else:
            parts = items(data)
            url = (
                web_link(mapping(parts[int(place)]).get("url")) if int(place) < len(parts) else None
            )
        return Download(url=url) if url else None


_AUDIO = {"voicemail": "call-voicemails", "recording": "call-recordings"}


def _is_number(address: str) -> bool:
    is_short_code = address.isascii() and address.isdigit() and len(address) >= _SHORTEST_CODE
    return is_short_code or normalize_phone(address) is not None


def _sentences(value: object) -> str:
    lines = (one_line(scalar(line)) for line in items(value))
    return " ".join(line for line in lines if line)
