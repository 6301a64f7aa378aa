"""The functions that expressions in a ``map`` may call beside JMESPath's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from difflib import get_close_matches
from html import unescape
from typing import Any

from inboxbridge.reading import clock_text, date_text
from jmespath.functions import Functions, signature

from inboxbridge_webhook.moments import read_moment

_NO_DECIMALS = frozenset(
    {
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
        "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
    }
)  # fmt: skip
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6])\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z!/][^<>]*>", re.IGNORECASE)

_TEXT: Any = {"types": ["string"]}
_NUMBER: Any = {"types": ["number"]}
_MOMENT: Any = {"types": ["string", "number"]}


class Unusable(ValueError):
    """An expression found something that cannot be used. The text quotes nothing of the body."""


class MapFunctions(Functions):
    """JMESPath's functions and ours, for one delivery.

    Attributes:
        zone: The time zone in which `date()` and `datetime()` write.
        headers: The delivery's headers.
        root: The whole JSON object being mapped.
        index: The place of the event within the delivery, from 0.
    """

    def __init__(self, zone: tzinfo, headers: Mapping[str, str]) -> None:
        self.zone = zone
        self.headers = headers
        self.root: Any = None
        self.index = 0

    @classmethod
    def check_call(cls, name: str, arguments: int) -> None:
        """Raise ValueError where *name* is not a function or does not take so many *arguments*."""
        known = cls.FUNCTION_TABLE.get(name)
        if known is None:
            near = get_close_matches(name, cls.FUNCTION_TABLE, n=1)
            hint = f"; did you mean {near[0]}()?" if near else ""
            raise ValueError(f"calls the unknown function {name}(){hint}")
        takes = known["signature"]
        variadic = bool(takes) and bool(takes[-1].get("variadic"))
        if arguments < len(takes) or (arguments > len(takes) and not variadic):
            least = "at least " if variadic else ""
            raise ValueError(
                f"calls {name}() with {arguments} arguments; it takes {least}{len(takes)}"
            )

    @signature()
    def _func_root(self) -> Any:
        """The whole JSON object, for expressions that look at one of its items."""
        return self.root

    @signature()
    def _func_index(self) -> int:
        """The place of this event within the delivery, from 0."""
        return self.index

    @signature(_TEXT)
    def _func_header(self, name: str) -> str | None:
        """A header of the delivery, or null."""
        return self.headers.get(name)

    @signature(_NUMBER, _TEXT)
    def _func_money(self, minor_units: float, currency: str) -> str:
        """An amount in the currency's smallest unit, for people: ``1,234.50 USD``.

        Currencies without cents (JPY) and with thousandths (KWD) are written as such.
        Source: https://docs.stripe.com/webhooks and ISO 4217.
        """
        if minor_units != minor_units or abs(minor_units) > 10**15 or minor_units % 1:
            raise Unusable("money() takes a whole number of the currency's smallest unit")
        code = currency.strip().upper()
        decimals = 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2
        amount = Decimal(int(minor_units)).scaleb(-decimals)
        return f"{amount:,.{decimals}f} {code}".rstrip()

    @signature(_MOMENT)
    def _func_date(self, moment: str | float) -> str:
        """A date for people, in the connection's time zone: ``Sat 7 Nov 2026``."""
        return date_text(self._moment(moment, "date"))

    @signature(_MOMENT)
    def _func_datetime(self, moment: str | float) -> str:
        """A moment for people, in the connection's time zone: ``Sat 7 Nov 2026 10:00``."""
        return clock_text(self._moment(moment, "datetime"))

    @signature(_TEXT)
    def _func_plain(self, html: str) -> str:
        """The text of an HTML fragment: tags taken out, paragraphs as lines, entities read."""
        return unescape(_TAG.sub("", _LINE_END.sub("\n", html))).strip()

    def _moment(self, value: str | float, function: str) -> Any:
        try:
            return read_moment(value).astimezone(self.zone)
        except (ValueError, OverflowError):
            raise Unusable(f"{function}() takes ISO 8601 or Unix time") from None
