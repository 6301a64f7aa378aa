"""Deliveries in the shapes of the providers that the demo plays. Moments are Unix seconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

_PAGE = "104200000000001"
OUR_APP = 1517776481860111
SALON = "+14155550100"
_ACCOUNT = "AC00000000000000000000000000000001"


def iso(at: float) -> str:
    """A moment as Calendly and the generic webhook write it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def messenger(*items: dict[str, Any]) -> bytes:
    """A Messenger batch of what `messenger_message` and `messenger_echo` return."""
    entry = {"id": _PAGE, "time": items[0]["timestamp"] + 200, "messaging": list(items)}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def messenger_message(
    person: str,
    at: float,
    mid: str,
    text: str | None = None,
    *,
    picture: str | None = None,
    quick_reply: str | None = None,
) -> dict[str, Any]:
    """A message that a person wrote to the Page."""
    message: dict[str, Any] = {"mid": mid}
    if text is not None:
        message["text"] = text
    if quick_reply is not None:
        message["quick_reply"] = {"payload": quick_reply}
    if picture is not None:
        message["attachments"] = [{"type": "image", "payload": {"url": picture}}]
    return {
        "sender": {"id": person},
        "recipient": {"id": _PAGE},
        "timestamp": int(at * 1000),
        "message": message,
    }


def messenger_echo(
    person: str, at: float, mid: str, text: str, *, app_id: int = 26390220393
) -> dict[str, Any]:
    """A message that the Page sent, by its inbox or by the app *app_id*."""
    return {
        "sender": {"id": _PAGE},
        "recipient": {"id": person},
        "timestamp": int(at * 1000),
        "message": {"is_echo": True, "app_id": app_id, "mid": mid, "text": text},
    }


