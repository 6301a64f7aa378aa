"""The public face is exactly what `inboxbridge.__all__` says."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import inboxbridge
import pytest


def test_the_public_list_is_what_is_really_exported() -> None:
    exported = {
        name
        for name, value in vars(inboxbridge).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    assert set(inboxbridge.__all__) == exported


def test_the_public_list_is_sorted_and_without_repeats() -> None:
    assert sorted(set(inboxbridge.__all__)) == sorted(inboxbridge.__all__)


@pytest.mark.parametrize("name", inboxbridge.__all__)
def test_every_public_class_and_function_is_documented(name: str) -> None:
    value = getattr(inboxbridge, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip()
        assert value.__doc__ != (object.__doc__)


def test_every_error_of_the_contract_is_in_one_tree() -> None:
    errors = [
        value
        for name in inboxbridge.__all__
        if inspect.isclass(value := getattr(inboxbridge, name)) and issubclass(value, Exception)
    ]

    assert len(errors) >= 6
    for error in errors:
        assert issubclass(error, inboxbridge.InboxbridgeError)


def test_importing_the_contract_does_not_load_servers_databases_or_the_test_kit() -> None:
    """A connector's module is imported by commands that must answer at once."""
    heavy = ["sqlalchemy", "starlette", "uvicorn", "httpx", "rich", "typer", "pytest", "hypothesis"]
    code = f"import sys, inboxbridge; print([m for m in {heavy!r} if m in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ast.literal_eval(found.stdout) == []


def test_the_package_is_typed() -> None:
    assert (Path(inboxbridge.__file__).parent / "py.typed").exists()
