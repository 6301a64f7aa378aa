"""The advertisement, link or shop product that a chat began from.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_referrals
"""

from __future__ import annotations

from typing import Any

from inboxbridge.reading import mapping, one_line, scalar


def opened_from(referral: dict[str, Any]) -> str:
    """Return ``Opened the chat from an ad: Spring sale``."""
    way = "an ad" if _is_advert(referral) else "a link"
    name = _title(referral) or one_line(scalar(referral.get("ref")))
    return f"Opened the chat from {way}: {name}" if name else f"Opened the chat from {way}"


def lines_of(referral: dict[str, Any]) -> list[str]:
    """Return lines below a message that began from *referral*: ``From the ad: Spring sale``.

    A link's ``ref`` is a word of the business's own programs, so it is no line.
    """
    lines = []
    if title := _title(referral):
        lines.append(f"From the ad: {title}")
    elif _is_advert(referral):
        lines.append("From an ad")
    if product := one_line(scalar(mapping(referral.get("product")).get("id"))):
        lines.append(f"About the shop's product {product}")
    return lines


def _is_advert(referral: dict[str, Any]) -> bool:
    return referral.get("source") == "ADS" or bool(_title(referral))


def _title(referral: dict[str, Any]) -> str:
    return one_line(scalar(mapping(referral.get("ads_context_data")).get("ad_title")))
