"""Twilio Voice: one activity for each call, one for its voicemail, one for its recording.

Sources: https://www.twilio.com/docs/usage/webhooks/voice-webhooks,
https://www.twilio.com/docs/voice/api/call (statuses and call-progress parameters),
https://www.twilio.com/docs/voice/twiml/dial (``<Dial action>``),
https://www.twilio.com/docs/voice/twiml/record (recordings and transcriptions),
https://www.twilio.com/docs/usage/webhooks/webhooks-security (signature).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from inboxbridge import (
    Answer,
    Attachment,
    Connector,
    ConnectorSettings,
    Direction,
    Download,
    Event,
    MalformedBody,
    OneOrMore,
    Part,
    Person,
    Secret,
    Secrets,
    Signature,
    UrlFormSignature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import (
    form_fields,
    identifier,
    is_json,
    one_line,
    rfc2822,
    web_link,
    whole_seconds,
)

from inboxbridge_phone.audio import audio_file, basic, with_audio
from inboxbridge_phone.callers import WITHHELD_SPELLINGS, Lines
from inboxbridge_phone.systems import ignored
from inboxbridge_phone.wording import (
    Outcome,
    call_line,
    recording_line,
    voicemail_line,
)

if TYPE_CHECKING:
    import httpx

EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Valid TwiML that does nothing: where Twilio asks what to do next, the call ends."""

_UNANSWERED: dict[str, Outcome] = {
    "no-answer": "missed",
    "canceled": "missed",
    "busy": "busy",
    "failed": "failed",
}
_PICKED_UP = frozenset({"completed", "answered"})
_STATUSES = frozenset(
    {"queued", "initiated", "ringing", "in-progress", *_UNANSWERED, *_PICKED_UP, "absent"}
)

Ending = tuple[Outcome, int | None]
"""How a call ended, and the seconds talked where they are told."""


class TwilioPhoneSettings(ConnectorSettings):
    """Settings of a ``phone`` connection with ``provider = "twilio"``.

    Attributes:
        auth_token: The account's primary Auth Token; several while one is being rotated.
        outcome: Who tells how an incoming call that was ``completed`` ended. ``status``: the call's
            own status, which tells that it was picked up, not by whom. ``dial``: only the ``<Dial
            action>`` callback, right where TwiML answers first and then dials a person.
        numbers: The business's own numbers, staff phones and softphones (``client:desk``). A call
            from one of them is outbound; one between two of them is left out.
        withheld: What counts as a caller without a number.
        call_recordings: Whether the recording of an answered call is a further activity.
        transcriptions: Whether the transcript of a voicemail is a further activity.
        account_sid: The Account SID (``AC…``) or an API key's SID (``SK…``), to fetch voicemails
            and recordings of an account that protects them. Without it their addresses are linked
            as they are.
        media_auth_token: The Auth Token or the API key's secret that belongs to `account_sid`; the
            first `auth_token` where it is not given.
        icon_url: A picture for the activities, or None.
    """

    auth_token: Secrets
    outcome: Literal["status", "dial"] = "status"
    numbers: OneOrMore[str] = ()
    withheld: OneOrMore[str] = WITHHELD_SPELLINGS
    call_recordings: bool = True
    transcriptions: bool = True
    account_sid: str | None = None
    media_auth_token: Secret | None = None
    icon_url: str | None = None


