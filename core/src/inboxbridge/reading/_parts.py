"""Read the parts of a delivery one by one, so that an odd one does not take the others along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from inboxbridge.errors import MalformedBody
from inboxbridge.model import Part, UnreadablePart
from inboxbridge.reading._texts import fingerprint

T = TypeVar("T")


def read_each(items: Iterable[T], read: Callable[[T], Part | Iterable[Part] | None]) -> list[Part]:
    """Return what *read* makes of each item, in order.

    Where it raises, an `UnreadablePart` stands in the item's place, and the next item is read. Its
    reason is the text of a `MalformedBody`, and of any other error its type alone: that is an error
    of the connector, which the contract kit reports.

    Args:
        items: The parts of a delivery. An error that is raised while they are taken is passed on.
        read: Returns the event or events of one item, an `IgnoredPart`, or None for nothing.
    """
    parts: list[Part] = []
    for item in items:
        try:
            made = read(item)
            if isinstance(made, list):
                parts += made
            elif made is not None:
                parts += [made] if isinstance(made, Part) else made
        except Exception as error:
            is_malformed = isinstance(error, MalformedBody)
            reason = str(error) if is_malformed else f"reading it raised {type(error).__name__}"
            parts.append(UnreadablePart.of(error, reason, fingerprint("part", repr(item))))
    return parts
