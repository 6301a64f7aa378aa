"""Captured deliveries in a folder: what a connector is tested with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from inboxbridge.model import Headers, WebhookRequest

RECEIVED_AT = datetime(2026, 11, 7, 12, 0, tzinfo=UTC)
"""When every sample is taken to have arrived, unless a test says otherwise."""

SAMPLE_URL = "https://hooks.example.com/hooks/sample"
"""The public URL that samples are called at, unless a ``NAME.url.txt`` says otherwise."""

CONTENT_TYPES = {".json": "application/json", ".form": "application/x-www-form-urlencoded"}
LEFT_OUT = "left-out.json"
_COMPANIONS = (".headers.json", ".expected.json", ".url.txt")


@dataclass(frozen=True)
class Expected:
    """What a sample must become: parts of its events and of their messages, in order.

    Attributes:
        events: For each event the fields that are checked; None where the file names none.
        messages: For each message the fields that are checked, beside those of the message also
            ``type`` (``BASIC`` or ``MINIMAL``) and ``badge`` (its text, or null).
    """

    events: list[Any] | None = None
    messages: list[Any] | None = None


@dataclass(frozen=True)
class Sample:
    """One captured delivery.

    Attributes:
        name: The file's name, such as ``message.json``.
        body: The raw bytes.
        content_type: By the file's extension.
        headers: Further headers, from ``NAME.headers.json``.
        url: From ``NAME.url.txt``, else `SAMPLE_URL`.
        expected: From ``NAME.expected.json``, or None.
        left_out: The places of texts that no message shows, on purpose: the keys of
            ``left-out.json``, such as ``data.number.name`` or ``payload.*.title``.
    """

    name: str
    body: bytes
    content_type: str = CONTENT_TYPES[".json"]
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = SAMPLE_URL
    expected: Expected | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_form(self) -> bool:
        """Whether the body is a form, not JSON."""
        return self.content_type == CONTENT_TYPES[".form"]

    def request(self, body: bytes | None = None, *, later_seconds: float = 0) -> WebhookRequest:
        """Return the sample as a delivery, unsigned, with another body if one is given."""
        return WebhookRequest(
            url=self.url,
            headers=Headers({"content-type": self.content_type, **self.headers}),
            body=self.body if body is None else body,
            received_at=RECEIVED_AT + timedelta(seconds=later_seconds),
        )


def load_samples(folder: Path | str, only: str = "*") -> list[Sample]:
    """Return the samples of a folder, by name.

    A sample is a file ``NAME.json`` or ``NAME.form``. Beside it there may be ``NAME.headers.json``
    (an object of further headers), ``NAME.url.txt`` (the URL it came to) and ``NAME.expected.json``
    (``{"events": [...], "messages": [...]}``, each the part that is checked). One file
    ``left-out.json`` for all of them lists the places of texts that no message shows, each with the
    reason: ``{"data.number.name": "the business's own line"}``; of one sample alone as
    ``start.json:message.text``.

    Args:
        folder: The folder; one that does not exist has no samples.
        only: A pattern for the names, such as ``twilio-*``.

    Raises:
        ValueError: A companion belongs to no sample, or cannot be read. The text names the file.
    """
    files = sorted(Path(folder).glob("*")) if Path(folder).is_dir() else []
    bodies = [
        file
        for file in files
        if file.suffix in CONTENT_TYPES
        and not file.name.endswith(_COMPANIONS)
        and file.name != LEFT_OUT
    ]
    left_out = _left_out(Path(folder) / LEFT_OUT)
    stems = {body.stem for body in bodies}
    for file in files:
        for ending in _COMPANIONS:
            if file.name.endswith(ending) and file.name.removesuffix(ending) not in stems:
                wanted = file.name.removesuffix(ending)
                raise ValueError(f"{file}: there is no sample {wanted}.json or {wanted}.form")
    return [_load(body, left_out) for body in bodies if fnmatch(body.name, only)]


def _left_out(file: Path) -> tuple[str, ...]:
    reasons = _object(file) if file.exists() else {}
    for place, reason in reasons.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{file}: {place} has no reason; write why no message shows it")
    return tuple(reasons)


def _load(file: Path, left_out: tuple[str, ...]) -> Sample:
    url = file.with_name(f"{file.stem}.url.txt")
    expected = file.with_name(f"{file.stem}.expected.json")
    headers = file.with_name(f"{file.stem}.headers.json")
    return Sample(
        name=file.name,
        body=file.read_bytes(),
        content_type=CONTENT_TYPES[file.suffix],
        headers=_object(headers) if headers.exists() else {},
        url=url.read_text(encoding="utf-8").strip() if url.exists() else SAMPLE_URL,
        expected=_expected(expected) if expected.exists() else None,
        left_out=left_out,
    )


def _expected(file: Path) -> Expected:
    content = _object(file)
    unknown = sorted(set(content) - {"events", "messages"})
    if unknown:
        raise ValueError(f"{file}: unknown key {unknown[0]!r}; there are events and messages")
    for name, value in content.items():
        if not isinstance(value, list):
            raise ValueError(f"{file}: {name} must be a list, one object for each")
    return Expected(events=content.get("events"), messages=content.get("messages"))


def _object(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file}: expected a JSON object")
    return content


def difference(expected: Any, actual: Any, path: str = "") -> str | None:
    """Return where *actual* lacks or contradicts *expected*, or None where it holds it all.

    Objects may hold more than is expected; lists must be as long; moments (keys that end in
    ``_at``) may be spelled differently.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, wanted in expected.items():
            below = f"{path}.{key}" if path else str(key)
            if key not in actual:
                return f"{below} is missing"
            found = difference(wanted, actual[key], below)
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{path or 'the list'} has {len(actual)} items, expected {len(expected)}"
        pairs = enumerate(zip(expected, actual, strict=True))
        found_all = (difference(e, a, f"{path}[{index}]") for index, (e, a) in pairs)
        return next(filter(None, found_all), None)
    if type(expected) is type(actual) and expected == actual:
        return None
    if path.endswith("_at") and _same_moment(expected, actual):
        return None
    return f"{path} is {actual!r}, expected {expected!r}"


def _same_moment(one: Any, other: Any) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return False
