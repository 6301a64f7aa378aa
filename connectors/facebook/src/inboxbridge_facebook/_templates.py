"""Templates: texts with buttons, cards, products and receipts, as a person saw them.

The business sends them; a customer who asks about a product of the shop sends one, too.

Source: https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/templates
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inboxbridge.reading import items, mapping, one_line, scalar, web_link

_GROUPS = ("product", "generic", "media", "coupon", "receipt")
"""Under these a delivery may hold what a template is made of, instead of in the payload itself."""


def template_lines(payload: dict[str, Any]) -> list[str]:
    """Return the words of the template *payload*, one fact a line; empty where it holds none."""
    lines: list[str] = []
    for name, part in _parts(payload):
        lines += _own_lines(part)
        for element in map(mapping, items(part.get("elements"))):
            lines += _element_lines(element, name, scalar(part.get("currency")))
        lines += _totals(part)
    return lines


def template_pictures(payload: dict[str, Any]) -> list[str]:
    """Return the addresses of the pictures in the template *payload*."""
    links = [
        web_link(scalar(element.get("image_url")))
        for _, part in _parts(payload)
        for element in map(mapping, items(part.get("elements")))
    ]
    return [link for link in links if link]


def _parts(payload: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield scalar(payload.get("template_type")), payload
    for name in _GROUPS:
        if part := mapping(payload.get(name)):
            yield name, part


def _own_lines(part: dict[str, Any]) -> list[str]:
    words = [scalar(part.get("text"))]
    if title := one_line(scalar(part.get("title"))):
        words.append(f"[template] {title}")
    words.append(one_line(scalar(part.get("subtitle"))))
    if number := one_line(scalar(part.get("order_number"))):
        words.append(f"Order {number}")
    if code := one_line(scalar(part.get("coupon_code"))):
        words.append(f"Coupon {code}")
    return [word for word in words if word.strip()] + _button_lines(part)


def _element_lines(element: dict[str, Any], name: str, currency: str) -> list[str]:
    facts = [one_line(scalar(element.get(key))) for key in ("title", "subtitle")]
    facts.append(_price(element.get("price"), scalar(element.get("currency")) or currency))
    line = ", ".join(fact for fact in facts if fact)
    if quantity := scalar(element.get("quantity")):
        line = f"{quantity} × {line}"
    link = web_link(scalar(mapping(element.get("default_action")).get("url")))
    link = link or web_link(scalar(element.get("url")))
    label = "[product]" if name == "product" else ""
    words = " ".join(part for part in (label, line, link) if part)
    return [words, *_button_lines(element)] if line or link else _button_lines(element)


def _button_lines(part: dict[str, Any]) -> list[str]:
    lines = []
    for button in map(mapping, items(part.get("buttons"))):
        title = one_line(scalar(button.get("title")))
        link = web_link(scalar(button.get("url")))
        if title or link:
            lines.append(" ".join(word for word in ("[button]", title, link) if word))
    return lines


def _totals(part: dict[str, Any]) -> list[str]:
    summary = mapping(part.get("summary"))
    total = _price(summary.get("total_cost"), scalar(part.get("currency")))
    return [f"Total: {total}"] if total else []


def _price(amount: object, currency: str) -> str:
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        return ""
    return one_line(f"{amount} {currency}")
