"""What a message says besides its text, in words: places, choices, orders, contact cards.

The objects are those of WhatsApp, which the providers pass on with few changes. Source:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from inboxbridge import clean_text
from inboxbridge.reading import items, mapping, one_line, scalar

NO_TEXT = "(message without text)"
"""What stands for a message that has neither text nor a file that can be fetched."""

UNSHOWN = "(a message that cannot be shown here)"
"""What stands for a message of a kind that the provider does not pass on."""

UNUSABLE_FILE = "(a file that cannot be shown)"
"""What stands for a file without an address that anybody can open."""

_COORDINATE = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")
_FLOW_SCREEN = re.compile(r"^screen_[0-9]+_|_[0-9]+$")
_NO_FORM = frozenset({"type", "id", "payload", "button_reply", "list_reply", "nfm_reply"})
_FLOW_INTERNAL = frozenset({"flow_token"})
_MOST_LINES = 200


def text_of(value: object) -> str:
    """Return *value* as clean text; anything but text or a whole number is empty."""
    return clean_text(scalar(value))


def lines(parts: Iterable[str]) -> str:
    """Return *parts*, one below the other, without blank ones."""
    return "\n".join(part for part in parts if part)


def once(parts: Iterable[str]) -> str:
    """Return *parts* as `lines` does; what is said twice is shown once."""
    return lines(dict.fromkeys(parts))


def place(latitude: object, longitude: object, name: object = "", address: object = "") -> str:
    """Return a place that somebody shared, with a link to a map; empty where it is none."""
    north, east = _coordinate(latitude, 90), _coordinate(longitude, 180)
    label = ", ".join(filter(None, (one_line(text_of(name)), one_line(text_of(address)))))
    if not (north and east):
        return f"[location] {label}" if label else ""
    link = f"https://www.google.com/maps/search/?api=1&query={north},{east}"
    return " ".join(filter(None, ("[location]", label, link)))


def choice(title: object, description: object = "") -> str:
    """Return what somebody picked: the label that they saw, and what was written below it."""
    return once((text_of(title), text_of(description)))


def advert(headline: object, body: object, link: object) -> str:
    """Return the advertisement or post that a talk began from; empty where nothing is told."""
    title = one_line(text_of(headline))
    details = lines((text_of(body), text_of(link)))
    if not (title or details):
        return ""
    return lines((f"[from an ad] {title}".rstrip(), details))


def product(item: object) -> str:
    """Return the product that a question is about, by the number that the catalog gives it."""
    number = text_of(mapping(item).get("product_retailer_id"))
    return f"[about a product] {number}" if number else ""


def order(value: object) -> str:
    """Return what somebody ordered from a catalog: each item, the total, and their words."""
    cart = mapping(value)
    entries = [mapping(item) for item in items(cart.get("product_items"))]
    bought = [_order_line(item) for item in entries[:_MOST_LINES]]
    return lines(("[order]", *bought, _total(entries), text_of(cart.get("text"))))


def contact_cards(value: object) -> str:
    """Return the contact cards that somebody shared: names, numbers and addresses."""
    return lines(_contact_card(mapping(card)) for card in items(value)[:_MOST_LINES])


def interactive(value: object) -> str:
    """Return what somebody picked or filled in within the chat.

    Args:
        value: WhatsApp's ``interactive`` object, or the text of one; the answers of a form may
            stand in it themselves.
    """
    reply = _json_object(value)
    picked = (mapping(reply.get(kind)) for kind in ("button_reply", "list_reply"))
    words = [choice(pick.get("title"), pick.get("description")) for pick in picked]
    form = mapping(reply.get("nfm_reply")) or reply
    if "response_json" in form:
        words.append(form_answers(form["response_json"]))
    elif _NO_FORM.isdisjoint(reply):
        words.append(form_answers(reply))
    return once(words)


def form_answers(value: object) -> str:
    """Return the answers of a form that was filled in within the chat, one a line.

    Args:
        value: A JSON object, or the text of one.
    """
    answers = (
        f"{_question(key)}: {words}"
        for key, answer in _json_object(value).items()
        if key not in _FLOW_INTERNAL and (words := _answer(answer))
    )
    shown = lines(list(answers)[:_MOST_LINES])
    return f"[answered a form]\n{shown}" if shown else ""


def _json_object(value: object) -> dict[str, Any]:
    """Return a JSON object, given as one or as its text; empty where it is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return mapping(value)


def _coordinate(value: object, limit: int) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) <= limit else ""
    text = value.strip() if isinstance(value, str) else ""
    return text if _COORDINATE.fullmatch(text) and abs(float(text)) <= limit else ""


def _order_line(item: dict[str, Any]) -> str:
    number = text_of(item.get("product_retailer_id")) or "item"
    count, price = _amount(item.get("quantity")), _amount(item.get("item_price"))
    line = f"{count.normalize():f} × {number}" if count else number
    return f"{line}, {price:.2f} {text_of(item.get('currency'))}".rstrip() if price else line


def _total(entries: list[dict[str, Any]]) -> str:
    amounts = [(_amount(item.get("quantity")), _amount(item.get("item_price"))) for item in entries]
    currencies = {text_of(item.get("currency")) for item in entries}
    if len(currencies) != 1 or not all(count and price for count, price in amounts):
        return ""
    total = sum((count * price for count, price in amounts if count and price), Decimal(0))
    return f"Total: {total:.2f} {currencies.pop()}".rstrip()


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = str(value).strip()
    plain = re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text)
    return Decimal(text) if plain else None


def _contact_card(card: dict[str, Any]) -> str:
    name = text_of(mapping(card.get("name")).get("formatted_name"))
    company = text_of(mapping(card.get("org")).get("company"))
    phones = (text_of(mapping(entry).get("phone")) for entry in items(card.get("phones")))
    emails = (text_of(mapping(entry).get("email")) for entry in items(card.get("emails")))
    addresses = (_address(mapping(entry)) for entry in items(card.get("addresses")))
    details = [one_line(part) for part in (name, company, *phones, *emails, *addresses)]
    return ", ".join(dict.fromkeys(["[contact]", *filter(None, details)])).replace(", ", " ", 1)


def _address(entry: dict[str, Any]) -> str:
    parts = (text_of(entry.get(name)) for name in ("street", "zip", "city", "state", "country"))
    return " ".join(filter(None, parts))


def _question(key: str) -> str:
    """Return a form's own name of a field, as people read it: ``screen_0_Your_name_1``."""
    plain = _FLOW_SCREEN.sub("", clean_text(key)).replace("_", " ").strip()
    return one_line(plain[:1].upper() + plain[1:])


def _answer(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(
            filter(None, (_answer(item) for item in value if not isinstance(item, list)))
        )
    if isinstance(value, float):
        return f"{value:g}"
    words = one_line(text_of(value))
    return re.sub(r"^[0-9]+_", "", words).replace("_", " ") if _is_option(words) else words


def _is_option(text: str) -> bool:
    """Tell an option as forms number them (``1_Next_week``) from what somebody typed."""
    return re.fullmatch(r"[0-9]+_\S+", text) is not None
