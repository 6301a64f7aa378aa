"""Resolve secrets: ``{ env = "NAME" }`` and ``{ file = "PATH" }``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from inboxbridge.config.problems import Problem, nearest

KINDS = ("env", "file")


class SecretUnset(Exception):
    """A secret has no value.

    Args:
        what: Why, in words.
        hint: What to do about it.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


Resolver: TypeAlias = Callable[[str, str], str]
"""Returns the secret of a kind (``env`` or ``file``) and a name. Raises `SecretUnset`."""


def resolver(environ: Mapping[str, str], folder: Path | None) -> Resolver:
    """Return what reads secrets from *environ* and from files.

    Args:
        environ: The environment.
        folder: What relative paths count from; None for the current folder.
    """

    def resolve(kind: str, name: str) -> str:
        return _from_file(name, folder) if kind == "file" else _from_environment(name, environ)

    return resolve


def resolve_secrets(
    name: str, table: Mapping[str, Any], resolve: Resolver
) -> tuple[dict[str, Any], list[Problem]]:
    """Return *table* with its secrets resolved, None for those that are not set, and the faults.

    Args:
        name: The table's name, such as ``connectors.shop``.
        table: Its keys and values. A value may be a secret or a list with secrets in it.
        resolve: Where secrets come from.
    """
    problems: list[Problem] = []

    def resolved(key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(key, item) for item in value]
        if not isinstance(value, dict) or len(value) != 1:
            return value
        kind, source = next(iter(value.items()))
        if not isinstance(source, str):
            return value
        if kind in KINDS:
            try:
                return resolve(kind, source)
            except SecretUnset as unset:
                problems.append(Problem(name, key, unset.what, unset.hint))
                return None
        if difflib.get_close_matches(str(kind), KINDS):
            what = f"{{ {kind} = … }} is not a secret"
            problems.append(Problem(name, key, what, nearest(str(kind), KINDS)))
            return None
        return value

    return {key: resolved(key, value) for key, value in table.items()}, problems


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if not (value and value.strip()):
        raise SecretUnset(
            f"the environment variable {name} is not set", f"Set {name} before starting"
        )
    return value


def _from_file(name: str, folder: Path | None) -> str:
    path = Path(name) if folder is None else folder / name
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise SecretUnset(f"the file {name} cannot be read: {reason}") from None
    if not text:
        raise SecretUnset(f"the file {name} is empty")
    return text
