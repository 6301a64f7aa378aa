"""One-line texts that a business owner understands."""

from __future__ import annotations

from inboxbridge import reading

_LONGEST = 500

_NO_MINOR_UNIT = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
})  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Currencies whose smallest unit is no hundredth: https://docs.stripe.com/currencies"""


def one_line(text: str, limit: int = _LONGEST) -> str:
    """Return *text* on one line, cut to *limit* characters."""
    return reading.one_line(text, limit)


def with_reason(text: str, reason: str | None) -> str:
    """Return ``text: reason``, or *text* alone where no reason was given."""
    return f"{text}: {one_line(reason)}" if reason else text


def cancelled_text(what: str, who: str | None, reason: str | None) -> str:
    """Return ``Cancelled Deep tissue 60, Sat …, by Dana Reyes: Sick``."""
    by = f", by {one_line(who, 100)}" if who else ""
    return with_reason(f"Cancelled {what}{by}", reason)


def money(amount: object, currency: str | None) -> str:
    """Return ``50 USD`` or ``12.50 USD``; empty where *amount* is no amount above zero.

    Args:
        amount: In the currency's main unit, as a number or as text.
        currency: Its three letters, in either case; None where it is not known.
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        return ""
    try:
        value = float(amount)
    except ValueError:
        return ""
    if not 0 < value < 1e12:
        return ""
    places = 3 if (currency or "").upper() in _THOUSANDTHS else 2
    written = f"{value:.0f}" if value == int(value) else f"{value:.{places}f}"
    return f"{written} {one_line(currency.upper(), 10)}" if currency else written


def minor_money(amount: object, currency: str | None) -> str:
    """Return ``50 USD`` for 5000 of a currency's smallest unit; empty where it is no amount."""
    if isinstance(amount, bool) or not isinstance(amount, int) or not currency:
        return ""
    code = currency.upper()
    units = 1 if code in _NO_MINOR_UNIT else 1000 if code in _THOUSANDTHS else 100
    return money(amount / units, code)
