"""Configuration problems as data: table, key, line, what, hint."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from inboxbridge.errors import ConfigError

_SET_BY_US = {"name", "own"}
"""Fields of a table's model that no key of the file sets."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a configuration, or of what it names.

    Attributes:
        table: The table, such as ``connectors.shop``; empty if it concerns none.
        key: The key in the table, dotted if it is deeper; empty for the table itself. Without a
            table: what it concerns.
        what: What is wrong, in words that go on from the place.
        hint: What to do about it; may be empty.
        file: The file that the table is in, or None.
        line: The line of the key or of its table, from 1, or None.
    """

    table: str
    key: str
    what: str
    hint: str = ""
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str:
        """The place, for people: ``connectors.toml:12 [connectors.shop] secret``."""
        place = f"[{self.table}] {self.key}".strip() if self.table else self.key
        if self.file is None:
            return place
        return f"{self.file}{f':{self.line}' if self.line else ''} {place}".strip()

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f". {self.hint}" if self.hint else "")

    def as_json(self) -> dict[str, str]:
        """The problem as ``check --json`` prints it."""
        return {"where": self.where, "what": self.what, "hint": self.hint}


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """Return an error with a line for each problem."""
    return ConfigError("\n".join(map(str, problems)))


def nearest(name: str, known: Collection[str]) -> str:
    """A hint that names the closest of *known*, or lists them; empty where there are none."""
    options = sorted(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known are: {', '.join(options)}" if options else ""


def validation_problems(
    error: ValidationError, model: type[BaseModel], table: str
) -> list[Problem]:
    """Pydantic's findings in words; never with the value, which may be a secret."""
    problems = []
    for finding in error.errors(include_url=False, include_input=False, include_context=True):
        location = [str(part) for part in finding["loc"] if not str(part).startswith("function-")]
        if finding["type"] == "extra_forbidden":
            what = "unknown key"
            hint = nearest(location[-1], set(model.model_fields) - _SET_BY_US)
        elif finding["type"] == "missing":
            what, hint = "is missing", _described(model, location)
        else:
            message = finding["msg"].removeprefix("Value error, ")
            what, hint = message[:1].lower() + message[1:], _described(model, location)
        problems.append(Problem(table, ".".join(location), what, hint))
    return problems


def _described(model: type[BaseModel], location: list[str]) -> str:
    field = model.model_fields.get(location[0]) if location else None
    return (field.description or "") if field else ""
