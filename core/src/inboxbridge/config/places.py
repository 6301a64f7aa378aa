"""Find the line of a TOML file in which a key stands."""

from __future__ import annotations

import re

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_HEADER = re.compile(rf"\s*\[+\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]+")
_ASSIGNED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")


def line_of(text: str, table: str, key: str) -> int | None:
    """The line, from 1, of a key in its table, else of the table's header, else None."""
    parts = [*table.split("."), *(key.split(".") if key else [])]
    best: tuple[int, int] | None = None
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            current = path = _dotted(header[1])
        elif assigned := _ASSIGNED.match(line):
            path = current + _dotted(assigned[1])
        else:
            continue
        # The deepest place on the way to the key; of equals the first.
        if path == parts[: len(path)] and (best is None or len(path) > best[0]):
            best = (len(path), number)
    return best[1] if best is not None and best[0] >= min(2, len(parts)) else None


def _dotted(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]
