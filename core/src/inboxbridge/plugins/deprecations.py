"""What connectors should no longer use, with the spelling that takes its place.

A deprecated hook or argument goes on working until the release that removes it; loading a connector
that uses it warns, in the log and as a `DeprecationWarning`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import structlog


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One spelling that is going away.

    Attributes:
        instead: The new spelling, or what to do.
        since: The release that deprecated it.
        removed_in: The release that will remove it.
    """

    instead: str
    since: str
    removed_in: str


DEPRECATED: Mapping[str, Deprecation] = {}
"""By ``hook`` or ``hook(argument)``. Nothing is deprecated in version 1 of the contract."""


def warn_of(
    target: type, hooks: list[str], who: str, deprecated: Mapping[str, Deprecation] = DEPRECATED
) -> list[str]:
    """Warn of every deprecated hook and argument that a connector class implements.

    Args:
        target: The connector class.
        hooks: The hooks that it implements.
        who: What to call it.
        deprecated: What is deprecated.

    Returns:
        The warnings, a sentence each.
    """
    used = [spelling for hook in hooks for spelling in _spellings(target, hook)]
    said = []
    for spelling in used:
        if (one := deprecated.get(spelling)) is not None:
            said.append(
                f"{who} uses {spelling}, deprecated since {one.since} and removed in "
                f"{one.removed_in}: use {one.instead}"
            )
    for sentence in said:
        warnings.warn(sentence, DeprecationWarning, stacklevel=2)
        structlog.get_logger("inboxbridge").warning("deprecated", reason=sentence)
    return said


def _spellings(target: type, hook: str) -> list[str]:
    arguments = list(inspect.signature(getattr(target, hook)).parameters)[1:]
    return [hook, *(f"{hook}({argument})" for argument in arguments)]
