"""The gallery of connectors, and a page for each provider on how to connect it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inboxbridge.connector import Connector, Providers
from inboxbridge.plugins import implemented_hooks, installed

from .text import code, default_of, table

ROOT = Path(__file__).parents[2]
ORDER = ("facebook", "sms", "phone", "email", "bookings", "chat", "telegram", "webhook")


@dataclass(frozen=True)
class Guide:
    """What one page tells how to connect.

    Attributes:
        title: The provider and what it brings, for people.
        connector: The connector's name.
        section: The heading of the README that says where to click.
        first: What to do for a first message.
    """

    title: str
    connector: str
    section: str
    first: str


GUIDES = {
    "messenger-instagram-whatsapp": Guide(
        "Messenger, Instagram and WhatsApp", "facebook", "Set-up",
        "Write to the Page, the account or the number from a phone",
    ),
    "sms-twilio": Guide("SMS by Twilio", "sms", "Twilio", "Send a text to the number"),
    "sms-vonage": Guide("SMS by Vonage", "sms", "Vonage", "Send a text to the number"),
    "sms-telnyx": Guide("SMS by Telnyx", "sms", "Telnyx", "Send a text to the number"),
    "phone-twilio": Guide("Calls by Twilio", "phone", "Twilio", "Call the number and hang up"),
    "phone-quo": Guide("Calls and texts by Quo", "phone", "Quo", "Call the number and hang up"),
    "phone-aircall": Guide("Calls by Aircall", "phone", "Aircall", "Call the number and hang up"),
    "email-postmark": Guide("email by Postmark", "email", "Postmark", "Write to the address"),
    "email-mailgun": Guide("email by Mailgun", "email", "Mailgun", "Write to the address"),
    "email-sendgrid": Guide("email by SendGrid", "email", "SendGrid", "Write to the address"),
    "email-resend": Guide("email by Resend", "email", "Resend", "Write to the address"),
    "calendly": Guide("Calendly", "bookings", "Calendly", "Book something"),
    "calcom": Guide("Cal.com", "bookings", "Cal.com", "Book something"),
    "acuity": Guide("Acuity Scheduling", "bookings", "Acuity", "Book something"),
    "intercom": Guide("Intercom", "chat", "Intercom", "Write in the Messenger on your website"),
    "crisp": Guide("Crisp", "chat", "Crisp", "Write in the chat on your website"),
    "tawkto": Guide("tawk.to", "chat", "tawk.to", "Write in the chat on your website"),
    "telegram": Guide("Telegram", "telegram", "Set it up", "Write to the bot"),
    "any-webhook": Guide(
        "any other source, without code", "webhook", "Setup", "Let the source send something",
    ),
}  # fmt: skip
"""The guides, by the name of their page."""


def guide(name: str) -> str:
    """One page: from nothing to the first message of a provider."""
    one = GUIDES[name]
    steps = _section(one.connector, one.section)
    return "\n".join(
        [
            f"# Connect {one.title} in ten minutes\n",
            "You need a Wix site, a machine that the internet can reach by HTTPS "
            "([a tunnel](../troubleshooting.md#a-tunnel-for-local-work) will do for a try), and "
            "the rights to change settings at the source.\n",
            "## 1. Wix\n",
            "Make an API key and note the site's id, as in "
            "[Connect a real Wix site](../how-to/connect-wix.md). Write both into "
            "`connectors.toml`:\n",
            "```toml\n[gateway]\n"
            'public_url = "https://hooks.example.com"   # what sources call, without /hooks/…\n\n'
            '[sites.default]\nsite_id = "your-site-id"\napi_key = { env = "WIX_API_KEY" }\n```\n',
            f"[Install](../installation.md) `./core ./connectors/{one.connector}`.\n",
            f"## 2. {one.section if one.section not in ('Set-up', 'Setup') else 'The source'}\n",
            steps,
            "\n## 3. Check, start, try\n",
            "```sh\ninboxbridge check --online\ninboxbridge serve\n```\n",
            "`check` lists each connection's webhook URL to copy, and what is missing. "
            f"{one.first}; it is in Wix Inbox within seconds, and `inboxbridge events` lists it.\n",
            "Nothing arrives? [Troubleshooting](../troubleshooting.md) goes by what you see. All "
            "that this connector shows and leaves out is in "
            f"[its README]({_repository()}/connectors/{one.connector}).",
        ]
    )


def gallery() -> str:
    """Every connector that comes with inboxbridge, from its own code."""
    available = installed()
    parts = [
        "# Connectors\n",
        "What comes with inboxbridge. Anybody can [publish another](../how-to/publish.md); one for "
        "any JSON webhook needs [no code](../how-to/map.md).\n",
    ]
    for name in (*ORDER, *sorted(set(available) - set(ORDER))):
        if name not in available or available[name][0].package != f"inboxbridge-{name}":
            continue
        parts.append(f"## {name}\n")
        target = available[name][0].entry_point.load()
        parts.append(_lead(name) + "\n")
        rows = []
        for provider, cls in _formats(target):
            rows.append(
                (
                    code(provider) if provider else "the only one",
                    cls.label or "as the connection is called",
                    ", ".join(map(code, implemented_hooks(cls))),
                    _required(cls),
                )
            )
        parts.append(table(("provider", "label", "hooks", "required settings"), rows) + "\n")
        pages = [(key, one) for key, one in GUIDES.items() if one.connector == name]
        links = " · ".join(f"[Connect {one.title}]({key}.md)" for key, one in pages)
        parts.append(f"{links} · [README]({_repository()}/connectors/{name})\n")
    return "\n".join(parts)


def _formats(target: Any) -> list[tuple[str | None, type[Connector[Any]]]]:
    if not isinstance(target, Providers):
        return [(None, target)]
    names = [target.default, *(one for one in target.formats if one != target.default)]
    return [(name, target.load(name)) for name in names]


def _required(cls: type[Connector[Any]]) -> str:
    fields = cls.Settings.model_fields.items()
    needed = [code(name) for name, field in fields if default_of(field) == "required"]
    return ", ".join(needed) or "none"


def _lead(connector: str) -> str:
    """The first paragraph of a README, on one line."""
    text = (ROOT / "connectors" / connector / "README.md").read_text(encoding="utf-8")
    paragraph = text.split("\n\n")[1]
    return " ".join(paragraph.split())


def _section(connector: str, heading: str) -> str:
    """A section of a README, its own headings one level lower."""
    text = (ROOT / "connectors" / connector / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"connectors/{connector}/README.md has no heading {heading!r}")
    body = re.sub(r"^(#{3,5}) ", r"#\1 ", found[1].strip("\n"), flags=re.M)
    return re.sub(
        r"\]\((?!https?:|#)([^)]+)\)", rf"]({_repository()}/connectors/{connector}/\1)", body
    )


def _repository() -> str:
    text = (ROOT / "core" / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Source = "(.+)"$', text, re.M)
    assert found is not None
    return f"{found[1]}/tree/main"
