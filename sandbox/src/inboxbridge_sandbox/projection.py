"""Which parts of a contact an answer shows: `fields` (dot paths) and `fieldsets`.

Source: https://dev.wix.com/docs/rest/crm/members-contacts/contacts/contacts/contact-v4/query-contacts
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from inboxbridge_sandbox.errors import projection_error

Json = dict[str, Any]
Path = tuple[str, ...]

_BASIC = ("primaryInfo", "info.name")
_TOP_LEVEL = (
    "id",
    "revision",
    "source",
    "createdDate",
    "updatedDate",
    "lastActivity",
    "primaryInfo",
    "primaryEmail",
    "primaryPhone",
    "memberInfo",
    "info",
)
_IN_INFO = (
    "name",
    "emails",
    "phones",
    "addresses",
    "company",
    "jobTitle",
    "picture",
    "birthdate",
    "locale",
    "labelKeys",
    "locations",
    "extendedFields",
)
_NAMEABLE = frozenset([*_TOP_LEVEL, *(f"info.{name}" for name in _IN_INFO)])
_ALWAYS = ("id", "revision")


class Projection:
    """Shows the chosen parts of a contact; everything when nothing is chosen.

    `id` and `revision` are always shown. The wrapper word `items` is left out of paths.
    """

    def __init__(self, fields: Sequence[str] = (), fieldsets: Iterable[str] = ()) -> None:
        chosen = [*fields]
        for fieldset in fieldsets:
            if fieldset == "FULL":
                chosen = []
                break
            chosen += _BASIC
        self._paths: list[Path] | None = None
        if chosen:
            self._paths = [_path(name) for name in dict.fromkeys((*_ALWAYS, *chosen))]

    def show(self, contact: Json) -> Json:
        if self._paths is None:
            return contact
        shown: Json = {}
        for path in self._paths:
            _copy(contact, shown, path)
        return shown


def _path(name: str) -> Path:
    steps = tuple(name.split("."))
    if steps[0] not in _NAMEABLE or (steps[0] == "info" and ".".join(steps[:2]) not in _NAMEABLE):
        raise projection_error(f"Field '{name}' is not declared as projectable")
    return steps[:2] if steps[0] == "info" and steps[1:2] != ("name",) else steps


def _copy(source: Json, target: Json, path: Path) -> None:
    value: Any = source
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return
        value = value[step]
    for step in path[:-1]:
        source = source[step]
        inner_target = target.setdefault(step, {})
        if inner_target is source:
            return
        target = inner_target
    target[path[-1]] = value
