"""Quo (formerly OpenPhone): calls, voicemails and texts, in both generations of its webhooks.

Sources: https://www.quo.com/docs/2026-03-30/webhooks-overview,
https://www.quo.com/docs/2026-03-30/webhooks-event-payloads and, for the older generation,
https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

from typing import Annotated, Any

from inboxbridge import (
    AnyOf,
    Event,
    Label,
    Person,
    Secrets,
    Signature,
    StandardWebhooks,
    hookimpl,
)
from inboxbridge.reading import (
    identifier,
    iso_moment,
    items,
    one_line,
    scalar,
    web_link,
    whole_seconds,
)
from inboxbridge.signing import decode_base64
from pydantic import AfterValidator, SecretStr

from inboxbridge_phone.quo_legacy_signature import OpenPhoneSignature
from inboxbridge_phone.quo_resources import (
    Call,
    Message,
    Voicemail,
    app_link,
    read_call,
    read_message,
    read_voicemail,
    resource_of,
)
from inboxbridge_phone.systems import Readers, SystemConnector, SystemSettings
from inboxbridge_phone.wording import call_line, recording_line, voicemail_line


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
    """

    signing_key: Annotated[Secrets, AfterValidator(_base64_keys)]
    summaries: bool = True
    label: Label = "Quo"


class QuoPhone(SystemConnector[QuoPhoneSettings]):
    """One activity for each ended call, one for its voicemail, and every text as a message.

    ``call.completed`` and ``call.missed`` may both tell of one call; their events have the same id,
    so the first is kept.
    """

    label = "Quo"
    kind_field = "type"

    def readers(self) -> Readers:
        found = {
            "message.received": self._received,
            "message.delivered": self._delivered,
            "call.completed": self._completed,
            "call.missed": self._missed,
            "call.voicemail.completed": self._voicemail,
        }
        if self.settings.call_recordings:
            found["call.recording.completed"] = self._recording
        if self.settings.summaries:
            found["call.summary.completed"] = self._summary
        return found

    @hookimpl
    def signature(self) -> Signature:
        keys = self.settings.signing_key
        return AnyOf((StandardWebhooks(keys), OpenPhoneSignature(keys)))

    def _received(self, data: dict[str, Any]) -> list[Event]:
        return self._texts(read_message(data, received=True))

    def _delivered(self, data: dict[str, Any]) -> list[Event]:
        return self._texts(read_message(data, received=False))

    def _texts(self, message: Message) -> list[Event]:
        single = len(message.theirs) == 1
        return [
            Event(
                id=f"message:{message.id}" + ("" if single else f":{place}"),
                direction=message.direction,
                person=self._lines.person(number),
                text=message.text,
                occurred_at=message.at,
                thread=self._lines.thread(message.ours, number),
                attachments=message.attachments,
            )
            for place, number in enumerate(message.theirs)
        ]

    def _completed(self, data: dict[str, Any]) -> list[Event]:
        return self._call(read_call(data, missed=False))

    def _missed(self, data: dict[str, Any]) -> list[Event]:
        return self._call(read_call(data, missed=True))

    def _call(self, call: Call) -> list[Event]:
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
        )
        return [event, self._left(call.voicemail)] if call.voicemail else [event]

    def _voicemail(self, data: dict[str, Any]) -> list[Event]:
        return [self._left(read_voicemail(data))]

    def _left(self, voicemail: Voicemail) -> Event:
        person, thread = Person(), None
        if voicemail.caller:
            person = self._lines.person(voicemail.caller)
            thread = self._lines.thread(voicemail.called, voicemail.caller)
        return Event(
            id=f"voicemail:{voicemail.call}",
            kind="activity",
            person=person,
            text=voicemail_line(voicemail.seconds, voicemail.transcript),
            occurred_at=voicemail.at,
            thread=thread,
            about=f"call:{voicemail.call}",
            url=voicemail.url,
        )

    def _recording(self, data: dict[str, Any]) -> list[Event]:
        resource, path = resource_of(data)
        call = identifier(resource.get("callId") or resource.get("id"), f"{path}.callId")
        seconds = whole_seconds(resource.get("duration"))
        return [
            Event(
                id=f"recording:{call}",
                kind="activity",
                text=recording_line(seconds),
                occurred_at=iso_moment(resource.get("createdAt")),
                about=f"call:{call}",
                url=web_link(resource.get("recordingUrl")) or app_link(data),
            )
        ]

    def _summary(self, data: dict[str, Any]) -> list[Event]:
        resource, path = resource_of(data)
        lines = (one_line(scalar(line)) for line in items(resource.get("summary")))
        summary = " ".join(line for line in lines if line)
        if not summary:
            return []
        call = identifier(resource.get("callId"), f"{path}.callId")
        return [
            Event(
                id=f"summary:{call}",
                kind="activity",
                text=f"Call summary: {summary}",
                about=f"call:{call}",
                url=app_link(data),
            )
        ]
