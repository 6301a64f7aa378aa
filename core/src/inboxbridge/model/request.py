"""A webhook request and how its body is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from inboxbridge.errors import MalformedBody
from inboxbridge.model.text import storable

MAX_NESTING = 100
"""How deep a JSON body may nest before it counts as malformed."""


def utc(moment: datetime) -> datetime:
    """Return *moment* in UTC; one without a zone is taken to be UTC already."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is outside the years 1 to 9999") from None


class Headers(Mapping[str, str]):
    """A request's headers: names in lower case, several values of one name kept.

    ``headers["x-name"]`` is the first value; `get_all` gives every one.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Mapping[str, str] | Sequence[tuple[str, str]] | None = None) -> None:
        if isinstance(pairs, Headers):
            pairs = pairs.pairs()
        elif isinstance(pairs, Mapping):
            pairs = list(pairs.items())
        values: dict[str, list[str]] = {}
        for name, value in pairs or ():
            values.setdefault(name.lower(), []).append(value)
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_all(self, name: str) -> list[str]:
        """Return every value of the header *name*, in the order of arrival; empty if absent."""
        return list(self._values.get(name.lower(), ()))

    def pairs(self) -> list[tuple[str, str]]:
        """Return all headers as pairs, several values of a name one after the other."""
        return [(name, value) for name, values in self._values.items() for value in values]

    def __repr__(self) -> str:
        return f"Headers({sorted(self._values)})"


class WebhookRequest:
    """One HTTP request from a source, as it came: a *delivery*.

    Attributes:
        method: ``GET`` or ``POST``.
        url: The URL *as the source calls it*: the connection's public URL, then ``?`` and the raw
            query if there was one. Schemes that sign the URL sign exactly this string.
        headers: The `Headers`; look them up in any case.
        body: The raw bytes. Signatures cover these, never a re-encoding of them.
        received_at: When the request arrived (UTC). A connector uses it where the source names no
            time of its own.
    """

    __slots__ = ("_json", "body", "headers", "method", "received_at", "url")

    def __init__(
        self,
        *,
        method: str = "POST",
        url: str = "",
        headers: Headers | Mapping[str, str] | None = None,
        body: bytes = b"",
        received_at: datetime | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.received_at = utc(received_at) if received_at else datetime.now(UTC)
        self._json: Any = _UNREAD

    def replace(
        self,
        *,
        method: str | None = None,
        url: str | None = None,
        headers: Headers | Mapping[str, str] | None = None,
        body: bytes | None = None,
        received_at: datetime | None = None,
    ) -> WebhookRequest:
        """Return a copy of the request in which the given attributes are others."""
        return WebhookRequest(
            method=self.method if method is None else method,
            url=self.url if url is None else url,
            headers=self.headers if headers is None else headers,
            body=self.body if body is None else body,
            received_at=self.received_at if received_at is None else received_at,
        )

    def with_headers(self, headers: Mapping[str, str]) -> WebhookRequest:
        """Return a copy with *headers* set, in place of those of the same names."""
        replaced = {name.lower() for name in headers}
        others = [pair for pair in self.headers.pairs() if pair[0] not in replaced]
        return self.replace(headers=Headers([*others, *headers.items()]))

    def __repr__(self) -> str:
        return f"WebhookRequest({self.method}, {len(self.body)} bytes)"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query string's pairs in order, decoded, blank values kept."""
        _, _, query = self.url.partition("?")
        return parse_qsl(query, keep_blank_values=True)

    def text(self) -> str:
        """Return the body as UTF-8 text. Raises `MalformedBody` where it is not."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise MalformedBody(f"the body is not UTF-8 (byte {error.start})") from None

    def json(self) -> Any:
        """Return the body as JSON, read once. Lone surrogates are dropped from its strings.

        Raises:
            MalformedBody: The body is not UTF-8, not JSON, or nests deeper than `MAX_NESTING`.
        """
        if self._json is _UNREAD:
            self._json = _read_json(self.text())
        return self._json

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises `MalformedBody` where it is something else."""
        value = self.json()
        if not isinstance(value, dict):
            raise MalformedBody(f"expected a JSON object, found {_json_type(value)}")
        return value

    def form(self) -> list[tuple[str, str]]:
        """Return a form body's pairs in order: repeated names and blank values kept.

        Raises:
            MalformedBody: The body is not UTF-8 text of ``name=value`` pairs.
        """
        try:
            return parse_qsl(
                self.text(), keep_blank_values=True, errors="strict", max_num_fields=1000
            )
        except ValueError as error:
            raise MalformedBody(f"the form body cannot be read: {error}") from None


_UNREAD: Any = object()


def _read_json(text: str) -> Any:
    try:
        value = json.loads(
            text.removeprefix("\ufeff"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise MalformedBody(f"the JSON nests deeper than {MAX_NESTING} levels") from None
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {_position(error)}") from None
    if _too_deep(text) and _depth(value) > MAX_NESTING:
        raise MalformedBody(f"the JSON nests deeper than {MAX_NESTING} levels")
    if "\\ud" in text or "\\uD" in text:
        value = _without_lone_surrogates(value)
    return value


def _without_lone_surrogates(value: Any) -> Any:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return storable(value)
    return value


def _position(error: ValueError) -> str:
    """Say where it went wrong without quoting the body, which may hold a person's words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    return "a number or constant that JSON does not have"


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


def _too_deep(text: str) -> bool:
    """Cheap bound: fewer brackets than the limit cannot nest beyond it."""
    return text.count("[") + text.count("{") > MAX_NESTING


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        if depth > MAX_NESTING:
            break
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(v for v in item.values() if isinstance(v, (dict, list)))
            elif isinstance(item, list):
                below.extend(v for v in item if isinstance(v, (dict, list)))
        level = below
    return depth


def _json_type(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
