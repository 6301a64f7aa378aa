"""Connector packages written for one test, with the metadata that an installer would write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from textwrap import dedent

from inboxbridge.plugins import GROUP, Installed, installed

HEAD = """\
from inboxbridge import *
from typing import Any

class Open(Connector[ConnectorSettings]):
    @hookimpl
    def signature(self):
        return NoSignature()

    @hookimpl
    def parse_event(self, request):
        body = request.json_object()
        return [Event(id=body["id"], person=Person(email=body.get("email")), text=body["text"])]

"""


def package(folder: Path, name: str, code: str, *, plugin: str | None = None) -> str:
    """Install a package of one module in *folder*. Returns the module's name.

    Args:
        folder: A folder that is or will be on the path.
        name: The package's name; its module is called the same with underscores.
        code: The module; it must define ``connector``.
        plugin: The name of its entry point, by default the package's.
    """
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(dedent(code))
    metadata = folder / f"{module}-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text(
        f"[{GROUP}]\n{plugin or name} = {module}:connector\n"
    )
    return module


@contextmanager
def importable(folder: Path) -> Iterator[dict[str, list[Installed]]]:
    """Put *folder* on the path. Yields what is installed there, and here."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        points = [
            point
            for distribution in distributions(path=[str(folder)])
            for point in distribution.entry_points.select(group=GROUP)
        ]
        yield {**installed(), **installed(points)}
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if Path(str(getattr(sys.modules[name], "__file__", ""))).parent == folder:
                del sys.modules[name]
