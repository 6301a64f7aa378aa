"""Quo (formerly OpenPhone): calls, voicemails and texts, in both generations of its webhooks.

Sources: https://www.quo.com/docs/2026-03-30/webhooks-overview,
https://www.quo.com/docs/2026-03-30/webhooks-event-payloads and, for the older generation,
https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from inboxbridge import (
    AnyOf,
    Badge,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Event,
    MalformedBody,
    MinimalMessage,
    Person,
    Secrets,
    Signature,
    StandardWebhooks,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import iso_moment, web_link
from pydantic import AfterValidator, SecretStr, StringConstraints

from inboxbridge_phone.callers import WITHHELD_SPELLINGS, Addresses, Lines
from inboxbridge_phone.fields import (
    identifier,
    items,
    scalar,
    whole_seconds,
)
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
from inboxbridge_phone.wording import call_line, one_line, recording_line, voicemail_line


def _base64_keys(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for secret in secrets:
        text = secret.get_secret_value().removeprefix("whsec_")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not raw:
            raise ValueError("must be base64, as Quo shows it (whsec_… for current webhooks)")
    return secrets


class QuoPhoneSettings(ConnectorSettings):
    """Settings of a ``phone`` connection with ``provider = "quo"``.

    Attributes:
        signing_key: The webhook's key: ``whsec_…`` of a current one, plain base64 of one made in
            the app before. Several of either kind may be live at once.
        withheld: What counts as a caller without a number.
        call_recordings: Whether the recording of an answered call is a further activity.
        summaries: Whether Quo's summary of a call is a further activity.
        label: The badge of text messages.
        icon_url: A picture for badge and activities, or None.
    """

    signing_key: Annotated[Secrets, AfterValidator(_base64_keys)]
    withheld: Addresses = WITHHELD_SPELLINGS
    call_recordings: bool = True
    summaries: bool = True
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)] = (
        "Quo"
    )
    icon_url: str | None = None


class QuoPhone(Connector[QuoPhoneSettings]):
    """One activity for each ended call, one for its voicemail, and every text as a message.

    ``call.completed`` and ``call.missed`` may both tell of one call; their events have the same id,
    so the first is kept.
    """

    Settings: ClassVar = QuoPhoneSettings
    label = "Quo"

    def __init__(self, settings: QuoPhoneSettings) -> None:
        super().__init__(settings)
        self._lines = Lines(withheld=settings.withheld)
        self._readers: dict[str, Callable[[dict[str, Any]], list[Event]]] = {
            "message.received": self._received,
            "message.delivered": self._delivered,
            "call.completed": self._completed,
            "call.missed": self._missed,
            "call.voicemail.completed": self._voicemail,
        }
        if settings.call_recordings:
            self._readers["call.recording.completed"] = self._recording
        if settings.summaries:
            self._readers["call.summary.completed"] = self._summary

    @hookimpl
    def signature(self) -> Signature:
        keys = self.settings.signing_key
        return AnyOf((StandardWebhooks(keys), OpenPhoneSignature(keys)))

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Event]:
        body = request.json_object()
        kind = scalar(body.get("type"))
        if not kind:
            raise MalformedBody("type is missing")
        read = self._readers.get(kind)
        if read is None:
            return []
        data = body.get("data")
        if not isinstance(data, dict):
            raise MalformedBody("data is missing")
        return read(data)

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

    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        if event.kind == "message":
            return BasicMessage(text=event.text, attachments=event.attachments)
        return MinimalMessage(text=event.text, icon_url=self.settings.icon_url, url=event.url)

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        if event.kind != "message":
            return None
        return Badge(text=self.settings.label, icon_url=self.settings.icon_url)
