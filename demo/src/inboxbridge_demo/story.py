"""A morning at a salon: what its customers wrote, said and booked, as their providers deliver it.

The bodies have the providers' real shapes; the people and numbers are made up. Times are given as
seconds before the demo starts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from inboxbridge_demo.bodies import (
    OUR_APP,
    SALON,
    calendly_invitee,
    email,
    intercom_part,
    iso,
    messenger,
    messenger_echo,
    messenger_message,
    telegram,
    twilio_call,
    twilio_text,
    twilio_voicemail,
)

QUESTION = "When will it arrive?"
_BADGES = {
    "facebook": ("f", "#1877f2"),
    "sms": ("S", "#e11d48"),
    "phone": ("☎", "#0f766e"),
    "email": ("@", "#2563eb"),
    "telegram": ("T", "#229ed9"),
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
    """Contacts that the site has, and what happens to them.

    Attributes:
        contacts: As in Wix's Contacts API.
        steps: The deliveries, in order.
        failure: A rule of the sandbox, by which one message is refused at first.
    """

    contacts: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    failure: dict[str, Any] = field(default_factory=dict)


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
            "email": {
                "credentials": "demo:demo-password",
                "own_addresses": ["hello@salon.example"],
                "icon_url": f"{pictures_url}/email.svg",
            },
            "telegram": {
                "secret_token": "demo-telegram-secret",
                "icon_url": f"{pictures_url}/telegram.svg",
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
    return Story(contacts=_contacts(), steps=_steps(now, pictures_url), failure=_failure())


def toml_of(tables: dict[str, Any]) -> str:
    """The tables as a file, for commands that are to look into the demo's journal."""
    lines = []

    def write(table: dict[str, Any], name: str) -> None:
        values = {key: value for key, value in table.items() if not isinstance(value, dict)}
        if values:
            lines.append(f"[{name}]")
            # What JSON writes of texts, numbers and lists of them is TOML too.
            lines.extend(f"{key} = {json.dumps(value)}" for key, value in values.items())
        for key, value in table.items():
            if isinstance(value, dict):
                write(value, f"{name}.{key}" if name else key)

    write(tables, "")
    return "\n".join(lines) + "\n"