def twilio_text(sid: str, sender: str, receiver: str, text: str, **others: str) -> bytes:
    """A text message; *others* replace or add fields."""
    fields = {
        "ToCountry": "US", "SmsMessageSid": sid, "NumMedia": "0", "SmsSid": sid,
        "SmsStatus": "received", "Body": text, "FromCountry": "US", "To": receiver,
        "NumSegments": "1", "MessageSid": sid, "AccountSid": _ACCOUNT, "From": sender,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    return _form(**{**fields, **others})


def twilio_call(sid: str, caller: str, status: str, seconds: int, at: float) -> bytes:
    """A call that has ended."""
    return _form(
        Called=SALON, CallerCountry="US", Direction="inbound", Timestamp=_rfc2822(at),
        CallbackSource="call-progress-events", SequenceNumber="0", CallSid=sid, To=SALON,
        CallDuration=str(seconds), Caller=caller, CallStatus=status,
        Duration=str(-(-seconds // 60)), AccountSid=_ACCOUNT, From=caller, ApiVersion="2010-04-01",
    )  # fmt: skip


def twilio_voicemail(call: str, at: float, seconds: int) -> bytes:
    """The recording that a caller left."""
    return _form(
        RecordingSource="RecordVerb", RecordingSid="RE00000000000000000000000000000001",
        RecordingUrl="https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1",
        RecordingStatus="completed", RecordingChannels="1", ErrorCode="0", CallSid=call,
        RecordingStartTime=_rfc2822(at), AccountSid=_ACCOUNT, RecordingDuration=str(seconds),
    )  # fmt: skip


def calendly_invitee(
    event: str,
    invitee: str,
    at: float,
    *,
    start: float,
    rescheduled: bool = False,
    old: str | None = None,
) -> bytes:
    """Somebody booked, or cancelled to book another time."""
    base = "https://api.calendly.com/scheduled_events"
    payload: dict[str, Any] = {
        "uri": f"{base}/EEEE/invitees/{invitee}",
        "event": f"{base}/EEEE",
        "email": "dana@example.com",
        "first_name": None,
        "last_name": None,
        "name": "Dana Reyes",
        "status": "canceled" if rescheduled else "active",
        "timezone": "America/Los_Angeles",
        "text_reminder_number": "+1 415-555-0132",
        "rescheduled": rescheduled,
        "old_invitee": f"{base}/EEEE/invitees/{old}" if old else None,
        "new_invitee": f"{base}/EEEE/invitees/IIII2" if rescheduled else None,
        "cancel_url": f"https://calendly.com/cancellations/{invitee}",
        "reschedule_url": f"https://calendly.com/reschedulings/{invitee}",
        "questions_and_answers": [],
        "created_at": iso(at),
        "updated_at": iso(at),
        "scheduled_event": {
            "uri": f"{base}/EEEE",
            "name": "Deep tissue massage",
            "status": "active",
            "start_time": iso(start),
            "end_time": iso(start + 3600),
            "event_type": "https://api.calendly.com/event_types/TTTT",
            "location": {"type": "physical", "location": "12 Main St"},
            "event_memberships": [],
            "event_guests": [],
        },
    }
    if rescheduled:
        payload["cancellation"] = {
            "canceled_by": "Dana Reyes",
            "reason": "",
            "canceler_type": "invitee",
            "created_at": iso(at),
        }
    body = {
        "event": event,
        "created_at": iso(at),
        "created_by": "https://api.calendly.com/users/AAAA",
        "payload": payload,
    }
    return json.dumps(body).encode()


def intercom_part(
    key: str,
    at: float,
    part: str,
    author: str,
    body: str,
    *,
    part_type: str = "comment",
    topic: str | None = None,
) -> bytes:
    """A part of the conversation with Dana, by the ``user`` or an ``admin``."""
    dana = {"type": "user", "id": "5310", "name": "Dana Reyes", "email": "dana@example.com"}
    staff = {"type": "admin", "id": "77", "name": "Salon", "email": "team@salon.example"}
    by = dana if author == "user" else staff
    item = {
        "type": "conversation",
        "id": "147",
        "created_at": int(at) - 10,
        "updated_at": int(at),
        "open": True,
        "state": "open",
        "source": {
            "type": "conversation",
            "id": "3821",
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": "<p>Hello</p>",
            "author": dana,
            "attachments": [],
        },
        "contacts": {
            "type": "contact.list",
            "contacts": [{"type": "contact", "id": "5310", "external_id": None}],
        },
        "conversation_parts": {
            "type": "conversation_part.list",
            "total_count": 1,
            "conversation_parts": [
                {
                    "type": "conversation_part",
                    "id": part,
                    "part_type": part_type,
                    "body": body,
                    "created_at": int(at),
                    "author": by,
                    "attachments": [],
                }
            ],
        },
    }
    notification = {
        "type": "notification_event",
        "app_id": "abc123",
        "id": key,
        "topic": topic or f"conversation.{author}.replied",
        "delivery_attempts": 1,
        "first_sent_at": int(at),
        "created_at": int(at),
        "links": {},
        "data": {"type": "notification_event_data", "item": item},
    }
    return json.dumps(notification).encode()


def email(key: str, at: float, subject: str, text: str, auto_submitted: str = "no") -> bytes:
    """A mail of Dana's to the salon, as Postmark delivers it."""
    headers = {"Message-ID": f"<{key}@mail.example.com>", "Auto-Submitted": auto_submitted}
    return json.dumps(
        {
            "MessageStream": "inbound",
            "From": "dana@example.com",
            "FromName": "Dana Reyes",
            "FromFull": {"Email": "dana@example.com", "Name": "Dana Reyes", "MailboxHash": ""},
            "To": "hello@salon.example",
            "ToFull": [{"Email": "hello@salon.example", "Name": "Salon", "MailboxHash": ""}],
            "OriginalRecipient": "salon@inbound.example.com",
            "Subject": subject,
            "MessageID": f"00000000-0000-4000-8000-0000000{key}",
            "ReplyTo": "",
            "Date": _rfc2822(at),
            "TextBody": text,
            "HtmlBody": "",
            "StrippedTextReply": "",
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            "Attachments": [],
        }
    ).encode()


def telegram(update: int, at: float, **message: Any) -> bytes:
    """What Dana writes to the salon's bot."""
    dana = {"id": 7450011, "is_bot": False, "first_name": "Dana", "last_name": "Reyes"}
    chat = {"id": 7450011, "first_name": "Dana", "last_name": "Reyes", "type": "private"}
    basics = {"message_id": update, "from": dana, "chat": chat, "date": int(at)}
    return json.dumps({"update_id": update, "message": {**basics, **message}}).encode()


def _rfc2822(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()
