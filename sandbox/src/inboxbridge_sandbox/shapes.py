"""Reads request bodies as Wix does: wrong types are refused, unknown keys dropped.

A shape turns one JSON value into its camelCase form. Everything found wrong is collected in a
`Reading`, so that one answer names every faulty field. Keys may arrive as camelCase or snake_case;
an explicit `null` is the same as an absent key.

Sources: https://dev.wix.com/docs/api-reference/crm/communication/inbox/messages/send-message.md
(snake_case samples), section 2.9 and 7 of the Wix reference (unknown keys).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

from inboxbridge_sandbox.clock import parse_moment
from inboxbridge_sandbox.errors import (
    Violation,
    required,
    too_big,
    too_small,
    validation_error,
    violation,
    wrong_format,
)

INVALID: Final = object()
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WEB_URL = re.compile(r"https?://[^\s/?#]+", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_INDEX = re.compile(r"\[\d+\]")
_CAPITAL = re.compile(r"(?<!^)([A-Z])")


class Reading:
    """What one request body turned out to hold that it should not."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.unknown: list[str] = []

    def refuse(self, violation: Violation) -> Any:
        self.violations.append(violation)
        return INVALID

    def unknown_keys(self) -> list[str]:
        """Dotted paths with list positions left out: `message.content.basic.items[].txt`."""
        return [_INDEX.sub("[]", path) for path in self.unknown]

    def finish(self, subject: str) -> None:
        """Raise the validation error that lists every violation, if there is any."""
        if self.violations:
            raise validation_error(subject, self.violations)


class Shape(Protocol):
    def read(self, value: Any, path: str, reading: Reading, /) -> Any: ...


class Text:
    """A string of at least `least` and at most `most` characters."""

    def __init__(self, most: int | None = None, *, least: int = 0) -> None:
        self.most = most
        self.least = least

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not str:
            return reading.refuse(wrong_format(path, "a string"))
        if self.most is not None and len(value) > self.most:
            return reading.refuse(too_big(path, self.most, "characters"))
        if len(value) < self.least:
            return reading.refuse(too_small(path, self.least, "characters"))
        if not value.isascii() and _SURROGATE.search(value):
            return reading.refuse(wrong_format(path, "well-formed Unicode"))
        return value


class Pattern:
    """A string of a given form; `expected` names the form in the refusal."""

    def __init__(self, pattern: re.Pattern[str], expected: str, most: int | None = None) -> None:
        self.pattern = pattern
        self.expected = expected
        self.most = most

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if self.most is not None and type(value) is str and len(value) > self.most:
            return reading.refuse(too_big(path, self.most, "characters"))
        if type(value) is not str or not self.pattern.fullmatch(value):
            return reading.refuse(wrong_format(path, self.expected))
        return value


class WebUrl(Text):
    """The address of a page or picture: `http` or `https`, and a host."""

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        text = super().read(value, path, reading)
        if type(text) is str and text and not is_web_url(text):
            return reading.refuse(wrong_format(path, "a web URL"))
        return text


class Moment:
    """An ISO 8601 date, handed on as it is."""

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        try:
            parse_moment(value)
        except (TypeError, ValueError):
            return reading.refuse(wrong_format(path, "an ISO 8601 date"))
        return value


class Guid:
    """A GUID string, handed on in lower case."""

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not str or not _GUID.fullmatch(value):
            return reading.refuse(wrong_format(path, "a GUID"))
        return value.lower()


class Flag:
    def read(self, value: Any, path: str, reading: Reading) -> Any:
        return value if type(value) is bool else reading.refuse(wrong_format(path, "a boolean"))


class Number:
    """A JSON number; `whole` also takes digits in a string, as protobuf JSON does."""

    def __init__(self, *, whole: bool = False, most: int | None = None) -> None:
        self.whole = whole
        self.most = most

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if self.whole and type(value) is str and value.isascii() and value.isdigit():
            value = int(value)
        expected = "a whole number of at least 0" if self.whole else "a number"
        if type(value) not in (int, float) or (self.whole and (value != value // 1 or value < 0)):
            return reading.refuse(wrong_format(path, expected))
        if self.most is not None and value > self.most:
            fault = violation(path, f"must be at most {self.most}", "MAX", threshold=self.most)
            return reading.refuse(fault)
        return int(value) if self.whole else value


class Enum:
    """One of the names; the proto zero value (`zero`) counts as absent."""

    def __init__(self, *names: str, zero: str | None = None) -> None:
        self.names = frozenset(names)
        self.zero = zero
        self.expected = "one of " + ", ".join(names)

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is str:
            if value in self.names:
                return value
            if value == self.zero:
                return None
        return reading.refuse(wrong_format(path, self.expected))


class ListOf:
    def __init__(self, item: Shape, most: int | None = None) -> None:
        self.item = item
        self.most = most

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not list:
            return reading.refuse(wrong_format(path, "an array"))
        if self.most is not None and len(value) > self.most:
            return reading.refuse(too_big(path, self.most, "items"))
        read = self.item.read
        return [read(item, f"{path}[{at}]", reading) for at, item in enumerate(value)]


class Map:
    """A JSON object whose keys are data, such as extended fields or a filter."""

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not dict:
            return reading.refuse(wrong_format(path, "an object"))
        return value


class Either:
    """A list of `item`, or a single `item` standing for a list of one."""

    def __init__(self, item: Shape, most: int | None = None) -> None:
        self.item = item
        self.many = ListOf(item, most)

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is dict:
            return [self.item.read(value, path, reading)]
        return self.many.read(value, path, reading)


class Object:
    """A JSON object with known keys.

    `ignored` are keys Wix knows and sets itself: taken without complaint, never used.
    `need` are keys that must be there and not empty.
    """

    def __init__(
        self,
        fields: Mapping[str, Shape],
        *,
        need: Collection[str] = (),
        ignored: Collection[str] = (),
    ) -> None:
        self.need = tuple(need)
        self.known: dict[str, tuple[str, Shape | None]] = {}
        for name in (*fields, *ignored):
            entry = (name, fields.get(name))
            self.known[name] = entry
            self.known[_CAPITAL.sub(r"_\1", name).lower()] = entry

    def read(self, value: Any, path: str, reading: Reading) -> Any:
        if type(value) is not dict:
            return reading.refuse(wrong_format(path, "an object"))
        prefix = f"{path}." if path else ""
        content: dict[str, Any] = {}
        for key, item in value.items():
            entry = self.known.get(key)
            if entry is None:
                reading.unknown.append(prefix + key)
                continue
            name, shape = entry
            if shape is None or item is None:
                continue
            taken = shape.read(item, prefix + name, reading)
            if taken is not None:
                content[name] = taken
        for name in self.need:
            if content.get(name) in (None, "", [], {}):
                reading.refuse(required(prefix + name))
        return content


def is_web_url(text: str) -> bool:
    return _WEB_URL.match(text) is not None


def only_one(body: Mapping[str, Any], names: Collection[str]) -> str | None:
    """The single one of `names` that is present, or `None` for none or several."""
    present = [name for name in names if name in body]
    return present[0] if len(present) == 1 else None
