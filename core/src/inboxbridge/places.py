"""Where in a TOML file something stands."""

from __future__ import annotations

import re
from pathlib import Path

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_HEADER = re.compile(rf"\s*\[+\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]+")
_ASSIGNED = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")


def place(path: Path | None, text: str, where: str, key: str) -> str:
    """Where a key of a table stands: ``connectors.toml:12 [connectors.shop] secret``."""
    said = f"[{where}] {key}".strip() if where else key
    if path is None:
        return said
    line = _line(text, where, key)
    return f"{path}{f':{line}' if line else ''} {said}"


def _line(text: str, where: str, key: str) -> int | None:
    """The line of a key in its table, else of the table's header, else None."""
    parts = [*where.split("."), *(key.split(".") if key else [])]
    best: tuple[int, int] | None = None
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = found = _dotted(header[1])
        elif assigned := _ASSIGNED.match(line):
            found = table + _dotted(assigned[1])
        else:
            continue
        # The deepest place on the way to the key; of equals the first.
        if found == parts[: len(found)] and (best is None or len(found) > best[0]):
            best = (len(found), number)
    return best[1] if best is not None and best[0] >= min(2, len(parts)) else None


def _dotted(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]
