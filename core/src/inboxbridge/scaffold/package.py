"""Write the files of a new connector package."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from inboxbridge.scaffold.names import CannotScaffold, Names, checked

LICENCES = ("MIT", "Apache-2.0", "none")
"""The licences that a new package can have."""

_FILES = {
    "pyproject.toml": "pyproject.toml.j2",
    "README.md": "README.md.j2",
    ".gitignore": "gitignore.j2",
    ".env.example": "env.example.j2",
    "connectors.toml": "connectors.toml.j2",
    ".github/workflows/test.yml": "test.yml.j2",
    "src/{module}/__init__.py": "connector.py.j2",
    "src/{module}/py.typed": "py.typed.j2",
    "tests/test_{module}.py": "test_connector.py.j2",
    "samples/message-received.json": "message-received.json.j2",
    "samples/message-received.expected.json": "message-received.expected.json.j2",
    "samples/message-sent.json": "message-sent.json.j2",
    "samples/message-sent.expected.json": "message-sent.expected.json.j2",
    "samples/typing-started.json": "typing-started.json.j2",
    "samples/typing-started.expected.json": "typing-started.expected.json.j2",
}


def scaffold(name: str, directory: Path, *, licence: str = "MIT") -> Path:
    """Write a publishable connector package and return its folder.

    The package is called ``inboxbridge-NAME`` and lies in a folder of that name. Its entry point is
    NAME, its tests pass, and it is clean under ruff and ``mypy --strict``.

    Args:
        name: The connector's name, as in connectors.toml: ``acme-chat``.
        directory: Where the package's folder is made; it is made too if need be.
        licence: One of `LICENCES`.

    Raises:
        CannotScaffold: The name or licence cannot be, or the folder is not empty. Nothing is
            written.
    """
    names = checked(name)
    if licence not in LICENCES:
        raise CannotScaffold(f"there is no licence {licence!r}; choose from {', '.join(LICENCES)}")
    target = directory / names.package
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CannotScaffold(f"{target} exists and is not empty; give another name or directory")
    written = _rendered(names, licence)
    try:
        for path, content in written.items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CannotScaffold(f"{target} cannot be written: {error}") from error
    return target


def _rendered(names: Names, licence: str) -> dict[str, str]:
    environment = Environment(
        loader=PackageLoader("inboxbridge.scaffold"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,
    )
    known = {
        "n": names,
        "licence": licence,
        "requires": _requirement(),
        "year": datetime.now(UTC).year,
    }
    written = {
        path.format(module=names.module): environment.get_template(template).render(known)
        for path, template in _FILES.items()
    }
    if licence != "none":
        text = (files("inboxbridge.scaffold") / "templates" / f"LICENSE-{licence}.txt").read_text()
        written["LICENSE"] = text.replace("{{ year }}", str(known["year"])).replace(
            "{{ package }}", names.package
        )
    return written


def _requirement() -> str:
    """The versions of inboxbridge that speak the contract the package is written for."""
    major, minor = version("inboxbridge").split(".")[:2]
    return f">={major}.{minor},<{int(major) + 1}"
