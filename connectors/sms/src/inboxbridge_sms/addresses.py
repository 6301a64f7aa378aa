"""Who is at an address: a phone number, a short code, a named sender, another channel's user."""

from __future__ import annotations

from collections.abc import Iterable

from inboxbridge import Badge, Person, clean_text, normalize_phone

CHANNEL_LABELS = {
    "whatsapp": "WhatsApp",
    "messenger": "Messenger",
    "instagram": "Instagram",
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


def recipient(address: str) -> str | None:
    """Return one of the business's own addresses as a connection's ``recipients`` name it.

    That is E.164, a short code or a name, without the channel.
    """
    _, bare = split_channel(address)
    return normalize_phone(bare) or bare or None


def person_at(address: str, name: str | None = None, user_id: str = "") -> Person:
    """Return who is at *address*.

    A short code or an alphanumeric sender is not a phone number: it becomes the person's id and,
    where no better is known, the name.

    Args:
        address: Where a message came from or went to.
        name: What the person is called there.
        user_id: The channel's own id of the same person, where it names one beside the address.
    """
    _, bare = split_channel(address)
    phone = normalize_phone(bare)
    if phone:
        return Person(phone=phone, id=user_id, name=name)
    return Person(id=user_id or address, name=name or bare)


def thread_between(ours: str, theirs: str, channel: str = "") -> str:
    """Return the ordering key of the talk between two addresses, apart for each channel."""
    pair = f"{canonical(ours)}/{canonical(theirs)}"
    return f"{channel}:{pair}" if channel else pair


def channel_badge(channel: object, label: str, icon_url: str | None) -> Badge:
    """Return the badge of a message that came by *channel*; blank is the provider's own, texts."""
    return Badge(text=CHANNEL_LABELS.get(str(channel), label), icon_url=icon_url)
