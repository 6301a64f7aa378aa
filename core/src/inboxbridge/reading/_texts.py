"""Make ids and single lines from untrusted text."""

from __future__ import annotations

import hashlib


def event_id(*parts: str) -> str:
    """Join *parts* into an event's id; one with invisible characters becomes its digest."""
    joined = ":".join(parts)
    return joined if joined.isprintable() else fingerprint("id", *parts)


def fingerprint(kind: str, *parts: str) -> str:
    """Return an id made from a digest of *parts*, which stay unreadable in it."""
    content = "\0".join(parts).encode("utf-8", "surrogatepass")
    return f"{kind}:{hashlib.sha256(content).hexdigest()}"


def one_line(text: str, limit: int | None = None) -> str:
    """Return *text* with line ends and runs of white space as single spaces.

    Args:
        text: Any text.
        limit: The most characters to return; a longer text is cut and ends with ``…``.
    """
    line = " ".join(text.split())
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
