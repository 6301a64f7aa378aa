"""Read damaged rows of the events table without failing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from inboxbridge.journal.rows import StoredEvent

EPOCH = datetime.fromtimestamp(0, UTC)

_KINDS: dict[str, tuple[type, ...]] = {
    name: tuple(kind for kind in (get_args(hint) or (hint,)) if isinstance(kind, type))
    for name, hint in get_type_hints(StoredEvent).items()
}
_KINDS["state"] = (str,)
_NAMES = StoredEvent._fields
_sound_types: set[tuple[type, ...]] = set()


def stored(rows: Sequence[Any]) -> list[StoredEvent]:
    """Return rows as the courier needs them.

    One that cannot be right is given with stand-ins and says why in its ``fault``.
    """
    return [_stored(tuple(row)) for row in rows]


def _stored(values: tuple[Any, ...]) -> StoredEvent:
    types = tuple(map(type, values))
    if types not in _sound_types:
        faults = [
            name for name, kind in zip(_NAMES, types, strict=False) if not _fits(kind, _KINDS[name])
        ]
        if faults:
            return _with_stand_ins(values, faults)
        _sound_types.add(types)
    return StoredEvent._make((*values, None))


def _fits(found: type, wanted: tuple[type, ...]) -> bool:
    return found in wanted or (found is int and float in wanted)


def _with_stand_ins(values: tuple[Any, ...], faults: list[str]) -> StoredEvent:
    sound = {
        name: _stand_in(name, value) if name in faults else value
        for name, value in zip(_NAMES, values, strict=False)
    }
    said = ", ".join(faults)
    fault = f"this row of the journal cannot be read: {said} of another type than belongs there"
    return StoredEvent(**{**sound, "fault": fault})


def _stand_in(name: str, value: Any) -> Any:
    kinds = _KINDS[name]
    if type(None) in kinds:
        return None
    return str(value) if str in kinds else kinds[0](0)


def moment(seconds: Any) -> datetime | None:
    """Unix seconds as a UTC datetime; None for none, and for what is not a moment."""
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