def _failure() -> dict[str, Any]:
    refused = {"message": "The message was refused, for the sake of the demo", "details": {}}
    answer = {"status": 400, "json": refused}
    return {"call": "send", "text": QUESTION, "times": 1, "answer": answer}


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
            messenger(
                messenger_message(
                    dana, now - 900, "m_01", "dana@example.com", quick_reply="dana@example.com"
                )
            ),
        ),
        Step(
            "facebook",
            "Messenger: a batch of three, one a reply typed in the Page's inbox",
            messenger(
                messenger_message(dana, now - 860, "m_02", "Do you do gel nails? 💅"),
                messenger_message(dana, now - 850, "m_03", picture=f"{pictures_url}/nails.svg"),
                messenger_echo(dana, now - 800, "m_04", "We do! Saturday at 10 is free."),
            ),
        ),
        Step(
            "facebook",
            "Messenger: the echo of a message that our own app sent, dropped",
            messenger(messenger_echo(dana, now - 790, "m_05", "Sent by this app", app_id=OUR_APP)),
        ),
        Step(
            "facebook",
            "Messenger: somebody nobody knows, for whom a contact is created",
            messenger(messenger_message(lead, now - 700, "m_06", "Hi! Are you open on Sunday?")),
        ),
        Step(
            "bookings",
            "Calendly: Dana books",
            calendly_invitee("invitee.created", "IIII1", now - 640, start=_tomorrow_at(now, 17)),
        ),
        Step(
            "sms",
            "Twilio: a text that the provider delivers three times, kept once",
            twilio_text(
                "SM0000000000000000000000000000000a",
                "+14155550132",
                SALON,
                "Can I bring my sister along?",
            ),
            "application/x-www-form-urlencoded",
            times=3,
        ),
        Step(
            "sms",
            "Twilio: the salon's answer, sent from another tool",
            twilio_text(
                "SM0000000000000000000000000000000b",
                SALON,
                "+14155550132",
                "Of course, we have two chairs.",
                SmsStatus="sent",
                MessageStatus="sent",
            ),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: a voicemail, which arrives before its call",
            twilio_voicemail(call, now - 480, 18),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: the call, missed",
            twilio_call(call, "+14155550132", "no-answer", 0, now - 470),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "phone",
            "Twilio: a call that was answered, from a number nobody knows",
            twilio_call(other_call, "+14155550188", "completed", 252, now - 400),
            "application/x-www-form-urlencoded",
        ),
        Step(
            "chat",
            "Intercom: a question on the website",
            intercom_part(
                "notif_01", now - 300, "900", "user", "<p>Do you have <b>gift cards</b>?</p>"
            ),
        ),
        Step(
            "chat",
            "Intercom: the answer from the team",
            intercom_part(
                "notif_02",
                now - 280,
                "901",
                "admin",
                '<p>Yes: <a href="https://shop.example.com/gift">in our shop</a>.</p>',
            ),
        ),
        Step(
            "chat",
            "Intercom: a private note, never forwarded",
            intercom_part(
                "notif_03",
                now - 270,
                "902",
                "admin",
                "<p>She always asks.</p>",
                part_type="note",
                topic="conversation.admin.noted",
            ),
        ),
        Step(
            "chat",
            "Intercom: the signed ping of the settings page",
            json.dumps(
                {
                    "type": "notification_event",
                    "topic": "ping",
                    "id": "notif_ping",
                    "app_id": "abc123",
                    "data": {
                        "type": "notification_event_data",
                        "item": {"type": "ping", "message": "something something interzen"},
                    },
                }
            ).encode(),
        ),
        Step(
            "bookings",
            "Calendly: Dana reschedules; the old half of the pair is dropped",
            calendly_invitee(
                "invitee.canceled",
                "IIII1",
                now - 200,
                start=_tomorrow_at(now, 17),
                rescheduled=True,
            ),
        ),
        Step(
            "bookings",
            "Calendly: the new half, shown as rescheduled",
            calendly_invitee(
                "invitee.created", "IIII2", now - 199, start=_tomorrow_at(now, 20), old="IIII1"
            ),
        ),
        Step(
            "email",
            "Email: Dana's reply, shown without what it quotes",
            email(
                "mail-01",
                now - 180,
                "Re: Your booking",
                "See you tomorrow!\n\n"
                "On Friday, Salon <hello@salon.example> wrote:\n> Your booking is confirmed.\n",
            ),
        ),
        Step(
            "telegram",
            "Telegram: Dana shares her own number, which links her to her contact",
            telegram(
                730011,
                now - 175,
                contact={
                    "phone_number": "14155550132",
                    "first_name": "Dana",
                    "last_name": "Reyes",
                    "user_id": 7450011,
                },
            ),
        ),
        Step(
            "telegram",
            "Telegram: her question, in the same conversation",
            telegram(730012, now - 174, text="Is there parking nearby?"),
        ),
        Step(
            "email",
            "Email: an out-of-office note, left out",
            email(
                "mail-02", now - 170, "Out of office", "I am away.", auto_submitted="auto-replied"
            ),
        ),
        Step(
            "shop",
            "Any source: an order of a customer with two contact records",
            json.dumps(
                {
                    "id": "order-1001",
                    "type": "activity",
                    "email": "noa.levin@example.org",
                    "name": "Noa Levin",
                    "text": "Order 1001 paid: Rose hand cream, $24.00",
                    "occurred_at": iso(now - 120),
                    "url": "https://shop.example.com/orders/1001",
                }
            ).encode(),
        ),
        Step(
            "shop",
            "Any source: her question about it, which Wix refuses at first",
            json.dumps(
                {
                    "id": "question-1001",
                    "email": "noa.levin@example.org",
                    "text": QUESTION,
                    "occurred_at": iso(now - 60),
                }
            ).encode(),
        ),
    ]


def _tomorrow_at(now: float, hour: int) -> float:
    """That hour of the next day, UTC."""
    return (now // 86400 + 1) * 86400 + hour * 3600