class TwilioPhone(Connector[TwilioPhoneSettings]):
    """Several callbacks tell of one call; exactly one activity comes of them.

    Every callback that knows how a call ended gives an event with the same id (``call:`` and the
    parent leg's CallSid); the first to arrive is stored, the others are repetitions. A ``<Dial
    action>`` callback knows better than the call's own status, and comes before it: TwiML picks up
    first, so a completed incoming call is not known to be answered by a person.
    """

    label = "Phone"

    def __init__(self, settings: TwilioPhoneSettings) -> None:
        super().__init__(settings)
        self._lines = Lines(settings.numbers, settings.withheld)

    @hookimpl
    def signature(self) -> Signature:
        return UrlFormSignature(self.settings.auth_token)

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        fields = form_fields(request)
        if not (fields.get("CallSid") or fields.get("AccountSid") or is_json(request)):
            raise MalformedBody("CallSid is missing")
        if "TranscriptionSid" in fields or "TranscriptionText" in fields:
            event = self._transcription(fields)
            return [event] if event else ignored("transcription")
        if "RecordingStatus" in fields:
            event = self._recording(fields)
            return [event] if event else _left_out("recording", fields["RecordingStatus"])
        return self._call(fields)

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Name the recording's address, with the account's credentials."""
        chosen, url = self.settings, attachment.source or ""
        if not chosen.account_sid or not _is_twilios(url):
            return None
        token = chosen.media_auth_token or chosen.auth_token[0]
        return Download(url=url, headers=basic(chosen.account_sid, token.get_secret_value()))

    def _call(self, fields: dict[str, str]) -> list[Part]:
        if fields.get("ParentCallSid"):
            return ignored("dialled leg")
        ending = self._ending(fields)
        if ending is None:
            status = fields.get("CallStatus", "")
            return _left_out("call", status) if status else _other(fields)
        about = f"call:{identifier(fields.get('CallSid'), 'CallSid')}"
        ours, theirs, outbound = self._ends(fields)
        if self._lines.is_own(theirs):
            return ignored("call between own numbers")
        outcome, seconds = ending
        direction: Direction = "outbound" if outbound else "inbound"
        return [
            Event(
                id=about,
                kind="activity",
                direction=direction,
                person=self._person(theirs, outbound, fields),
                text=call_line(direction, outcome, seconds),
                occurred_at=rfc2822(fields.get("Timestamp")),
                thread=self._lines.thread(ours, theirs),
                about=about,
                recipient=self._lines.recipient(ours),
            )
        ]

    def _ending(self, fields: dict[str, str]) -> Ending | None:
        """Say how the call ended; None where this callback does not know it (yet)."""
        incoming = not fields.get("Direction", "").lower().startswith("outbound")
        dialled = fields.get("DialCallStatus", "").lower()
        if incoming and (dialled in _PICKED_UP or dialled in _UNANSWERED):
            if dialled in _PICKED_UP and fields.get("DialBridged", "").lower() == "false":
                return "missed", None  # a mailbox or a screening picked up, and nobody talked
            return _ended(dialled, whole_seconds(fields.get("DialCallDuration")))
        status = fields.get("CallStatus", "").lower()
        if status != "completed":
            return _ended(status, None) if status in _UNANSWERED else None
        if not (fields.get("CallDuration") or fields.get("CallbackSource")):
            return None  # a question of what to do next, asked after the caller hung up
        ending = _ended(status, whole_seconds(fields.get("CallDuration")))
        if ending[0] != "answered" or not incoming:
            return ending
        return None if self.settings.outcome == "dial" else ("picked_up", ending[1])

    def _ends(self, fields: dict[str, str]) -> tuple[str, str, bool]:
        """Return our end, the other end, and whether the business called."""
        caller = fields.get("From") or fields.get("Caller") or ""
        called = fields.get("To") or fields.get("Called") or ""
        outbound = fields.get("Direction", "").lower().startswith("outbound")
        if outbound or self._lines.is_own(caller):
            if not called.strip():
                raise MalformedBody("To is missing")
            return caller, called, True
        if not caller and "From" not in fields and "Caller" not in fields:
            raise MalformedBody("From is missing")
        return called, caller, False

    def _person(self, theirs: str, outbound: bool, fields: dict[str, str]) -> Person:
        return self._lines.person(theirs, None if outbound else fields.get("CallerName"))

    def _recording(self, fields: dict[str, str]) -> Event | None:
        if fields["RecordingStatus"].lower() != "completed":
            return None
        call = identifier(fields.get("CallSid"), "CallSid")
        seconds = whole_seconds(fields.get("RecordingDuration"))
        if fields.get("RecordingSource") == "RecordVerb":
            event_id = f"voicemail:{identifier(fields.get('RecordingSid'), 'RecordingSid')}"
            text, filename = voicemail_line(seconds), "voicemail.mp3"
        elif self.settings.call_recordings:
            event_id = f"recording:{call}"
            text, filename = recording_line(seconds), "recording.mp3"
        else:
            return None
        url = _audio(fields)
        event = Event(
            id=event_id,
            kind="activity",
            text=text,
            occurred_at=rfc2822(fields.get("RecordingStartTime")),
            about=f"call:{call}",
            url=url,
        )
        if url and self.settings.account_sid and _is_twilios(url):
            return with_audio(event, audio_file(url, filename))
        return event

    def _transcription(self, fields: dict[str, str]) -> Event | None:
        words = one_line(fields.get("TranscriptionText", ""))
        status = fields.get("TranscriptionStatus", "completed").lower()
        if not (self.settings.transcriptions and words and status == "completed"):
            return None
        person, thread, recipient = Person(), None, None
        if fields.get("From"):
            ours, theirs, outbound = self._ends(fields)
            person = self._person(theirs, outbound, fields)
            thread = self._lines.thread(ours, theirs)
            recipient = self._lines.recipient(ours)
        return Event(
            id=f"transcription:{identifier(fields.get('TranscriptionSid'), 'TranscriptionSid')}",
            kind="activity",
            person=person,
            text=f"Voicemail transcript: “{words}”",
            thread=thread,
            about=f"call:{identifier(fields.get('CallSid'), 'CallSid')}",
            url=_audio(fields),
            recipient=recipient,
        )

    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer | None:
        try:
            fields = form_fields(request)
        except MalformedBody:
            return Answer(body=EMPTY_TWIML, content_type="text/xml")
        if _is_report(fields):
            return Answer(status=204)
        return Answer(body=EMPTY_TWIML, content_type="text/xml")


def _ended(status: str, seconds: int | None) -> Ending:
    """Read a final status; an answered call that lasted 0 seconds was none."""
    if status in _PICKED_UP and seconds != 0:
        return "answered", seconds
    return _UNANSWERED.get(status, "missed"), None


def _left_out(what: str, status: str) -> list[Part]:
    status = status.lower()
    return ignored(f"{what} {status}" if status in _STATUSES else f"{what} status")


def _other(fields: dict[str, str]) -> list[Part]:
    """Name an event of Twilio's other voice products, such as the end of a conference."""
    return ignored(fields.get("StatusCallbackEvent", ""))


def _is_twilios(url: str) -> bool:
    """Whether *url* leads to Twilio's own API, which alone may see the credentials."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_host = host.startswith("api.") and host.endswith(".twilio.com")
    return parts.scheme == "https" and is_host and port in (None, 443)


def _is_report(fields: dict[str, str]) -> bool:
    """Tell a status callback, whose answer Twilio ignores, from a question of what to do next."""
    reports = ("RecordingStatus", "TranscriptionSid", "CallbackSource")
    return any(name in fields for name in reports) or "CallStatus" not in fields


def _audio(fields: dict[str, str]) -> str | None:
    """Return the recording's address as MP3."""
    url = web_link(fields.get("RecordingUrl"))
    if url is None or url.endswith((".mp3", ".wav")):
        return url
    return f"{url}.mp3"
