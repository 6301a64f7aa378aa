"""Docstrings, annotations and defaults as Markdown."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$", re.MULTILINE)
_ITEM = re.compile(r"^(\w[\w.]*):(?: |$)")
_TERMS = {"gt": "above {}", "ge": "{} or more", "lt": "below {}", "le": "at most {}"}
_PATTERNS = {"^[A-Z]{2}$": "two capital letters", "^https?://": "an address"}


@dataclass(frozen=True)
class Doc:
    """A docstring in parts: what stands before its sections, and each section's text."""

    lead: str
    sections: dict[str, str]

    def items(self, section: str) -> dict[str, str]:
        """The entries of a section such as ``Attributes``, by name, each on one line."""
        found: dict[str, list[str]] = {}
        name = ""
        for line in self.sections.get(section, "").splitlines():
            start = _ITEM.match(line)
            if start:
                name = start[1]
                line = line[start.end() :]
            if name:
                found.setdefault(name, []).append(line.strip())
        return {name: markdown(" ".join(lines)) for name, lines in found.items()}


def doc_of(target: object) -> Doc:
    """Return *target*'s own docstring in parts. Raises ValueError where there is none."""
    written = getattr(target, "__doc__", None)
    if not written:
        raise ValueError(f"{target!r} has no docstring")
    parts = _SECTION.split(inspect.cleandoc(written))
    sections = {
        parts[at]: inspect.cleandoc(parts[at + 1].strip("\n")) for at in range(1, len(parts), 2)
    }
    return Doc(parts[0].strip(), sections)


def constant_docs(module: types.ModuleType) -> dict[str, str]:
    """The docstrings that stand below a module's assignments, by name."""
    body = ast.parse(inspect.getsource(module)).body
    docs = {}
    for assigned, below in itertools.pairwise(body):
        if not isinstance(assigned, ast.Assign) or not isinstance(below, ast.Expr):
            continue
        if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            text = inspect.cleandoc(below.value.value)
            docs[ast.unparse(assigned.targets[0])] = markdown(" ".join(text.split()))
    return docs


def markdown(text: str) -> str:
    """A docstring's paragraph as Markdown: its double backticks become single ones."""
    return re.sub(r"``(.+?)``", r"`\1`", text.strip(), flags=re.DOTALL)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars within cells are escaped."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in rows:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def code(value: object) -> str:
    """A value as inline code."""
    return f"`{value}`"


def toml(value: Any) -> str:
    """A default as it would be written in connectors.toml."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return f'"{value}"' if isinstance(value, str) else str(value)


def default_of(field: FieldInfo) -> str:
    """A setting's default: ``required``, ``none``, or the value."""
    if field.is_required():
        return "required"
    if field.default in (None, PydanticUndefined, (), {}):
        return "none"
    return code(toml(field.default))


def values_of(field: FieldInfo) -> str:
    """What a setting may be, in words."""
    return _values(field.annotation, list(field.metadata))


def _values(annotation: Any, metadata: list[Any]) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        extra = [m for one in arguments[1:] for m in (getattr(one, "metadata", None) or [one])]
        return _values(arguments[0], [*extra, *metadata])
    if origin in (typing.Union, types.UnionType):
        said = [_values(one, metadata) for one in arguments if one is not type(None)]
        return " or ".join(dict.fromkeys(said)).replace("` or `", "`, `")
    if origin is typing.Literal:
        return ", ".join(code(one) for one in arguments)
    if origin is tuple:
        one = _values(arguments[0], [])
        return "tables" if one == "table" else f"{one}, or a list"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: list[Any]) -> str:
    words = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text"}
    if annotation is SecretStr:
        return "secret"
    said = words.get(annotation, str(annotation))
    for one in metadata:
        for name, term in _TERMS.items():
            limit = getattr(one, name, None)
            if limit is not None and annotation in (int, float):
                said += ", " + term.format(toml(limit))
        pattern = getattr(one, "pattern", None)
        said = _PATTERNS.get(str(pattern), said)
        longest = getattr(one, "max_length", None)
        if longest is not None and annotation is str:
            said += f", at most {longest} characters"
    return said


def attribute_docs(target: type) -> dict[str, str]:
    """What the ``Attributes`` of a class and of its bases say, by name."""
    found: dict[str, str] = {}
    for base in reversed(target.__mro__):
        if "__doc__" in vars(base) and base.__doc__ and base.__module__ != "builtins":
            found |= doc_of(base).items("Attributes")
    return found
