"""Words that all chat formats share."""

from __future__ import annotations

from inboxbridge import IgnoredPart
from inboxbridge.reading import one_line

MAX_KIND_CHARACTERS = 80


def ignored(kind: str) -> IgnoredPart:
    """Return the part for a *kind* of event that is left out, as the source names it."""
    return IgnoredPart(kind=one_line(kind, MAX_KIND_CHARACTERS))
