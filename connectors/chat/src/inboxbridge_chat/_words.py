"""Words that all chat formats share."""

from __future__ import annotations

from inboxbridge import IgnoredPart
from inboxbridge.reading import one_line

MAX_KIND_CHARACTERS = 80
MAX_REMARK_CHARACTERS = 2000

EDITED = "[edited] "
"""Stands before what a message says now, as for every source."""

DELETED = "Deleted a message"


def ignored(kind: str) -> IgnoredPart:
    """Return the part for a *kind* of event that is left out, as the source names it."""
    return IgnoredPart(kind=one_line(kind, MAX_KIND_CHARACTERS))


def rated(rating: str, remark: str) -> str:
    """Return ``Rated the conversation 5 of 5: great``."""
    because = f": {one_line(remark, MAX_REMARK_CHARACTERS)}" if remark.strip() else ""
    return f"Rated the conversation {rating} of 5{because}"
