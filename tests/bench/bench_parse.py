"""What a connector costs: python tests/bench/bench_parse.py [REPETITIONS]

For one sample of each connector and format: reading it into events, and making each one's message
and badge, against `json.loads` (or `parse_qsl`) of the same body. The best of five rounds.
"""

from __future__ import annotations

import base64
import functools
import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import common
from inboxbridge.config import config_from
from inboxbridge.model import Event, WebhookRequest
from inboxbridge.plugins import Connection, connect_all
from inboxbridge.testing.samples import Sample, load_samples

CONNECTORS = common.HERE.parent.parent / "connectors"
ROUNDS = 5
META = {"app_secret": "bench-secret", "verify_token": "bench-token"}
KEY = base64.b64encode(bytes(32)).decode()
MAP = {"id": "id", "email": "email", "text": "text", "name": "name", "thread": "thread"}

FORMATS: list[tuple[str, str | None, str, dict[str, Any]]] = [
    ("facebook", "messenger", "messenger-conversation.json", META),
    ("facebook", "instagram", "instagram-story.json", META),
    ("facebook", "whatsapp", "whatsapp-text-and-photo.json", META),
    ("sms", "twilio", "twilio-inbound-sms.form", {"auth_token": "bench"}),
    ("sms", "vonage", "vonage-sms.json", {"signature_secret": "bench-secret"}),
    ("sms", "telnyx", "telnyx-received-sms.json", {"public_key": KEY}),
    ("phone", "twilio", "twilio-missed.form", {"auth_token": "bench"}),
    ("phone", "quo", "quo-message-received.json", {"signing_key": KEY}),
    ("phone", "aircall", "aircall-missed.json", {"token": "bench"}),
    ("email", "mailgun", "mailgun-mime.form", {"signing_key": "bench"}),
    ("email", "sendgrid", "sendgrid-parsed.form", {"url_token": "bench"}),
    ("email", "postmark", "postmark-reply-outlook.json", {"url_token": "bench"}),
    ("email", "resend", "resend-received.json", {"signing_secret": KEY, "api_key": "bench"}),
    ("bookings", "calendly", "calendly-booked.json", {"signing_key": "bench"}),
    ("bookings", "calcom", "calcom-booked.json", {"secret": "bench"}),
    ("bookings", "acuity", "acuity-scheduled.form", {"user_id": "17", "api_key": "bench"}),
    ("chat", "intercom", "intercom-user-replied.json", {"client_secret": "bench"}),
    ("chat", "crisp", "crisp-message.json", {"signing_secret": "bench"}),
    ("chat", "tawkto", "tawkto-transcript.json", {"secret": "bench"}),
    ("webhook", None, "message.json", {"signature": "none"}),
    ("webhook", None, "message.json", {"signature": "none", "map": MAP}),
]


def connection(plugin: str, provider: str | None, settings: dict[str, Any]) -> Connection:
    url = "https://hooks.example.com"
    table = {"plugin": plugin, **({"provider": provider} if provider else {}), **settings}
    tables = common.tables("sqlite:///unused.db", "http://127.0.0.1:9")
    config = config_from(
        {**tables, "gateway": {"public_url": url}, "connectors": {"one": table}}, {}
    )
    made, broken = connect_all(config, inline=True)
    if broken:
        raise SystemExit(broken[0].reason)
    return made["one"]


def through(one: Connection, sample: Sample) -> int:
    """Read a delivery as the gateway does, make its messages as the courier does."""
    request = WebhookRequest(
        url=sample.url,
        headers={"content-type": sample.content_type, **sample.headers},
        body=sample.body,
    )
    events = [part for part in one.parts(request) if isinstance(part, Event)]
    for event in events:
        one.message(event)
    return len(events)


def micros(work: Callable[[], Any], repetitions: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(repetitions):
            work()
        best = min(best, time.perf_counter() - began)
    return best / repetitions * 1e6


def _alone(body: bytes, is_form: bool) -> object:
    return parse_qsl(body.decode()) if is_form else json.loads(body)


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{'':<44}{'events':>7}{'ours':>10}{'parser':>10}{'ratio':>8}{'an event':>12}")
    for plugin, provider, name, settings in FORMATS:
        one = connection(plugin, provider, settings)
        sample = next(s for s in load_samples(CONNECTORS / plugin / "samples") if s.name == name)
        body = sample.body
        events = through(one, sample)
        ours, parser = (
            micros(functools.partial(through, one, sample), repetitions),
            micros(functools.partial(_alone, body, sample.is_form), repetitions),
        )
        label = f"{plugin}{', map' if 'map' in settings else ''}: {name}"
        print(
            f"{label:<44}{events:>7}{ours:>7.0f} us{parser:>7.0f} us{ours / parser:>8.1f}"
            f"{ours / max(events, 1):>9.0f} us"
        )


if __name__ == "__main__":
    main()
