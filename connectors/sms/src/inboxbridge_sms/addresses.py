"""Who is at an address: a phone number, a short code, a named sender, another channel's user."""

from __future__ import annotations

from collections.abc import Iterable

from inboxbridge import Badge, Person, clean_text, normalize_phone

NO_TEXT = "(message without text)"
"""What stands for a message that has neither text nor a file that can be fetched."""

CHANNEL_LABELS = {
    "whatsapp": "WhatsApp",
    "messenger": "Messenger",
    "viber": "Viber",
    "viber_service": "Viber",
    "rcs": "RCS",
}
"""Badge texts of the channels that a text-message provider also carries."""


def split_channel(address: str) -> tuple[str, str]:
    """Split ``whatsapp:+15005550006`` into channel and address; a plain one has no channel."""
    channel, colon, bare = clean_text(address).partition(":")
    return (channel.lower(), bare.strip()) if colon else ("", channel)


def canonical(address: str) -> str:
    """Return the one spelling of *address* that comparisons and threads use: E.164 if possible."""
    _, bare = split_channel(address)
    return normalize_phone(bare) or bare.casefold()


def all_canonical(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(canonical(address) for address in addresses)


def person_at(address: str, name: str | None = None) -> Person:
    """Return who is at *address*.

    A short code or an alphanumeric sender is not a phone number: it becomes the person's id and,
    where no better is known, the name.
    """
    _, bare = split_channel(address)
    phone = normalize_phone(bare)
    if phone:
        return Person(phone=phone, name=name)
    return Person(id=address, name=name or bare)


def thread_between(ours: str, theirs: str, channel: str = "") -> str:
    """Return the ordering key of the talk between two addresses, apart for each channel."""
    pair = f"{canonical(ours)}/{canonical(theirs)}"
    return f"{channel}:{pair}" if channel else pair


def channel_badge(channel: object, label: str, icon_url: str | None) -> Badge:
    """Return the badge of a message that came by *channel*; blank is the provider's own, texts."""
    return Badge(text=CHANNEL_LABELS.get(str(channel), label), icon_url=icon_url)
