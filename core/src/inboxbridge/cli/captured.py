"""Read captured deliveries from files as requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inboxbridge.errors import ConfigError
from inboxbridge.model import Headers, WebhookRequest

CONTENT_TYPES = {".form": "application/x-www-form-urlencoded", ".json": "application/json"}
_COMPANIONS = (".headers.json", ".expected.json", ".url.txt", "left-out.json")


@dataclass(frozen=True, slots=True)
class Captured:
    """One captured delivery.

    Attributes:
        where: For people: a file's name, or ``line 3``.
        headers: As captured; a content type is added where there is none.
        body: The raw bytes.
        end: How far reading has come with it, in bytes of all files.
        fault: Why it cannot be read, or None.
    """

    where: str
    headers: dict[str, str]
    body: bytes
    end: int
    fault: str | None = None


def content_type(path: Path) -> str:
    """What a captured file's extension says its body is; JSON where it says nothing."""
    return CONTENT_TYPES.get(path.suffix.lower(), CONTENT_TYPES[".json"])


def bodies(paths: Iterable[Path]) -> list[Path]:
    """Return the captured files of *paths*, of a folder those in it; companions are left out."""
    found: list[Path] = []
    for path in paths:
        found += _files(path) if path.is_dir() else [path]
    return [one for one in found if not one.name.endswith(_COMPANIONS)]


def captured_request(
    file: Path, url: str, *, query: str | None = None, given: Sequence[str] = ()
) -> WebhookRequest:
    """Return a captured file as a delivery that arrives now.

    Args:
        file: The body. Beside ``NAME.json`` there may be ``NAME.headers.json``, an object of
            further headers, and ``NAME.url.txt``, whose query is taken.
        url: What its source calls.
        query: The query instead.
        given: Headers in place of those of the same names, each ``Name: value``.

    Raises:
        ConfigError: A header is not written so, or a companion cannot be read.
    """
    headers: Any = {}
    companion = file.with_name(f"{file.stem}.headers.json")
    if companion.exists():
        headers = _parsed(companion.read_bytes())
        if not _are_headers(headers):
            raise ConfigError(f"{companion} is not an object of texts")
    address = file.with_name(f"{file.stem}.url.txt")
    if query is None and address.exists():
        query = address.read_text(encoding="utf-8").strip().partition("?")[2]
    request = WebhookRequest(
        method="POST",
        url=f"{url}?{query}" if query else url,
        headers=Headers(_typed(headers, content_type(file))),
        body=file.read_bytes(),
        received_at=datetime.now(UTC),
    )
    return request.with_headers(dict(map(_header, given)))


def _header(written: str) -> tuple[str, str]:
    name, colon, value = written.partition(":")
    if not colon or not name.strip():
        raise ConfigError(f"--header is written 'Name: value', not {written!r}")
    return name.strip(), value.strip()


def total_bytes(path: Path) -> int:
    """How many bytes `deliveries` goes through."""
    return sum(one.stat().st_size for one in _files(path)) if path.is_dir() else path.stat().st_size


def deliveries(path: Path) -> Iterator[Captured]:
    """Go through a folder of captured files by name, or a file of JSON lines.

    A line is an object ``{"headers": {…}, "body": "…"}``, or else the JSON of a delivery itself.
    Beside a captured ``NAME.json`` or ``NAME.form`` there may be ``NAME.headers.json``.
    """
    return _from_folder(path) if path.is_dir() else _from_lines(path)


def _files(folder: Path) -> list[Path]:
    return sorted(
        one
        for one in folder.iterdir()
        if one.suffix in CONTENT_TYPES and not one.name.endswith(_COMPANIONS)
    )


def _from_folder(folder: Path) -> Iterator[Captured]:
    end = 0
    for file in _files(folder):
        body = file.read_bytes()
        end += len(body)
        companion = file.with_name(f"{file.stem}.headers.json")
        headers: Any = {}
        if companion.exists():
            headers = _parsed(companion.read_bytes())
        if not _are_headers(headers):
            yield Captured(file.name, {}, body, end, f"{companion.name} is not an object of texts")
            continue
        yield Captured(file.name, _typed(headers, content_type(file)), body, end)


def _from_lines(file: Path) -> Iterator[Captured]:
    end = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            end += len(line)
            line = line.strip()
            if line:
                yield _from_line(f"line {number}", line, end)


def _from_line(where: str, line: bytes, end: int) -> Captured:
    value = _parsed(line)
    json_type = CONTENT_TYPES[".json"]
    if isinstance(value, dict) and {"headers", "body"} <= value.keys():
        headers, body = value["headers"] or {}, value["body"]
        if not isinstance(body, str) or not _are_headers(headers):
            return Captured(where, {}, line, end, "body must be text, headers an object of texts")
        return Captured(where, _typed(headers, json_type), body.encode(), end)
    return Captured(where, {"content-type": json_type}, line, end)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _typed(headers: dict[str, str], kind: str) -> dict[str, str]:
    if any(name.lower() == "content-type" for name in headers):
        return headers
    return {"content-type": kind, **headers}
