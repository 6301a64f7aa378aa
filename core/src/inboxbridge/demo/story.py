"""A morning at a salon: what its customers wrote, said and booked, as their providers deliver it.

The bodies have the providers' real shapes; the people and numbers are made up. Times are given as
seconds before the demo starts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

PAGE = "104200000000001"
OUR_APP = 1517776481860111
SALON = "+14155550100"
ACCOUNT = "AC00000000000000000000000000000001"
_BADGES = {
    "facebook": ("f", "#1877f2"),
    "sms": ("S", "#e11d48"),
    "phone": ("☎", "#0f766e"),
    "bookings": ("B", "#7c3aed"),
    "chat": ("C", "#ea580c"),
}
_NAILS = """<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200">
<rect width="320" height="200" fill="#fbe4ea"/><g fill="#c8446b">
<rect x="50" y="60" width="34" height="90" rx="17"/>
<rect x="98" y="42" width="34" height="108" rx="17"/>
<rect x="146" y="36" width="34" height="114" rx="17"/>
<rect x="194" y="44" width="34" height="106" rx="17"/>
<rect x="242" y="70" width="30" height="80" rx="15"/></g></svg>"""


def pictures() -> dict[str, bytes]:
    """The badges' icons and a photo, as SVG files by name."""
    icons = {
        f"{name}.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 43 43">'
        f'<circle cx="21.5" cy="21.5" r="21" fill="{colour}"/><text x="21.5" y="29.5" '
        'font-family="sans-serif" font-weight="bold" font-size="22" fill="white" '
        f'text-anchor="middle">{letter}</text></svg>'
        for name, (letter, colour) in _BADGES.items()
    }
    return {name: svg.encode() for name, svg in {**icons, "nails.svg": _NAILS}.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery of the story.

    Attributes:
        connection: Where it arrives.
        what: What it shows, for the person who watches.
        body: The raw body.
        content_type: Of the body.
        times: How often the source sends it.
    """

    connection: str
    what: str
    body: bytes
    content_type: str = "application/json"
    times: int = 1


@dataclass(frozen=True, slots=True)
class Story:
    """Contacts that the site has, and what happens to them."""

    contacts: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def tables(url: str, pictures_url: str, journal_url: str) -> dict[str, Any]:
    """connectors.toml for the demo, as tables. The secrets are good for nothing else."""
    return {
        "journal": {"url": journal_url},
        "gateway": {"public_url": url},
        "sites": {
            "default": {
                "site_id": "5a10a000-0000-4000-8000-000000000001",
                "api_key": "demo",
                "base_url": url,
            }
        },
        "connectors": {
            "facebook": {
                "app_secret": "demo-app-secret",
                "verify_token": "demo-verify-token",
                "app_id": str(OUR_APP),
                "icon_url": f"{pictures_url}/facebook.svg",
            },
            "sms": {
                "auth_token": "demo-auth-token",
                "numbers": [SALON],
                "icon_url": f"{pictures_url}/sms.svg",
            },
            "phone": {
                "auth_token": "demo-auth-token",
                "numbers": [SALON],
                "icon_url": f"{pictures_url}/phone.svg",
            },
            "bookings": {
                "signing_key": "demo-signing-key",
                "icon_url": f"{pictures_url}/bookings.svg",
            },
            "chat": {"client_secret": "demo-client-secret", "icon_url": f"{pictures_url}/chat.svg"},
            "shop": {
                "plugin": "webhook",
                "label": "Shop",
                "secret": "demo-shop-secret",
                "signature": "hmac-sha256",
            },
        },
    }


def tell(now: float, pictures_url: str) -> Story:
    """Return the story as it would be told at *now* (Unix seconds)."""
    return Story(contacts=_contacts(), steps=_steps(now, pictures_url))


def _contacts() -> list[dict[str, Any]]:
    def contact(key: str, created: str, first: str, last: str, email: str, phone: str = "") -> Any:
        info: dict[str, Any] = {
            "name": {"first": first, "last": last},
            "emails": {"items": [{"tag": "MAIN", "email": email, "primary": True}]},
        }
        if phone:
            item = {"tag": "MOBILE", "countryCode": "US", "phone": phone, "primary": True}
            info["phones"] = {"items": [item]}
        return {"id": key, "createdDate": created, "info": info}

    return [
        contact(
            "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c01", "2026-02-11T08:30:12.044Z",
            "Dana", "Reyes", "dana@example.com", "+1 415 555 0132",
        ),
        contact(
            "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c02", "2025-05-02T10:00:00.000Z",
            "Noa", "Levin", "noa.levin@example.org", "+1 415 555 0177",
        ),
        contact(
            "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c03", "2026-06-20T09:15:00.000Z",
            "Noa", "Levin (Studio)", "noa.levin@example.org",
        ),
    ]  # fmt: skip


def _steps(now: float, pictures_url: str) -> list[Step]:
    dana, lead = "7450000000000011", "7450000000000042"
    call, other_call = "CA00000000000000000000000000000001", "CA00000000000000000000000000000002"
    return [
        Step(
            "facebook",
            "Messenger: Dana taps “send my email”, which links her to her contact",
            _page(
                _said(dana, now - 900, "m_01", "dana@example.com", quick_reply="dana@example.com")
            ),
        ),
        Step(
            "facebook",
            "Messenger: a batch of three, one a reply typed in the Page's inbox",
            _page(
                _said(dana, now - 860, "m_02", "Do you do gel nails? 💅"),
                _said(dana, now - 850, "m_03", picture=f"{pictures_url}/nails.svg"),
                _echo(dana, now - 800, "m_04", "We do! Saturday at 10 is free."),
            ),
        ),
        Step(
            "facebook",
            "Messenger: the echo of a message that our own app sent, dropped",
            _page(_echo(dana, now - 790, "m_05", "Sent by this app", app_id=OUR_APP)),
        ),
        Step(
            "facebook",
            "Messenger: somebody nobody knows, for whom a contact is created",
            _page(_said(lead, now - 700, "m_06", "Hi! Are you open on Sunday?")),
        ),
        Step(
            "bookings",
            "Calendly: Dana books",
            _invitee("invitee.created", "IIII1", now - 640, start=_tomorrow_at(now, 17)),
        ),
        Step(
            "sms",
            "Twilio: a text that the provider delivers three times, kept once",
            _sms("SM0000000000000000000000000000000a", "+14155550132", SALON,
                 "Can I bring my sister along?"),
            "application/x-www-form-urlencoded",
            times=3,
        ),
        Step(
            "sms",
            "Twilio: the salon's answer, sent from another tool",
            _sms("SM0000000000000000000000000000000b", SALON, "+14155550132",
                 "Of course, we have two chairs.", SmsStatus="sent", MessageStatus="sent"),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: a voicemail, told before the call it belongs to",
            _form(
                RecordingSource="RecordVerb", RecordingSid="RE00000000000000000000000000000001",
                RecordingUrl="https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1",
                RecordingStatus="completed", RecordingChannels="1", ErrorCode="0", CallSid=call,
                RecordingStartTime=_rfc2822(now - 480), AccountSid=ACCOUNT, RecordingDuration="18",
            ),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: the call, missed",
            _call(call, "+14155550132", "no-answer", 0, now - 470),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: a call that was answered, from a number nobody knows",
            _call(other_call, "+14155550188", "completed", 252, now - 400),
            "application/x-www-form-urlencoded",
        ),
        Step("chat", "Intercom: a question on the website", _chat("notif_01", now - 300, "900",
             "user", "<p>Do you have <b>gift cards</b>?</p>")),
        Step("chat", "Intercom: the answer from the team", _chat("notif_02", now - 280, "901",
             "admin", "<p>Yes: <a href=\"https://shop.example.com/gift\">in our shop</a>.</p>")),
        Step("chat", "Intercom: a private note, never forwarded", _chat("notif_03", now - 270,
             "902", "admin", "<p>She always asks.</p>", part_type="note",
             topic="conversation.admin.noted")),
        Step("chat", "Intercom: the signed ping of the settings page", json.dumps(
            {"type": "notification_event", "topic": "ping", "id": "notif_ping", "app_id": "abc123",
             "data": {"type": "notification_event_data", "item": {"type": "ping",
                      "message": "something something interzen"}}}).encode()),
        Step(
            "bookings",
            "Calendly: Dana reschedules; the old half of the pair is dropped",
            _invitee(
                "invitee.canceled", "IIII1", now - 200,
                start=_tomorrow_at(now, 17), rescheduled=True,
            ),
        ),
        Step(
            "bookings",
            "Calendly: the new half, shown as rescheduled",
            _invitee(
                "invitee.created", "IIII2", now - 199, start=_tomorrow_at(now, 20), old="IIII1"
            ),
        ),
        Step(
            "shop",
            "Any source: an order of somebody who stands twice among the contacts",
            json.dumps(
                {"id": "order-1001", "type": "activity", "email": "noa.levin@example.org",
                 "name": "Noa Levin", "text": "Order 1001 paid: Rose hand cream, $24.00",
                 "occurred_at": _iso(now - 120), "url": "https://shop.example.com/orders/1001"}
            ).encode(),
        ),
        Step(
            "shop",
            "Any source: and her question about it",
            json.dumps(
                {"id": "question-1001", "email": "noa.levin@example.org",
                 "text": "When will it arrive?", "occurred_at": _iso(now - 60)}
            ).encode(),
        ),
    ]  # fmt: skip


def _tomorrow_at(now: float, hour: int) -> float:
    """That hour of the next day, UTC."""
    return (now // 86400 + 1) * 86400 + hour * 3600


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _rfc2822(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def _page(*items: dict[str, Any]) -> bytes:
    entry = {"id": PAGE, "time": items[0]["timestamp"] + 200, "messaging": list(items)}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def _said(
    person: str,
    at: float,
    mid: str,
    text: str | None = None,
    *,
    picture: str | None = None,
    quick_reply: str | None = None,
) -> dict[str, Any]:
    message: dict[str, Any] = {"mid": mid}
    if text is not None:
        message["text"] = text
    if quick_reply is not None:
        message["quick_reply"] = {"payload": quick_reply}
    if picture is not None:
        message["attachments"] = [{"type": "image", "payload": {"url": picture}}]
    return {
        "sender": {"id": person},
        "recipient": {"id": PAGE},
        "timestamp": int(at * 1000),
        "message": message,
    }


def _echo(
    person: str, at: float, mid: str, text: str, *, app_id: int = 26390220393
) -> dict[str, Any]:
    return {
        "sender": {"id": PAGE},
        "recipient": {"id": person},
        "timestamp": int(at * 1000),
        "message": {"is_echo": True, "app_id": app_id, "mid": mid, "text": text},
    }


def _sms(sid: str, sender: str, receiver: str, text: str, **others: str) -> bytes:
    fields = {
        "ToCountry": "US", "SmsMessageSid": sid, "NumMedia": "0", "SmsSid": sid,
        "SmsStatus": "received", "Body": text, "FromCountry": "US", "To": receiver,
        "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT, "From": sender,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    return _form(**{**fields, **others})


def _call(sid: str, caller: str, status: str, seconds: int, at: float) -> bytes:
    return _form(
        Called=SALON, CallerCountry="US", Direction="inbound", Timestamp=_rfc2822(at),
        CallbackSource="call-progress-events", SequenceNumber="0", CallSid=sid, To=SALON,
        CallDuration=str(seconds), Caller=caller, CallStatus=status,
        Duration=str(-(-seconds // 60)), AccountSid=ACCOUNT, From=caller, ApiVersion="2010-04-01",
    )  # fmt: skip


def _invitee(
    event: str,
    invitee: str,
    at: float,
    *,
    start: float,
    rescheduled: bool = False,
    old: str | None = None,
) -> bytes:
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
        "created_at": _iso(at),
        "updated_at": _iso(at),
        "scheduled_event": {
            "uri": f"{base}/EEEE",
            "name": "Deep tissue massage",
            "status": "active",
            "start_time": _iso(start),
            "end_time": _iso(start + 3600),
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
            "created_at": _iso(at),
        }
    body = {
        "event": event,
        "created_at": _iso(at),
        "created_by": "https://api.calendly.com/users/AAAA",
        "payload": payload,
    }
    return json.dumps(body).encode()


def _chat(
    key: str,
    at: float,
    part: str,
    author: str,
    body: str,
    *,
    part_type: str = "comment",
    topic: str | None = None,
) -> bytes:
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
