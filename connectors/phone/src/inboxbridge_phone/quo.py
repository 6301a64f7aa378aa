"""Quo (formerly OpenPhone): calls, voicemails and texts, in both generations of its webhooks.

Sources: https://www.quo.com/docs/2026-03-30/webhooks-overview,
https://www.quo.com/docs/2026-03-30/webhooks-event-payloads and, for the older generation,
https://www.quo.com/docs/webhooks/legacy-signature-validation
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, SecretStr, StringConstraints

from inboxbridge import (
    AnyOf,
    Badge,
    BasicMessage,
    Connector,
    ConnectorSettings,
    Event,
    MalformedBody,
    MinimalMessage,
    Secrets,
    Signature,
    StandardWebhooks,
    WebhookRequest,
    hookimpl,
)
from inboxbridge_phone.callers import WITHHELD_SPELLINGS, Addresses, Lines
from inboxbridge_phone.fields import (
    identifier,
    iso8601,
    items,
    link,
    mapping,
    scalar,
    whole_seconds,
)
from inboxbridge_phone.quo_legacy_signature import OpenPhoneSignature
from inboxbridge_phone.quo_resources import Call, Message, read_call, read_message
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
    label: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)
    ] = "Quo"
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
        data = body.get("data")
        if kind in ("message.received", "message.delivered"):
            return self._texts(read_message(_object(data)))
        if kind in ("call.completed", "call.missed"):
            return self._call(read_call(_object(data), missed=kind == "call.missed"))
        if kind == "call.voicemail.completed":
            return self._voicemail(_object(data))
        if kind == "call.recording.completed" and self.settings.call_recordings:
            return self._recording(_object(data))
        if kind == "call.summary.completed" and self.settings.summaries:
            return self._summary(_object(data), iso8601(body.get("createdAt")))
        return []

    def _texts(self, message: Message) -> list[Event]:
        single = len(message.theirs) == 1
        return [
            Event(
                id=message.id if single else f"{message.id}:{number}",
                direction=message.direction,
                person=self._lines.person(number),
                text=message.text,
                occurred_at=message.at,
                thread=self._lines.thread(message.ours, number),
                attachments=message.attachments,
            )
            for number in message.theirs
        ]

    def _call(self, call: Call) -> list[Event]:
        if call.outcome is None:
            return []
        voicemail = self._voicemail_of(call) if call.voicemail is not None else []
        return [
            Event(
                id=call.id,
                kind="activity",
                direction=call.direction,
                person=self._lines.person(call.theirs),
                text=call_line(call.direction, call.outcome, call.seconds),
                occurred_at=call.at,
                thread=self._lines.thread(call.ours, call.theirs),
                about=call.id,
                url=call.url,
            ),
            *voicemail,
        ]

    def _voicemail_of(self, call: Call) -> list[Event]:
        """Read the voicemail that a legacy call carries within itself."""
        found = call.voicemail or {}
        url = link(found.get("url"))
        if url is None:
            return []
        return [
            Event(
                id=f"voicemail:{call.id.removeprefix('call:')}",
                kind="activity",
                person=self._lines.person(call.theirs),
                text=voicemail_line(whole_seconds(found.get("duration"))),
                occurred_at=call.at,
                thread=self._lines.thread(call.ours, call.theirs),
                about=call.id,
                url=url,
            )
        ]

    def _voicemail(self, data: dict[str, Any]) -> list[Event]:
        resource = _resource(data)
        call = identifier(resource.get("callId"), "data.resource.callId")
        caller, called = scalar(resource.get("from")), scalar(resource.get("to"))
        transcript = scalar(resource.get("transcript"))
        return [
            Event(
                id=f"voicemail:{call}",
                kind="activity",
                person=self._lines.person(caller),
                text=voicemail_line(whole_seconds(resource.get("duration")), transcript),
                occurred_at=iso8601(resource.get("createdAt")),
                thread=self._lines.thread(called, caller),
                about=f"call:{call}",
                url=link(resource.get("recordingUrl")) or _quo_link(data),
            )
        ]

    def _recording(self, data: dict[str, Any]) -> list[Event]:
        resource = _resource(data)
        call = identifier(
            resource.get("callId") or resource.get("id"), "data.resource.callId"
        )
        address = resource.get("recordingUrl") or resource.get("url")
        return [
            Event(
                id=f"recording:{call}",
                kind="activity",
                text=recording_line(whole_seconds(resource.get("duration"))),
                occurred_at=iso8601(resource.get("createdAt")),
                about=f"call:{call}",
                url=link(address) or _quo_link(data),
            )
        ]

    def _summary(self, data: dict[str, Any], at: Any) -> list[Event]:
        resource = _resource(data)
        lines = (one_line(scalar(line)) for line in items(resource.get("summary")))
        summary = " ".join(line for line in lines if line)
        if not summary:
            return []
        call = identifier(resource.get("callId"), "data.resource.callId")
        return [
            Event(
                id=f"summary:{call}",
                kind="activity",
                text=f"Call summary: {summary}",
                occurred_at=at,
                about=f"call:{call}",
                url=_quo_link(data),
            )
        ]

    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        if event.kind == "message":
            return BasicMessage(text=event.text, attachments=event.attachments)
        icon_url = event.icon_url or self.settings.icon_url
        return MinimalMessage(text=event.text, icon_url=icon_url, url=event.url)

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        if event.kind != "message":
            return None
        return Badge(text=self.settings.label, icon_url=event.icon_url or self.settings.icon_url)


def _object(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise MalformedBody("data is missing")
    return data


def _resource(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the event is about, wherever this generation keeps it."""
    resource = data.get("resource", data.get("object"))
    if not isinstance(resource, dict):
        raise MalformedBody("data.resource is missing")
    return resource


def _quo_link(data: dict[str, Any]) -> str | None:
    return link(mapping(data.get("links")).get("quo"))
