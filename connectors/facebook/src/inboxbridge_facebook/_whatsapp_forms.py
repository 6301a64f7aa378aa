"""Forms that were filled in, orders and contact cards on WhatsApp, one fact a line.

Sources, below https://developers.facebook.com/documentation/business-messaging/whatsapp/:
``webhooks/reference/messages/interactive``, ``…/order``, ``…/contacts``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from inboxbridge.reading import items, mapping, one_line, scalar, web_link

_NOT_SHOWN = re.compile(r"(.*_)?token|wa_flow_response_params|saved_address_id")
"""Keys of an answer that are for programs, not for people."""

_BUILT_KEY = re.compile(r"screen_\d+_(?P<label>.+?)_\d+")
_BUILT_CHOICE = re.compile(r"\d+_(?=\S)")
"""What Meta's flow builder makes of a label, and of a choice."""

MOST_ANSWERS = 200
LARGEST_EXPONENT = 20


def form_lines(reply: dict[str, Any]) -> str:
    """Return the answers of a flow (``nfm_reply``): ``service: Cut``."""
    try:
        answers = mapping(json.loads(scalar(reply.get("response_json"))))
        lines = list(islice(_answer_lines(answers), MOST_ANSWERS))
    except (ValueError, RecursionError):
        lines = []
    if not lines:
        # An address form (India) has its answers in the body; a flow's body says no more than this.
        body = scalar(reply.get("body")).strip()
        lines = [body] if body and body != "Sent" else []
    return "\n".join(["[answered a form]", *lines])


def _answer_lines(answers: dict[str, Any]) -> Iterator[str]:
    for key, answer in answers.items():
        if _NOT_SHOWN.fullmatch(key):
            continue
        if isinstance(answer, dict) and "file_name" not in answer:
            yield from _answer_lines(answer)
            continue
        built = _BUILT_KEY.fullmatch(key)
        answered = ", ".join(filter(None, _said(answer, is_built=built is not None)))
        if answered:
            label = built["label"] if built else key
            yield f"{one_line(label.replace('_', ' '))}: {answered}"


def _said(answer: Any, *, is_built: bool) -> Iterator[str]:
    if isinstance(answer, list):
        for item in answer:
            yield from _said(item, is_built=is_built)
    elif isinstance(answer, dict):
        yield one_line(scalar(answer.get("file_name")) or scalar(answer.get("title")))
    elif isinstance(answer, bool):
        yield "yes" if answer else "no"
    elif isinstance(answer, (str, int, float)):
        words = one_line(str(answer))
        yield _BUILT_CHOICE.sub("", words, count=1) if is_built else words


def order_lines(order: dict[str, Any]) -> str:
    """Return an order with its note, its goods and what they cost together."""
    goods = [mapping(item) for item in items(order.get("product_items"))]
    count = len(goods)
    title = f"[order: {count} item{'' if count == 1 else 's'}]" if goods else "[order]"
    lines = [f"{title} {scalar(order.get('text'))}".rstrip()]
    totals: dict[str, Decimal] = {}
    is_whole = True
    for item in goods:
        price, quantity = _decimal(item.get("item_price")), _decimal(item.get("quantity"))
        currency = one_line(scalar(item.get("currency")))
        lines += _goods_line(item, price, quantity, currency)
        if price is None or quantity is None:
            is_whole = False
        else:
            totals[currency] = totals.get(currency, Decimal(0)) + price * quantity
    if is_whole:
        lines += [f"Total: {_money(total, currency)}" for currency, total in totals.items()]
    return "\n".join(lines)


def _goods_line(
    item: dict[str, Any], price: Decimal | None, quantity: Decimal | None, currency: str
) -> list[str]:
    product = one_line(scalar(item.get("product_retailer_id")))
    if quantity is None and price is None and not product:
        return []
    amount = f"{_plain(quantity)} × " if quantity is not None else ""
    cost = f", {_money(price, currency)} each" if price is not None else ""
    return [f"{amount}{product or 'a product'}{cost}"]


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    is_sane = number.is_finite() and abs(number.adjusted()) <= LARGEST_EXPONENT
    return number if is_sane and number >= 0 else None


def _plain(number: Decimal) -> str:
    return f"{number:f}" if number != number.to_integral_value() else f"{int(number)}"


def _money(amount: Decimal, currency: str) -> str:
    written = _plain(amount)
    whole, point, cents = written.partition(".")
    if point:
        written = f"{whole}.{cents.rstrip('0').ljust(2, '0')}"
    return f"{written} {currency}".rstrip()


def card_lines(cards: object) -> str:
    """Return contact cards: name and numbers in the first line of each, the rest below."""
    return "\n".join(line for card in items(cards) for line in _card(mapping(card)))


def _card(card: dict[str, Any]) -> Iterator[str]:
    name = mapping(card.get("name"))
    full = scalar(name.get("formatted_name")) or scalar(name.get("first_name"))
    phones = [_number(mapping(phone)) for phone in items(card.get("phones"))]
    yield one_line(" ".join(["[contact]", full, *phones]))
    work = mapping(card.get("org"))
    places = (scalar(work.get(key)) for key in ("title", "department", "company"))
    yield from filter(None, [
        one_line(", ".join(filter(None, places))),
        *(one_line(scalar(mapping(entry).get("email"))) for entry in items(card.get("emails"))),
        *(_address(mapping(entry)) for entry in items(card.get("addresses"))),
        *(web_link(mapping(entry).get("url")) or "" for entry in items(card.get("urls"))),
    ])  # fmt: skip
    if birthday := one_line(scalar(card.get("birthday"))):
        yield f"Birthday: {birthday}"


def _number(phone: dict[str, Any]) -> str:
    digits = scalar(phone.get("wa_id")).lstrip("+")
    return scalar(phone.get("phone")) or (f"+{digits}" if digits else "")


def _address(address: dict[str, Any]) -> str:
    parts = (scalar(address.get(key)) for key in ("street", "city", "state", "zip", "country"))
    return one_line(", ".join(filter(None, parts)))
